"""An array in an HDF5 or MATLAB 7.3 file."""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from freyvae.console import printable
from freyvae.data.array_file import as_image_set, chosen_array, in_matlab_order, split_array
from freyvae.data.file_kind import check_readable, kind_of_file
from freyvae.data.image_size import parse_image_size
from freyvae.data.other_formats import refusing_damage, without_extra
from freyvae.data.source import Source
from freyvae.errors import BadInput, few_words
from freyvae.memory import check_fits

_MATLAB_NUMBERS = (
    "double",
    "single",
    "logical",
    *(f"{sign}int{bits}" for sign in ("", "u") for bits in (8, 16, 32, 64)),
)


@dataclass(frozen=True)
class Hdf5(Source):
    """An array in an HDF5 file, or in a MATLAB 7.3 file, which is one. The path may name it: `cells.h5:images`."""

    name = "hdf5"

    def accepts(self, source: Any) -> bool:
        """As `Source.accepts`."""
        return kind_of_file(split_array(source)[0]).name == "hdf5"

    def load(self, source: Any, *, image_size: Any, grey: bool, levels: Any, **others: Any) -> Any:
        """As `Source.load`."""
        path, name = split_array(source)
        check_readable(path)
        is_matlab = path.suffix.lower() == ".mat" or kind_of_file(path).head.startswith(b"MATLAB")
        values = _read(path, name, is_matlab=is_matlab)
        if is_matlab:  # MATLAB's arrays are written with their axes in reverse order
            values = in_matlab_order(values.T, printable(path), parse_image_size(image_size))
        return as_image_set(values, path, image_size=image_size, grey=grey, levels=levels)


@contextmanager
def _saying_why(where: str) -> Iterator[None]:
    """Tell two troubles from damage: a file that another program writes, and a compression that is not HDF5's own."""
    try:
        yield
    except OSError as error:
        if "unable to lock file" in str(error):
            raise BadInput(f"{where}: another program has it open to write: close it there, or read a copy") from error
        if "required filter" in str(error) or "can't open directory" in str(error):  # of its filters
            raise BadInput(
                f"{where}: compressed in a way that this h5py does not know ({few_words(error)}): save it without "
                "compression, or with gzip"
            ) from error
        raise


def _read(path: Path, name: str | None, *, is_matlab: bool) -> npt.NDArray[Any]:
    try:
        import h5py
    except ImportError:
        raise without_extra(path, "HDF5 files", "hdf5") from None
    where = printable(path)
    with refusing_damage(path, "an HDF5 file"), _saying_why(where), h5py.File(path, "r") as file:
        numbers: dict[str, Any] = {}

        def note(name: str, held: Any) -> None:
            if isinstance(held, h5py.Dataset) and (_is_of_matlab(held) if is_matlab else held.dtype.kind in "buif"):
                numbers[name] = held

        file.visititems(note)
        likely = {key: held for key, held in numbers.items() if _looks_like_images(held.shape, is_matlab=is_matlab)}
        wanted = None if name is None else name.strip("/")
        chosen = numbers[chosen_array(where, wanted, sorted(likely if name is None else numbers), "numeric array")]
        if chosen.external or chosen.is_virtual:
            raise BadInput(f"{where}: {printable(chosen.name)} lies in other files; save it in one")
        count = math.prod(chosen.shape)
        if count and not chosen.id.get_storage_size():
            raise ValueError("claims more than it holds")
        # the array, and a copy as bytes if it has another type
        needed = count * (chosen.dtype.itemsize + (chosen.dtype != np.uint8))
        check_fits(needed, where, "save it as uint8, or fewer images")
        is_logical = is_matlab and _class_in_matlab(chosen) == "logical"
        values: npt.NDArray[Any] = np.asarray(chosen[()])
        return values.astype(bool) if is_logical else values


def _is_of_matlab(held: Any) -> bool:
    """Whether it is an array of numbers. MATLAB keeps texts as numbers too, and has a group for what cells hold."""
    kind = _class_in_matlab(held)
    return held.dtype.kind in "buif" and kind in ("", *_MATLAB_NUMBERS) and not held.name.startswith("/#")


def _class_in_matlab(held: Any) -> str:
    kind = held.attrs.get("MATLAB_class", b"")
    return kind.decode("latin-1") if isinstance(kind, bytes) else str(kind)


def _looks_like_images(shape: tuple[int, ...] | None, *, is_matlab: bool) -> bool:
    if not shape:
        return False
    return len(shape) > 2 or (is_matlab and len(shape) == 2 and min(shape) > 1)
