"""The default posterior."""

from dataclasses import dataclass
from typing import Any

from freyvae.model.distributions import IndependentNormals
from freyvae.model.posterior import Posterior

Tensor = Any


@dataclass(frozen=True)
class DiagonalNormal(Posterior):
    """A normal distribution with independent latents."""

    name = "diagonal-normal"
    is_diagonal_normal = True

    def distribution(self, outputs: list[Tensor], weights: Any) -> IndependentNormals:
        """The normals of these means and log-variances."""
        mean, log_variance = outputs
        return IndependentNormals(mean, log_variance)
