"""The groups that `freyvae cluster` left in a run's folder."""

import numpy as np
import numpy.typing as npt

from freyvae.explorer.kept import read_kept
from freyvae.run import Run

GROUPS_FORMAT = 1


def read_groups(run: Run, count: int) -> npt.NDArray[np.uint8] | None:
    """The group of each of a run's `count` images, uint8 (image,), 0 the largest; None where there are none.

    Raises `BadInput` as `read_kept` does.
    """
    by = f"freyvae cluster {run.folder}"
    found = read_kept(run, run.groups_path, "groups", (count,), np.uint8, newest=GROUPS_FORMAT, by=by)
    return None if found is None else found["groups"]


def named_groups(groups: npt.NDArray[np.uint8], most: int) -> tuple[list[str], npt.NDArray[np.uint8]]:
    """At most so many names of groups, and which of them each image has; where there are more, the last is `others`."""
    count = int(groups.max()) + 1
    names = [f"group {group + 1}" for group in range(min(count, most))]
    if count > most:
        names[-1] = "others"
    return names, np.minimum(groups, len(names) - 1).astype(np.uint8)
