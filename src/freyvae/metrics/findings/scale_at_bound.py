"""Scales that the likelihood does not let become smaller."""

import numpy as np
from keras import ops

from freyvae.metrics.measure import Seen
from freyvae.records import Finding

PLACE = 60
_IMAGES = 64
_MOST = 0.25


def find(seen: Seen) -> Finding | None:
    """The share of the likelihood's scales that are the smallest that it allows; None where it has no such bound."""
    latents = ops.convert_to_tensor(seen.codes[:_IMAGES])
    images = ops.convert_to_tensor(seen.images[:_IMAGES])
    bound = seen.vae.likelihood(latents, images)
    share = bound.likelihood.share_at_bound(bound.parameters)
    if share is None:
        return None
    share = float(np.asarray(ops.convert_to_numpy(share)))
    return Finding(
        name="scales_at_bound",
        value=share,
        unit="share",
        is_amiss=share > _MOST,
        sentence=f"{100 * share:.0f} % of the likelihood's scales are the smallest that it allows: much of the images "
        "is flat, or has few grey levels.",
        advice='likelihood="categorical" has no scale; the bits of flat parts say little about the rest',
    )
