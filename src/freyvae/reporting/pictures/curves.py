"""Training and validation curves, one panel a quantity: whether training converged, and whether it overfits."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator, ScalarFormatter

from freyvae.arguments import mapping, several, text
from freyvae.errors import BadInput
from freyvae.mosaic import Array
from freyvae.reporting.pictures.picture import Picture
from freyvae.reporting.pictures.saving import png
from freyvae.reporting.pictures.style import (
    DPI,
    FAMILY,
    INK,
    MARGIN,
    TEXT_POINTS,
    TRAINING,
    VALIDATION,
    Drawing,
    quieten,
    write_title,
)

PANEL = 300  # pixels high
BETWEEN = 92  # pixels between panels
WIDTH = 800  # pixels of a panel
LEFT = 100
RIGHT = 210  # room for the labels at the curves' ends
NATS = {"free_energy": "Free energy", "distortion": "Distortion", "rate": "Rate"}


def convergence(history: Mapping[str, Sequence[float]]) -> Figure:
    """Free energy, distortion and rate by epoch, in nats per image, lower is better; training and validation.

    `history` maps free_energy, distortion, rate, loss, the same with val_, and epoch, to one number an epoch (a
    `keras.callbacks.History` is welcome too). Loss has its own panel where it is not the free energy, as in the post,
    whose loss has a unit of its own. The scale is that of the curves after their first twentieth: a steep beginning
    leaves the panel at its top.
    """
    columns = _columns(getattr(history, "history", history))
    panels = [(key, f"{name}, nats per image") for key, name in NATS.items() if key in columns]
    if "loss" in columns and not _same(columns, "loss", "free_energy"):
        panels.insert(0, ("loss", "Loss, in the recipe's own unit"))
    if not panels or not len(columns[panels[0][0]]):
        raise BadInput("the history has no epochs: train first")
    length = len(columns[panels[0][0]])
    epochs = np.asarray(columns.get("epoch", range(1, length + 1)), float)

    top = MARGIN + 140
    width = 2 * MARGIN + LEFT + WIDTH + RIGHT
    height = top + len(panels) * (PANEL + BETWEEN) + MARGIN - 20
    figure = Drawing(figsize=(width / DPI, height / DPI), dpi=DPI, facecolor="white")
    write_title(figure, "Convergence", subtitle=_summary(columns, length))
    for index, (key, title) in enumerate(panels):
        low = height - top - index * (PANEL + BETWEEN) - PANEL
        axes = figure.add_axes(((MARGIN + LEFT) / width, low / height, WIDTH / width, PANEL / height))
        _panel(quieten(axes), columns, key=key, title=title, epochs=epochs)
        if index == len(panels) - 1:
            axes.set_xlabel("epoch")
        else:
            axes.tick_params(labelbottom=False)
    return figure


def _columns(history: Any) -> dict[str, list[float]]:
    """The columns, all of one length, NaN where a number is none that can be drawn. Raises `BadInput` for others."""
    columns = {
        text("a column of the history", name): several(f"{name} of the history", values)
        for name, values in mapping("history", history).items()
    }
    if len(set(map(len, columns.values()))) > 1:
        raise BadInput("the history must have one number an epoch in every column")
    try:
        return {name: [float(value) for value in values] for name, values in columns.items()}
    except (TypeError, ValueError, OverflowError) as error:
        raise BadInput(f"the history must hold numbers: {error}") from error


def _panel(axes: Axes, columns: Mapping[str, Any], *, key: str, title: str, epochs: Array) -> None:
    axes.set_title(title, loc="left", size=TEXT_POINTS, color=INK, family=FAMILY, pad=7)
    curves = [
        (name, np.asarray(columns[column], float), colour)
        for name, column, colour in (("training", key, TRAINING), ("validation", f"val_{key}", VALIDATION))
        if column in columns
    ]
    mark = "o" if len(epochs) == 1 else None
    for name, values, colour in curves:
        axes.plot(epochs, values, color=colour, linewidth=1.3, marker=mark, markersize=3, label=name, clip_on=True)
    plain_axes(axes)
    limit(axes, [values for _, values, _ in curves])
    if len(epochs) > 1:
        axes.set_xlim(epochs[0], epochs[-1])
    label_ends(axes, curves)
    if key in ("free_energy", "loss") and len(curves) == 2:
        _mark_best(axes, curves[1][1], epochs)


def plain_axes(axes: Axes) -> None:
    """Two spines, few ticks: whole epochs below, and on the left numbers as they are."""
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)
    axes.xaxis.set_major_locator(MaxNLocator(nbins=6, integer=True))
    axes.yaxis.set_major_locator(MaxNLocator(nbins=4))
    plain = ScalarFormatter(useOffset=False)
    plain.set_scientific(False)
    axes.yaxis.set_major_formatter(plain)


def limit(axes: Axes, curves: Sequence[Array]) -> None:
    """Scale the axes to curves by epoch, each without its first twentieth, which may leave the panel at its top."""
    seen = np.concatenate([values[-(-len(values) // 20) if len(values) > 3 else 0 :] for values in curves])
    seen = seen[np.isfinite(seen)]
    if seen.size:
        low, high = float(seen.min()), float(seen.max())
        room = (high - low) * 0.08 or max(abs(high) * 0.01, 1e-6)
        axes.set_ylim(low - room, high + room)


def label_ends(axes: Axes, curves: Sequence[tuple[str, Array, str]]) -> None:
    """Each curve's name and last value beside its end, kept apart where the ends are close."""
    low, high = axes.get_ylim()
    ends = sorted(
        (float(np.clip((values[-1] - low) / (high - low), 0, 1)), name, values[-1], colour)
        for name, values, colour in curves
        if np.isfinite(values[-1])
    )
    apart = 62 / axes.bbox.height  # two lines of text
    heights = [end[0] for end in ends]
    if len(heights) == 2 and heights[1] - heights[0] < apart:
        middle = min(max(sum(heights) / 2, apart / 2), 1 - apart / 2)
        heights = [middle - apart / 2, middle + apart / 2]
    for height, (_, name, value, colour) in zip(heights, ends, strict=True):
        axes.annotate(
            f"{name}\n{_short(value)}",
            (1, height),
            xycoords="axes fraction",
            xytext=(6, 0),
            textcoords="offset points",
            size=TEXT_POINTS,
            color=colour,
            va="center",
            linespacing=1.15,
            family=FAMILY,
            annotation_clip=False,
        )


def _mark_best(axes: Axes, values: Array, epochs: Array) -> None:
    """A dot on the lowest validation value, which is written above it, at the panel's right."""
    if not np.isfinite(values).any():
        return
    best = int(np.argmin(np.where(np.isfinite(values), values, np.inf)))
    axes.plot(epochs[best], values[best], "o", color=VALIDATION, markersize=3.5, clip_on=False, zorder=5)
    text = f"lowest {_short(values[best])} at epoch {epochs[best]:.0f}"
    axes.set_title(text, loc="right", size=TEXT_POINTS, color=VALIDATION, family=FAMILY, pad=7)


def _summary(columns: Mapping[str, Any], length: int) -> str:
    text = "1 epoch" if length == 1 else f"{length} epochs"
    bits = np.asarray(columns.get("val_bits_per_dim", ()), float)
    if np.isfinite(bits).any():
        text += f", lowest validation {np.nanmin(np.where(np.isfinite(bits), bits, np.nan)):.2f} bits per dimension"
    return f"{text}; lower is better"


def _same(columns: Mapping[str, Any], one: str, other: str) -> bool:
    return other in columns and np.allclose(columns[one], columns[other], rtol=1e-3, equal_nan=True)


def _short(value: float) -> str:
    digits = next((digits for size, digits in ((1e5, 0), (100, 1), (10, 2)) if abs(value) >= size), 3)
    return f"{value:.{digits}f}"


PICTURES = (
    Picture(
        "convergence",
        "Free energy and its two parts by epoch. Lower is better; where validation turns up, the model overfits.",
        5,
        lambda run: png(convergence(run.history)),
        runs_model=False,
    ),
)
