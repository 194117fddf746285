"""The default likelihood: a probability of the actual bytes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from freyvae.late import keras, ops
from freyvae.model.likelihood import PROBABILITY_OF_BYTES, Tensor
from freyvae.model.location_scale import LocationScale
from freyvae.model.logistic import draw_logistic, logistic_log_mass


@dataclass(frozen=True)
class DiscretizedLogistic(LocationScale):
    """A logistic distribution cut into the 256 grey levels (Kingma et al. 2016, appendix; Salimans et al. 2017, eq. 2).

    A probability of the actual bytes, comparable in bits per dimension with lossless image formats.
    """

    name = "discretized-logistic"
    kind = PROBABILITY_OF_BYTES
    start_scale: ClassVar[float] = 0.05
    smallest_scale: ClassVar[float] = 0.1 / 255.0

    def log_prob_of_values(self, parameters: Tensor, levels: Tensor) -> Tensor:
        """As `Likelihood.log_prob_of_values`."""
        return logistic_log_mass(levels, *self.location_and_log_scale(parameters))

    def sample(self, parameters: Tensor, seed: keras.random.SeedGenerator) -> Tensor:
        """As `Likelihood.sample`."""
        drawn = draw_logistic(*self.location_and_log_scale(parameters), seed)
        return ops.reshape(drawn, (-1, *self.image_shape(parameters)))
