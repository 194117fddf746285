"""The objective: the variational free energy of a generative model G and a recognition model R, and its two parts."""

from dataclasses import dataclass
from typing import Any

from keras import ops

from freyvae.model.likelihoods import Likelihood
from freyvae.model.posteriors import DiagonalNormal

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


def free_energy(images: Tensor, posterior: DiagonalNormal, likelihood: Likelihood) -> FreeEnergy:
    """The free energy of uint8 images, the likelihood being that of one draw from the posterior."""
    rate = ops.sum(posterior.kl_to_standard_normal(), axis=-1)
    return FreeEnergy(distortion=-likelihood.log_prob(images), rate=rate)
