"""Tables as .csv files: names become cells that no spreadsheet takes for a formula, and a checksum lies beside."""

import csv
import itertools
import os
import unicodedata
from collections.abc import Iterable, Sequence
from pathlib import Path

from freyvae.errors import BadInput
from freyvae.files import Digesting, replacing, write_whole

# a spreadsheet takes a cell that begins with one of these for a formula, and one after an apostrophe for text
_FORMULA = ("=", "+", "-", "@", "'")


def require_csv(path: Path, what: str) -> None:
    """Raise `BadInput` for another suffix than .csv; `what` is written, in the plural."""
    if path.suffix != ".csv":
        raise BadInput(f"{what} are written as .csv, not as {path.name}")


def write_table(path: Path, columns: Sequence[str], rows: Iterable[Sequence[str | float | None]]) -> None:
    """Write a table to a .csv file with a header, row by row, and its SHA-256 beside it, as `sha256sum` does.

    Args:
        path: where to.
        columns: their names.
        rows: texts and numbers; of None the cell is empty.

    Raises:
        BadInput: the place cannot be written.
    """
    beside = checksum_path(path)
    with replacing(path) as temporary:
        with temporary.open("wb") as file:
            table = Digesting(file)
            writer = csv.writer(_AsBytes(table), lineterminator="\n")
            for row in itertools.chain([columns], rows):
                writer.writerow([as_cell(value) if isinstance(value, str) else value for value in row])
        # of two files one is replaced first: meanwhile no checksum is better than one of another file
        beside.unlink(missing_ok=True)
    name = os.fsencode(path.name)
    escaped = name.replace(b"\\", b"\\\\").replace(b"\n", b"\\n").replace(b"\r", b"\\r")
    mark = b"\\" if escaped != name else b""
    write_whole(beside, mark + table.sha256.hexdigest().encode() + b"  " + escaped + b"\n")


class _AsBytes:
    """What is written to it as text, to a binary file."""

    def __init__(self, file: Digesting):
        self._file = file

    def write(self, text: str) -> None:
        self._file.write(text.encode())


def as_cell(name: str) -> str:
    """A name as text in a table: no formula, and in hexadecimal what is a control character or no UTF-8."""
    readable = "".join(f"\\x{ord(c):02x}" if unicodedata.category(c) == "Cc" else c for c in as_utf8(name))
    return f"'{readable}" if readable.startswith(_FORMULA) else readable


def of_cell(cell: str) -> str:
    """A name as it was before `as_cell`, but for what that wrote in hexadecimal."""
    return cell[1:] if cell.startswith("'") and cell[1:].startswith(_FORMULA) else cell


def as_utf8(name: str) -> str:
    """A file's name, in hexadecimal what is no UTF-8 in it."""
    return name.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")


def checksum_path(path: Path) -> Path:
    """Where the SHA-256 of a table is."""
    return path.with_name(f"{path.name}.sha256")
