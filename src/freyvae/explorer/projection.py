"""The map that `freyvae project` left in a run's folder."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from freyvae.explorer.kept import read_kept
from freyvae.run import Run

PROJECTION_FORMAT = 1


@dataclass(frozen=True, eq=False)
class Projection:
    """Two coordinates for each image of a run.

    Attributes:
        method: by which they were found, `pca` or `umap`.
        points: float32 (image, 2).
    """

    method: str
    points: npt.NDArray[np.float32]


def read_projection(run: Run, count: int) -> Projection | None:
    """The projection of a run's `count` images; None where there is none. Raises `BadInput` as `read_kept` does."""
    by = f"freyvae project {run.folder}"
    found = read_kept(run, run.projection_path, "points", (count, 2), np.float32, newest=PROJECTION_FORMAT, by=by)
    return None if found is None else Projection(str(found["method"]), found["points"])


def within_plane(points: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    """Coordinates (image, 2) moved to the middle of a square from -1 to 1, and made to fill most of it."""
    low, high = points.min(axis=0), points.max(axis=0)
    reach = max(float((high - low).max()) / 2, 1e-12)
    return np.asarray(0.95 * (points - (low + high) / 2) / reach, np.float32)
