"""Images, their reconstructions, and the difference."""

from typing import TYPE_CHECKING, Any

import matplotlib
import numpy as np
from matplotlib.figure import Figure

from freyvae.arguments import whole
from freyvae.data.pixels import evenly_chosen
from freyvae.mosaic import TALLEST, WIDEST, Array, fit, mosaic, shown_sides, to_bytes
from freyvae.reporting.pictures.arguments import checked_images, checked_model, checked_sides
from freyvae.reporting.pictures.picture import Picture
from freyvae.reporting.pictures.saving import png
from freyvae.reporting.pictures.style import (
    COLUMN,
    DPI,
    FAMILY,
    INK,
    MARGIN,
    QUIET,
    TALL,
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
LEFT, RIGHT = 200, 110  # pixels for the rows' names, and for the colour bar
NUMBERS = 64  # pixels between lines
LINES = 2  # in the report
# pixels of a side of a picture there, or a little more or less: it is magnified by a whole number
IN_REPORT = 130


def reconstructions(
    vae: "VAE",
    images: Array,
    *,
    count: int = RECONSTRUCTED,
    columns: int | None = None,
    widest: int = WIDEST,
    tallest: int = TALLEST,
) -> Figure:
    """Originals above the decoder's expected pixels at the posterior means, above the signed difference.

    `count` images (uint8) are picked evenly, and stand in lines of `columns`, by default one. The difference
    is in grey levels, of 255, the mean of the channels for
    colour images; its colour scale is symmetrical and the same for all. Under each column is its RMSE.
    """
    vae, images = checked_model(vae), checked_images(images)
    widest, tallest = checked_sides(widest, tallest)
    count = min(whole("count", count, at_least=1), len(images))
    columns = count if columns is None else min(whole("columns", columns, at_least=1), count)
    lines = -(-count // columns)
    originals = evenly_chosen(images, count)
    rebuilt = np.asarray(vae.reconstruct(originals), np.float32)
    error = rebuilt * 255 - originals.astype(np.float32)  # (n, h, w, c), grey levels
    rmse = np.sqrt(np.square(error).mean(axis=(1, 2, 3)))
    shown = error.mean(axis=-1)
    limit = max(float(np.ceil(np.quantile(np.abs(shown), 0.995) / 10) * 10), 10.0)
    differences = matplotlib.colormaps[DIVERGING](0.5 + shown / (2 * limit))[..., :3]
    rows = [
        fit(
            to_bytes(tiles),
            columns=columns,
            rows=3 * lines,
            gap=GAP,
            widest=widest - LEFT - RIGHT,
            tallest=tallest - NUMBERS * (lines - 1),
        )
        for tiles in (originals, rebuilt, differences)
    ]
    page = _page(rows, columns)
    height, width = page.shape[:2]

    figure, axes = sheet(
        width,
        height,
        title="Reconstructions",
        subtitle="the decoder's expected pixels at each image's code",
        left=LEFT,
        right=RIGHT,
        bottom=40,
    )
    show_pixels(bare(axes), page)
    tile, row = rows[0].shape[2] + GAP, rows[0].shape[1] + GAP
    line = 3 * row - GAP + NUMBERS
    label: dict[str, Any] = {"size": TEXT_POINTS, "ha": "right", "family": FAMILY}
    size = TEXT_POINTS if tile >= 60 else TEXT_POINTS * tile / 60
    for number in range(lines):
        top = number * line
        for index, name in enumerate(("original", "reconstruction", "difference,\ngrey levels")):
            y = top + (index + 0.5) * row
            axes.text(-18, y, name, color=INK, va="center", linespacing=1.3, **label)
        below = top + line - NUMBERS + 12
        axes.text(-18, below, "RMSE", color=QUIET, va="top", **label)
        for index, value in enumerate(rmse[number * columns : (number + 1) * columns]):
            x = index * tile + (tile - GAP) / 2
            axes.text(x, below, f"{value:.1f}", size=size, color=QUIET, ha="center", va="top", family=FAMILY)
    bottom = axes.get_position().y0 * figure.get_size_inches()[1] * DPI
    bar = (MARGIN + LEFT + width + 18, bottom, 12, row - GAP)
    colour_bar(figure, bar, low=-limit, high=limit, colours=DIVERGING)
    return figure


def _page(rows: list[Array], columns: int) -> Array:
    """Lines of `columns` images, one row of them below the other; white between lines, for numbers."""
    lines = []
    for first in range(0, len(rows[0]), columns):
        line = [mosaic(tiles[first : first + columns], columns=columns, gap=GAP) for tiles in rows]
        gap = np.full((GAP, line[0].shape[1], 3), 255, np.uint8)
        lines += [line[0], gap, line[1], gap, line[2], np.full((NUMBERS, line[0].shape[1], 3), 255, np.uint8)]
    return np.concatenate(lines[:-1])


def in_report(image_shape: tuple[int, ...], most: int) -> dict[str, int]:
    """How they fill a column of the report: two lines of as many images as have room, at most `most`."""
    _, width = shown_sides(image_shape, longest=IN_REPORT)
    columns = max(1, (COLUMN - LEFT - RIGHT + GAP) // (width + GAP))
    return {"count": min(most, LINES * columns), "columns": columns, "widest": COLUMN, "tallest": TALL}


PICTURES = (
    Picture(
        "reconstructions",
        "Held-out images, their reconstructions, and the difference: red where the reconstruction is "
        "too light, blue where it is too dark.",
        1,
        lambda run: png(reconstructions(run.vae, run.held_out, **in_report(run.vae.image_shape, len(run.held_out)))),
        is_first=True,
    ),
)
