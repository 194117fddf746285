"""A normal density with learned scale."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import ClassVar

from freyvae.late import keras, np, ops
from freyvae.model.likelihood import Tensor, as_bytes
from freyvae.model.location_scale import LocationScale

LOG_TWO_PI = math.log(2.0 * math.pi)


@dataclass(frozen=True)
class Gaussian(LocationScale):
    """A normal density with learned scale on pixels in [0, 1] (Kingma & Welling 2014, appendix C.2).

    A density: its logarithm may be positive, and it has no bits per dimension.
    """

    name = "gaussian"
    kind = "density of pixels in [0, 1]"
    caution = (
        "The Gaussian likelihood is a density of pixels in [0, 1]: its nats may be negative, it has no bits per "
        "dimension, and no nats here compare with those of a probability of the bytes."
    )
    start_scale: ClassVar[float] = 0.1
    # below about half a grey level a density on bytes only measures that bytes are bytes
    smallest_scale: ClassVar[float] = 0.5 / 255.0

    def log_prob_of_values(self, parameters: Tensor, levels: Tensor) -> Tensor:
        """As `Likelihood.log_prob_of_values`."""
        location, log_scale = self.location_and_log_scale(parameters)
        standardized = (levels / 255.0 - location) * ops.exp(-log_scale)
        return -0.5 * (ops.square(standardized) + LOG_TWO_PI) - log_scale

    def sample(self, parameters: Tensor, seed: keras.random.SeedGenerator) -> Tensor:
        """As `Likelihood.sample`."""
        location, log_scale = self.location_and_log_scale(parameters)
        drawn = location + ops.exp(log_scale) * keras.random.normal(ops.shape(location), seed=seed)
        return ops.reshape(as_bytes(drawn), (-1, *self.image_shape(parameters)))

    def constant_nats(self, mean: np.ndarray, deviation: np.ndarray, levels: np.ndarray) -> np.ndarray:
        """A normal of the training images' means and deviations."""
        return np.asarray(0.5 * (((levels - mean) / deviation) ** 2 + LOG_TWO_PI) + np.log(deviation / 255.0))
