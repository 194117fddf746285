"""MNIST's own format."""

from __future__ import annotations

import math
import re
import struct
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from freyvae.console import printable
from freyvae.data.array_file import as_image_set
from freyvae.data.file_kind import IDX_TYPES, check_readable, is_idx, kind_of_file, open_decompressed
from freyvae.data.other_formats import refusing_damage
from freyvae.data.source import Source
from freyvae.errors import BadInput
from freyvae.files import as_path
from freyvae.memory import check_fits


@dataclass(frozen=True)
class Idx(Source):
    """An IDX file, MNIST's own format, compressed or not. It is recognised by its content."""

    name = "idx"

    def accepts(self, source: Any) -> bool:
        """As `Source.accepts`."""
        return kind_of_file(as_path("path", source)).name == "idx"

    def load(self, source: Any, *, image_size: Any, grey: bool, levels: Any, **others: Any) -> Any:
        """As `Source.load`. Labels are those of the file beside it that has `labels` in its name for `images`."""
        path = as_path("path", source)
        values = _read(path)
        if values.ndim < 3:
            what = "labels, not images; give the file of images" if values.ndim == 1 else "not images"
            raise BadInput(f"{printable(path)}: an IDX file of shape {values.shape}: {what}")
        labels = _labels_beside(path, len(values))
        return as_image_set(values, path, image_size=image_size, grey=grey, levels=levels, labels=labels)


def _read(path: Path) -> npt.NDArray[Any]:
    """The array in a file: two zeros, the type, the number of axes, the length of each in 32 bits, the values."""
    check_readable(path)
    compression, where = kind_of_file(path).compression, printable(path)
    with refusing_damage(path, "an IDX file"), open_decompressed(path, compression) as file:
        start = file.read(4)
        sizes = file.read(4 * start[3]) if len(start) == 4 else b""
        if not is_idx(start + sizes) or len(sizes) < 4 * start[3]:
            raise ValueError("a damaged header")
        shape, dtype = struct.unpack(f">{start[3]}I", sizes), np.dtype(IDX_TYPES[start[2]])
        size = math.prod(shape) * dtype.itemsize
        if not compression and size != path.stat().st_size - 4 - len(sizes):
            raise ValueError("another size than the header says")
        # the bytes, and a copy as bytes if they are of another type
        check_fits(size + math.prod(shape) * (dtype != np.uint8), where, "give fewer images")
        content = file.read(size)
        if len(content) < size or file.read(1):
            raise ValueError("another size than the header says")
        return np.frombuffer(content, dtype).reshape(shape)


def _labels_beside(path: Path, count: int) -> tuple[str, ...] | None:
    """The labels in `train-labels-idx1-ubyte`, of `train-images-idx3-ubyte`."""
    name = re.sub(r"idx\d", "idx1", path.name.replace("images", "labels"))
    names = (name, name.removesuffix(".gz"), f"{name}.gz")
    beside = next((path.with_name(name) for name in names if path.with_name(name).is_file()), None)
    if "images" not in path.name or beside is None:
        return None
    labels = _read(beside)
    if labels.shape != (count,):
        raise BadInput(
            f"{printable(beside)}: labels of shape {labels.shape} beside {count} images; remove it, or give the one "
            "that belongs to them"
        )
    return tuple(map(str, labels.tolist()))
