"""Groups of images by their codes."""

from typing import TYPE_CHECKING

import numpy as np
from matplotlib.figure import Figure

from freyvae.arguments import whole
from freyvae.data.pixels import evenly_chosen
from freyvae.errors import BadInput
from freyvae.mosaic import Array, fit, mosaic, to_bytes
from freyvae.reporting.pictures.arguments import checked_images, checked_model
from freyvae.reporting.pictures.picture import Picture
from freyvae.reporting.pictures.saving import png
from freyvae.reporting.pictures.style import FAMILY, INK, TEXT_POINTS, bare, sheet, show_pixels

if TYPE_CHECKING:
    from freyvae.model import VAE

GAP = 4  # pixels between images
SHOWN = 8  # groups
COLUMNS = 7  # images of a group
# images that are grouped: of more, as many evenly spaced
LOOKED_AT = 1000
# pixels of the mosaic: two pictures of this width stand side by side in the report
WIDEST, TALLEST = 980, 1080
LEFT = 100  # pixels, of the shares


def groups(vae: "VAE", images: Array, *, count: int = SHOWN, columns: int = COLUMNS) -> Figure:
    """The `count` largest groups of images, a row each: the most typical of it first, its share of all beside it.

    The groups are those of the command `cluster`: a mixture of normals of the codes, with as many components as have
    the lowest Bayesian information criterion. At most `LOOKED_AT` images are grouped.

    Raises `BadInput` where there are fewer than two images, or the extra `scikit-learn` is not installed.
    """
    from freyvae.metrics.grouping import mixture  # Keras, which pictures of data alone don't need
    from freyvae.metrics.nearest import Posteriors

    vae, images = checked_model(vae), checked_images(images)
    count, columns = whole("count", count, at_least=1), whole("columns", columns, at_least=1)
    looked_at = evenly_chosen(images, LOOKED_AT)
    if len(looked_at) < 2:
        raise BadInput("groups take at least two images, but there is one")
    found = mixture(Posteriors.of(vae, looked_at))
    sizes = found.sizes
    rows = min(count, len(sizes))
    members = [np.flatnonzero(found.groups == group) for group in range(rows)]
    most_typical = [own[np.argsort(-found.typical[own], kind="stable")[:columns]] for own in members]
    columns = max(len(own) for own in most_typical)
    tiles = fit(to_bytes(looked_at), columns=columns, rows=rows, gap=GAP, widest=WIDEST, tallest=TALLEST)
    shown = np.full((rows, columns, *tiles.shape[1:]), 255, np.uint8)
    for row, own in enumerate(most_typical):
        shown[row, : len(own)] = tiles[own]
    page = mosaic(shown.reshape(-1, *tiles.shape[1:]), columns=columns, gap=GAP)
    figure, axes = sheet(
        page.shape[1],
        page.shape[0],
        title="Groups",
        subtitle=f"{_how_many(rows, len(sizes))} {len(looked_at)} images by code, the most typical first",
        left=LEFT,
    )
    show_pixels(bare(axes), page)
    height = tiles.shape[1]
    for row, size in enumerate(sizes[:rows]):
        y = row * (height + GAP) + height / 2
        share = f"{100 * size / len(looked_at):.2g} %"
        axes.text(-18, y, share, size=TEXT_POINTS, color=INK, ha="right", va="center", family=FAMILY)
    return figure


def _how_many(shown: int, groups: int) -> str:
    if groups == 1:
        return "one group of"
    return f"{groups} groups of" if shown == groups else f"the largest {shown} of {groups} groups of"


PICTURES = (
    Picture(
        "groups",
        "Groups of training images by their codes, a row each, with its share of the images; the most typical images "
        "of a group come first.",
        9,
        lambda run: png(groups(run.vae, run.train)),
    ),
)
