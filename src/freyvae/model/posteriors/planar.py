"""A flow of planes along which the density is bent."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from freyvae.late import np, ops
from freyvae.model.posterior import Flow

Tensor = Any
# a vector of no length has no direction: the divisor's floor, far below the square of any other
TINY = 1e-12
# below which a determinant is no normal float32
SMALLEST_DETERMINANT = 1e-37


@dataclass(frozen=True)
class Planar(Flow):
    """z' = z + u tanh(w . z + b), with u, w and b of each image (Rezende & Mohamed 2015, eq. 10).

    Parameters of zero make it the identity.
    """

    name = "planar"

    def parameters_per_image(self, latent_dim: int) -> int:
        """As `Posterior.parameters_per_image`: u, w and b of each step."""
        return self.length * (2 * latent_dim + 1)

    def transform(self, latents: Tensor, parameters: Tensor, weights: Any) -> tuple[Tensor, Tensor]:
        """As `Flow.transform`."""
        latent_dim, log_determinant = latents.shape[-1], 0.0
        for step in ops.split(parameters, self.length, axis=-1):
            u, w, b = ops.split(step, [latent_dim, 2 * latent_dim], axis=-1)
            along = ops.sum(w * u, axis=-1, keepdims=True)
            # invertible where w . u > -1 (appendix A.1); the shift makes 0 of 0, so that small u are left alone
            beyond = ops.softplus(along + np.log(np.e - 1.0))  # how far u . w is above -1
            u = u + (beyond - 1.0 - along) * w / (ops.sum(ops.square(w), axis=-1, keepdims=True) + TINY)
            bent = ops.tanh(ops.sum(w * latents, axis=-1, keepdims=True) + b)
            latents = latents + u * bent
            # eq. 12: det = 1 + u . w tanh'(w . z + b), with tanh' = 1 - tanh^2 as a sum of what is positive
            flat = ops.square(bent[:, 0])
            determinant = flat + (1.0 - flat) * beyond[:, 0]
            log_determinant += ops.log(ops.maximum(determinant, SMALLEST_DETERMINANT))
        return latents, log_determinant
