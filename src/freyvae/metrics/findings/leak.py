"""Held-out images that are nearly in the training images."""

from freyvae.data.pixels import evenly_chosen
from freyvae.metrics.measure import Seen
from freyvae.metrics.near_duplicates import near_duplicates
from freyvae.records import Finding

PLACE = 55
_MOST_IMAGES = 1000
_MOST = 0.02


def find(seen: Seen) -> Finding | None:
    """The share of held-out images that have a near-duplicate among the training images, by a hash of their looks."""
    if not seen.is_held_out:
        return None
    images = evenly_chosen(seen.images, _MOST_IMAGES)
    count = int(near_duplicates(images, seen.train).sum())
    share = count / len(images)
    return Finding(
        name="near_duplicates_in_training",
        value=share,
        unit="share",
        is_amiss=share > _MOST,
        sentence=f"{count} of {len(images)} held-out images have a near-duplicate among the training images: the "
        "numbers of this split flatter.",
        advice='split="blocked", if alike images follow each other; or leave the copies out',
    )
