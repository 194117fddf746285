"""Pixels that are read when they are asked for.

An array of images and what lies on a disk are indexed alike, so that whoever takes images takes both.
"""

import itertools
import math
import operator
import os
import weakref
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol, TypeAlias, runtime_checkable

import numpy as np
import numpy.typing as npt

from freyvae.console import printable
from freyvae.data.read_at import read_at
from freyvae.errors import BadInput, NotNow
from freyvae.memory import check_fits

Images: TypeAlias = npt.NDArray[np.uint8]

# bytes that are read at once where all images are gone through
BYTES_AT_ONCE = 2**24
# before so many are read at once, it is asked whether there is memory
_LARGE_BYTES = 2**28
# images that lie at most so far apart in a file are read ahead together
_LARGEST_GAP_BYTES = 4096


@runtime_checkable
class RandomAccess(Protocol):
    """What holds images and gives them by their number: grain's `RandomAccessDataSource`."""

    def __len__(self) -> int:
        """Number of images."""

    def __getitem__(self, number: int, /) -> Any:
        """One image, uint8 (height, width, channel)."""


class Pixels(ABC):
    """Images that need not be in memory, indexed as an array of them is along its first axis.

    `pixels[3]` is uint8 (height, width, channel); a slice, indices or a mask give uint8 (image, height, width,
    channel), read in that order. `np.asarray(pixels)` reads all.

    Args:
        shape: (image, height, width, channel).
    """

    dtype = np.dtype(np.uint8)
    ndim = 4

    def __init__(self, shape: tuple[int, int, int, int]) -> None:
        self.shape = shape

    @abstractmethod
    def rows(self, indices: npt.NDArray[np.int64]) -> Images:
        """The images of these numbers, each from 0 to `len(self) - 1`, in this order: a new array."""

    def expect(self, indices: npt.NDArray[np.int64]) -> None:
        """Take note that these images are wanted soon. By default that is no matter."""
        return

    @property
    def size(self) -> int:
        """Number of values."""
        return math.prod(self.shape)

    @property
    def nbytes(self) -> int:
        """Bytes of all images."""
        return self.size

    def __len__(self) -> int:
        return self.shape[0]

    def __iter__(self) -> Iterator[Images]:
        return (image for _, block in blocks(self) for image in block)

    def __getitem__(self, chosen: Any) -> Images:
        if isinstance(chosen, slice):
            wanted = len(range(*chosen.indices(len(self)))) * (self.nbytes // len(self))
            if wanted > _LARGE_BYTES:
                check_fits(wanted, f"{len(self):,} images", "take fewer at a time")
            return self.rows(np.arange(*chosen.indices(len(self)), dtype=np.int64))
        if isinstance(chosen, tuple) or chosen is None or chosen is Ellipsis:
            raise TypeError("images that are read from a disk are indexed along their first axis alone")
        if np.ndim(chosen) == 0:
            image: Images = self.rows(_checked(np.array([operator.index(chosen)]), len(self)))[0]
            return image
        indices = np.asarray(chosen)
        if indices.dtype == bool:
            indices = np.arange(len(self))[indices]
        return self.rows(_checked(indices.astype(np.int64, casting="safe"), len(self)))

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> npt.NDArray[Any]:
        everything = self[:]
        return everything if dtype is None else everything.astype(dtype, copy=False)


class FilePixels(Pixels):
    """Images that lie in a file, one after the other, each in C order.

    They are read by system calls: a memory map would count as this process's memory, and is slow on file systems of a
    network.

    Args:
        path: the file.
        shape: (image, height, width, channel).
        offset: where the first one begins, in bytes.

    Raises:
        BadInput: the file can't be read.
    """

    def __init__(self, path: Path, shape: tuple[int, int, int, int], *, offset: int = 0) -> None:
        super().__init__(shape)
        self._path, self._offset, self._bytes_of_image = path, offset, math.prod(shape[1:])
        try:
            self._file = os.open(path, os.O_RDONLY | getattr(os, "O_BINARY", 0))
        except OSError as error:
            raise BadInput(f"cannot read {printable(path)}: {error.strerror or error}") from error
        weakref.finalize(self, os.close, self._file)
        self._as_opened = self._state()

    def rows(self, indices: npt.NDArray[np.int64]) -> Images:
        """As `Pixels.rows`. Raises `BadInput` where the file was changed since it was opened, or can't be read."""
        if self._state() != self._as_opened:
            raise self._changed()
        read = np.empty((len(indices), *self.shape[1:]), np.uint8)
        by_place = np.argsort(indices, kind="stable")
        places = indices[by_place]
        is_sorted = bool((by_place[1:] > by_place[:-1]).all())
        for start, end in _runs(places):
            if is_sorted:
                self._read_into(read[start:end], int(places[start]))
            elif end - start == 1:
                self._read_into(read[by_place[start]], int(places[start]))
            else:
                together = np.empty((end - start, *self.shape[1:]), np.uint8)
                self._read_into(together, int(places[start]))
                read[by_place[start:end]] = together
        return read

    def expect(self, indices: npt.NDArray[np.int64]) -> None:
        """Have the system read these images ahead, where it can: many at once, as disks like it."""
        if not hasattr(os, "posix_fadvise"):
            return
        places, size = np.unique(indices), self._bytes_of_image
        for start, end in _runs(places, gap=1 + _LARGEST_GAP_BYTES // size):
            first, last = int(places[start]), int(places[end - 1])
            length = (last - first + 1) * size
            os.posix_fadvise(self._file, self._offset + first * size, length, os.POSIX_FADV_WILLNEED)

    def _read_into(self, images: Images, first: int) -> None:
        memory, place = images.data.cast("B"), self._offset + first * self._bytes_of_image
        while memory:
            try:
                count = read_at(self._file, memory, place)
            except OSError as error:
                raise NotNow(f"cannot read {printable(self._path)}: {error.strerror or error}") from error
            if not count:
                raise self._changed()
            memory, place = memory[count:], place + count

    def _state(self) -> tuple[int, int]:
        about = os.fstat(self._file)
        return about.st_size, about.st_mtime_ns

    def _changed(self) -> BadInput:
        return BadInput(
            f"{printable(self._path)} was changed while it was read: let nobody write to it, and start again"
        )


class Part(Pixels):
    """Some images of others, in an order of its own.

    Args:
        whole: all of them.
        indices: which ones, int64 (image,).
    """

    def __init__(self, whole: Pixels, indices: npt.NDArray[np.int64]) -> None:
        super().__init__((len(indices), *whole.shape[1:]))
        self._whole, self._indices = whole, indices

    def rows(self, indices: npt.NDArray[np.int64]) -> Images:
        """As `Pixels.rows`."""
        return self._whole.rows(self._indices[indices])

    def expect(self, indices: npt.NDArray[np.int64]) -> None:
        """As `Pixels.expect`."""
        self._whole.expect(self._indices[indices])


class Mapped(Pixels):
    """Images that something is made of when they are asked for.

    Args:
        images: as they are.
        function: uint8 (image, height, width, channel) to as many images of one other shape.
    """

    def __init__(self, images: Pixels, function: Callable[[Images], Images]) -> None:
        _, height, width, channels = function(images[:1]).shape
        super().__init__((len(images), height, width, channels))
        self._images, self._function = images, function

    def rows(self, indices: npt.NDArray[np.int64]) -> Images:
        """As `Pixels.rows`."""
        if not len(indices):
            return np.empty((0, *self.shape[1:]), np.uint8)
        return self._function(self._images.rows(indices))

    def expect(self, indices: npt.NDArray[np.int64]) -> None:
        """As `Pixels.expect`."""
        self._images.expect(indices)


class Given(Pixels):
    """Images of a person's own object, such as a source of grain's.

    Args:
        source: gives uint8 (height, width, channel) or (height, width), of one shape, by their number.
        name: of the images in an error.

    Raises:
        BadInput: it is empty, or its first image is none.
    """

    def __init__(self, source: RandomAccess, name: str = "images") -> None:
        if len(source) == 0:
            raise BadInput(f"{name}: there are no images in an empty {type(source).__name__}; give at least one")
        self._source, self._name = source, name
        self._shape_of_image = self._given(0).shape
        first = self._image(0)
        super().__init__((len(source), *first.shape))

    def rows(self, indices: npt.NDArray[np.int64]) -> Images:
        """As `Pixels.rows`. Raises `BadInput` for an image that is none, or of another shape than the first."""
        read = np.empty((len(indices), *self.shape[1:]), np.uint8)
        for place, number in enumerate(indices.tolist()):
            read[place] = self._image(number)
        return read

    def _given(self, number: int) -> npt.NDArray[Any]:
        try:
            return np.asarray(self._source[number])
        except Exception as error:  # a person's own code raises anything
            kind = type(self._source).__name__
            raise NotNow(f"{self._name}: image {number} of the {kind} can't be had: {printable(error)}") from error

    def _image(self, number: int) -> Images:
        kind, image = type(self._source).__name__, self._given(number)
        if image.dtype != np.uint8 or image.shape != self._shape_of_image or image.ndim not in (2, 3):
            raise BadInput(
                f"{self._name}: image {number} of the {kind} is {image.dtype} of shape {image.shape}; a source gives "
                "uint8 (height, width, channel), all of one shape"
            )
        return image if image.ndim == 3 else image[..., None]


def is_source(images: Any) -> bool:
    """Whether this is a person's own source of images: it has a length, and gives uint8 arrays by their number."""
    if isinstance(images, (Pixels, np.ndarray, list, tuple, str, bytes, Mapping)) or hasattr(images, "__array__"):
        return False
    if not isinstance(images, RandomAccess):
        return False
    try:
        first = images[0] if len(images) else None
    except Exception:  # a person's own code raises anything; whoever takes the object next shows it
        return False
    return isinstance(first, np.ndarray) and first.dtype == np.uint8 and first.ndim in (2, 3)


def with_three_channels(images: Images | Pixels) -> Any:
    """Grey images (image, height, width, 1) with their channel three times."""
    if isinstance(images, Pixels):
        return Mapped(images, with_three_channels)
    return np.repeat(images, 3, axis=3)


def stacked(pictures: Sequence[Images]) -> Images:
    """Pictures, each uint8 (height, width, 1 or 3), as one array: in colour if one of them is."""
    channels = max(pixels.shape[2] for pixels in pictures)
    return np.stack(
        [
            pixels if pixels.shape[2] == channels else np.broadcast_to(pixels, (*pixels.shape[:2], channels))
            for pixels in pictures
        ]
    )


def part_of(images: Images | Pixels, indices: npt.NDArray[np.int64]) -> Any:
    """The images of these numbers: of an array an array, of what is read when asked for the same, with nothing read."""
    return Part(images, indices) if isinstance(images, Pixels) else images[indices]


def evenly_chosen(images: Images | Pixels, most: int) -> Images:
    """At most so many images, at even distances."""
    return images[:] if len(images) <= most else images[evenly_spaced(len(images), most)]


def evenly_spaced(count: int, most: int) -> npt.NDArray[np.int64]:
    """At most `most` of so many numbers from 0, in order and at even distances."""
    return np.linspace(0, count - 1, min(count, most)).round().astype(np.int64)


def blocks(images: Images | Pixels, *, first: int = 0, most_bytes: int = BYTES_AT_ONCE) -> Iterator[tuple[int, Images]]:
    """All images from `first` on in their order, a block at a time, each with the number of its first one."""
    step = max(1, most_bytes // max(1, images.nbytes // max(1, len(images))))
    for start in range(first, len(images), step):
        yield start, images[start : start + step]


def _runs(places: npt.NDArray[np.int64], *, gap: int = 1) -> Iterator[tuple[int, int]]:
    """The start and end of each run of ascending numbers in which one follows another by 1, or by at most `gap`."""
    steps = np.diff(places)
    ends = np.flatnonzero((steps < 1) | (steps > gap)) + 1
    bounds = [0, *ends.tolist(), len(places)]
    yield from ((start, end) for start, end in itertools.pairwise(bounds) if end > start)


def _checked(indices: npt.NDArray[np.int64], count: int) -> npt.NDArray[np.int64]:
    """Indices from 0, those below 0 counted from the end. Raises `IndexError`."""
    if len(indices) and (indices.min() < -count or indices.max() >= count):
        raise IndexError(f"there are {count} images, and image {indices.max()} or {indices.min()} is none of them")
    return np.where(indices < 0, indices + count, indices)
