"""The groups that `freyvae cluster` left in a run's folder."""

import numpy as np
import numpy.typing as npt

from freyvae.errors import BadInput
from freyvae.run import Run

GROUPS_FORMAT = 1


def read_groups(run: Run, count: int) -> npt.NDArray[np.uint8] | None:
    """The group of each of a run's `count` images, uint8 (image,), 0 the largest; None where there are none.

    Raises:
        BadInput: they were damaged or exchanged, or are of a newer version.
    """
    path = run.groups_path
    if not path.is_file():
        return None
    again = f"`freyvae cluster {run.folder}` writes it again"
    try:
        with path.open("rb") as file, np.load(file, allow_pickle=False) as saved:
            version, groups = int(saved["format"]), np.asarray(saved["groups"])
    except Exception as error:  # damaged files make zipfile and numpy raise almost anything
        raise BadInput(f"{path} is damaged: {again}") from error
    if version > GROUPS_FORMAT:
        raise BadInput(f"{path} has format {version}; this freyvae reads up to {GROUPS_FORMAT}: update freyvae")
    if groups.shape != (count,) or groups.dtype != np.uint8 or not run.is_unchanged(path):
        raise BadInput(f"{path} is not the one that was written for this run: {again}")
    return groups.astype(np.uint8)


def named_groups(groups: npt.NDArray[np.uint8], most: int) -> tuple[list[str], npt.NDArray[np.uint8]]:
    """At most so many names of groups, and which of them each image has; where there are more, the last is `others`."""
    count = int(groups.max()) + 1
    names = [f"group {group + 1}" for group in range(min(count, most))]
    if count > most:
        names[-1] = "others"
    return names, np.minimum(groups, len(names) - 1).astype(np.uint8)
