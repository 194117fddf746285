"""A probability of its own for each grey level."""

from __future__ import annotations

import math
from dataclasses import dataclass

from freyvae.late import keras, np, ops
from freyvae.model.likelihood import PROBABILITY_OF_BYTES, Likelihood, Tensor

LEVELS = 256


@dataclass(frozen=True)
class Categorical(Likelihood):
    """A probability of its own for each of the 256 grey levels, by a softmax (van den Oord et al. 2016, section 2.2).

    The likelihood of van den Berg et al. 2018. It knows of no order among the levels, and takes 256 numbers a value:
    140 thousand for a grey image of 28 by 20 pixels, 57 MB for a batch of 100.
    """

    name = "categorical"
    kind = PROBABILITY_OF_BYTES
    has_location = False

    @property
    def parameters_per_value(self) -> int:
        """A logit a level."""
        return LEVELS

    def _logits(self, parameters: Tensor) -> Tensor:
        """(image, value, level)."""
        height, width, channels = self.image_shape(parameters)
        logits = ops.swapaxes(ops.reshape(parameters, (-1, height * width, LEVELS, channels)), -1, -2)
        return ops.reshape(logits, (-1, height * width * channels, LEVELS))

    def log_prob_of_values(self, parameters: Tensor, levels: Tensor) -> Tensor:
        """As `Likelihood.log_prob_of_values`."""
        logits = self._logits(parameters)
        is_level = ops.expand_dims(levels, -1) == ops.arange(LEVELS, dtype=logits.dtype)
        chosen = ops.sum(ops.where(is_level, logits, ops.zeros_like(logits)), axis=-1)
        return chosen - ops.logsumexp(logits, axis=-1)

    def mean(self, parameters: Tensor) -> Tensor:
        """As `Likelihood.mean`."""
        fractions = (np.arange(LEVELS, dtype="float32") / 255.0).reshape(-1, 1)
        return ops.sum(ops.multiply(ops.softmax(self.by_parameter(parameters), axis=3), fractions), axis=3)

    def sample(self, parameters: Tensor, seed: keras.random.SeedGenerator) -> Tensor:
        """As `Likelihood.sample`."""
        # the level at which the distribution function passes a uniform number
        logits = self._logits(parameters)
        distribution = ops.cumsum(ops.softmax(logits, axis=-1), axis=-1)
        uniform = keras.random.uniform((*ops.shape(logits)[:-1], 1), seed=seed)
        passed = ops.sum(ops.cast(distribution[..., :-1] < uniform, "int32"), axis=-1)
        return ops.reshape(ops.cast(passed, "uint8"), (-1, *self.image_shape(parameters)))

    def start_bias(self, images: np.ndarray) -> list[np.ndarray]:
        """Each value's own histogram, smoothed: a count of one more for each level (Laplace's rule)."""
        counts = np.stack([(images == level).sum(axis=0) + 1 for level in range(LEVELS)], axis=-2)
        logits = np.log(counts / (len(images) + LEVELS))
        # in the decoder's order: the first level's logit stands in the location's place
        return [logits[..., 0, :].ravel(), logits[..., 1:, :].reshape(math.prod(images.shape[1:]) * (LEVELS - 1))]
