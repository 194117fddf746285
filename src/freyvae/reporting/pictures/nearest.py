"""Held-out images, and the training images that are nearest to them by their codes."""

from typing import TYPE_CHECKING

import numpy as np
from matplotlib.figure import Figure

from freyvae.arguments import whole
from freyvae.data.pixels import evenly_chosen
from freyvae.mosaic import Array
from freyvae.reporting.pictures.arguments import checked_images, checked_model
from freyvae.reporting.pictures.contact_sheet import contact_sheet
from freyvae.reporting.pictures.picture import Picture
from freyvae.reporting.pictures.saving import png

if TYPE_CHECKING:
    from freyvae.model import VAE

ASKED = 5  # held-out images
NEIGHBOURS = 7
# training images that are looked at: of more, as many evenly spaced
LOOKED_AT = 2000
# pixels of the mosaic: two pictures of this width stand side by side in the report
WIDEST, TALLEST = 1080, 1200


def nearest(vae: "VAE", train: Array, held_out: Array, *, count: int = ASKED, neighbours: int = NEIGHBOURS) -> Figure:
    """Held-out images, `count` of them evenly spaced, a row each: the training images nearest to it by code after it.

    The distance below each is the angle that `metrics.nearest` has by default, in degrees: between the means of both
    posteriors, in deviations of the aggregate posterior, seen from a point one deviation off. At most `LOOKED_AT`
    training images are looked at.
    """
    from freyvae.metrics.nearest import Posteriors  # Keras, which pictures of data alone don't need
    from freyvae.metrics.nearest import nearest as nearest_of

    vae, train, held_out = checked_model(vae), checked_images(train), checked_images(held_out)
    count = whole("count", count, at_least=1)
    asked, looked_at = evenly_chosen(held_out, count), evenly_chosen(train, LOOKED_AT)
    neighbours = min(whole("neighbours", neighbours, at_least=1), len(looked_at))
    indices, degrees = nearest_of(Posteriors.of(vae, asked), Posteriors.of(vae, looked_at), neighbours)
    return contact_sheet(
        np.array([[image, *looked_at[found]] for image, found in zip(asked, indices, strict=True)]),
        title="Nearest training images",
        subtitle=f"of {len(looked_at)}, by code, after each held-out image",
        below=[[f"{angle:.1f}°" for angle in row] for row in degrees],
        widest=WIDEST,
        tallest=TALLEST,
    )


PICTURES = (
    Picture(
        "nearest",
        "Held-out images, and after each the training images nearest to it. The distance is the angle between their "
        "codes, in degrees, each latent in deviations of all codes.",
        8,
        lambda run: png(nearest(run.vae, run.train, run.apart)),
    ),
)
