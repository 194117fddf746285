"""Many images in one array, magnified by a whole number and side by side, so that one imshow draws them all."""

from typing import Any

import numpy as np

from freyvae import palette
from freyvae.data.images import convert

Array = np.ndarray[Any, Any]

WIDEST = 1640  # pixels
TALLEST = 1700  # pixels
MOST_WEBP_PIXELS = 16383  # of a side of a WebP picture


def to_bytes(images: Array) -> Array:
    """Images (n, h, w), (n, h, w, c), uint8 or floats in [0, 1] -> uint8 (n, h, w, 3), as `in_colour` shows them.

    Raises `BadInput` for what is no image, by the rules of `as_images`.
    """
    return in_colour(levels_of(images))


def levels_of(images: Array) -> Array:
    """Images -> uint8 (n, h, w, c). Raises `BadInput` as `to_bytes` does."""
    return convert(images, name="images", levels=None, argument='freyvae.as_images(images, levels="{}")')[0]


def in_colour(images: Array) -> Array:
    """Images of any number of channels as they are shown: uint8 (n, h, w, c) -> uint8 (n, h, w, 3).

    Each channel has a colour (`palette.channel_colours`). A pixel is the sum over channels, clipped at 255:
    sum_c level_c colour_c / 255.
    """
    channels = images.shape[3]
    if channels in (1, 3):
        return np.broadcast_to(images, (*images.shape[:3], 3))
    shown = np.empty((*images.shape[:3], 3), np.uint8)
    for image, pixels in zip(images, shown, strict=True):  # one by one: floats are four times as large
        pixels[:] = np.rint(np.minimum(image @ colours_of(channels), 255))
    return shown


def colours_of(channels: int) -> Array:
    """The colours that channels are shown in, float32 (channel, 3), in [0, 1]."""
    return np.array(palette.channel_colours(channels), np.float32) / 255


def fit(tiles: Array, *, columns: int, rows: int, gap: int = 0, widest: int = WIDEST, tallest: int = TALLEST) -> Array:
    """Magnify tiles (n, h, w, 3) by the largest whole number at which their mosaic fits a page, or shrink them so."""
    _, height, width, _ = tiles.shape
    room = min((widest - gap * (columns - 1)) / (columns * width), (tallest - gap * (rows - 1)) / (rows * height))
    if room >= 1:
        times = min(int(room), 16)
        magnified: Array = tiles.repeat(times, axis=1).repeat(times, axis=2)
        return magnified
    # where the gaps alone fill the page, a tile is one pixel
    step = min(int(np.ceil(1 / room)), height, width) if room > 0 else min(height, width)
    tiles = tiles[:, : height // step * step, : width // step * step].astype(np.float32)
    blocks = tiles.reshape(len(tiles), height // step, step, width // step, step, 3)
    shrunk: Array = np.rint(blocks.mean(axis=(2, 4))).astype(np.uint8)
    return shrunk


def mosaic(tiles: Array, *, columns: int, gap: int = 0) -> Array:
    """Tiles (n, h, w, 3) in reading order -> one uint8 array (H, W, 3), white where there is none."""
    count, height, width, _ = tiles.shape
    rows = -(-count // columns)
    page = np.full((rows * (height + gap), columns * (width + gap), 3), 255, np.uint8)
    cells = page.reshape(rows, height + gap, columns, width + gap, 3).swapaxes(1, 2)  # a view on the page
    for index, tile in enumerate(tiles):
        cells[index // columns, index % columns, :height, :width] = tile
    return page[: page.shape[0] - gap or None, : page.shape[1] - gap or None]
