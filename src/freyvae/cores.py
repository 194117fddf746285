"""The cores that this process may use."""

import os


def cores_of_process() -> list[int]:
    """Their numbers, in order; where the system does not tell, those of all cores."""
    if hasattr(os, "sched_getaffinity"):
        return sorted(os.sched_getaffinity(0))
    return list(range(os.cpu_count() or 1))


def cores() -> int:
    """How many there are."""
    return len(cores_of_process())
