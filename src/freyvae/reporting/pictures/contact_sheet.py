"""Rows of pictures: the first of each, and those that go with it."""

import numpy as np
from matplotlib.figure import Figure

from freyvae.reporting.pictures.mosaic import Array, fit, mosaic, to_bytes
from freyvae.reporting.pictures.style import bare, sheet, show_pixels

GAP = 4  # pixels between pictures
ASIDE = 28  # pixels between the first of a row and the others


def contact_sheet(rows: Array, *, title: str, subtitle: str = "") -> Figure:
    """A row of pictures for each of `rows`, the first of them set apart.

    Args:
        rows: (row, picture, height, width, channel), uint8 or floats in [0, 1]; at least two pictures a row.
        title: above all.
        subtitle: below it.
    """
    count, columns = rows.shape[:2]
    tiles = to_bytes(rows.reshape(-1, *rows.shape[2:]))
    tiles = fit(tiles, columns=columns, rows=count, gap=GAP + ASIDE // columns)
    tiles = tiles.reshape(count, columns, *tiles.shape[1:])
    first = mosaic(tiles[:, 0], columns=1, gap=GAP)
    others = mosaic(tiles[:, 1:].reshape(-1, *tiles.shape[2:]), columns=columns - 1, gap=GAP)
    aside = np.full((len(first), ASIDE, 3), 255, np.uint8)
    page = np.concatenate([first, aside, others], axis=1)
    figure, axes = sheet(page.shape[1], page.shape[0], title=title, subtitle=subtitle)
    show_pixels(bare(axes), page)
    return figure
