"""A map of a run's pictures: two coordinates for codes of many latents."""

from pathlib import Path

import numpy as np

from freyvae.arguments import one_of, whole
from freyvae.collection.encoded import encoded_run
from freyvae.data import pixels_sha256
from freyvae.errors import BadInput
from freyvae.explorer.page import keep_for_page
from freyvae.explorer.projection import PROJECTION_FORMAT
from freyvae.files import as_path
from freyvae.metrics.projection import METHODS
from freyvae.recipe import LARGEST_SEED
from freyvae.run import Run, opened
from freyvae.table_file import require_csv, write_table


def project(run: Run | str | Path, *, method: str = "pca", seed: int = 0, out: str | Path = "projection.csv") -> Path:
    """Give the codes of a run's own pictures two coordinates, for the explorer's map too.

    They are kept in the run's folder, in `projection.npz`, and the explorer's page is written again where there is one.

    Args:
        run: a finished run, or its folder.
        method: `pca`, principal components, or `umap`, which shows islands (extra `umap`).
        seed: of UMAP's draws.
        out: a .csv file: a row a picture, its `x` and `y`, its SHA-256 in a file beside it.

    Returns:
        the file.

    Raises:
        BadInput: there is no such run or it is not finished, its pictures are gone or others, the method is unknown,
            the extra is not installed, or a file cannot be written.
    """
    out, method = as_path("out", out), one_of("method", method, METHODS)
    seed = whole("seed", seed, at_least=0, at_most=LARGEST_SEED)
    require_csv(out, "projections")
    run = opened(run, out)
    with run.lock():
        vae = run.load_model()
        found = encoded_run(run, vae)
        plane = METHODS[method](found.posteriors, seed=seed)
        if not np.isfinite(plane.points).all():
            raise BadInput(f'method="{method}" found no coordinates for these codes: choose another')
        rows = zip(found.names, *plane.points.T.tolist(), *found.known.values(), strict=True)
        write_table(out, ["file", "x", "y", *found.known], rows)
        keep_for_page(
            run,
            run.projection_path,
            vae=vae,
            format=PROJECTION_FORMAT,
            method=method,
            images_sha256=pixels_sha256(found.images),
            points=plane.points,
            explained=plane.explained,
        )
    return out
