"""Finds the pictures in a folder, and lists what is passed over."""

import os
import re
from collections import Counter
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from freyvae.console import printable

_MOST_NAMED = 8
_NUMBERS = re.compile(r"(\d+)")


@dataclass(frozen=True)
class Found:
    """The contents of a folder.

    Attributes:
        pictures: paths of the pictures relative to the folder, in natural order (2 before 10).
        closed: the folders that could not be listed, each as `name: reason`.
        notes: the number of files passed over, by kind, and the links that were followed.
    """

    pictures: tuple[str, ...]
    closed: tuple[str, ...]
    notes: tuple[str, ...]


def find_pictures(folder: Path, suffixes: tuple[str, ...]) -> Found:
    """Find the pictures in a folder, its subfolders and linked folders. Each folder and each file counts once."""
    root = os.path.realpath(folder)
    folders, links = [str(folder)], list[str]()
    seen: set[str] = set()
    pictures: dict[str, str] = {}  # by real path, so that no file counts twice
    linked_files: list[str] = []
    passed: Counter[str] = Counter()
    closed, followed = list[str](), list[str]()
    while folders or links:
        # a folder's own name has precedence over the names of links to it
        is_link = not folders
        place = links.pop(0) if is_link else folders.pop()
        real = os.path.realpath(place)
        is_loop = is_link and f"{root}{os.sep}".startswith(f"{real.rstrip(os.sep)}{os.sep}")
        if real in seen or is_loop:
            passed["link to a folder that is looked through already"] += 1
            continue
        seen.add(real)
        if is_link:
            followed.append(os.path.relpath(place, folder))
        try:
            with os.scandir(place) as listed:
                entries = sorted(listed, key=lambda entry: entry.name)
        except OSError as error:
            closed.append(f"{printable(os.path.relpath(place, folder))}: {error.strerror}")
            continue
        for entry in entries:
            if entry.name.startswith("."):
                passed["hidden"] += 1
            elif _is_folder(entry):
                (links if entry.is_symlink() else folders).append(entry.path)
            elif not entry.name.lower().endswith(suffixes):
                passed[os.path.splitext(entry.name)[1].lower() or "without a suffix"] += 1
            elif entry.is_symlink():
                linked_files.append(entry.path)
            else:
                pictures[os.path.join(real, entry.name)] = entry.path
    for path in linked_files:
        real = os.path.realpath(path)
        if real in pictures:
            passed["link to a picture that is there already"] += 1
        pictures.setdefault(real, path)
    within = len(os.path.join(folder, ""))
    names = [path[within:].replace(os.sep, "/") for path in pictures.values()]
    return Found(tuple(sorted(names, key=natural)), tuple(closed), tuple(_notes(passed, followed)))


def passed_over(passed: Counter[str]) -> str:
    """A note on how many files of each kind were passed over; "" for none."""
    if not passed:
        return ""
    kinds = [
        f"{count} {printable(kind)}" for kind, count in sorted(passed.items(), key=lambda item: (-item[1], item[0]))
    ]
    rest = sum(sorted(passed.values(), reverse=True)[_MOST_NAMED:])
    return f"passed over: {', '.join(kinds[:_MOST_NAMED])}{f', {rest} of other kinds' if rest else ''}"


def _notes(passed: Counter[str], followed: list[str]) -> list[str]:
    notes = list(filter(None, [passed_over(passed)]))
    if followed:
        rest = len(followed) - _MOST_NAMED
        names = ", ".join(map(printable, followed[:_MOST_NAMED]))
        notes.append(f"linked folders were looked through too: {names}{f', and {rest} more' if rest > 0 else ''}")
    return notes


def natural(path: str) -> tuple[list[list[tuple[int, int, str]]], str]:
    """Sort key of a path, natural order: numbers by value and before letters, case ignored unless all else is equal."""
    folder, slash, name = path.rpartition("/")
    return [*(_keys_of_folder(folder) if slash else ()), _key(name)], path


@lru_cache(maxsize=1024)
def _keys_of_folder(folder: str) -> list[list[tuple[int, int, str]]]:
    return [_key(part) for part in folder.split("/")]


def _key(part: str) -> list[tuple[int, int, str]]:
    return [(0, int(bit), bit) if bit.isdecimal() else (1, 0, bit.lower()) for bit in _NUMBERS.split(part) if bit]


def _is_folder(entry: os.DirEntry[str]) -> bool:
    # of what is no link, the folder's own list says so: no file is asked
    try:
        return entry.is_dir()
    except OSError:  # a link to itself
        return False
