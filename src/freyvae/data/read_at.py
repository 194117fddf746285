"""Reads from a place of an open file, whatever else reads it at the same time."""

import os
import threading

# where the system knows no other way, the place to read at is the file's own, which threads share
_alone = threading.Lock()


def read_at(file: int, memory: memoryview, place: int) -> int:
    """Read into memory from a place of a file on; returns how many bytes there were, at most so many as it holds.

    Args:
        file: its number, as `os.open` gives it.
        memory: bytes to write to.
        place: in bytes from the file's beginning.

    Raises:
        OSError: it cannot be read.
    """
    if hasattr(os, "preadv"):
        return os.preadv(file, [memory], place)
    with _alone:  # Windows
        os.lseek(file, place, os.SEEK_SET)
        content = os.read(file, len(memory))
    memory[: len(content)] = content
    return len(content)
