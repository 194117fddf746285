"""Bits that are spent where images do not differ."""

import numpy as np
from keras import ops

from freyvae.data.pixels import evenly_chosen
from freyvae.metrics.measure import FEW, Seen
from freyvae.records import Finding

PLACE = 70
# grey levels, a deviation over the training images below which a value is background
_FLAT = 2.0
_MOST = 0.5
# whose deviations tell it
_MOST_IMAGES = 10_000


def find(seen: Seen) -> Finding | None:
    """The share of the bits that values take which hardly vary over the training images; None where none is such."""
    train = evenly_chosen(seen.train, _MOST_IMAGES)
    flat = train.reshape(len(train), -1).std(axis=0) < _FLAT
    if not flat.any() or not seen.vae.pixel_likelihood.is_probability_of_bytes:
        return None
    images, bound = seen.images[:FEW], seen.likelihood
    nats = -ops.convert_to_numpy(bound.log_prob_of_values(ops.convert_to_tensor(images))).mean(axis=0)
    share = float(nats[flat].sum() / nats.sum())
    return Finding(
        name="bits_of_background",
        value=share,
        unit="share",
        is_amiss=share > _MOST,
        sentence=f"{100 * share:.0f} % of the bits go to the {100 * np.mean(flat):.0f} % of values that hardly vary.",
        advice='crop the images, or give each pixel a scale of its own: likelihood.scale_per="pixel"',
    )
