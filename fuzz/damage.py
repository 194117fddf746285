"""How does a file go bad? A bit turns, a part is missing, doubled or zeroed, or something else is in its place."""

import os
import shutil
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np


def damaged(content: bytes, rng: np.random.Generator) -> bytes:
    """Bytes with one damage."""
    if not content:
        return b"x"
    place, end = sorted(int(rng.integers(len(content) + 1)) for _ in range(2))
    ways: list[Callable[[], bytes]] = [
        lambda: _with_bit_turned(content, rng),
        lambda: _with_bit_turned(content, rng),
        lambda: content[:place],
        lambda: content[:place] + content[end:],
        lambda: content[:place] + bytes(end - place) + content[end:],
        lambda: content[:end] + content[place:],
        lambda: content[:place] + rng.bytes(8) + content[place + 8 :],
        lambda: content + content[place:end],
        lambda: b"",
        lambda: _with_digit_changed(content, rng),
    ]
    return ways[int(rng.integers(len(ways)))]()


def damage_file(path: Path, others: Sequence[Path], rng: np.random.Generator) -> str:
    """Damage a file, or put something in its place; returns what was done, in a few words."""
    content = path.read_bytes()

    def write(changed: bytes) -> None:
        path.write_bytes(changed)

    def replace(make: Callable[[], object]) -> None:
        path.unlink()
        make()

    other = others[int(rng.integers(len(others)))] if others else path
    ways: dict[str, Callable[[], object]] = {
        "is removed": path.unlink,
        "is a folder": lambda: replace(path.mkdir),
        "is a pipe": lambda: replace(lambda: os.mkfifo(path)),
        "is a link to itself": lambda: replace(lambda: path.symlink_to(path.name)),
        "is a link to nothing": lambda: replace(lambda: path.symlink_to("nowhere")),
        f"is {other.name}": lambda: shutil.copyfile(other, path) if other != path else None,
    }
    if rng.random() < 0.6:
        write(damaged(content, rng))
        return "is damaged"
    how = list(ways)[int(rng.integers(len(ways)))]
    ways[how]()
    return how


def _with_bit_turned(content: bytes, rng: np.random.Generator) -> bytes:
    changed = bytearray(content)
    changed[int(rng.integers(len(content)))] ^= 1 << int(rng.integers(8))
    return bytes(changed)


def _with_digit_changed(content: bytes, rng: np.random.Generator) -> bytes:
    """Another number in a text, which stays well formed."""
    digits = [place for place, byte in enumerate(content[: 2**16]) if chr(byte).isdecimal()]
    if not digits:
        return _with_bit_turned(content, rng)
    changed = bytearray(content)
    changed[digits[int(rng.integers(len(digits)))]] = ord("0") + int(rng.integers(10))
    return bytes(changed)
