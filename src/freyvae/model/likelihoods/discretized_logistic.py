"""The default likelihood: a probability of the actual bytes."""

from dataclasses import dataclass
from typing import ClassVar

import keras
from keras import ops

from freyvae.model.likelihood import PROBABILITY_OF_BYTES, Likelihood, Tensor
from freyvae.model.logistic import bounded_log_scale, draw_logistic, logistic_log_mass


@dataclass(frozen=True)
class DiscretizedLogistic(Likelihood):
    """A logistic distribution cut into the 256 grey levels (Kingma et al. 2016, appendix; Salimans et al. 2017, eq. 2).

    A probability of the actual bytes, comparable in bits per dimension with lossless image formats.
    """

    name = "discretized-logistic"
    kind = PROBABILITY_OF_BYTES
    start_scale: ClassVar[float] = 0.05
    smallest_scale: ClassVar[float] = 0.1 / 255.0

    @property
    def parameters_per_value(self) -> int:
        """A location, squashed, and a log-scale."""
        return 2

    def _location_and_log_scale(self, parameters: Tensor) -> tuple[Tensor, Tensor]:
        location, log_scale = self.apart(parameters)
        bounded = bounded_log_scale(log_scale, start=self.start_scale, smallest=self.smallest_scale)
        return ops.sigmoid(location), bounded

    def log_prob_of_values(self, parameters: Tensor, levels: Tensor) -> Tensor:
        """See `Likelihood.log_prob_of_values`."""
        return logistic_log_mass(levels, *self._location_and_log_scale(parameters))

    def mean(self, parameters: Tensor) -> Tensor:
        """The location: the mean, but for what the first and last grey level cut off the tails."""
        return ops.sigmoid(self.by_parameter(parameters)[:, :, :, 0])

    def sample(self, parameters: Tensor, seed: keras.random.SeedGenerator) -> Tensor:
        """See `Likelihood.sample`."""
        drawn = draw_logistic(*self._location_and_log_scale(parameters), seed)
        return ops.reshape(drawn, (-1, *self.image_shape(parameters)))
