"""Grids of images: examples of the data, and samples of the model."""

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np
from matplotlib.figure import Figure

from freyvae.arguments import function, truth, whole
from freyvae.data.images import ImageSet
from freyvae.data.pixels import Pixels, evenly_spaced
from freyvae.errors import BadInput
from freyvae.mosaic import Array, fit, mosaic, to_bytes
from freyvae.reporting.pictures.arguments import checked_images, checked_model, checked_seed
from freyvae.reporting.pictures.picture import Picture
from freyvae.reporting.pictures.saving import png
from freyvae.reporting.pictures.style import bare, sheet, show_pixels

if TYPE_CHECKING:
    from freyvae.model import VAE

GAP = 4  # pixels between images
SAMPLES = 100


def examples(
    images: Array | ImageSet | Pixels,
    *,
    count: int = 200,
    columns: int = 20,
    evenly: bool = True,
    thumbnail: Callable[[Array], Array] | None = None,
) -> Figure:
    """Some of the images, in reading order, as the post's `show_examples`.

    `evenly` picks `count` images spread over all of them, else the first. `thumbnail` turns each image (h, w, c) of
    uint8 into what is shown in its place: (h', w'), (h', w', c'), uint8 or floats in [0, 1], all of one shape.
    """
    if isinstance(images, ImageSet):
        images = images.images
    if not isinstance(images, Pixels):
        images = checked_images(images)
    evenly = truth("evenly", evenly)
    shown = min(whole("count", count, at_least=1), len(images))
    picked = images[evenly_spaced(len(images), shown)] if evenly else images[:shown]
    if thumbnail is not None:
        function("thumbnail", thumbnail)
        pieces = [np.asarray(thumbnail(image)) for image in picked]
        if len({piece.shape for piece in pieces}) > 1:
            raise BadInput("thumbnail must return images of one shape")
        picked = np.stack(pieces)
    if shown == len(images):
        subtitle = f"all {shown} images" if shown > 1 else "one image"
    else:
        subtitle = f"{shown} of {len(images)} images, " + ("evenly spaced, in order" if evenly else "the first ones")
    return grid(picked, columns=columns, title="Examples", subtitle=subtitle)


def samples(vae: "VAE", *, count: int = SAMPLES, columns: int = 20, seed: int = 0) -> Figure:
    """What `sample_images` returns, on one sheet."""
    vae, seed = checked_model(vae), checked_seed(seed)
    drawn = sample_images(vae, count, seed=seed)
    how = "and the pixels one by one, each given those before" if vae.has_to_draw else "decoded to expected pixels"
    subtitle = f"{len(drawn)} latents drawn from the prior, {how}; seed {seed}"
    return grid(drawn, columns=columns, title="Samples", subtitle=subtitle)


def sample_images(vae: "VAE", count: int, *, seed: int = 0) -> Array:
    """Images of a model's own, from latents out of the prior: (count, height, width, channel).

    They are expected pixels, floats in [0, 1]; of an autoregressive decoder that does not learn to draw an image of its
    own they are drawn images, uint8, pixel by pixel.
    """
    vae = checked_model(vae)
    draw = vae.sample if vae.has_to_draw else vae.sample_means
    return np.asarray(draw(whole("count", count, at_least=1), seed=seed))


def grid(images: Array, *, columns: int, title: str, subtitle: str = "") -> Figure:
    """Images in reading order, magnified by a whole number, on one sheet."""
    tiles = to_bytes(images)
    columns = min(whole("columns", columns, at_least=1), len(tiles))
    tiles = fit(tiles, columns=columns, rows=-(-len(tiles) // columns), gap=GAP)
    page = mosaic(tiles, columns=columns, gap=GAP)
    figure, axes = sheet(page.shape[1], page.shape[0], title=title, subtitle=subtitle)
    show_pixels(bare(axes), page)
    return figure


PICTURES = (
    Picture(
        "samples",
        "Images that the model generates from latents drawn from the prior.",
        6,
        lambda run: png(samples(run.vae)),
    ),
    Picture(
        "examples",
        "Training images.",
        7,
        lambda run: png(examples(run.train)),
        runs_model=False,
    ),
)
