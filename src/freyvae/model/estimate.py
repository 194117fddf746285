"""What one draw of latents says of what images cost."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from freyvae.model.free_energy import FreeEnergy
from freyvae.model.groups import Group
from freyvae.model.likelihood import Bound

Tensor = Any


@dataclass(frozen=True)
class Estimate:
    """A draw of each image's latents, and what follows from it.

    Attributes:
        likelihood: p(x | z) of the draw.
        parts: the free energy that it estimates, each part (image,) in nats.
        groups: the draw, the top group first.
    """

    likelihood: Bound
    parts: FreeEnergy
    groups: list[Group]

    @property
    def log_weights(self) -> Tensor:
        """Log p(x, z) - log q(z | x), (image,), in nats."""
        return sum(group.log_ratio for group in self.groups) - self.parts.distortion
