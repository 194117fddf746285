"""A folder that `datasets.save_to_disk` wrote."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from freyvae.console import printable
from freyvae.data.other_formats import without_extra
from freyvae.data.picture_rows import Table, files_of_rows
from freyvae.data.source import Source
from freyvae.errors import BadInput
from freyvae.files import as_path, read_small

_STATE, _PARTS = "state.json", "dataset_dict.json"
_MOST_OF_STATE = 2**24
# of Arrow's streaming format: a mark, and a length of 0
_END = b"\xff\xff\xff\xff\0\0\0\0"


@dataclass(frozen=True)
class SavedDataset(Source):
    """A folder that `save_to_disk` of Hugging Face's `datasets` wrote: a `Dataset`, or a `DatasetDict` of several."""

    name = "saved-dataset"

    def accepts(self, source: Any) -> bool:
        """As `Source.accepts`."""
        path = as_path("path", source)
        return (path / _PARTS).is_file() or ((path / _STATE).is_file() and any(path.glob("*.arrow")))

    def load(self, source: Any, *, seed: int, **choices: Any) -> Any:
        """As `Source.load`."""
        with self.files(source, progress=choices["progress"]) as files:
            return files.load(**choices)

    def files(self, source: Any, *, progress: Any) -> Any:
        """As `Source.files`."""
        path, notes = as_path("path", source), list[str]()
        if (path / _PARTS).is_file():
            parts = _listed(path / _PARTS, "splits")
            files = [file for part in parts for file in _files(path / part)]
            if len(parts) > 1:
                notes.append(f"all parts were read, in this order: {', '.join(map(printable, parts))}")
        else:
            files = _files(path)
        return files_of_rows(path, files, _opened, what="an Arrow file", notes=notes, progress=progress)


def _files(folder: Path) -> list[Path]:
    """The files of a `Dataset`, in order."""
    return [folder / name for name in _listed(folder / _STATE, "_data_files")]


def _listed(path: Path, key: str) -> list[str]:
    """The names in a list of a JSON file, none of which leads out of its folder."""
    try:
        listed = json.loads(read_small(path, most_bytes=_MOST_OF_STATE))[key]
        names = [item["filename"] if isinstance(item, dict) else item for item in listed]
        if not names or any(Path(name).name != name or name == ".." for name in names):
            raise ValueError("no names of files")
    except (KeyError, TypeError, ValueError, RecursionError) as error:
        if isinstance(error, BadInput):
            raise
        raise BadInput(f"{printable(path)}: damaged, it lists no files of this folder; save the set again") from None
    return names


@contextmanager
def _opened(path: Path) -> Iterator[Table]:
    try:
        import pyarrow as pa
    except ImportError:
        raise without_extra(path, "Arrow files", "parquet") from None
    with path.open("rb") as file:
        file.seek(-len(_END), os.SEEK_END)
        if file.read() != _END:  # pyarrow reads as much as there is
            raise ValueError("cut short")
        file.seek(0)
        with pa.ipc.open_stream(file) as stream:
            yield Table(stream.schema, lambda columns: (batch.select(columns) for batch in stream))
