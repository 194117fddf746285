"""Images that do not fit on the device, or not into memory: blocks of an epoch, read ahead by a thread.

A block is of so many images one after another in the order of the epoch. While the steps of one are computed the next
is read and put on the device. The order is that of images in memory, over the whole set: so the steps are the same.
"""

import queue
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np

from freyvae.data.pixels import Pixels

BLOCK_BYTES = 2**25
# of blocks that are read and wait
AHEAD = 1

# reads images of some rows of an epoch, uint8 (row, height, width, channel), and puts them on the device
Place = Callable[[np.ndarray], Any]


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
    waiting: queue.Queue[Block | BaseException | None] = queue.Queue(AHEAD)
    is_over = threading.Event()

    def put(item: Block | BaseException | None) -> bool:
        while not is_over.is_set():
            try:
                waiting.put(item, timeout=0.1)
            except queue.Full:
                continue
            return True
        return False

    def read() -> None:
        try:
            for start in range(first, len(order), size):
                rows = order[start : start + size]
                if isinstance(images, Pixels):
                    images.expect(rows)
                found = images[rows]
                count = len(found)
                if count < size:
                    found = np.concatenate([found, np.zeros((size - count, *found.shape[1:]), np.uint8)])
                if not put(Block(place(found), start, count)):
                    return
            put(None)
        except BaseException as error:
            put(error)

    def taken() -> Iterator[Block]:
        while (item := waiting.get()) is not None:
            if isinstance(item, BaseException):
                raise item
            yield item

    thread = threading.Thread(target=read, name="freyvae-read-ahead", daemon=True)
    thread.start()
    try:
        yield taken()
    finally:
        is_over.set()
        thread.join()
