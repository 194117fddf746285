"""What do the images look like, and what does the model draw by itself? Grids of images."""

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np
from matplotlib.figure import Figure

from freyvae.errors import BadInput
from freyvae.pictures.mosaic import Array, fit, mosaic, to_bytes
from freyvae.pictures.style import bare, sheet, show_pixels

if TYPE_CHECKING:
    from freyvae.model import VAE

GAP = 4  # pixels between images


def examples(
    images: Array,
    *,
    count: int = 200,
    columns: int = 20,
    evenly: bool = True,
    thumbnail: Callable[[Array], Array] | None = None,
) -> Figure:
    """Some of the images, in reading order, as the post's `show_examples`.

    `evenly` picks `count` images spread over all of them, else the first. `thumbnail` turns each image (h, w, c) of
    uint8 into what is shown in its place: (h', w'), (h', w', 1 or 3), uint8 or floats in [0, 1], all of one shape.
    """
    images = np.asarray(images)
    shown = min(_at_least_one(count, "count"), len(images))
    picked = images[np.linspace(0, len(images) - 1, shown).round().astype(int)] if evenly else images[:shown]
    if thumbnail is not None:
        pieces = [np.asarray(thumbnail(image)) for image in picked]
        if len({piece.shape for piece in pieces}) > 1:
            raise BadInput("thumbnail must return images of one shape")
        picked = np.stack(pieces)
    if shown == len(images):
        subtitle = f"all {shown} images" if shown > 1 else "one image"
    else:
        subtitle = f"{shown} of {len(images)} images, " + ("evenly spaced, in order" if evenly else "the first ones")
    return grid(picked, columns=columns, title="Examples", subtitle=subtitle)


def samples(vae: "VAE", *, count: int = 100, columns: int = 20, seed: int = 0) -> Figure:
    """Images that the model draws: latents from the prior, decoded to the expected pixels."""
    drawn = np.asarray(vae.sample(_at_least_one(count, "count"), seed=seed))
    subtitle = f"{count} latents drawn from the prior, decoded to expected pixels; seed {seed}"
    return grid(drawn, columns=columns, title="Samples", subtitle=subtitle)


def grid(images: Array, *, columns: int, title: str, subtitle: str = "") -> Figure:
    """Images in reading order, magnified by a whole number, on one sheet."""
    tiles = to_bytes(images)
    columns = min(_at_least_one(columns, "columns"), len(tiles))
    tiles = fit(tiles, columns=columns, rows=-(-len(tiles) // columns), gap=GAP)
    page = mosaic(tiles, columns=columns, gap=GAP)
    figure, axes = sheet(page.shape[1], page.shape[0], title=title, subtitle=subtitle)
    show_pixels(bare(axes), page)
    return figure


def _at_least_one(value: int, name: str) -> int:
    if value < 1:
        raise BadInput(f"{name} must be at least 1, not {value}")
    return value
