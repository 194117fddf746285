"""Reads the arrays of IDX files, MNIST's own format."""

import math
import re
import struct
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from freyvae.console import printable
from freyvae.data.file_kind import IDX_TYPES, check_readable, is_idx, kind_of_file, open_decompressed
from freyvae.data.other_formats import refusing_damage
from freyvae.errors import BadInput
from freyvae.memory import check_fits


def read_idx(path: Path) -> npt.NDArray[Any]:
    """The array in a file: two zeros, the type, the number of axes, the length of each in 32 bits, the values.

    Raises:
        BadInput: there is no such file, or it is damaged, cut short, or larger than memory.
    """
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


def labels_beside(path: Path, count: int) -> tuple[str, ...] | None:
    """The labels in `train-labels-idx1-ubyte`, of `train-images-idx3-ubyte`; None where there is no such file.

    Raises:
        BadInput: as `read_idx`, or they are not a label for each of `count` images.
    """
    name = re.sub(r"idx\d", "idx1", path.name.replace("images", "labels"))
    names = (name, name.removesuffix(".gz"), f"{name}.gz")
    beside = next((path.with_name(name) for name in names if path.with_name(name).is_file()), None)
    if "images" not in path.name or beside is None:
        return None
    labels = read_idx(beside)
    if labels.shape != (count,):
        raise BadInput(
            f"{printable(beside)}: labels of shape {labels.shape} beside {count} images; remove it, or give the one "
            "that belongs to them"
        )
    return tuple(map(str, labels.tolist()))
