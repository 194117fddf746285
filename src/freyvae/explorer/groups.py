"""The groups that `freyvae cluster` left in a run's folder, or a column of words that tells images apart."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from freyvae.explorer.kept import read_kept
from freyvae.run import Run

GROUPS_FORMAT = 1


@dataclass(frozen=True, eq=False)
class KeptGroups:
    """The group of each image.

    Attributes:
        by: what tells them apart: `group`, or the name of a column.
        names: of the groups.
        numbers: which of them each image is in, uint8 (image,).
    """

    by: str
    names: Sequence[str]
    numbers: npt.NDArray[np.uint8]

    def at_most(self, most: int) -> KeptGroups:
        """The same with at most so many groups; where there are more, the last is `others`."""
        if len(self.names) <= most:
            return self
        numbers = np.minimum(self.numbers, most - 1).astype(np.uint8)
        return KeptGroups(self.by, [*self.names[: most - 1], "others"], numbers)


def read_groups(run: Run, count: int) -> KeptGroups | None:
    """The groups of a run's `count` images, the largest first; None where there are none.

    Raises `BadInput` as `read_kept` does.
    """
    by = f"freyvae cluster {run.folder}"
    found = read_kept(run, run.groups_path, "groups", (count,), np.uint8, newest=GROUPS_FORMAT, by=by)
    if found is None:
        return None
    numbers = found["groups"]
    if "names" not in found:
        return KeptGroups("group", [f"group {number + 1}" for number in range(int(numbers.max()) + 1)], numbers)
    return KeptGroups(str(found["by"]), found["names"].tolist(), numbers)
