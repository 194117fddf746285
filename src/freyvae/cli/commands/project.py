"""A map of a run's pictures."""

from pathlib import Path

import freyvae
from freyvae.cli.answer import AsJson, answer_written
from freyvae.cli.apps import app
from freyvae.cli.preparation import prepare_keras
from freyvae.flags import Whole


@app.command
def project(
    run: Path, *, method: str = "pca", seed: Whole = 0, out: Path = Path("projection.csv"), json: AsJson = False
) -> None:
    """Give the codes of a run's own pictures two coordinates, for the explorer's map too.

    Args:
        run: the run folder.
        method: pca (principal components) or umap (islands of alike pictures).
        seed: of umap's draws.
        out: a .csv file, a row a picture, its SHA-256 in a file beside it.
        json: print JSON, for other programs, and nothing else.
    """
    prepare_keras()
    written = freyvae.project(run, method=method, seed=seed, out=out)
    answer_written(written, as_json=json)
