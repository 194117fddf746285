"""What each latent does: images along one latent at a time."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from matplotlib.figure import Figure

from freyvae.arguments import whole
from freyvae.data.pixels import evenly_chosen
from freyvae.mosaic import TALLEST, WIDEST, Array, fit, mosaic, to_bytes
from freyvae.reporting.pictures.arguments import checked_images, checked_model, checked_names, checked_sides
from freyvae.reporting.pictures.picture import Picture
from freyvae.reporting.pictures.saving import png
from freyvae.reporting.pictures.style import (
    COLUMN,
    FAMILY,
    INK,
    QUIET,
    TALL,
    TEXT_POINTS,
    bare,
    latent_name,
    sheet,
    show_pixels,
    signed,
)

if TYPE_CHECKING:
    from freyvae.model import VAE

GAP = 4  # pixels between images
LATENTS = 8
STEPS = 7
LEFT, RIGHT = 86, 64  # pixels for names and lowest values, and for highest values
# images from whose codes it is told which latents vary, and how far
LOOKED_AT = 1000
# of the codes of images, from which each latent goes to which
QUANTILES = (0.01, 0.99)


def traversals(
    vae: "VAE",
    images: Array,
    *,
    count: int = LATENTS,
    steps: int = STEPS,
    latent_names: Sequence[str] | None = None,
    widest: int = WIDEST,
    tallest: int = TALLEST,
) -> Figure:
    """Decoded images along one latent at a time: a row for each of the `count` whose codes vary most.

    A latent goes from the 1 % to the 99 % quantile of the codes of `images`, uint8 (n, h, w, c), in `steps`; the others
    are those of an ordinary image, whose code lies at the median distance from the mean. The images are magnified to at
    most `widest` by `tallest` pixels.
    """
    vae, images, latent_names = checked_model(vae), checked_images(images), checked_names(latent_names)
    widest, tallest = checked_sides(widest, tallest)
    means = np.asarray(vae.encode(evenly_chosen(images, LOOKED_AT)))
    latents, codes = traversal_codes(
        means, count=whole("count", count, at_least=1), steps=whole("steps", steps, at_least=2)
    )
    rows = len(latents)
    tiles = fit(
        to_bytes(np.asarray(vae.decode(codes))),
        columns=steps,
        rows=rows,
        gap=GAP,
        widest=widest - LEFT - RIGHT,
        tallest=tallest,
    )
    page = mosaic(tiles, columns=steps, gap=GAP)
    which = f"the {rows} of {means.shape[1]} that vary most" if rows < means.shape[1] else "each"
    figure, axes = sheet(
        page.shape[1],
        page.shape[0],
        title="Latents",
        subtitle=f"{which}, changed one at a time",
        left=LEFT,
        right=RIGHT,
    )
    show_pixels(bare(axes), page)
    row = tiles.shape[1] + GAP
    for index, latent in enumerate(latents):
        y = index * row + tiles.shape[1] / 2
        low, high = codes[index * steps, latent], codes[(index + 1) * steps - 1, latent]
        name = latent_name(latent, latent_names)
        shown = name if len(name) <= 7 else f"{name[:6]}…"
        plain: dict[str, Any] = {"family": FAMILY, "parse_math": False}
        axes.text(-14, y - 4, shown, size=TEXT_POINTS, color=INK, ha="right", va="bottom", **plain)
        axes.text(-14, y + 4, signed(low), size=TEXT_POINTS - 1, color=QUIET, ha="right", va="top", **plain)
        axes.text(page.shape[1] + 14, y, signed(high), size=TEXT_POINTS - 1, color=QUIET, va="center", **plain)
    return figure


def traversal_codes(means: Array, *, count: int = LATENTS, steps: int = STEPS) -> tuple[list[int], Array]:
    """Which latents are changed, at most `count`, and the codes (latent * step, latent), each latent's in a row.

    Args:
        means: codes of images, (image, latent).
        count: how many latents at most.
        steps: codes of each.
    """
    latents = np.argsort(-means.var(axis=0), kind="stable")[:count].tolist()
    distances = np.square(means - means.mean(axis=0)).sum(axis=1)
    ordinary = means[np.argsort(distances, kind="stable")[len(means) // 2]]
    codes = np.tile(ordinary, (len(latents), steps, 1)).astype(np.float32)
    for line, latent in zip(codes, latents, strict=True):
        low, high = np.quantile(means[:, latent], QUANTILES)
        line[:, latent] = np.linspace(low, high, steps)
    return latents, codes.reshape(-1, means.shape[1])


PICTURES = (
    Picture(
        "traversals",
        "One latent changed at a time, over the range of the images' codes, which is written at its ends; the others "
        "are those of an ordinary image.",
        3,
        lambda run: png(traversals(run.vae, run.train, latent_names=run.latent_names, widest=COLUMN, tallest=TALL)),
        is_first=True,
        suits=lambda run: run.vae.latent_dim > 2,
    ),
)
