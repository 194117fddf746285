"""The map that `freyvae project` left in a run's folder."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from freyvae.errors import BadInput
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
    """The projection of a run's `count` images; None where there is none.

    Raises:
        BadInput: it was damaged or exchanged, or is of a newer version.
    """
    path = run.projection_path
    if not path.is_file():
        return None
    again = f"`freyvae project {run.folder}` writes it again"
    try:
        with path.open("rb") as file, np.load(file, allow_pickle=False) as saved:
            version, method, points = int(saved["format"]), str(saved["method"]), saved["points"]
    except Exception as error:  # damaged files make zipfile and numpy raise almost anything
        raise BadInput(f"{path} is damaged: {again}") from error
    if version > PROJECTION_FORMAT:
        raise BadInput(f"{path} has format {version}; this freyvae reads up to {PROJECTION_FORMAT}: update freyvae")
    if points.shape != (count, 2) or points.dtype != np.float32 or not run.is_unchanged(path):
        raise BadInput(f"{path} is not the one that was written for this run: {again}")
    return Projection(method, points)


def within_plane(points: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    """Coordinates (image, 2) moved to the middle of a square from -1 to 1, and made to fill most of it."""
    low, high = points.min(axis=0), points.max(axis=0)
    reach = max(float((high - low).max()) / 2, 1e-12)
    return np.asarray(0.95 * (points - (low + high) / 2) / reach, np.float32)
