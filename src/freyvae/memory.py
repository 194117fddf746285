"""Does what a file claims to hold fit into this machine's memory? Asked before anything is allocated."""

import sys
from pathlib import Path

from freyvae.errors import NotNow


def free_bytes_of_machine() -> int:
    """Memory that is free; where the system does not tell, no limit."""
    try:
        lines = Path("/proc/meminfo").read_text().splitlines()
        return next(1024 * int(line.split()[1]) for line in lines if line.startswith("MemAvailable:"))
    except (OSError, ValueError, StopIteration):
        return sys.maxsize


def size_in_words(count: int) -> str:
    """So many bytes: `1.5 GiB`, or `0.4 MiB` below one."""
    return f"{count / 2**30:.1f} GiB" if count >= 2**30 else f"{count / 2**20:.1f} MiB"


def check_fits(needed: int, name: str, advice: str) -> None:
    """Raise `NotNow`, a `BadInput`, where `needed` bytes of memory are not free. `name`: of what needs them."""
    free = free_bytes_of_machine()
    if needed > free:
        raise NotNow(
            f"{name}: needs {needed / 2**30:.1f} GiB of memory, more than the {free / 2**30:.1f} GiB that are free; "
            f"if it is not damaged, {advice}"
        )
