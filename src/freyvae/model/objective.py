"""The objective: the variational free energy of a generative model G and a recognition model R, and its two parts."""

import math
from dataclasses import dataclass
from typing import Any

from keras import ops

from freyvae.model.likelihood import Bound
from freyvae.model.posteriors import DiagonalNormal, Posterior
from freyvae.model.priors import Prior, StandardNormal

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


def kl_per_latent(posterior: Posterior, prior: Prior) -> Tensor | None:
    """KL(q(z_i | x) || p(z_i)) of each latent in nats, (image, latent); None where latents cannot be told apart.

    There is one for independent latents on both sides: a diagonal normal against the standard normal.
    """
    if isinstance(posterior, DiagonalNormal) and isinstance(prior, StandardNormal):
        return posterior.kl_to_standard_normal()
    return None


def free_energy(
    images: Tensor,
    likelihood: Bound,
    *,
    posterior: Posterior,
    prior: Prior,
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
        log_density: its log q(z | x), (image,), as `Posterior.draw` returns it.
    """
    kl = kl_per_latent(posterior, prior)
    rate = log_density - prior.log_prob(latents) if kl is None else ops.sum(kl, axis=-1)
    return FreeEnergy(distortion=-likelihood.log_prob(images), rate=rate)


def importance_weighted_bound(log_weights: Tensor) -> Tensor:
    """-log 1/K sum_k w_k of log-weights log p(x, z_k) - log q(z_k | x), (draw, image): nats per image, (image,).

    An upper bound of -log p(x) on average, and the tighter the more draws: Burda et al. 2016, eq. 8.
    """
    return math.log(log_weights.shape[0]) - ops.logsumexp(log_weights, axis=0)


def rate_above_free_bits(kl: Tensor, free_bits: float) -> Tensor:
    """sum_i max(free_bits, mean over images of KL_i), a scalar in nats: Kingma et al. 2016, appendix C.8.

    A latent whose rate is below the floor costs the floor, and has no gradient that would push it lower. `kl` is
    (image, latent); each latent is a group of its own.
    """
    return ops.sum(ops.maximum(ops.mean(kl, axis=0), free_bits))
