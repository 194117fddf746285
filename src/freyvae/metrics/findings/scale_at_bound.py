"""Scales that the likelihood does not let become smaller."""

from keras import ops

from freyvae.metrics.measure import Seen
from freyvae.records import Finding

PLACE = 60
_MOST = 0.25


def find(seen: Seen) -> Finding | None:
    """The share of the likelihood's scales that are the smallest that it allows; None where it has no such bound."""
    bound = seen.likelihood
    found = bound.likelihood.share_at_bound(bound.parameters)
    if found is None:
        return None
    share = float(ops.convert_to_numpy(found))
    return Finding(
        name="scales_at_bound",
        value=share,
        unit="share",
        is_amiss=share > _MOST,
        sentence=f"{100 * share:.0f} % of the likelihood's scales are the smallest that it allows: much of the images "
        "is flat, or has few grey levels.",
        advice='likelihood="categorical" has no scale; the bits of flat parts say little about the rest',
    )
