"""Horizontal bars that compare the figures of freyvae with those of others."""

from collections.abc import Sequence
from typing import NamedTuple

from matplotlib.axes import Axes

from freyvae import palette
from freyvae.reporting.pictures.style import FAMILY, INK, QUIET, TEXT_POINTS

# colours of the bars
OURS, THEIRS = palette.ACCENT.light, palette.OTHERS


class Bar(NamedTuple):
    """A bar, and the text after it."""

    name: str
    length: float
    text: str
    colour: str


def draw_bars(axes: Axes, bars: Sequence[Bar], *, gap: float) -> None:
    """Draw bars from 0, the first at the top, with names and texts. Ours have darker text. `gap` is in data units."""
    for place, bar in enumerate(bars):
        axes.barh(place, bar.length, height=0.62, color=bar.colour)
        axes.text(bar.length + gap, place, bar.text, size=TEXT_POINTS, color=_ink(bar), va="center", family=FAMILY)
    axes.set_yticks(range(len(bars)), [bar.name for bar in bars])
    for tick, bar in zip(axes.get_yticklabels(), bars, strict=True):
        tick.set(color=_ink(bar), family=FAMILY[0])
    axes.set_ylim(len(bars) - 0.5, -0.5)
    axes.tick_params(axis="y", length=0)
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)


def _ink(bar: Bar) -> str:
    return INK if bar.colour == OURS else QUIET
