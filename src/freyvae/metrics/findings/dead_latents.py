"""Latents that carry nothing."""

from collections.abc import Iterator

from freyvae.metrics.collapse import is_active
from freyvae.metrics.measure import Seen
from freyvae.model import VAE
from freyvae.model.objectives.free_energy import FreeEnergy
from freyvae.records import Finding

PLACE = 10


def find(seen: Seen) -> Finding | None:
    """How many latents have codes that hardly vary (Burda et al. 2016, section 5); None for one image."""
    if len(seen.codes) < 2:
        return None
    count = seen.codes.shape[1]
    dead = count - int(is_active(seen.codes).sum())
    return Finding(
        name="dead_latents",
        value=dead,
        unit="latents",
        is_amiss=dead > 0,
        sentence=f"{dead} of {count} latents carry nothing: their codes hardly vary from image to image.",
        advice="; ".join(_advice(seen.vae, alive=count - dead)),
    )


def _advice(vae: VAE, *, alive: int) -> Iterator[str]:
    """What goes with the model's objective, posterior and prior."""
    if alive:
        yield f"latent_dim={alive} loses nothing"
    if not isinstance(vae.objective, FreeEnergy):
        yield 'objective="free-energy" with beta=0.1 keeps them alive'
        return
    if not alive:
        yield "beta=0.1 keeps them alive"
    # free bits are of each latent's own rate
    has_rates = vae.flow is None and vae.learned_prior is None
    yield f"a longer warm_up_epochs=...{' or free_bits=0.1' if has_rates else ''} may wake them"
