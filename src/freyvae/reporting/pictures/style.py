"""Ink, type and margins of the pictures, in pixels. Nothing global is changed, so pyplot's settings stay the caller's.

Every figure has 200 pixels an inch: at half its pixels it is sharp on any screen, and type has the size that is given.
"""

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.colors import Colormap, Normalize
from matplotlib.figure import Figure

from freyvae import palette
from freyvae.codes import names_of_latents
from freyvae.notebook import Drawn, picture
from freyvae.reporting.pictures.saving import png

DPI = 200
INK, QUIET, RULE = palette.INK.light, palette.QUIET.light, palette.TRACK.light
TRAINING, VALIDATION = palette.TRAINING.light, palette.VALIDATION.light
TITLE_POINTS = 10.5
TEXT_POINTS = 8.5
MARGIN = 36  # pixels of white around everything
LINE = 30  # pixels from one line of text to the next
NARROWEST = 1000  # pixels: room for a title over a picture of a few tiles
# pixels of a picture between its margins, where it is one of two side by side in the report
COLUMN, TALL = 1080, 1200


class Drawing(Figure):
    """A figure that a notebook shows as it is in a report: with as many pixels, at half their size."""

    def _repr_html_(self) -> str:
        title = self.texts[0].get_text() if self.texts else "figure"
        return picture(Drawn(png(self), width=round(self.bbox.width / 2), alt=title))


class Sheet(NamedTuple):
    """A figure with one set of axes whose size in pixels is exact."""

    figure: Figure
    axes: Axes


def sheet(
    width: int, height: int, *, title: str, subtitle: str = "", left: int = 0, right: int = 0, bottom: int = 0
) -> Sheet:
    """Axes of exactly width by height pixels, with room for labels `left`, `right` and below, under a title."""
    head = MARGIN + LINE + (LINE + 6 if subtitle else 0) + 22
    full_width = max(2 * MARGIN + left + width + right, NARROWEST)
    full_height = head + height + bottom + MARGIN
    figure = Drawing(figsize=(full_width / DPI, full_height / DPI), dpi=DPI, facecolor="white")
    write_title(figure, title, subtitle=subtitle)
    axes = figure.add_axes(
        (
            (MARGIN + left) / full_width,
            (MARGIN + bottom) / full_height,
            width / full_width,
            height / full_height,
        )
    )
    return Sheet(figure, quieten(axes))


def write_title(figure: Figure, title: str, *, subtitle: str = "") -> None:
    """The title at the top left, and a line below it that says what the picture shows."""
    width, height = figure.get_size_inches() * DPI
    x = MARGIN / width
    # names can hold dollars and backslashes, which are no formula
    plain: dict[str, Any] = {"va": "top", "family": FAMILY, "parse_math": False}
    figure.text(x, 1 - MARGIN / height, title, size=TITLE_POINTS, color=INK, weight="bold", **plain)
    if subtitle:
        y = 1 - (MARGIN + LINE + 8) / height
        figure.text(x, y, subtitle, size=TEXT_POINTS, color=QUIET, **plain)


FAMILY = ("DejaVu Sans",)  # it comes with matplotlib: the same picture on every machine


def quieten(axes: Axes) -> Axes:
    """Axes with thin grey rules and small type, whatever the caller's rcParams are."""
    axes.set_facecolor("white")
    axes.grid(visible=False)
    axes.tick_params(which="both", colors=QUIET, labelsize=TEXT_POINTS, length=3, width=0.6, labelfontfamily=FAMILY[0])
    axes.xaxis.label.set(size=TEXT_POINTS, color=INK, family=FAMILY, parse_math=False)
    axes.yaxis.label.set(size=TEXT_POINTS, color=INK, family=FAMILY, parse_math=False)
    for side in axes.spines.values():
        side.set(color=RULE, linewidth=0.6)
    return axes


def bare(axes: Axes) -> Axes:
    """Axes without ticks and frame."""
    axes.set_xticks([])
    axes.set_yticks([])
    for side in axes.spines.values():
        side.set_visible(False)
    return axes


def show_pixels(axes: Axes, array: np.ndarray[Any, Any]) -> None:
    """An array (height, width, 3) of uint8 on axes of as many pixels: nothing is interpolated, x and y are pixels."""
    height, width = array.shape[:2]
    opaque = np.full((height, width, 4), 255, np.uint8)  # with its fourth channel matplotlib draws it much faster
    opaque[..., :3] = array
    axes.imshow(opaque, interpolation="nearest", aspect="auto", extent=(0, width, height, 0))


def colour_bar(
    figure: Figure,
    box: tuple[float, float, float, float],
    *,
    low: float,
    high: float,
    colours: Colormap | str,
) -> Axes:
    """A slim colour bar at `box` = (left, bottom, width, height), in pixels from the bottom left."""
    width, height = figure.get_size_inches() * DPI
    axes = figure.add_axes((box[0] / width, box[1] / height, box[2] / width, box[3] / height))
    bar = figure.colorbar(
        ScalarMappable(Normalize(low, high), colours),
        cax=axes,
        ticks=[low, (low + high) / 2, high],
    )
    bar.outline.set_visible(False)
    quieten(axes)
    texts = [signed(value) for value in (low, (low + high) / 2, high)]
    bar.set_ticklabels(texts)
    return axes


def signed(value: float) -> str:
    """A short number with a true minus sign: -1.25 -> '−1.25'."""
    text = f"{value:.0f}" if abs(value) >= 100 else f"{value:.3g}"
    return "0" if text in {"-0", "0"} else text.replace("-", "−")


def latent_name(index: int, names: Sequence[str] | None) -> str:
    """The name of a latent as a label: that given, cut where it is long, or 'z3' of the latent 2."""
    names = names or ()
    name = names_of_latents(max(index + 1, len(names)), names)[index]
    return name if len(name) <= 40 else name[:39] + "…"
