"""Draws the picture of the page: bits per dimension as bars, for our models, published ones, and without a model."""

from pathlib import Path
from typing import Any

from matplotlib.figure import Figure

from freyvae import palette
from freyvae.reporting.pictures import save_figure
from freyvae.reporting.pictures.style import FAMILY, RULE, TEXT_POINTS, quieten, sheet
from studies.density.rows import find
from studies.shared.bars import OURS, THEIRS, Bar, draw_bars

# pixels
ROW = 46
WIDTH = 900
LEFT = 640
RIGHT = 110
WITHOUT = palette.WITHOUT_MODEL


def bars(results: dict[str, Any]) -> Figure:
    """The NLL on the random splits as bars from 0, the lowest at the top."""
    found = _bars(results)
    height = ROW * len(found)
    figure, axes = sheet(
        WIDTH,
        height,
        title="What a test frame costs, random splits",
        subtitle="Bits per dimension, lower is better; the bytes as they are take 8",
        left=LEFT,
        right=RIGHT,
        bottom=110,
    )
    quieten(axes)
    draw_bars(axes, [Bar(label, bits, f"{bits:.2f}", colour) for label, bits, colour in found], gap=0.06)
    axes.set_xlim(0, 8)
    axes.spines["left"].set_visible(False)
    axes.grid(visible=True, axis="x", color=RULE, linewidth=0.5)
    axes.set_axisbelow(True)
    for number, (name, colour) in enumerate(
        {"ours": OURS, "published, from memory": THEIRS, "without a model": WITHOUT}.items()
    ):
        x = (0.0, 0.14, 0.55)[number]
        axes.text(x, -70 / height, f"■ {name}", color=colour, size=TEXT_POINTS, transform=axes.transAxes, family=FAMILY)
    return figure


def write_picture(results: dict[str, Any], path: Path) -> None:
    save_figure(bars(results), path)


def _bars(results: dict[str, Any]) -> list[tuple[str, float, str]]:
    """Label, bits per dimension and colour of each bar, the lowest first."""
    found = []
    for system in results["systems"]:
        for of, more in (("model", ""), ("ensemble", ", ensemble")):
            mean = find(results["means"], system=system["system"], of=of)
            if mean is not None:
                found.append((system["label"].replace("`", "") + more, mean["nll_bits_per_dim"], OURS))
    found += [(row["label"], row["nll_bits_per_dim"], THEIRS) for row in results["published"]]
    found += [
        (row["label"], row["random_bits_per_dim"], WITHOUT)
        for row in results["baselines"]
        if row["random_bits_per_dim"] is not None
    ]
    return sorted(found, key=lambda bar: bar[1])
