"""Images, their reconstructions, and the difference."""

from typing import TYPE_CHECKING, Any

import matplotlib
import numpy as np
from matplotlib.figure import Figure

from freyvae.arguments import whole
from freyvae.data.pixels import evenly_chosen
from freyvae.mosaic import Array, fit, mosaic, to_bytes
from freyvae.reporting.pictures.arguments import checked_images, checked_model
from freyvae.reporting.pictures.picture import Picture
from freyvae.reporting.pictures.saving import png
from freyvae.reporting.pictures.style import (
    DPI,
    FAMILY,
    INK,
    MARGIN,
    QUIET,
    TEXT_POINTS,
    bare,
    colour_bar,
    sheet,
    show_pixels,
)

if TYPE_CHECKING:
    from freyvae.model import VAE

GAP = 6
RECONSTRUCTED = 10  # images
DIVERGING = "RdBu_r"


def reconstructions(vae: "VAE", images: Array, *, count: int = RECONSTRUCTED) -> Figure:
    """Originals above the decoder's expected pixels at the posterior means, above the signed difference.

    `count` images (uint8) are picked evenly. The difference is in grey levels, of 255, the mean of the channels for
    colour images; its colour scale is symmetrical and the same for all. Under each column is its RMSE.
    """
    vae, images = checked_model(vae), checked_images(images)
    count = min(whole("count", count, at_least=1), len(images))
    originals = evenly_chosen(images, count)
    rebuilt = np.asarray(vae.reconstruct(originals), np.float32)
    error = rebuilt * 255 - originals.astype(np.float32)  # (n, h, w, c), grey levels
    rmse = np.sqrt(np.square(error).mean(axis=(1, 2, 3)))
    shown = error.mean(axis=-1)
    limit = max(float(np.ceil(np.quantile(np.abs(shown), 0.995) / 10) * 10), 10.0)
    differences = matplotlib.colormaps[DIVERGING](0.5 + shown / (2 * limit))[..., :3]
    stacked = np.concatenate([to_bytes(originals), to_bytes(rebuilt), to_bytes(differences)])
    page = mosaic(fit(stacked, columns=count, rows=3, gap=GAP), columns=count, gap=GAP)
    height, width = page.shape[:2]

    left = 200
    figure, axes = sheet(
        width,
        height,
        title="Reconstructions",
        subtitle="the decoder's expected pixels at each image's code",
        left=left,
        right=110,
        bottom=40,
    )
    show_pixels(bare(axes), page)
    row = (height + GAP) / 3
    label: dict[str, Any] = {"size": TEXT_POINTS, "ha": "right", "family": FAMILY}
    for index, name in enumerate(("original", "reconstruction", "difference,\ngrey levels")):
        axes.text(-18, (index + 0.5) * row, name, color=INK, va="center", linespacing=1.3, **label)
    axes.text(-18, height + 12, "RMSE", color=QUIET, va="top", **label)
    column = (width + GAP) / count
    rmse_size = TEXT_POINTS if column >= 60 else TEXT_POINTS * column / 60
    for index, value in enumerate(rmse):
        x = index * column + (column - GAP) / 2
        axes.text(x, height + 12, f"{value:.1f}", size=rmse_size, color=QUIET, ha="center", va="top", family=FAMILY)
    bottom = axes.get_position().y0 * figure.get_size_inches()[1] * DPI
    bar = (MARGIN + left + width + 18, bottom, 12, row - GAP)
    colour_bar(figure, bar, low=-limit, high=limit, colours=DIVERGING)
    return figure


PICTURES = (
    Picture(
        "reconstructions",
        "Held-out images, their reconstructions, and the difference: red where the reconstruction is "
        "too light, blue where it is too dark.",
        2,
        lambda run: png(reconstructions(run.vae, run.held_out)),
    ),
)
