"""Curves of many seeds, one over the other."""

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.figure import Figure

from freyvae.reporting.pictures.curves import LEFT, WIDTH
from freyvae.reporting.pictures.style import (
    FAMILY,
    TEXT_POINTS,
    TRAINING,
    VALIDATION,
    sheet,
)

HEIGHT = 460  # pixels of the panel
RIGHT = 160  # pixels, for the labels at the curves' ends
# of the first epochs, so many shares leave the panel at its top
SKIPPED = 0.05


def curves_of_seeds(histories: Sequence[Mapping[str, Sequence[float]]]) -> Figure:
    """Free energy by epoch, a line a seed: training and validation. `histories` are those of the runs."""
    figure, axes = sheet(
        WIDTH,
        HEIGHT,
        title="Free energy",
        subtitle=f"nats per image, {len(histories)} seeds; lower is better",
        left=LEFT,
        right=RIGHT,
        bottom=74,
    )
    ends, seen = {}, []
    for column, name, colour in (
        ("free_energy", "training", TRAINING),
        ("val_free_energy", "validation", VALIDATION),
    ):
        curves = [np.asarray(history[column], float) for history in histories if column in history]
        for curve in curves:
            axes.plot(range(1, len(curve) + 1), curve, color=colour, linewidth=0.8, alpha=0.7)
            seen.append(curve[int(SKIPPED * len(curve)) :])
        if curves:
            ends[name] = (float(np.mean([curve[-1] for curve in curves])), colour)
    every = np.concatenate(seen)
    low, high = float(every.min()), float(every.max())
    room = (high - low) * 0.08 or 1.0
    axes.set_ylim(low - room, high + room)
    axes.set_xlim(1, max(max(len(curve) for curve in seen), 2))
    axes.set_xlabel("epoch")
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)
    for name, (value, colour) in ends.items():
        axes.annotate(
            name,
            (1, float(np.clip((value - low + room) / (high - low + 2 * room), 0.03, 0.97))),
            xycoords="axes fraction",
            xytext=(6, 0),
            textcoords="offset points",
            size=TEXT_POINTS,
            color=colour,
            va="center",
            family=FAMILY,
            annotation_clip=False,
        )
    return figure
