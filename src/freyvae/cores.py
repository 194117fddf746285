"""The cores that this process may use."""

import os
from collections.abc import Iterable


def cores_of_process() -> list[int]:
    """Their numbers, in order; where the system does not tell, those of all cores."""
    if hasattr(os, "sched_getaffinity"):
        return sorted(os.sched_getaffinity(0))
    return list(range(os.cpu_count() or 1))


def keep_to(numbers: Iterable[int]) -> None:
    """Have this process compute on some cores alone, where the system lets it choose."""
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, set(numbers))


def cores() -> int:
    """How many there are."""
    return len(cores_of_process())
