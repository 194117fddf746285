"""Grey levels that are missing between those that occur, as stretched contrast leaves them."""

from freyvae.data.stretched import missing_levels
from freyvae.metrics.measure import Seen
from freyvae.records import Finding

PLACE = 72


def find(seen: Seen) -> Finding | None:
    """The share of the levels within an image's range that it lacks, where bits of bytes pay for them; else None."""
    likelihood = seen.vae.pixel_likelihood
    if not likelihood.is_probability_of_bytes or likelihood.tells_palette:
        return None
    missing = missing_levels(seen.train)
    return Finding(
        name="missing_levels",
        value=missing.share,
        unit="share",
        is_amiss=missing.is_stretched,
        sentence=f"{100 * missing.share:.0f} % of the grey levels between an image's darkest and lightest do not occur "
        f"in it, and by chance it would be {100 * missing.expected:.0f} %: where contrast was stretched, bits go to "
        "levels that cannot occur.",
        advice='tell them first: likelihood="mixture-of-logistics", likelihood.channel_palette="image"',
    )
