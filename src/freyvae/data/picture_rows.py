"""Pictures in the rows of a table, as Hugging Face's `datasets` writes them."""

import io
import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from freyvae.console import Progress, each, printable, shown
from freyvae.data.file_kind import check_readable, name_of_set
from freyvae.data.labels import LABEL_COLUMNS
from freyvae.data.other_formats import refusing_damage
from freyvae.data.picture_files import PictureFiles
from freyvae.data.unpacked import Unpacked, unpacking
from freyvae.errors import BadInput

# columns of bytes are taken for pictures if they have one of these names
_PICTURE_COLUMNS = ("image", "img", "picture")

ROWS_AT_ONCE = 64


@dataclass(frozen=True)
class Table:
    """A file of rows, opened.

    Attributes:
        schema: its columns, a `pyarrow.Schema`.
        read: gives the rows of some columns, as `pyarrow.RecordBatch`.
    """

    schema: Any
    read: Callable[[list[str]], Iterator[Any]]


@contextmanager
def files_of_rows(
    path: Path,
    files: Sequence[Path],
    open_table: Callable[[Path], AbstractContextManager[Table]],
    *,
    what: str,
    column: str | None = None,
    notes: Sequence[str] = (),
    progress: bool | Progress,
) -> Iterator[PictureFiles]:
    """Unpack the pictures of several files, in the order of their rows.

    A column of pictures has `bytes` and `path` in each row, or holds bytes and is called `image`, `img` or `picture`.
    A column called `label`, `class` or `target` holds labels, and the schema may hold names for its numbers.

    Args:
        path: the file, or the folder of files.
        files: the files.
        open_table: opens one of them. What it raises, other than `BadInput`, is taken for damage.
        what: the kind of file, with an article.
        column: the name of the column of pictures, or None if there is only one.
        notes: remarks on the files.
        progress: receives the progress.

    Yields:
        the pictures. `names` are the paths that the rows name, and for rows without one, or with that of another row,
        their number from 0.

    Raises:
        BadInput: pyarrow is not installed, there is no such column, or several, or a file is damaged.
    """
    labels: dict[str, str | None] = {}
    with unpacking(path) as kept:
        with shown(progress) as told:
            for file in each(files, told, "unpacking"):
                check_readable(file)
                with refusing_damage(file, what), open_table(file) as table:
                    _unpack(file, table, column, kept, labels)
        if not labels:
            raise BadInput(f"{printable(path)}: there are no rows in it")
        known = tuple(labels.values())
        yield kept.files(name=name_of_set(path), labels=known, notes=notes)


def _unpack(file: Path, table: Table, column: str | None, kept: Unpacked, labels: dict[str, str | None]) -> None:
    """Unpack the pictures of a table, and add their names and labels to `labels`."""
    pictures, known = _picture_column(file, table.schema, column), _Labels.of(table.schema)
    for batch in table.read([pictures] if known is None else [pictures, known.column]):
        batch.validate(full=True)  # in a damaged file places may lead anywhere
        labels_of_rows = [None] * len(batch) if known is None else known.read(batch)
        for picture, label in zip(batch.column(pictures).to_pylist(), labels_of_rows, strict=True):
            content, name = _content(picture)
            row = str(len(labels))
            name = next((known for known in (name, row) if known and known not in labels), f"row {row}")
            labels[name] = label
            kept.write(name, io.BytesIO(content), len(content))


def parts_note(files: Sequence[Path]) -> tuple[str, ...]:
    """A note if files such as `train-00000-of-00002.parquet` are of several parts, since all of them are read."""
    parts = list(dict.fromkeys(file.stem.rpartition("-of-")[0].rpartition("-")[0] or file.stem for file in files))
    return (f"all parts were read, in this order: {', '.join(map(printable, parts))}",) if len(parts) > 1 else ()


def _picture_column(file: Path, schema: Any, wanted: str | None) -> str:
    if not schema.names:
        raise ValueError("no columns")
    where = printable(file)
    names = [field.name for field in schema if _holds_pictures(field)]
    of_bytes = [field.name for field in schema if _is_binary(field.type) and field.name not in names]
    if wanted is None and not names:
        held = printable(", ".join(schema.names[:20]))
        hint = f"; name the one that holds files of pictures: {where}:{printable(of_bytes[0])}" if of_bytes else ""
        raise BadInput(f"{where}: no column of pictures, but {held or 'none'}{hint}")
    if wanted is None and len(names) > 1:
        preferred = [name for name in _PICTURE_COLUMNS if name in names]
        names = preferred[:1] or names
        if len(names) > 1:
            held = printable(", ".join(names))
            raise BadInput(
                f"{where}: holds several columns of pictures ({held}); name one: {where}:{printable(names[0])}"
            )
    chosen = names[0] if wanted is None else wanted
    if chosen not in (*names, *of_bytes):
        held = printable(", ".join((*names, *of_bytes)))
        raise BadInput(f"{where}: holds no column of pictures {printable(chosen)!r}, but {held or 'none'}")
    if schema.names.count(chosen) > 1:
        raise BadInput(f"{where}: several columns are called {printable(chosen)!r}; rename them")
    return chosen


def _holds_pictures(field: Any) -> bool:
    import pyarrow as pa

    if pa.types.is_struct(field.type):
        return any(inner.name == "bytes" and _is_binary(inner.type) for inner in field.type)
    return field.name.lower() in _PICTURE_COLUMNS and _is_binary(field.type)


def _is_binary(kind: Any) -> bool:
    import pyarrow as pa

    return any(is_kind(kind) for is_kind in (pa.types.is_binary, pa.types.is_large_binary, pa.types.is_binary_view))


def _content(picture: Any) -> tuple[bytes, str]:
    """The bytes of a picture, none if there is none, and its name, or ""."""
    if isinstance(picture, dict):
        return picture["bytes"] or b"", str(picture.get("path") or "")
    return picture or b"", ""


@dataclass(frozen=True)
class _Labels:
    """The column that holds labels, and the names of its numbers, where there are any."""

    column: str
    names: tuple[str, ...]

    @classmethod
    def of(cls, schema: Any) -> "_Labels | None":
        """That of a table, if it has one."""
        import pyarrow as pa

        def holds_labels(kind: Any) -> bool:
            inner = kind.value_type if pa.types.is_dictionary(kind) else kind
            known = (pa.types.is_integer, pa.types.is_boolean, pa.types.is_string, pa.types.is_large_string)
            return any(is_kind(inner) for is_kind in known)

        for wanted in LABEL_COLUMNS:
            for field in schema:
                if field.name.lower() == wanted and holds_labels(field.type):
                    return cls(field.name, _names_of_labels(schema, field.name))
        return None

    def read(self, batch: Any) -> list[str | None]:
        """The labels of some rows."""
        return [self._label(value) for value in batch.column(self.column).to_pylist()]

    def _label(self, value: Any) -> str | None:
        if self.names and isinstance(value, int):
            return self.names[value] if 0 <= value < len(self.names) else None
        return None if value is None or value == "" else str(value)


def _names_of_labels(schema: Any, column: str) -> tuple[str, ...]:
    """The names that `datasets` keeps in a schema for the numbers in a column of labels."""
    try:
        features = json.loads((schema.metadata or {})[b"huggingface"])["info"]["features"]
        names = features[column]["names"]
    except (KeyError, TypeError, ValueError, RecursionError):
        return ()
    return tuple(map(str, names)) if isinstance(names, list) else ()
