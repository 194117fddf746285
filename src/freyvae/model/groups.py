"""Latents in groups: each is drawn from its own posterior, given the groups above it, and has its own rate.

The first group is the top one, (image, latent): the code that a person drags, that is mapped and compared. A model that
has one group alone is the plain VAE. Those below it are layers of the decoder: `freyvae.model.details`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from freyvae.late import ops
from freyvae.model.distributions import Conditional, IndependentNormals, Marginal, UnitNormal

Tensor = Any


@dataclass(frozen=True)
class Encoded:
    """What the encoder says of some images.

    Attributes:
        posterior: q(z | x) of the top group.
        features: what the posteriors of the groups below are made of, each (image, height, width, channel).
    """

    posterior: Conditional
    features: tuple[Tensor, ...] = ()

    def repeated(self, count: int) -> Encoded:
        """The same `count` times, one after another: (image, ...) -> (count * image, ...)."""
        repeated = tuple(ops.tile(features, (count, 1, 1, 1)) for features in self.features)
        return Encoded(self.posterior.repeated(count), repeated)

    def centred_at(self, centre: Tensor) -> Encoded:
        """The same with another centre of the top group's posterior, (image, latent)."""
        return Encoded(self.posterior.centred_at(centre), self.features)


@dataclass(frozen=True)
class Group:
    """A group of latents z_g of some images, drawn from q(z_g | x, z above).

    Attributes:
        latents: the draw, (image, latent).
        log_density: its log q(z_g | x, z above), (image,), in nats, as `Conditional.draw` returns it.
        posterior: that it was drawn from.
        prior: p(z_g | z above).
    """

    latents: Tensor
    log_density: Tensor
    posterior: Conditional
    prior: Marginal

    @property
    def kl_per_latent(self) -> Tensor | None:
        """As the function of this name."""
        return kl_per_latent(self.posterior, self.prior)

    @property
    def rate(self) -> Tensor:
        """KL(q || p), (image,), in nats: exact where it has a closed form, else the draw's own log q - log p."""
        kl = self.kl_per_latent
        return -self.log_ratio if kl is None else ops.sum(kl, axis=-1)

    @property
    def log_ratio(self) -> Tensor:
        """Log p - log q of the draw, (image,), in nats."""
        return self.prior.log_prob(self.latents) - self.log_density


def kl_per_latent(posterior: Conditional, prior: Marginal) -> Tensor | None:
    """KL(q(z_i | x) || p(z_i)) of each latent in nats, (image, latent); None where latents cannot be told apart.

    There is one for independent latents on both sides: a diagonal normal against the standard normal.
    """
    if isinstance(posterior, IndependentNormals) and isinstance(prior, UnitNormal):
        return posterior.kl_to_standard_normal()
    return None


def kl_of_all_latents(groups: Sequence[Group]) -> Tensor:
    """The KL of each latent of all groups side by side, (image, latent), in nats; each group must have one."""
    return ops.concatenate([group.kl_per_latent for group in groups], axis=-1)
