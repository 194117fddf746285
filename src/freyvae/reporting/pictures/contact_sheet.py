"""Rows of pictures: the first of each, and those that go with it."""

from collections.abc import Sequence

import numpy as np
from matplotlib.figure import Figure

from freyvae.mosaic import TALLEST, WIDEST, Array, fit, mosaic, to_bytes
from freyvae.reporting.pictures.style import FAMILY, LINE, QUIET, TEXT_POINTS, bare, sheet, show_pixels

GAP = 4  # pixels between pictures
ASIDE = 28  # pixels between the first of a row and the others
NARROW = 60  # pixels of a picture below which the type is smaller


def contact_sheet(
    rows: Array,
    *,
    title: str,
    subtitle: str = "",
    below: Sequence[Sequence[str]] = (),
    widest: int = WIDEST,
    tallest: int = TALLEST,
) -> Figure:
    """A row of pictures for each of `rows`, the first of them set apart.

    Args:
        rows: (row, picture, height, width, channel), uint8 or floats in [0, 1]; at least two pictures a row.
        title: above all.
        subtitle: below it.
        below: for each row a word below each of its pictures but the first; none by default.
        widest: pixels of all of them, at most.
        tallest: likewise.
    """
    count, columns = rows.shape[:2]
    line = LINE + 6 if below else 0
    tiles = to_bytes(rows.reshape(-1, *rows.shape[2:]))
    tiles = fit(
        tiles, columns=columns, rows=count, gap=GAP + ASIDE // columns, widest=widest, tallest=tallest - line * count
    )
    width = tiles.shape[2]
    tiles = np.pad(tiles, ((0, 0), (0, line), (0, 0), (0, 0)), constant_values=255)
    tiles = tiles.reshape(count, columns, *tiles.shape[1:])
    first = mosaic(tiles[:, 0], columns=1, gap=GAP)
    others = mosaic(tiles[:, 1:].reshape(-1, *tiles.shape[2:]), columns=columns - 1, gap=GAP)
    aside = np.full((len(first), ASIDE, 3), 255, np.uint8)
    page = np.concatenate([first, aside, others], axis=1)
    figure, axes = sheet(page.shape[1], page.shape[0], title=title, subtitle=subtitle)
    show_pixels(bare(axes), page)
    size = TEXT_POINTS * min(width / NARROW, 1.0)
    for row, words in enumerate(below):
        y = (row + 1) * tiles.shape[2] + row * GAP - LINE
        for column, word in enumerate(words):
            x = width + ASIDE + column * (width + GAP) + width / 2
            axes.text(x, y, word, size=size, color=QUIET, ha="center", va="top", family=FAMILY)
    return figure
