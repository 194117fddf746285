"""Images that do not fit on the device, or not into memory: blocks of an epoch, read ahead by a thread.

A block is of so many images one after another in the order of the epoch. While the steps of one are computed the next
is read and put on the device. The order is that of images in memory, over the whole set: so the steps are the same.
"""

import queue
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, TypeVar

import numpy as np

from freyvae.data.pixels import Pixels
from freyvae.engine import distribute

BLOCK_BYTES = 2**25
# of blocks that are read and wait
AHEAD = 1

Place = Callable[[np.ndarray], Any]
Item = TypeVar("Item")


@dataclass(frozen=True)
class Block:
    """Some images of an epoch, on the device.

    Attributes:
        images: uint8 (image, height, width, channel); the last block of an epoch is filled up to the others' size.
        first: the place of the first of them in the epoch's order.
        count: how many there are, without what fills the block up.
    """

    images: Any
    first: int
    count: int


def images_of_block(images: Any, batch_size: int) -> int:
    """How many images a block has: as many whole batches as `BLOCK_BYTES` hold, or one, or all images."""
    batch_bytes: int = batch_size * max(1, images.nbytes // len(images))
    return min(max(1, BLOCK_BYTES // batch_bytes) * batch_size, len(images))


@contextmanager
def blocks_ahead(images: Any, order: np.ndarray, *, first: int, size: int, place: Place) -> Iterator[Iterator[Block]]:
    """The blocks of an epoch, read ahead while the `with` lasts. What reading raises is raised here.

    Args:
        images: `Pixels`, or an array.
        order: of the epoch, int (image,).
        first: the place in that order to begin at.
        size: images in a block.
        place: puts a block on the device.
    """

    def read() -> Iterator[Block]:
        for start in range(first, len(order), size):
            found = _rows(images, order[start : start + size])
            count = len(found)
            yield Block(place(_filled_up(found, size)), start, count)

    with _ahead(read()) as blocks:
        yield blocks


@dataclass(frozen=True)
class Batches(Block):
    """Batches of an epoch on several devices: `images` is uint8 (batch, image, height, width, channel).

    Attributes:
        batch_size: images in each.
    """

    batch_size: int


@contextmanager
def batches_ahead(images: Any, order: np.ndarray, *, first: int, batch_size: int) -> Iterator[Iterator[Batches]]:
    """The batches of an epoch, read ahead likewise. Each process reads its own images of each of them.

    The last batch of an epoch, if it is smaller, is a block of its own.
    """
    whole = first + (len(order) - first) // batch_size * batch_size
    most = batches_of_block(images, batch_size)

    def read() -> Iterator[Batches]:
        for start in range(first, whole, most * batch_size):
            end = min(start + most * batch_size, whole)
            yield Batches(_on_devices(images, order[start:end], batch_size, most), start, end - start, batch_size)
        if whole < len(order):
            size = len(order) - whole
            yield Batches(_on_devices(images, order[whole:], size, 1), whole, size, size)

    with _ahead(read()) as blocks:
        yield blocks


def batches_of_block(images: Any, batch_size: int) -> int:
    """How many batches a block of them has."""
    return max(1, images_of_block(images, batch_size) // batch_size)


def batches_as_given(images: Any, size: int, batch_size: int) -> Any:
    """The shape in which `batches_ahead` gives batches of `size` images, where the others have `batch_size`."""
    import jax

    count = batches_of_block(images, batch_size) if size == batch_size else 1
    return jax.ShapeDtypeStruct((count, size, *images.shape[1:]), np.uint8, sharding=distribute.of_batches(size))


def _on_devices(images: Any, order: np.ndarray, size: int, most: int) -> Any:
    """Batches of `size` images in this order, filled up to `most` batches, on all devices."""
    rows = order.reshape(-1, size)[:, distribute.rows_of_process(size)]
    found = _rows(images, rows.reshape(-1)).reshape(*rows.shape, *images.shape[1:])
    return distribute.batches_on_devices(_filled_up(found, most), size)


def _rows(images: Any, rows: np.ndarray) -> np.ndarray:
    if isinstance(images, Pixels):
        images.expect(rows)
    found: np.ndarray = images[rows]
    return found


def _filled_up(found: np.ndarray, count: int) -> np.ndarray:
    """With zeros to `count` along the first axis: one program then serves all blocks."""
    if len(found) == count:
        return found
    return np.concatenate([found, np.zeros((count - len(found), *found.shape[1:]), np.uint8)])


@contextmanager
def _ahead(items: Iterator[Item]) -> Iterator[Iterator[Item]]:
    """Items that a thread makes ahead, while the `with` lasts. What making them raises is raised here."""
    waiting: queue.Queue[Item | BaseException | None] = queue.Queue(AHEAD)
    is_over = threading.Event()

    def put(item: Item | BaseException | None) -> None:
        while not is_over.is_set():
            try:
                waiting.put(item, timeout=0.1)
            except queue.Full:
                continue
            return

    def make() -> None:
        try:
            for item in items:
                put(item)
                if is_over.is_set():
                    return
            put(None)
        except BaseException as error:
            put(error)

    def taken() -> Iterator[Item]:
        while (item := waiting.get()) is not None:
            if isinstance(item, BaseException):
                raise item
            yield item

    thread = threading.Thread(target=make, name="freyvae-read-ahead", daemon=True)
    thread.start()
    try:
        yield taken()
    finally:
        is_over.set()
        thread.join()
