"""Grids of images: examples of the data, and samples of the model."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np
from matplotlib.figure import Figure

from freyvae.arguments import function, truth, whole
from freyvae.data.images import ImageSet
from freyvae.data.pixels import Pixels, evenly_spaced
from freyvae.errors import BadInput
from freyvae.mosaic import TALLEST, WIDEST, Array, fit, mosaic, shown_sides, to_bytes
from freyvae.reporting.pictures.arguments import checked_images, checked_model, checked_seed
from freyvae.reporting.pictures.picture import Picture
from freyvae.reporting.pictures.saving import png
from freyvae.reporting.pictures.style import COLUMN, TALL, bare, sheet, show_pixels

if TYPE_CHECKING:
    from freyvae.model import VAE

GAP = 4  # pixels between images
SAMPLES = 100
# pixels of a side of a picture in the report, or a little more or less: it is magnified by a whole number
IN_REPORT = 110


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
    return _examples(images, count=count, columns=columns, evenly=evenly, thumbnail=thumbnail)


def _examples(
    images: Array | ImageSet | Pixels,
    *,
    count: int,
    columns: int,
    evenly: bool = True,
    thumbnail: Callable[[Array], Array] | None = None,
    widest: int = WIDEST,
    tallest: int = TALLEST,
) -> Figure:
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
    return grid(picked, columns=columns, title="Examples", subtitle=subtitle, widest=widest, tallest=tallest)


def samples(vae: "VAE", *, count: int = SAMPLES, columns: int = 20, seed: int = 0) -> Figure:
    """What `sample_images` returns, on one sheet."""
    return _samples(vae, count=count, columns=columns, seed=seed)


def _samples(
    vae: "VAE", *, count: int, columns: int, seed: int = 0, widest: int = WIDEST, tallest: int = TALLEST
) -> Figure:
    vae, seed = checked_model(vae), checked_seed(seed)
    drawn = sample_images(vae, count, seed=seed)
    how = "and the pixels one by one, each given those before" if vae.has_to_draw else "decoded to expected pixels"
    subtitle = f"{len(drawn)} latents drawn from the prior, {how}; seed {seed}"
    return grid(drawn, columns=columns, title="Samples", subtitle=subtitle, widest=widest, tallest=tallest)


def sample_images(vae: "VAE", count: int, *, seed: int = 0) -> Array:
    """Images of a model's own, from latents out of the prior: (count, height, width, channel).

    They are expected pixels, floats in [0, 1]; of an autoregressive decoder that does not learn to draw an image of its
    own they are drawn images, uint8, pixel by pixel.
    """
    vae = checked_model(vae)
    draw = vae.sample if vae.has_to_draw else vae.sample_means
    return np.asarray(draw(whole("count", count, at_least=1), seed=seed))


def grid(
    images: Array, *, columns: int, title: str, subtitle: str = "", widest: int = WIDEST, tallest: int = TALLEST
) -> Figure:
    """Images in reading order, magnified by a whole number, on one sheet of at most `widest` by `tallest` pixels."""
    tiles = to_bytes(images)
    columns = min(whole("columns", columns, at_least=1), len(tiles))
    tiles = fit(tiles, columns=columns, rows=-(-len(tiles) // columns), gap=GAP, widest=widest, tallest=tallest)
    page = mosaic(tiles, columns=columns, gap=GAP)
    figure, axes = sheet(page.shape[1], page.shape[0], title=title, subtitle=subtitle)
    show_pixels(bare(axes), page)
    return figure


def in_report(image_shape: tuple[int, ...], most: int) -> dict[str, Any]:
    """How a sheet of images fills a column of the report: how many images, at most `most`, and in how many columns."""
    height, width = shown_sides(image_shape, longest=IN_REPORT)
    columns = max(1, (COLUMN + GAP) // (width + GAP))
    rows = max(1, (TALL + GAP) // (height + GAP))
    rows = max(1, min(rows, most // columns))  # all of them full
    return {"count": min(most, columns * rows), "columns": columns, "widest": COLUMN, "tallest": TALL}


PICTURES = (
    Picture(
        "samples",
        "Images that the model generates from latents drawn from the prior.",
        2,
        lambda run: png(_samples(run.vae, **in_report(run.vae.image_shape, SAMPLES))),
        is_first=True,
    ),
    Picture(
        "examples",
        "Training images.",
        4,
        lambda run: png(_examples(run.train, **in_report(run.vae.image_shape, len(run.train)))),
        is_first=True,
        runs_model=False,
    ),
)
