"""Writing pictures to files, whole or not at all: as a PNG, or images as numbers."""

import io
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure
from PIL import Image

from freyvae.arguments import instance, whole
from freyvae.errors import BadInput
from freyvae.files import as_path, replacing, write_whole
from freyvae.reporting.pictures.mosaic import Array, fit, in_colour, levels_of, mosaic


def png(figure: Figure) -> bytes:
    """A figure as a PNG file's content."""
    content = io.BytesIO()
    # a tenth larger than by default, in half the time
    figure.savefig(content, format="png", metadata={"Software": None}, pil_kwargs={"compress_level": 2})
    return content.getvalue()


def save_figure(figure: Figure, path: str | Path) -> None:
    """Write a figure as a PNG. Raises `BadInput` for another suffix or a place that cannot be written."""
    figure, path = instance("figure", figure, Figure), as_path("path", path)
    _require_suffix(path, (".png",))
    write_whole(path, png(figure))


def save_images(images: Array, path: str | Path, *, columns: int = 20) -> None:
    """Write images, floats in [0, 1] or uint8 (n, h, w, c): a .png of them all side by side, or a .npy of uint8.

    The .png shows channels in the colours of `in_colour`; the .npy has them all.

    Raises:
        BadInput: they are no images, another suffix, or the place cannot be written.
    """
    path, columns = as_path("path", path), whole("columns", columns, at_least=1)
    _require_suffix(path, (".png", ".npy"))
    levels = levels_of(images)
    with replacing(path) as temporary:
        if path.suffix == ".npy":
            np.save(temporary, levels)
        else:
            tiles = in_colour(levels)
            columns = min(columns, len(tiles))
            tiles = fit(tiles, columns=columns, rows=-(-len(tiles) // columns), gap=0)
            Image.fromarray(mosaic(tiles, columns=columns)).save(temporary)


def _require_suffix(path: Path, suffixes: tuple[str, ...]) -> None:
    if path.suffix not in suffixes:
        raise BadInput(f"{path.name} must end in {' or '.join(suffixes)}")
