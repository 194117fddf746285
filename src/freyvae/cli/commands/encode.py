"""From images to codes."""

from pathlib import Path

import freyvae
from freyvae.cli.answer import AsJson, answer_written
from freyvae.cli.apps import app
from freyvae.cli.preparation import prepare_keras
from freyvae.cli.words import say
from freyvae.flags import Whole


@app.command
def encode(
    run: Path,
    data: str,
    *,
    levels: str | None = None,
    refine: Whole = 0,
    out: Path = Path("codes.csv"),
    json: AsJson = False,
) -> None:
    """Encode images: one row an image, one column a latent (posterior means).

    Args:
        run: the run folder.
        data: frey-faces, synthetic-faces, or the path of a folder or file of images; resized as the run's were.
        levels: stored values that become black and white, LOW:HIGH or auto. [default: the run's]
        refine: steps of gradient descent by which each code is bettered; 50 to 100 are enough for most.
        out: a .csv file with a header, its SHA-256 in a file beside it; a .npy file of float32 (image, latent); or a
            .parquet file with names and labels, too.
        json: print JSON, for other programs, and nothing else.
    """
    prepare_keras()
    written = freyvae.encode(run, data, levels=levels, refine=refine, out=out, progress=True, say=say)
    answer_written(written, as_json=json)
