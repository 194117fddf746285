"""What a person reads in a terminal: streams that are there and take any character, and lines that hold only text.

Names of files and recipes can hold anything, a terminal's own commands too: what is printed has them escaped.
"""

import os
import sys
import unicodedata
from contextlib import suppress


def printable(text: object) -> str:
    r"""A text on one line; what no terminal should be sent stands as Python writes it: \n for a newline, \x1b for ESC.

    So are marks that turn the direction of writing, and bytes of file names that are no UTF-8.
    """
    return "".join(character if _is_text(character) else ascii(character)[1:-1] for character in str(text))


def _is_text(character: str) -> bool:
    return character.isprintable() or character == "\t" or unicodedata.category(character) == "Zs"  # spaces


def say(line: str) -> None:
    """Say a line to standard error. Where nobody hears it, closed or full as that may be, the work goes on."""
    with suppress(OSError, ValueError):
        print(printable(line), file=sys.stderr, flush=True)


def silence(line: str) -> None:
    """Say nothing."""


def print_lines(text: str) -> None:
    """Print lines to standard output: as they are to a file or a program, and to a terminal without controls."""
    lines = text.split("\n")
    print("\n".join(map(printable, lines) if sys.stdout.isatty() else lines))


def prepare_streams() -> None:
    """See to it that the standard streams are open, take every character, and that the terminal has a width.

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
