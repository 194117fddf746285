"""What a person reads in a terminal: streams that take any character, lines that hold only text, bars of progress.

Names of files and recipes can hold anything, a terminal's own commands too: what is printed has them escaped.
"""

import functools
import os
import shutil
import sys
import textwrap
import threading
import time
import unicodedata
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

from freyvae.errors import BadInput

if TYPE_CHECKING:
    from freyvae.terminal import Graphics

Item = TypeVar("Item")
LABEL = 11  # columns of what stands on the left of a picture


class Progress(Protocol):
    """Who is told how far a long piece of work is."""

    def advance(self, done: float, total: float, words: str) -> None:
        """Take note that `done` of `total` is done, 0 where the total is unknown; `words` say of what."""


class Bar:
    """Progress on standard error, where that is a terminal: a bar with the time left, and below it what is done.

    Nothing is shown elsewhere.

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
        from rich.console import Console

        from freyvae.bar import Display

        end_waiting()
        shown = Display(console=Console(stderr=True), transient=not self._stays)
        shown.start()
        return shown

    @functools.cached_property
    def graphics(self) -> "Graphics | None":
        """How the terminal shows pictures; None where it does not, or where there is none."""
        if not sys.stderr.isatty():
            return None
        from freyvae.terminal import graphics

        return graphics()

    def picture(self, pixels: Any, words: str, *, rows: int = 2) -> None:
        """Show a picture, uint8 (height, width, 3), and words on its left, above the bar, where the terminal can."""
        if self._shown is not None and self.graphics is not None:
            label = f"{printable(words):{LABEL}} "
            drawn = self.graphics.drawn(pixels, label=label, rows=rows, widest=self._shown.console.width - 1)
            self._shown.console.print(self._shown.raw(drawn), end="")

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


class _Waiting(threading.Thread):
    """A line on a terminal that says what is waited for, and how long already."""

    def __init__(self, words: str):
        super().__init__(daemon=True)
        self.words, self._ended, self._began = words, threading.Event(), time.monotonic()
        self._writing = threading.Lock()
        self._write()

    def run(self) -> None:
        """Count the seconds."""
        while not self._ended.wait(1.0):
            self._write()

    def _write(self) -> None:
        seconds = int(time.monotonic() - self._began)
        with self._writing:
            if not self._ended.is_set():
                _write_raw(f"\r\x1b[2K{self.words} …{f' {seconds} s' if seconds else ''}")

    def end(self) -> None:
        """Take the line away."""
        with self._writing:
            self._ended.set()
            _write_raw("\r\x1b[2K")


_waiting: _Waiting | None = None


def wait_for(words: str) -> None:
    """Say on a terminal what is waited for, until anything else is said; elsewhere nothing."""
    global _waiting
    end_waiting()
    if sys.stderr.isatty() and os.environ.get("TERM") != "dumb":
        _waiting = _Waiting(words)
        _waiting.start()


def end_waiting() -> None:
    """Take away the line of `wait_for`, where there is one."""
    global _waiting
    waiting, _waiting = _waiting, None  # lines may be said from other threads
    if waiting is not None:
        waiting.end()


def _write_raw(text: str) -> None:
    with suppress(OSError, ValueError):
        sys.stderr.write(text)
        sys.stderr.flush()


def say(line: str) -> None:
    """Say a line to standard error. Where standard error is closed or full, the work goes on."""
    end_waiting()
    with suppress(OSError, ValueError):
        print(printable(line), file=sys.stderr, flush=True)


def silence(line: str) -> None:
    """Say nothing."""


def print_lines(text: str, *, fold: bool = False) -> None:
    """Print lines to standard output: as they are to a file or a program, and to a terminal without controls.

    With `fold`, those that are longer than the terminal are folded between words.
    """
    end_waiting()
    lines = text.split("\n")
    if sys.stdout.isatty():
        lines = list(map(printable, lines))
        if fold:
            width = shutil.get_terminal_size().columns
            lines = [_folded(line, width) for line in lines]
    print("\n".join(lines))


def _folded(line: str, width: int) -> str:
    indent = " " * (len(line) - len(line.lstrip()))
    lines = textwrap.wrap(line, width, subsequent_indent=indent, break_long_words=False, break_on_hyphens=False)
    return "\n".join(lines)


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
