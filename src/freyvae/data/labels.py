"""A label for each image: the sub-folder that it lies in, or a table beside the images."""

import csv
import io
import itertools
from codecs import BOM_UTF16_BE, BOM_UTF16_LE
from collections import Counter
from collections.abc import Iterable, Sequence
from contextlib import suppress
from pathlib import Path, PurePath, PureWindowsPath

import numpy as np

from freyvae.arguments import in_words
from freyvae.console import printable
from freyvae.errors import BadInput
from freyvae.files import as_path
from freyvae.table_file import as_cell, of_cell

# columns of a table whose header does not say which are meant
_FILE_COLUMNS = ("file", "filename", "file_name", "image", "path")
LABEL_COLUMNS = ("label", "class", "target")
_SUFFIXES = (".csv", ".tsv")
_MOST_NAMED = 12
# rows that say what separates values, and which column has the names of files
_LOOKED_AT = 100


def labels_of_folders(files: Sequence[str]) -> tuple[str, ...] | None:
    """The first folder of each file's path; None unless every file lies in a folder, and there are two or more.

    A folder that holds all of them is the set, not a label.

    Args:
        files: paths relative to the folder that was read.
    """
    parts = [PurePath(file).parts for file in files]
    for depth in range(min(map(len, parts), default=1) - 1):
        if len({names[depth] for names in parts}) > 1:
            return tuple(names[depth] for names in parts)
    return None


def read_labels(table: str | Path, *, count: int, files: Sequence[str] | None) -> tuple[str, ...]:
    """The labels of images from a table: the values of `read_column`, which has its arguments and errors."""
    return read_column(table, count=count, files=files)[1]


def read_column(table: str | Path, *, count: int, files: Sequence[str] | None) -> tuple[str, tuple[str, ...]]:
    """A column of a .csv or .tsv file with a header: its name, and its value for each image.

    A colon after the path names the column, `cells.csv:stage`; by default it is the one called `label`, `class` or
    `target`, or the only one beside the file names. A column called `file`, `filename`, `file_name`, `image` or `path`
    holds the files' names, whole, without their folders or without their suffix too; else the first that has names of
    files with their suffix. Without such a column, or for images that have no file names, a row is an image, in order.
    The values of a .csv are separated by commas, semicolons or tabs, whichever gives rows as many as the header has.

    Args:
        table: the file.
        count: number of images.
        files: the file name of each image, or None.

    Raises:
        BadInput: the file cannot be read, has no such column, or an image has no value or two.
    """
    path, column = split_column(table)
    if path.suffix.lower() not in _SUFFIXES:
        raise BadInput(f"labels are read from a .csv or .tsv file, not from {printable(path)}")
    header, rows = _rows(path)
    known = {name.lower(): name for name in reversed(header)}
    name_column = next((known[name] for name in _FILE_COLUMNS if name in known), None)
    if name_column is None and files is not None:
        name_column = _column_of_names([name for name in header if name != column], header, rows, files)
    label_column = _label_column(path, header, name_column, column)
    values = [row[header.index(label_column)].strip() for row in rows]
    if files is None or name_column is None:
        if len(values) != count:
            hint = "" if files is None else "; add a column `file`"
            raise BadInput(f"{printable(path)}: {len(values)} rows for {count} images; give a row for each{hint}")
        return label_column, _complete(path, values, [f"row {row}" for row in range(1, count + 1)])
    names = [row[header.index(name_column)].strip() for row in rows]
    return label_column, _of_files(path, names, values, files)


def split_column(table: str | Path) -> tuple[Path, str | None]:
    """Split a path from the name of a column of that file, `cells.csv:stage`."""
    path = as_path("labels", table)
    file, colon, column = str(path).rpartition(":")
    if colon and column and not path.exists() and file.lower().endswith(_SUFFIXES):
        return Path(file), column
    return path, None


def _rows(path: Path) -> tuple[list[str], list[list[str]]]:
    """The header and the rows of a table."""
    try:
        content = path.read_bytes()
        # spreadsheets begin with a byte-order mark, and may write two bytes a character
        text = content.decode("utf-16" if content.startswith((BOM_UTF16_LE, BOM_UTF16_BE)) else "utf-8-sig")
        delimiter = "\t" if path.suffix.lower() == ".tsv" else _delimiter(text)
        lines = [row for row in csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True) if row]
    except OSError as error:
        raise BadInput(f"cannot read labels from {printable(path)}: {error.strerror or error}") from error
    except (UnicodeDecodeError, csv.Error) as error:
        raise BadInput(f"cannot read labels from {printable(path)}: it is no table in UTF-8 ({error})") from error
    if len(lines) < 2:
        raise BadInput(f"{printable(path)}: no labels in it; its first line is a header, such as file,label")
    header = [name.strip() for name in lines[0]]
    for number, row in enumerate(lines[1:], start=1):
        if len(row) != len(header):
            raise BadInput(f"{printable(path)}: row {number} has {len(row)} values where the header has {len(header)}")
    return header, lines[1:]


def _delimiter(text: str) -> str:
    """What separates the values: commas, or as spreadsheets of many countries write it, semicolons, or tabs.

    The first of these that is in the header, and gives the first rows as many values as that has.
    """
    header = text.partition("\n")[0]
    marks = [mark for mark in (",", ";", "\t") if mark in header] or [","]

    def fits(mark: str) -> bool:
        rows = csv.reader(io.StringIO(text, newline=""), delimiter=mark, strict=True)
        with suppress(csv.Error):
            return len({len(row) for row in itertools.islice(filter(None, rows), _LOOKED_AT)}) == 1
        return False

    return next(filter(fits, marks), marks[0])


def _label_column(path: Path, header: list[str], name_column: str | None, asked: str | None) -> str:
    others = [name for name in header if name != name_column]
    if asked is not None:
        if asked not in header:
            raise BadInput(f"{printable(path)}: no column {in_words(asked)}; there are {', '.join(header)}")
        return asked
    known = [name for name in others if name.lower() in LABEL_COLUMNS]
    if len(known) != 1 and len(others) != 1:
        raise BadInput(
            f"{printable(path)}: which column holds the labels? There are {', '.join(others)}; name it after a colon, "
            f"{path.name}:{others[0] if others else 'label'}"
        )
    return (known if len(known) == 1 else others)[0]


def _column_of_names(columns: list[str], header: list[str], rows: list[list[str]], files: Sequence[str]) -> str | None:
    """The first column that has names of files, with their suffixes, in most of the first rows."""
    known = {key(file) for file in files for key in (as_cell, _bare)}
    for column in columns:
        names = [of_cell(row[header.index(column)].strip()) for row in rows[:_LOOKED_AT]]
        if 2 * sum(as_cell(name) in known or _bare(name) in known for name in names) > len(names):
            return column
    return None


def _of_files(path: Path, names: list[str], values: list[str], files: Sequence[str]) -> tuple[str, ...]:
    """The label of each file."""
    several = [name for name, rows in Counter(names).items() if rows > 1]
    if several:
        raise BadInput(f"{printable(path)}: {printable(several[0])} has more than one row; keep one")
    found = [None if row is None else values[row] for row in _rows_of_files(names, files)]
    return _complete(path, found, files, of=f" (the first row is of {printable(names[0])})")


def _rows_of_files(names: Sequence[str], files: Sequence[str]) -> list[int | None]:
    """The row of each file: by its whole name, without its folders, or without its suffix too, if that is one's alone.

    A name may be written as our own tables write it, or with the other slashes.
    """
    found: list[int | None] = [None] * len(files)
    for of_row, of_file in ((as_cell, as_cell), (as_cell, _bare), (_bare, _bare), (_stem, _stem)):
        if None not in found:
            break
        of_rows, of_files = [of_row(of_cell(name)) for name in names], list(map(of_file, files))
        rows, counts = {name: row for row, name in enumerate(of_rows)}, (Counter(of_rows), Counter(of_files))
        for place, name in enumerate(of_files):
            if found[place] is None and all(counted[name] == 1 for counted in counts):
                found[place] = rows[name]
    return found


def _bare(name: str) -> str:
    return as_cell(PureWindowsPath(name).name)


def _stem(name: str) -> str:
    return as_cell(PureWindowsPath(name).stem)


def _complete(path: Path, labels: Sequence[str | None], images: Sequence[str], *, of: str = "") -> tuple[str, ...]:
    without = [image for image, label in zip(images, labels, strict=True) if not label]
    if without:
        more = f" and {len(without) - 1} more" if len(without) > 1 else ""
        raise BadInput(f"{printable(path)}: no label for {printable(without[0])}{more}{of}; give every image one")
    return tuple(label for label in labels if label)


def labels_in_words(labels: Sequence[str]) -> str:
    """The different labels and how many images have each, the most frequent first: `3 labels: cat 12, dog 9, ant 1`."""
    counted = Counter(labels).most_common()
    named = ", ".join(f"{printable(label)} {images}" for label, images in counted[:_MOST_NAMED])
    more = f" and {len(counted) - _MOST_NAMED} more" if len(counted) > _MOST_NAMED else ""
    return f"{len(counted)} label{'s' * (len(counted) != 1)}: {named}{more}"


def numbered(labels: Sequence[str]) -> tuple[tuple[str, ...], np.ndarray]:
    """The different labels, sorted, and which of them each image has, int64 (image,)."""
    names, numbers = np.unique(np.asarray(labels, dtype=str), return_inverse=True)
    return tuple(names.tolist()), numbers.astype("int64")


def most_frequent(
    labels: Sequence[str], most: int, *, among: Iterable[str] | None = None
) -> tuple[list[str], np.ndarray]:
    """At most so many labels, and which of them each image has, uint8 (image,).

    Those of the most images come first, of these or `among` those of more images. Where there are more, the last is
    `others`.
    """
    counted = [name for name, _ in Counter(labels if among is None else among).most_common()]
    named = counted if len(counted) <= most else [*counted[: most - 1], "others"]
    places = {name: min(place, len(named) - 1) for place, name in enumerate(counted)}
    return named, np.array([places[label] for label in labels], np.uint8)
