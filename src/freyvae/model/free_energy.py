"""The variational free energy of a generative model G and a recognition model R, and its two parts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from freyvae.late import ops
from freyvae.model.groups import Group
from freyvae.model.likelihood import Bound

Tensor = Any


@dataclass(frozen=True)
class FreeEnergy:
    """F = distortion + rate, in nats per image, lower is better; -F is the evidence lower bound.

    The post writes F^R_G(x) = <-log p_G(x, z)>_R - H(R): the same sum, grouped as in Kingma & Welling 2014, eq. 3.

    Attributes:
        distortion: (image,) -E log p(x | z), the cost of the image given its code.
        rates: (image, group) KL(q(z | x) || p(z)) of each group of latents, the top one first.
    """

    distortion: Any
    rates: Any

    @property
    def rate(self) -> Any:
        """The cost of the code, all groups together, (image,)."""
        return self.rates.sum(axis=-1) if hasattr(self.rates, "sum") else ops.sum(self.rates, axis=-1)

    @property
    def total(self) -> Any:
        """The free energy, (image,)."""
        return self.distortion + self.rate


def free_energy(images: Tensor, likelihood: Bound, groups: Sequence[Group]) -> FreeEnergy:
    """The free energy of uint8 images, estimated with one draw from the posterior.

    Args:
        images: uint8 (image, height, width, channel).
        likelihood: that of the draw.
        groups: the draw.
    """
    rates = ops.stack([group.rate for group in groups], axis=-1)
    return FreeEnergy(distortion=-likelihood.log_prob(images), rates=rates)
