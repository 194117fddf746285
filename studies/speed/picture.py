"""Draws the picture of the page: bars for the post's training and the whole process, and curves of the epoch's time."""

import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from freyvae.reporting.pictures import save_figure
from freyvae.reporting.pictures.style import (
    DPI,
    FAMILY,
    INK,
    LINE,
    MARGIN,
    QUIET,
    RULE,
    TEXT_POINTS,
    quieten,
    write_title,
)
from studies.shared.bars import OURS, THEIRS, Bar, draw_bars
from studies.speed.process import COLD, POST, ratio

# pixels
WIDTH = 1500
LEFT = 490
RIGHT = 260  # for the numbers after the longest bar
ROW = 44
HEAD = 3 * LINE  # the heading of a panel, with space above it
TOP = MARGIN + 2 * LINE + 12
CURVES = 260
BETWEEN = 105
FOOT = 80
INDENT = 75  # for the numbers to the left of the first curve
EXPONENT = 36  # for the line with the exponent above a curve
LIMIT = RULE
LABELS = {"images": "images", "pixels": "pixels of an image", "latents": "latents", "batch": "images in a batch"}


def draw(results: dict[str, Any]) -> Figure:
    """Draw those of the three panels that were measured. Bars begin at 0; the axes of the curves are logarithmic."""
    panels = [
        (heading, bars)
        for heading, bars in (
            ("The post's training, seconds; in brackets, times ours", _peers(results.get("peers"))),
            ("From the shell to finished pictures, seconds; in brackets, times ours cold", _process(results)),
        )
        if bars
    ]
    curves = [axis for axis in results.get("scaling", {}).get("axes", []) if axis["name"] in LABELS]
    heights = [HEAD + ROW * len(bars) for _, bars in panels] + ([HEAD + EXPONENT + CURVES + FOOT] if curves else [])
    size = (WIDTH + 2 * MARGIN, TOP + sum(heights) + MARGIN)
    figure = Figure(figsize=(size[0] / DPI, size[1] / DPI), dpi=DPI, facecolor="white")
    write_title(figure, "How fast", subtitle="Shorter and lower is better; blue is freyvae")
    top = TOP
    for (heading, bars), height in zip(panels, heights, strict=False):
        _heading(figure, heading, top, size)
        box = (MARGIN + LEFT, top + HEAD, WIDTH - LEFT - RIGHT, ROW * len(bars))
        _draw_bars(_axes(figure, box, size), bars)
        top += height
    if curves:
        _heading(figure, "Seconds an epoch as the work grows; dashed, in proportion", top, size)
        width = (WIDTH - INDENT - BETWEEN * (len(curves) - 1)) / len(curves)
        for number, axis in enumerate(curves):
            box = (MARGIN + INDENT + number * (width + BETWEEN), top + HEAD + EXPONENT, width, CURVES)
            _draw_curve(_axes(figure, box, size), axis)
    return figure


def write_picture(results: dict[str, Any], path: Path) -> None:
    save_figure(draw(results), path)


def _peers(found: dict[str, Any] | None) -> list[Bar]:
    """The bars of the contenders, the fastest first."""
    if found is None:
        return []
    bars = []
    for row in found["contenders"]:
        if row["absent"]:
            continue
        colour = OURS if row["name"] == "freyvae" else LIMIT if row["loss"] is None else THEIRS
        share = row["ours_over_theirs"]
        times = f" ({1 / share:.1f}×)" if share and colour == THEIRS else ""
        bars.append(Bar(row["name"], row["seconds"], f"{row['seconds']:.1f}{times}", colour))
    return sorted(bars, key=lambda bar: bar.length)


def _process(results: dict[str, Any]) -> list[Bar]:
    rows = {row["name"]: row for row in results.get("process", {}).get("sides", []) if not row["absent"]}
    cold = rows.get(COLD, {}).get("seconds")
    bars = []
    for name, row in rows.items():
        times = ratio(row["seconds"], cold)
        text = f"{row['seconds']:.1f}" + (f" ({times:.1f}×)" if times and name != COLD else "")
        bars.append(Bar(name, row["seconds"], text, THEIRS if name.startswith(POST.split(",")[0]) else OURS))
    return bars


def _draw_bars(axes: Axes, bars: Sequence[Bar]) -> None:
    longest = max(bar.length for bar in bars)
    draw_bars(axes, bars, gap=longest * 0.012)
    axes.set_xlim(0, longest)
    axes.set_xticks([])
    axes.spines["bottom"].set_visible(False)


def _draw_curve(axes: Axes, axis: dict[str, Any]) -> None:
    """Draw the times along one axis. The line of proportion is left out if larger sizes take less time."""
    points = [point for point in axis["points"] if not point["absent"]]
    axes.set_xscale("log")
    axes.set_yscale("log")
    axes.minorticks_off()
    axes.set_xlabel(LABELS[axis["name"]])
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)
    axes.grid(visible=True, axis="y", color=RULE, linewidth=0.5)
    if not points:
        axes.text(0.5, 0.5, "absent", transform=axes.transAxes, color=QUIET, size=TEXT_POINTS, ha="center")
        return
    sizes, seconds = ([point[key] for point in points] for key in ("size", "seconds"))
    if (axis["exponent"] or 0) > 0:
        proportion = [seconds[0] * size / sizes[0] for size in sizes]
        axes.plot(sizes, proportion, color=THEIRS, linewidth=1, linestyle=(0, (4, 3)))
    axes.plot(sizes, seconds, color=OURS, linewidth=1.6, marker="o", markersize=3.5)
    low, high = math.floor(math.log10(min(seconds))), math.ceil(math.log10(max(seconds)))
    axes.set_ylim(10.0**low, 10.0**high)
    axes.set_xticks(sizes, [_short(size) for size in sizes])
    axes.set_yticks(*zip(*[(10.0**exponent, f"{10.0**exponent:g}") for exponent in range(low, high + 1)], strict=True))
    if axis["exponent"] is not None:
        axes.set_title(
            f"exponent {axis['exponent']:.2f}".replace("-", "−"),
            loc="left",
            size=TEXT_POINTS,
            color=OURS,
            family=FAMILY,
            pad=5,
        )


def _axes(figure: Figure, box: tuple[float, float, float, float], size: tuple[float, float]) -> Axes:
    """Axes at (left, top, width, height), in pixels from the top left."""
    left, top, width, height = box
    full_width, full_height = size
    place = (left / full_width, 1 - (top + height) / full_height, width / full_width, height / full_height)
    return quieten(figure.add_axes(place))


def _heading(figure: Figure, text: str, top: float, size: tuple[float, float]) -> None:
    x, y = MARGIN / size[0], 1 - (top + LINE) / size[1]
    figure.text(x, y, text, size=TEXT_POINTS, color=INK, weight="bold", va="top", family=FAMILY)


def _short(size: int) -> str:
    """10000 -> '10k'."""
    for unit, name in ((10**6, "M"), (10**3, "k")):
        if size >= 10 * unit or (size >= unit and size % unit == 0):
            return f"{size / unit:.0f}{name}"
    return str(size)
