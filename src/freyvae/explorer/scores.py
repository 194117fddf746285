"""The score of each image that `freyvae score` left in a run's folder."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from freyvae.explorer.kept import read_kept
from freyvae.run import Run

SCORES_FORMAT = 1


@dataclass(frozen=True, eq=False)
class KeptScores:
    """A score of each image.

    Attributes:
        by: which, such as `oddness`.
        shares: float32 (image,): of how many of the images the score is lower, 0 to below 1.
    """

    by: str
    shares: npt.NDArray[np.float32]


def read_scores(run: Run, count: int) -> KeptScores | None:
    """The scores of a run's `count` images; None where there are none. Raises `BadInput` as `read_kept` does."""
    by = f"freyvae score {run.folder} {run.recipe.data.source}"
    found = read_kept(run, run.scores_path, "scores", (count,), np.float64, newest=SCORES_FORMAT, by=by)
    if found is None:
        return None
    scores = found["scores"]
    lower = np.searchsorted(np.sort(scores), scores)
    return KeptScores(str(found["by"]), (lower / count).astype(np.float32))
