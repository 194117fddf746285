"""Writing pictures to files, whole or not at all: as a PNG, or images as numbers."""

import io
import math
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure
from PIL import Image

from freyvae.arguments import instance, whole
from freyvae.errors import BadInput
from freyvae.files import as_path, replacing, write_whole
from freyvae.mosaic import Array, fit, in_colour, levels_of, mosaic

# what the functions below write, by the suffix
OF_FIGURES, OF_IMAGES, OF_ROWS = (".png",), (".png", ".npy"), (".png", ".gif", ".npy")
# pixels of a side of an animation, at most
OF_A_FRAME = 512


def png(figure: Figure) -> bytes:
    """A figure as a PNG file's content, without the channel of transparency where nothing is transparent."""
    drawn, content = io.BytesIO(), io.BytesIO()
    figure.savefig(drawn, format="rgba", dpi="figure")
    width, height = (int(side) for side in figure.bbox.size)
    picture = Image.frombytes("RGBA", (width, height), drawn.getvalue())
    if picture.getchannel("A").getextrema() == (255, 255):
        picture = picture.convert("RGB")  # a fifth smaller
    # hardly larger than by default, in two thirds of the time
    picture.save(content, format="PNG", compress_level=4, dpi=(figure.dpi, figure.dpi))
    return content.getvalue()


def save_figure(figure: Figure, path: str | Path) -> None:
    """Write a figure as a PNG. Raises `BadInput` for another suffix or a place that cannot be written."""
    figure, path = instance("figure", figure, Figure), as_path("path", path)
    require_suffix(path, OF_FIGURES)
    write_whole(path, png(figure))


def save_images(images: Array, path: str | Path, *, columns: int = 20) -> None:
    """Write images, floats in [0, 1] or uint8 (n, h, w, c): a .png of them all side by side, or a .npy of uint8.

    The .png shows channels in the colours of `in_colour`; the .npy has them all.

    Raises:
        BadInput: they are no images, another suffix, or the place cannot be written.
    """
    path, columns = as_path("path", path), whole("columns", columns, at_least=1)
    require_suffix(path, OF_IMAGES)
    levels = levels_of(images)
    with replacing(path) as temporary:
        if path.suffix == ".npy":
            np.save(temporary, levels)
        else:
            tiles = in_colour(levels)
            columns = min(columns, len(tiles))
            tiles = fit(tiles, columns=columns, rows=-(-len(tiles) // columns), gap=0)
            Image.fromarray(mosaic(tiles, columns=columns)).save(temporary)


def save_rows(rows: Array, path: str | Path, *, milliseconds: int = 120) -> None:
    """Write rows of images, floats in [0, 1] or uint8 (row, step, h, w, c).

    A .png has a row each, a .gif all rows at one step in a frame, there and back without an end, a .npy the uint8
    array.

    Raises:
        BadInput: they are no images, another suffix, or the place cannot be written.
    """
    path = as_path("path", path)
    require_suffix(path, OF_ROWS)
    count, steps = rows.shape[:2]
    levels = levels_of(rows.reshape(-1, *rows.shape[2:]))
    if path.suffix == ".png":
        save_images(levels, path, columns=steps)
        return
    with replacing(path) as temporary:
        if path.suffix == ".npy":
            np.save(temporary, levels.reshape(rows.shape))
            return
        # one above the other, or in as many columns as make a frame nearly square
        columns = math.ceil(math.sqrt(count))
        tiles = fit(
            in_colour(levels), columns=columns, rows=-(-count // columns), widest=OF_A_FRAME, tallest=OF_A_FRAME
        )
        tiles = tiles.reshape(count, steps, *tiles.shape[1:])
        frames = [mosaic(tiles[:, step], columns=columns) for step in range(steps)]
        pictures = [Image.fromarray(frame) for frame in (*frames, *frames[-2:0:-1])]
        pictures[0].save(
            temporary, format="GIF", save_all=True, append_images=pictures[1:], duration=milliseconds, loop=0
        )


def require_suffix(path: Path, suffixes: tuple[str, ...]) -> None:
    """Refuse a path that ends in none of these. Raises `BadInput`."""
    if path.suffix not in suffixes:
        raise BadInput(f"{path.name} must end in {' or '.join(suffixes)}")
