"""Arrays for training and testing in one file, as Keras keeps its data sets."""

from __future__ import annotations

import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from freyvae.console import printable
from freyvae.data.array_file import as_image_set, read_numpy, split_array
from freyvae.data.source import Source
from freyvae.errors import BadInput
from freyvae.memory import check_fits

_PARTS = {"x_train": "y_train", "x_test": "y_test"}


@dataclass(frozen=True)
class KerasArrays(Source):
    """An .npz file of Keras, such as mnist.npz: images x_train and x_test, and their labels y_train and y_test."""

    name = "keras-arrays"

    def accepts(self, source: Any) -> bool:
        """As `Source.accepts`. One of the parts, `mnist.npz:x_train`, has labels if the file has its labels."""
        path, array = split_array(source)
        if array is not None and array not in _PARTS:
            return False
        wanted = {*_PARTS, *_PARTS.values()} if array is None else {array, _PARTS[array]}
        names = _names(path)
        return wanted <= names and (array is not None or "images" not in names)

    def load(self, source: Any, *, image_size: Any, grey: bool, levels: Any, **others: Any) -> Any:
        """As `Source.load`."""
        path, array = split_array(source)
        parts = list(_PARTS) if array is None else [array]
        arrays = [read_numpy(path, part) for part in parts]
        counts = [len(values) if values.ndim else 0 for values in arrays]
        labels, notes = _labels(path, parts, counts)
        if array is None:
            sizes = " and ".join(f"{count:,} of {part}" for part, count in zip(parts, counts, strict=True))
            notes.insert(0, f"{sizes}, in this order; {path.name}:x_train is read alone")
        values = arrays[0] if len(arrays) == 1 else _joined(path, arrays)
        choices = {"image_size": image_size, "grey": grey, "levels": levels}
        return as_image_set(values, path, labels=labels, notes=tuple(map(printable, notes)), **choices)


def _names(path: Path) -> set[str]:
    """The names of the arrays in an .npz file; none if it is another file, or damaged."""
    if path.suffix.lower() != ".npz" or not path.is_file():
        return set()
    try:
        with zipfile.ZipFile(path) as archive:
            return {name.removesuffix(".npy") for name in archive.namelist()}
    except Exception:  # damaged archives make zipfile raise almost anything
        return set()


def _joined(path: Path, arrays: list[npt.NDArray[Any]]) -> npt.NDArray[Any]:
    where = printable(path)
    first, second = arrays
    if first.shape[1:] != second.shape[1:] or first.dtype != second.dtype or not first.ndim:
        kinds = " and ".join(f"{values.dtype} {values.shape}" for values in arrays)
        raise BadInput(f"{where}: x_train and x_test are of different kinds, {kinds}; give one, {where}:x_train")
    check_fits(first.nbytes + second.nbytes, where, f"give a part of it, {where}:x_train")
    return np.concatenate(arrays)


def _labels(path: Path, parts: list[str], counts: list[int]) -> tuple[tuple[str, ...] | None, list[str]]:
    """The labels of the parts, or a note that says why there are none."""
    labels: list[str] = []
    for part, count in zip(parts, counts, strict=True):
        values = read_numpy(path, _PARTS[part])
        if values.size != count or values.ndim < 1 or values.dtype.kind not in "biuU":
            kind = f"{values.dtype} {values.shape}"
            return None, [f"{_PARTS[part]} is {kind}, and not a label for each of {count:,} images: it was left out"]
        labels += map(str, values.reshape(-1).tolist())
    return tuple(labels), []
