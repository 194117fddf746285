"""The oddest held-out images, and where they are odd."""

from typing import TYPE_CHECKING, Any

import numpy as np
from matplotlib.figure import Figure

from freyvae.arguments import whole
from freyvae.data.pixels import evenly_spaced
from freyvae.errors import BadInput
from freyvae.mosaic import TALLEST, WIDEST, Array, fit, in_colour, mosaic
from freyvae.reporting.pictures.arguments import checked_images, checked_model, checked_sides
from freyvae.reporting.pictures.heat_map import coloured
from freyvae.reporting.pictures.picture import Picture
from freyvae.reporting.pictures.saving import png
from freyvae.reporting.pictures.style import COLUMN, FAMILY, INK, QUIET, TALL, TEXT_POINTS, bare, sheet, show_pixels

if TYPE_CHECKING:
    from freyvae.model import VAE

GAP = 6
LEFT = 200  # pixels for the rows' names
IN_REPORT = 6  # images
ODDEST = 10  # images
# held-out images that are looked at: of more, as many evenly spaced
LOOKED_AT = 400
# that are brightest in the row of deviations
_BRIGHTEST = 8.0


def oddest(
    vae: "VAE", train: Array, held_out: Array, *, count: int = ODDEST, widest: int = WIDEST, tallest: int = TALLEST
) -> Figure:
    """The `count` held-out images of the largest oddness, the oddest first, above where they are odd.

    `evaluation.oddness.Oddness` says what oddness is; it is written below each. The lower row shows by how many
    standard deviations the surroundings of a pixel are beyond what is usual there. At most `LOOKED_AT` held-out images
    are looked at. The images are magnified to at most `widest` by `tallest` pixels.
    """
    from freyvae.evaluation.oddness import Oddness, joined  # Keras, which pictures of data alone don't need

    vae, train, held_out = checked_model(vae), checked_images(train), checked_images(held_out)
    widest, tallest = checked_sides(widest, tallest)
    if not hasattr(vae, "estimate"):
        raise BadInput("scores are of a VAE's probabilities, and this model has none")
    places = evenly_spaced(len(held_out), LOOKED_AT)
    looked_at = held_out[places]
    chunks = list(Oddness(vae, train, looked_at).of_held_out())
    scores = joined([chunk.scores for chunk in chunks])["oddness"]
    chosen = np.argsort(-scores, kind="stable")[: whole("count", count, at_least=1)]
    deviations = np.concatenate([chunk.deviations for chunk in chunks])[chosen]
    tiles = np.concatenate([in_colour(looked_at[chosen]), coloured(deviations / _BRIGHTEST)])
    columns = len(chosen)
    page = mosaic(
        fit(tiles, columns=columns, rows=2, gap=GAP, widest=widest, tallest=tallest), columns=columns, gap=GAP
    )
    height, width = page.shape[:2]
    figure, axes = sheet(
        width,
        height,
        title="Oddest held-out images",
        subtitle=f"of {len(looked_at)}, the oddest first",
        left=LEFT,
        bottom=40,
    )
    show_pixels(bare(axes), page)
    label: dict[str, Any] = {"size": TEXT_POINTS, "ha": "right", "family": FAMILY}
    row = (height + GAP) / 2
    for index, name in enumerate(("image", "where,\nin deviations")):
        axes.text(-18, (index + 0.5) * row, name, color=INK, va="center", linespacing=1.3, **label)
    axes.text(-18, height + 12, "oddness", color=QUIET, va="top", **label)
    column = (width + GAP) / columns
    for index, value in enumerate(scores[chosen]):
        x = index * column + (column - GAP) / 2
        shown = f"{round(float(value), 1) + 0.0:.1f}".replace("-", "−")  # and 0 without a sign
        axes.text(x, height + 12, shown, size=TEXT_POINTS, color=QUIET, ha="center", va="top", family=FAMILY)
    return figure


PICTURES = (
    Picture(
        "oddest",
        "The held-out images that are oddest to the model, and where: bright is far beyond what is usual there.",
        10,
        lambda run: png(oddest(run.vae, run.train, run.apart, count=IN_REPORT, widest=COLUMN - LEFT, tallest=TALL)),
    ),
)
