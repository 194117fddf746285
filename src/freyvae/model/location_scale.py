"""Likelihoods with a location and a scale for each value."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from freyvae.late import ops
from freyvae.model.likelihood import Likelihood, Tensor
from freyvae.model.logistic import bounded_log_scale


@dataclass(frozen=True)
class LocationScale(Likelihood):
    """A likelihood of a location, squashed, and a scale, kept from vanishing."""

    # a scale of 1 is all the range there is: beginning there would first have to be unlearned
    start_scale: ClassVar[float]
    smallest_scale: ClassVar[float]

    @property
    def parameters_per_value(self) -> int:
        """The location and the log-scale."""
        return 2

    def location_and_log_scale(self, parameters: Tensor) -> tuple[Tensor, Tensor]:
        """Both, each (image, value), for pixels in [0, 1]."""
        location, log_scale = self.apart(parameters)
        bounded = bounded_log_scale(log_scale, start=self.start_scale, smallest=self.smallest_scale)
        return ops.sigmoid(location), bounded

    def mean(self, parameters: Tensor) -> Tensor:
        """The location: the mean, but for what the first and last grey level cut off the tails."""
        return ops.sigmoid(self.by_parameter(parameters)[:, :, :, 0])
