"""Tables as .csv files: names become cells that no spreadsheet takes for a formula, and a checksum lies beside."""

import csv
import hashlib
import io
import os
import unicodedata
from collections.abc import Iterable, Sequence
from pathlib import Path

from freyvae.errors import BadInput
from freyvae.files import replacing, write_whole

# a spreadsheet takes a cell that begins with one of these for a formula, and one after an apostrophe for text
_FORMULA = ("=", "+", "-", "@", "'")


def require_csv(path: Path, what: str) -> None:
    """Raise `BadInput` for another suffix than .csv; `what` is written, in the plural."""
    if path.suffix != ".csv":
        raise BadInput(f"{what} are written as .csv, not as {path.name}")


def write_table(path: Path, columns: Sequence[str], rows: Iterable[Sequence[str | float | None]]) -> None:
    """Write a table to a .csv file with a header, and its SHA-256 beside it, as `sha256sum` does.

    Args:
        path: where to.
        columns: their names.
        rows: texts and numbers; of None the cell is empty.

    Raises:
        BadInput: the place cannot be written.
    """
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    for row in (columns, *rows):
        writer.writerow([as_cell(value) if isinstance(value, str) else value for value in row])
    _write_beside_checksum(path, text.getvalue().encode())


def as_cell(name: str) -> str:
    """A name as text in a table: no formula, and in hexadecimal what is a control character or no UTF-8."""
    readable = name.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")
    readable = "".join(f"\\x{ord(c):02x}" if unicodedata.category(c) == "Cc" else c for c in readable)
    return f"'{readable}" if readable.startswith(_FORMULA) else readable


def checksum_path(path: Path) -> Path:
    """Where the SHA-256 of a table is."""
    return path.with_name(f"{path.name}.sha256")


def _write_beside_checksum(path: Path, content: bytes) -> None:
    """Write a file, and its SHA-256 beside it, as `sha256sum` does."""
    beside = checksum_path(path)
    with replacing(path) as temporary:
        temporary.write_bytes(content)
        # of two files one is replaced first: meanwhile no checksum is better than one of another file
        beside.unlink(missing_ok=True)
    name = os.fsencode(path.name)
    escaped = name.replace(b"\\", b"\\\\").replace(b"\n", b"\\n").replace(b"\r", b"\\r")
    mark = b"\\" if escaped != name else b""
    write_whole(beside, mark + hashlib.sha256(content).hexdigest().encode() + b"  " + escaped + b"\n")
