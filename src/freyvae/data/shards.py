"""Finds the files that a set is divided into: those in a folder, or of a pattern such as `train-{000..003}.tar`."""

import os
import re
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from freyvae.console import printable
from freyvae.data.folder_walk import natural
from freyvae.errors import BadInput

_PATTERN = re.compile(r"\{(\d+)\.\.(\d+)\}")
_MOST = 100_000
# files that describe a set may lie in its folder
_BESIDE = (".md", ".txt", ".json")


def is_pattern(path: Path) -> bool:
    """Whether a path names several files, and is not itself the name of one."""
    return len(_PATTERN.findall(path.name)) == 1 and not path.exists()


def has_shards(path: Path, suffixes: tuple[str, ...]) -> bool:
    """Whether a path is a pattern of such files, or a folder with such files and no others."""
    if is_pattern(path):
        return path.name.lower().endswith(suffixes)
    found = False
    for file in _visible(path):
        is_shard = file.name.lower().endswith(suffixes)
        if not file.is_file() or not (is_shard or file.suffix in _BESIDE):
            return False
        found |= is_shard
    return found


def shards_of(path: Path, suffixes: tuple[str, ...]) -> list[Path]:
    """The files of a path that `has_shards`, in natural order, or the path itself if it is a file.

    Raises:
        BadInput: files of a pattern are missing, or there are more than 100,000.
    """
    if path.is_dir():
        shards = [file for file in _visible(path) if file.name.lower().endswith(suffixes)]
        return sorted(shards, key=lambda file: natural(file.name))
    match = _PATTERN.search(path.name) if is_pattern(path) else None
    if match is None:
        return [path]
    first, last = int(match[1]), int(match[2])
    if not 0 <= last - first < _MOST:
        raise BadInput(f"{printable(path)}: the numbers must go up, for at most {_MOST:,} files")
    files = [
        path.with_name(f"{path.name[: match.start()]}{number:0{len(match[1])}}{path.name[match.end() :]}")
        for number in range(first, last + 1)
    ]
    missing = [file for file in files if not file.is_file()]
    if missing:
        more = f" and {len(missing) - 1} more" if len(missing) > 1 else ""
        raise BadInput(f"{printable(path)}: there is no {printable(missing[0])}{more}; give the numbers that there are")
    return files


def _visible(folder: Path) -> Iterator[Path]:
    # no folder, or one that may not be listed
    with suppress(OSError), os.scandir(folder) as entries:
        yield from (folder / entry.name for entry in entries if not entry.name.startswith("."))
