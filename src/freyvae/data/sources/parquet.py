"""A column of pictures in Parquet files."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from freyvae.console import printable
from freyvae.data.array_file import split_array
from freyvae.data.file_kind import PARQUET_SUFFIXES, kind_of_file
from freyvae.data.other_formats import without_extra
from freyvae.data.picture_rows import ROWS_AT_ONCE, Table, files_of_rows, parts_note
from freyvae.data.shards import has_shards, shards_of
from freyvae.data.source import Source
from freyvae.memory import check_fits


@dataclass(frozen=True)
class Parquet(Source):
    """A column of pictures in a Parquet file, or in a folder or pattern of such files."""

    name = "parquet"

    def accepts(self, source: Any) -> bool:
        """As `Source.accepts`. The path may name the column, `cells.parquet:image`."""
        path = split_array(source)[0]
        return kind_of_file(path).name == "parquet" or has_shards(path, PARQUET_SUFFIXES)

    def load(self, source: Any, *, seed: int, **choices: Any) -> Any:
        """As `Source.load`."""
        with self.files(source, progress=choices["progress"]) as files:
            return files.load(**choices)

    def files(self, source: Any, *, progress: Any) -> Any:
        """As `Source.files`."""
        path, column = split_array(source)
        files = shards_of(path, PARQUET_SUFFIXES)
        notes = parts_note(files)
        return files_of_rows(path, files, _opened, what="a Parquet file", column=column, notes=notes, progress=progress)


@contextmanager
def _opened(path: Path) -> Iterator[Table]:
    try:
        import pyarrow.parquet as pq
    except ImportError:
        raise without_extra(path, "Parquet files", "parquet") from None
    with pq.ParquetFile(path) as file:

        def read(columns: list[str]) -> Iterator[Any]:
            for group in range(file.num_row_groups):
                size = file.metadata.row_group(group).total_byte_size
                check_fits(2 * size, printable(path), "write it in smaller groups of rows")
                yield from file.iter_batches(ROWS_AT_ONCE, row_groups=[group], columns=columns)

        yield Table(file.schema_arrow, read)
