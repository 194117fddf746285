"""The variational free energy of a generative model G and a recognition model R, and its two parts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from freyvae.late import ops
from freyvae.model.distributions import Conditional, IndependentNormals, Marginal, UnitNormal
from freyvae.model.likelihood import Bound

Tensor = Any


@dataclass(frozen=True)
class FreeEnergy:
    """F = distortion + rate, in nats per image, lower is better; -F is the evidence lower bound.

    The post writes F^R_G(x) = <-log p_G(x, z)>_R - H(R): the same sum, grouped as in Kingma & Welling 2014, eq. 3.

    Attributes:
        distortion: (image,) -E log p(x | z), the cost of the image given its code.
        rate: (image,) KL(q(z | x) || p(z)), the cost of the code.
    """

    distortion: Any
    rate: Any

    @property
    def total(self) -> Any:
        """The free energy, (image,)."""
        return self.distortion + self.rate


def kl_per_latent(posterior: Conditional, prior: Marginal) -> Tensor | None:
    """KL(q(z_i | x) || p(z_i)) of each latent in nats, (image, latent); None where latents cannot be told apart.

    There is one for independent latents on both sides: a diagonal normal against the standard normal.
    """
    if isinstance(posterior, IndependentNormals) and isinstance(prior, UnitNormal):
        return posterior.kl_to_standard_normal()
    return None


def free_energy(
    images: Tensor,
    likelihood: Bound,
    *,
    posterior: Conditional,
    prior: Marginal,
    latents: Tensor,
    log_density: Tensor,
) -> FreeEnergy:
    """The free energy of uint8 images, estimated with one draw from the posterior.

    The rate is exact where it has a closed form (`kl_per_latent`), and else the draw's own log q(z | x) - log p(z).

    Args:
        images: uint8 (image, height, width, channel).
        likelihood: that of the draw.
        posterior: of the images.
        prior: of the latents.
        latents: the draw, (image, latent).
        log_density: its log q(z | x), (image,), as `Conditional.draw` returns it.
    """
    kl = kl_per_latent(posterior, prior)
    rate = log_density - prior.log_prob(latents) if kl is None else ops.sum(kl, axis=-1)
    return FreeEnergy(distortion=-likelihood.log_prob(images), rate=rate)
