"""Latents that carry nothing."""

from freyvae.metrics.collapse import is_active
from freyvae.metrics.measure import Seen
from freyvae.records import Finding

PLACE = 10


def find(seen: Seen) -> Finding:
    """How many latents have codes that hardly vary (Burda et al. 2016, section 5)."""
    count = seen.codes.shape[1]
    dead = count - int(is_active(seen.codes).sum())
    least = f"latent_dim={count - dead} loses nothing" if dead < count else "beta=0.1 keeps them alive"
    return Finding(
        name="dead_latents",
        value=dead,
        unit="latents",
        is_amiss=dead > 0,
        sentence=f"{dead} of {count} latents carry nothing: their codes hardly vary from image to image.",
        advice=f"{least}; a longer warm_up_epochs=... or free_bits=0.1 may wake them",
    )
