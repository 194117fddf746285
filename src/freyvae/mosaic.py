"""Many images in one array, magnified by a whole number and side by side, so that one imshow draws them all."""

import math
from typing import Any

import numpy as np

from freyvae import palette
from freyvae.data.images import convert

Array = np.ndarray[Any, Any]

WIDEST = 1640  # pixels
TALLEST = 1700  # pixels
# an image that is longer than so many times its other side is a line of pixels: it is shown stretched to the second
MOST_ASPECT, STRETCHED = 6, 3
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


def shown_sides(image_shape: tuple[int, ...], *, longest: int) -> tuple[int, int]:
    """Height and width at which images stand in a sheet, in pixels, the longer one near `longest`.

    Magnified or shrunk by a whole number, and stretched as by `fit`; up to twice that long they are left as they are.
    """
    height, width = image_shape[:2]
    shown = _stretched(height, width)
    times = longest / max(shown)
    times = 1 / math.ceil(0.5 / times) if times < 0.5 else max(1, round(times))
    return max(1, int(shown[0] * times)), max(1, int(shown[1] * times))


def _stretched(height: int, width: int) -> tuple[float, float]:
    if max(height, width) <= MOST_ASPECT * min(height, width):
        return height, width
    return max(height, width / STRETCHED), max(width, height / STRETCHED)


def fit(tiles: Array, *, columns: int, rows: int, gap: int = 0, widest: int = WIDEST, tallest: int = TALLEST) -> Array:
    """Magnify tiles (n, h, w, 3) by the largest whole number at which their mosaic fits a page, or shrink them so.

    Tiles that are lines of pixels are stretched. A side that has fewer pixels than it would have to be divided by
    becomes one pixel.
    """
    _, height, width, _ = tiles.shape
    shown_height, shown_width = _stretched(height, width)
    room = min(
        (widest - gap * (columns - 1)) / (columns * shown_width),
        (tallest - gap * (rows - 1)) / (rows * shown_height),
        16,
    )
    times = [room * (shown / side) for shown, side in ((shown_height, height), (shown_width, width))]
    steps = [
        min(math.ceil(1 / each), side) if each > 0 else side for each, side in zip(times, (height, width), strict=True)
    ]
    if max(steps) > 1:
        down, across = steps
        tiles = tiles[:, : height // down * down, : width // across * across].astype(np.float32)
        blocks = tiles.reshape(len(tiles), height // down, down, width // across, across, 3)
        tiles = np.rint(blocks.mean(axis=(2, 4))).astype(np.uint8)
    for axis, each in enumerate(times, start=1):
        tiles = tiles.repeat(max(int(each), 1), axis=axis)
    return tiles


def mosaic(tiles: Array, *, columns: int, gap: int = 0) -> Array:
    """Tiles (n, h, w, 3) in reading order -> one uint8 array (H, W, 3), white where there is none."""
    count, height, width, _ = tiles.shape
    rows = -(-count // columns)
    page = np.full((rows * (height + gap), columns * (width + gap), 3), 255, np.uint8)
    cells = page.reshape(rows, height + gap, columns, width + gap, 3).swapaxes(1, 2)  # a view on the page
    for index, tile in enumerate(tiles):
        cells[index // columns, index % columns, :height, :width] = tile
    return page[: page.shape[0] - gap or None, : page.shape[1] - gap or None]
