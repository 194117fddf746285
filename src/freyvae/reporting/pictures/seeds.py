"""Curves of many seeds, one over the other."""

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.figure import Figure

from freyvae.errors import BadInput
from freyvae.reporting.pictures.curves import LEFT, WIDTH, label_ends, limit, plain_axes
from freyvae.reporting.pictures.style import TRAINING, VALIDATION, sheet

HEIGHT = 460  # pixels of the panel
RIGHT = 160  # pixels, for the labels at the curves' ends


def curves_of_seeds(histories: Sequence[Mapping[str, Sequence[float]]]) -> Figure:
    """Free energy by epoch, a line a seed: training and validation. `histories` are those of the runs.

    Raises `BadInput` where none has an epoch.
    """
    counted = "one seed" if len(histories) == 1 else f"{len(histories)} seeds"
    figure, axes = sheet(
        WIDTH,
        HEIGHT,
        title="Free energy",
        subtitle=f"nats per image, {counted}; lower is better",
        left=LEFT,
        right=RIGHT,
        bottom=74,
    )
    ends, seen = [], []
    for column, name, colour in (("free_energy", "training", TRAINING), ("val_free_energy", "validation", VALIDATION)):
        curves = [np.asarray(history[column], float) for history in histories if column in history]
        for curve in curves:
            axes.plot(range(1, len(curve) + 1), curve, color=colour, linewidth=0.8, alpha=0.7)
        if curves:
            ends.append((name, np.array([np.mean([curve[-1] for curve in curves])]), colour))
        seen += curves
    if not seen:
        raise BadInput("the runs have no history.csv with epochs: fresh=True trains them anew")
    plain_axes(axes)
    limit(axes, seen)
    axes.set_xlim(1, max(*map(len, seen), 2))
    axes.set_xlabel("epoch")
    label_ends(axes, ends)
    return figure
