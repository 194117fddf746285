"""What a person reads in a terminal: streams that take any character, lines that hold only text, bars of progress.

Names of files and recipes can hold anything, a terminal's own commands too: what is printed has them escaped.
"""

import os
import sys
import unicodedata
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import Any, Protocol, TypeVar

from freyvae.errors import BadInput

Item = TypeVar("Item")


class Progress(Protocol):
    """Who is told how far a long piece of work is."""

    def advance(self, done: float, total: float, words: str) -> None:
        """Take note that `done` of `total` is done, 0 where the total is unknown; `words` say of what."""


class Bar:
    """Progress as a bar on standard error, where that is a terminal; nothing elsewhere.

    Args:
        stays: whether it is still to be seen when the work is done.
    """

    def __init__(self, *, stays: bool = False):
        self._stays = stays
        self._shown: Any = None

    def advance(self, done: float, total: float, words: str) -> None:
        """Draw it."""
        if self._shown is None:
            if not sys.stderr.isatty():
                return
            self._shown = self._drawn()
            self._task, self._done = self._shown.add_task(""), 0.0
        if done < self._done:  # another piece of work, with a speed of its own
            self._shown.reset(self._task)
        self._done = done
        known = {"total": total, "completed": done} if total else {"total": None}
        self._shown.update(self._task, description=printable(words), **known)

    def _drawn(self) -> Any:
        from rich import progress
        from rich.console import Console

        shown = progress.Progress(
            progress.BarColumn(),
            progress.TaskProgressColumn(),
            progress.TextColumn("{task.description}", markup=False),
            progress.TimeRemainingColumn(),
            console=Console(stderr=True),
            transient=not self._stays,
        )
        shown.start()
        return shown

    def close(self) -> None:
        """Leave the terminal as it was, however the work ended."""
        if self._shown is not None:
            self._shown.stop()
            self._shown = None


class _Silence:
    def advance(self, done: float, total: float, words: str) -> None:
        """Show nothing."""


@contextmanager
def shown(progress: bool | Progress) -> Iterator[Progress]:
    """A bar for True, nothing for False, and else the one that is given. A bar of ours ends with the block.

    Raises `BadInput` for anything else.
    """
    if not isinstance(progress, bool):
        yield checked_progress(progress)  # type: ignore[misc]
        return
    if not progress:
        yield _Silence()
        return
    bar = Bar()
    try:
        yield bar
    finally:
        bar.close()


def checked_progress(progress: bool | Progress) -> bool | Progress:
    """An argument for `shown`. Raises `BadInput` for anything else."""
    if not isinstance(progress, bool) and not callable(getattr(progress, "advance", None)):
        words = " ".join(repr(progress).split())
        raise BadInput(f"progress must be True, False or have a method advance, not {words:.80}")
    return progress


def each(items: Sequence[Item], progress: Progress, words: str) -> Iterator[Item]:
    """The items one by one, telling how many are done."""
    for done, item in enumerate(items):
        progress.advance(done, len(items), words)
        yield item
    progress.advance(len(items), len(items), words)


def printable(text: object) -> str:
    r"""A text on one line; what no terminal should be sent stands as Python writes it: \n for a newline, \x1b for ESC.

    So are marks that turn the direction of writing, and bytes of file names that are no UTF-8.
    """
    return "".join(character if _is_text(character) else ascii(character)[1:-1] for character in str(text))


def _is_text(character: str) -> bool:
    return character.isprintable() or character == "\t" or unicodedata.category(character) == "Zs"  # spaces


def say(line: str) -> None:
    """Say a line to standard error. Where standard error is closed or full, the work goes on."""
    with suppress(OSError, ValueError):
        print(printable(line), file=sys.stderr, flush=True)


def silence(line: str) -> None:
    """Say nothing."""


def print_lines(text: str) -> None:
    """Print lines to standard output: as they are to a file or a program, and to a terminal without controls."""
    lines = text.split("\n")
    print("\n".join(map(printable, lines) if sys.stdout.isatty() else lines))


def prepare_streams() -> None:
    """Make sure that the standard streams are open, take every character, and that the terminal has a width.

    A closed one would be the next file that is opened, into which libraries then write what they say to the terminal.
    """
    for number in range(3):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # the lowest number that is free
    for name in ("stdout", "stderr"):
        stream = getattr(sys, name)
        if stream is None:
            setattr(sys, name, open(os.devnull, "w"))  # noqa: SIM115
        elif hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")
    for name in ("COLUMNS", "LINES"):
        value = os.environ.get(name)
        # rich folds text for ever where there is no column, and pads it to as many as there are
        if value is not None and not (value.isascii() and value.isdigit() and 20 <= int(value) <= 10_000):
            del os.environ[name]
