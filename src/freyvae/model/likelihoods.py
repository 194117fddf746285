"""Likelihoods p(x | z): probability distributions of images.

They are of the bytes themselves: `log_prob` takes uint8 images and returns nats per image. Each is bound to the raw
output of a decoder, `parameters_per_value` numbers for each of the image's values, side by side in the last axis.
"""

import math
from abc import ABC, abstractmethod
from typing import Any, ClassVar

import keras
from keras import ops

from freyvae.errors import BadInput

Tensor = Any  # a tensor of whichever backend Keras runs on

LOG_TWO_PI = math.log(2.0 * math.pi)


def sum_over_image(values: Tensor) -> Tensor:
    """Sum everything but the first axis: (image, height, width, channel) -> (image,)."""
    return ops.sum(values, axis=tuple(range(1, len(values.shape))))


class Likelihood(ABC):
    """p(x | z) of uint8 images, given what the decoder returned for z.

    Args:
        parameters: float tensor (image, height, width, channel * parameters_per_value).
    """

    name: ClassVar[str]
    parameters_per_value: ClassVar[int]
    is_probability_of_bytes: ClassVar[bool]
    """Whether exp(log_prob) sums to one over the 256 grey levels, so that bits per dimension mean something."""

    def __init__(self, parameters: Tensor):
        self.parameters = ops.split(parameters, self.parameters_per_value, axis=-1)

    @abstractmethod
    def log_prob(self, images: Tensor) -> Tensor:
        """Log-probability of uint8 images (image, height, width, channel), in nats per image, shape (image,)."""

    @abstractmethod
    def mean(self) -> Tensor:
        """Expected pixels, in [0, 1], shape (image, height, width, channel)."""

    @abstractmethod
    def sample(self, seed: keras.random.SeedGenerator) -> Tensor:
        """Draw uint8 images (image, height, width, channel)."""


def _bytes(fractions: Tensor) -> Tensor:
    return ops.cast(ops.round(255.0 * ops.clip(fractions, 0.0, 1.0)), "uint8")


class Bernoulli(Likelihood):
    """The post's likelihood: a grey level as the probability of a white pixel.

    Grey images are not coin flips: -log p has a floor, the pixels' own entropy, and is no probability of the bytes.
    """

    name = "bernoulli"
    parameters_per_value = 1
    is_probability_of_bytes = False

    def log_prob(self, images: Tensor) -> Tensor:
        """See `Likelihood.log_prob`."""
        (logits,) = self.parameters
        targets = ops.cast(images, logits.dtype) / 255.0
        # x log s(l) + (1 - x) log(1 - s(l)) = x l - softplus(l)
        return sum_over_image(targets * logits - ops.softplus(logits))

    def mean(self) -> Tensor:
        """See `Likelihood.mean`."""
        return ops.sigmoid(self.parameters[0])

    def sample(self, seed: keras.random.SeedGenerator) -> Tensor:
        """See `Likelihood.sample`."""
        mean = self.mean()
        return ops.cast(keras.random.uniform(ops.shape(mean), seed=seed) < mean, "uint8") * 255


class LocationScale(Likelihood):
    """A likelihood with a location and a scale for each value: squashed, and kept from vanishing."""

    parameters_per_value = 2
    # a scale of 1 is all the range there is: beginning there would first have to be unlearned
    start_scale: ClassVar[float]
    smallest_scale: ClassVar[float]

    def __init__(self, parameters: Tensor):
        super().__init__(parameters)
        location, log_scale = self.parameters
        self.location = ops.sigmoid(location)
        self.log_scale = ops.maximum(log_scale + math.log(self.start_scale), math.log(self.smallest_scale))

    def mean(self) -> Tensor:
        """The location: the mean, but for what the first and last grey level cut off the tails."""
        return self.location


class Gaussian(LocationScale):
    """A normal density with learned scale on pixels in [0, 1] (Kingma & Welling 2014, appendix C.2).

    A density: its logarithm may be positive, and it has no bits per dimension.
    """

    name = "gaussian"
    is_probability_of_bytes = False
    start_scale = 0.1
    # below about half a grey level a density on bytes only measures that bytes are bytes
    smallest_scale = 0.5 / 255.0

    def log_prob(self, images: Tensor) -> Tensor:
        """See `Likelihood.log_prob`."""
        standardized = (ops.cast(images, self.location.dtype) / 255.0 - self.location) * ops.exp(-self.log_scale)
        return sum_over_image(-0.5 * (ops.square(standardized) + LOG_TWO_PI) - self.log_scale)

    def sample(self, seed: keras.random.SeedGenerator) -> Tensor:
        """See `Likelihood.sample`."""
        noise = keras.random.normal(ops.shape(self.location), seed=seed)
        return _bytes(self.location + ops.exp(self.log_scale) * noise)


class DiscretizedLogistic(LocationScale):
    """A logistic distribution cut into the 256 grey levels (Kingma et al. 2016, appendix; Salimans et al. 2017, eq. 2).

    P(x) = s((x + 1/2 - m) / w) - s((x - 1/2 - m) / w), the first and last level taking the tails: a probability of
    the actual bytes, comparable in bits per dimension with lossless image formats.
    """

    name = "discretized-logistic"
    is_probability_of_bytes = True
    start_scale = 0.05
    smallest_scale = 0.1 / 255.0

    def log_prob(self, images: Tensor) -> Tensor:
        """See `Likelihood.log_prob`."""
        levels = ops.cast(images, self.location.dtype)
        inverse_scale = ops.exp(-self.log_scale)
        upper = ((levels + 0.5) / 255.0 - self.location) * inverse_scale
        lower = ((levels - 0.5) / 255.0 - self.location) * inverse_scale
        # s(b) - s(a) = s(b) s(-a) (1 - exp(a - b)): no cancellation, however far in a tail
        below_top, above_bottom = levels < 254.5, levels > 0.5
        width = ops.log(-ops.expm1(-inverse_scale / 255.0))
        zero = ops.zeros_like(upper)
        return sum_over_image(
            ops.where(below_top, ops.log_sigmoid(upper), zero)
            + ops.where(above_bottom, ops.log_sigmoid(-lower), zero)
            + ops.where(ops.logical_and(below_top, above_bottom), width, zero)
        )

    def sample(self, seed: keras.random.SeedGenerator) -> Tensor:
        """See `Likelihood.sample`."""
        uniform = keras.random.uniform(ops.shape(self.location), 1e-6, 1.0 - 1e-6, seed=seed)
        return _bytes(self.location + ops.exp(self.log_scale) * (ops.log(uniform) - ops.log1p(-uniform)))


LIKELIHOODS: dict[str, type[Likelihood]] = {kind.name: kind for kind in (Bernoulli, Gaussian, DiscretizedLogistic)}


def likelihood_named(name: str) -> type[Likelihood]:
    """The likelihood class of this name. Raises `BadInput` for a name there is none of."""
    if name not in LIKELIHOODS:
        raise BadInput(f"unknown likelihood {name!r}: choose one of {', '.join(LIKELIHOODS)}")
    return LIKELIHOODS[name]
