"""Draws test images beside samples of freyvae and of the peer."""

from pathlib import Path

import numpy as np
from matplotlib.figure import Figure

from freyvae.mosaic import mosaic
from freyvae.reporting.pictures import save_figure
from freyvae.reporting.pictures.style import FAMILY, INK, TEXT_POINTS, quieten, sheet

# of each kind
COLUMNS, ROWS = 8, 8
# pixels between the kinds, and between images
BETWEEN, GAP = 40, 2


def samples(kinds: dict[str, np.ndarray]) -> Figure:
    """The first images of each kind, uint8 (image, height, width, channel), as mosaics side by side."""
    tiles = [mosaic(images[: COLUMNS * ROWS], columns=COLUMNS, gap=GAP) for images in kinds.values()]
    height, width = tiles[0].shape[:2]
    whole = len(tiles) * width + (len(tiles) - 1) * BETWEEN
    figure, axes = sheet(
        whole,
        height,
        title="Emoji, and what two models draw",
        subtitle="Expected pixels of codes that are drawn from the prior, none of them chosen",
        bottom=40,
    )
    quieten(axes)
    for place, (name, tile) in enumerate(zip(kinds, tiles, strict=True)):
        left = place * (width + BETWEEN)
        axes.imshow(tile.squeeze(), extent=(left, left + width, height, 0), interpolation="nearest")
        axes.text(left, height + 12, name, size=TEXT_POINTS, color=INK, va="top", family=FAMILY)
    axes.set_xlim(0, whole)
    axes.set_ylim(height, 0)
    axes.axis("off")
    return figure


def write_picture(kinds: dict[str, np.ndarray], path: Path) -> None:
    """Write it as a PNG."""
    save_figure(samples(kinds), path)
