"""The importance-weighted bound."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Annotated, Any

from msgspec import Meta

from freyvae.choice import Positive
from freyvae.late import ops
from freyvae.model.estimate import Estimate
from freyvae.model.objective import Objective

Tensor = Any


@dataclass(frozen=True)
class ImportanceWeighted(Objective):
    """-log 1/K sum_k p(x, z_k) / q(z_k | x), which for K = 1 is the free energy (Burda et al. 2016, eq. 8).

    It has no rate of its own to weigh. Free energy, distortion and rate are reported as ever.

    Args:
        samples: draws of each image in a step, K.
    """

    name = "importance-weighted"
    samples: Annotated[Positive, Meta(description="draws of each image in a step")] = 5

    @property
    def draws(self) -> int:
        """K."""
        return self.samples

    @property
    def is_mean_over_images(self) -> bool:
        """As `Objective.is_mean_over_images`."""
        return True

    def parts(self, images: Tensor, log_weights: Tensor, found: Estimate) -> dict[str, Tensor]:
        """`bound` (image,), in nats."""
        return {"bound": importance_weighted_bound(log_weights)}

    def loss(self, outputs: dict[str, Tensor], *, beta: Tensor, steps: Tensor | None, values: int) -> Tensor:
        """The bound, averaged over the batch."""
        return ops.mean(outputs["bound"])


def importance_weighted_bound(log_weights: Tensor) -> Tensor:
    """-log 1/K sum_k w_k of log-weights log p(x, z_k) - log q(z_k | x), (draw, image): nats per image, (image,).

    An upper bound of -log p(x) on average, and the tighter the more draws: Burda et al. 2016, eq. 8.
    """
    return math.log(log_weights.shape[0]) - ops.logsumexp(log_weights, axis=0)
