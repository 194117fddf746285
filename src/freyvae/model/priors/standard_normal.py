"""The default prior."""

from dataclasses import dataclass
from typing import Any

from freyvae.model.distributions import UnitNormal
from freyvae.model.prior import Encode, Prior


@dataclass(frozen=True)
class StandardNormal(Prior):
    """p(z) = N(0, I)."""

    name = "standard-normal"
    is_standard_normal = True

    def distribution(self, weights: Any, *, latent_dim: int, encode: Encode) -> UnitNormal:
        """N(0, I)."""
        return UnitNormal(latent_dim)
