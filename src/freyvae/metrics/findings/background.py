"""Bits that are spent where images do not differ."""

import numpy as np
from keras import ops

from freyvae.data.pixels import evenly_chosen
from freyvae.metrics.baselines import moments
from freyvae.metrics.measure import Seen
from freyvae.model import Likelihood
from freyvae.records import Finding

PLACE = 70
# grey levels, a deviation over the training images below which a value is background
_FLAT = 2.0
_MOST = 0.5
# whose deviations tell it
_MOST_IMAGES, _MOST_BYTES = 10_000, 2**28


def find(seen: Seen) -> Finding | None:
    """The share of the bits that values take which hardly vary over the training images; None where none is such."""
    if not seen.vae.pixel_likelihood.is_probability_of_bytes:
        return None
    train = evenly_chosen(seen.train, max(2, min(_MOST_IMAGES, _MOST_BYTES // seen.images[0].nbytes)))
    flat = moments(train)[1] < _FLAT
    if len(train) < 2 or not flat.any():  # of one image no value varies
        return None
    images, bound = seen.few, seen.likelihood
    nats = -ops.convert_to_numpy(bound.log_prob_of_values(ops.convert_to_tensor(images))).mean(axis=0)
    share = float(nats[flat].sum() / nats.sum())
    return Finding(
        name="bits_of_background",
        value=share,
        unit="share",
        is_amiss=share > _MOST,
        sentence=f"{100 * share:.0f} % of the bits go to the {100 * np.mean(flat):.0f} % of values that hardly vary.",
        advice=_advice(seen.vae.pixel_likelihood),
    )


def _advice(likelihood: Likelihood) -> str:
    if likelihood.is_autoregressive or getattr(likelihood, "scale_per", "pixel") in ("pixel", "code"):
        return "crop the images"
    return 'crop the images, or give each pixel a scale of its own: likelihood.scale_per="pixel"'
