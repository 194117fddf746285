"""Likelihoods p(x | z): probability distributions of images.

They are of the bytes themselves: `log_prob` takes uint8 images and returns nats per image. Each is bound to the raw
output of a decoder, `parameters_per_value` numbers for each of the image's values, side by side in the last axis.
"""

import math
from abc import ABC, abstractmethod
from typing import Any, ClassVar

import keras
from keras import ops

from freyvae.arguments import one_of

Tensor = Any  # a tensor of whichever backend Keras runs on

LOG_TWO_PI = math.log(2.0 * math.pi)


class Likelihood(ABC):
    """p(x | z) of uint8 images, given what the decoder returned for z.

    Inside, an image's values are one row, so that tensors are (image, value): over the short axes of an image, a
    compiler's loops are too short to be vectors, and a training step takes a tenth to a fifth longer.

    Args:
        parameters: float tensor (image, height, width, channel * parameters_per_value).
    """

    name: ClassVar[str]
    parameters_per_value: ClassVar[int]
    is_probability_of_bytes: ClassVar[bool]
    """Whether exp(log_prob) sums to one over the 256 grey levels, so that bits per dimension mean something."""
    has_location: ClassVar[bool] = True
    """Whether the first parameter of a value is a squashed location; the others may then be the same for every code."""

    def __init__(self, parameters: Tensor):
        self.dtype = parameters.dtype
        self.image_shape = (*parameters.shape[1:3], parameters.shape[3] // self.parameters_per_value)

    def of_each_value(self, parameters: Tensor) -> list[Tensor]:
        """The parameters apart, each (image, value)."""
        return [self._in_rows(values) for values in ops.split(parameters, self.parameters_per_value, axis=-1)]

    def log_prob(self, images: Tensor) -> Tensor:
        """Log-probability of uint8 images (image, height, width, channel), in nats per image, shape (image,)."""
        return ops.sum(self.log_prob_of_values(ops.cast(self._in_rows(images), self.dtype)), axis=-1)

    @abstractmethod
    def log_prob_of_values(self, levels: Tensor) -> Tensor:
        """Log-probability of each value, in nats, for grey levels 0 to 255 as floats.

        The last axes are (image, value), of either of which the levels may have but one.
        """

    @abstractmethod
    def mean(self) -> Tensor:
        """Expected pixels, in [0, 1], shape (image, height, width, channel)."""

    @abstractmethod
    def sample(self, seed: keras.random.SeedGenerator) -> Tensor:
        """Draw uint8 images (image, height, width, channel)."""

    def _in_rows(self, images: Tensor) -> Tensor:
        return ops.reshape(images, (-1, math.prod(self.image_shape)))

    def _as_images(self, rows: Tensor) -> Tensor:
        return ops.reshape(rows, (-1, *self.image_shape))


class ProbabilityOfBytes(Likelihood):
    """A likelihood whose probabilities sum to one over the 256 grey levels."""

    is_probability_of_bytes = True

    def log_probabilities(self) -> Tensor:
        """Log-probability of every grey level, in nats: float tensor (image, height, width, channel, 256).

        That is 256 numbers for each value: 140 thousand for a grey image of 28 by 20 pixels.
        """
        levels = ops.reshape(ops.arange(256, dtype=self.dtype), (256, 1, 1))
        each = self.log_prob_of_values(levels)
        return ops.reshape(ops.moveaxis(each, 0, -1), (-1, *self.image_shape, 256))


def _bytes(fractions: Tensor) -> Tensor:
    return ops.cast(ops.round(255.0 * ops.clip(fractions, 0.0, 1.0)), "uint8")


def log_sigmoid(values: Tensor) -> Tensor:
    """The logarithm of s(x): min(x, 0) - log(1 + exp(-|x|)), to a float's absolute precision.

    Keras's own has all digits of results near 0, which are lost in sums, and takes a training step a sixth longer.
    """
    size = ops.abs(values)
    return 0.5 * (values - size) - ops.log(1.0 + ops.exp(-size))


class Bernoulli(Likelihood):
    """The post's likelihood: a grey level as the probability of a white pixel.

    Grey images are not coin flips: -log p has a floor, the pixels' own entropy, and is no probability of the bytes.
    """

    name = "bernoulli"
    parameters_per_value = 1
    is_probability_of_bytes = False

    def __init__(self, parameters: Tensor):
        super().__init__(parameters)
        (self.logits,) = self.of_each_value(parameters)

    def log_prob_of_values(self, levels: Tensor) -> Tensor:
        """See `Likelihood.log_prob_of_values`."""
        # x log s(l) + (1 - x) log(1 - s(l)) = x l + log s(-l), for s(l) = exp(l) s(-l) and 1 - s(l) = s(-l)
        return levels / 255.0 * self.logits + log_sigmoid(-self.logits)

    def mean(self) -> Tensor:
        """See `Likelihood.mean`."""
        return self._as_images(ops.sigmoid(self.logits))

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
        location, log_scale = self.of_each_value(parameters)
        self.location = ops.sigmoid(location)
        self.log_scale = ops.maximum(log_scale + math.log(self.start_scale), math.log(self.smallest_scale))

    def mean(self) -> Tensor:
        """The location: the mean, but for what the first and last grey level cut off the tails."""
        return self._as_images(self.location)


class Gaussian(LocationScale):
    """A normal density with learned scale on pixels in [0, 1] (Kingma & Welling 2014, appendix C.2).

    A density: its logarithm may be positive, and it has no bits per dimension.
    """

    name = "gaussian"
    is_probability_of_bytes = False
    start_scale = 0.1
    # below about half a grey level a density on bytes only measures that bytes are bytes
    smallest_scale = 0.5 / 255.0

    def log_prob_of_values(self, levels: Tensor) -> Tensor:
        """See `Likelihood.log_prob_of_values`."""
        standardized = (levels / 255.0 - self.location) * ops.exp(-self.log_scale)
        return -0.5 * (ops.square(standardized) + LOG_TWO_PI) - self.log_scale

    def sample(self, seed: keras.random.SeedGenerator) -> Tensor:
        """See `Likelihood.sample`."""
        noise = keras.random.normal(ops.shape(self.location), seed=seed)
        return self._as_images(_bytes(self.location + ops.exp(self.log_scale) * noise))


def logistic_log_mass(levels: Tensor, location: Tensor, log_scale: Tensor) -> Tensor:
    """Log-probability, in nats, of grey levels 0 to 255 under a logistic distribution cut into the 256 of them.

    Salimans et al. 2017, eq. 2: P(x) = s((x + 1/2 - m) / w) - s((x - 1/2 - m) / w), the first and last level taking
    the tails. Floats that broadcast: the levels, the location m and log w, these two for pixels in [0, 1].
    """
    inverse_scale = ops.exp(-log_scale)
    upper = ((levels + 0.5) / 255.0 - location) * inverse_scale
    lower = ((levels - 0.5) / 255.0 - location) * inverse_scale
    # s(b) - s(a) = s(b) s(-a) (1 - exp(a - b)): no cancellation, however far in a tail
    below_top, above_bottom = levels < 254.5, levels > 0.5
    width = ops.log(-ops.expm1(-inverse_scale / 255.0))
    zero = ops.zeros_like(upper)
    return (
        ops.where(below_top, log_sigmoid(upper), zero)
        + ops.where(above_bottom, log_sigmoid(-lower), zero)
        + ops.where(ops.logical_and(below_top, above_bottom), width, zero)
    )


def _draw_logistic(location: Tensor, log_scale: Tensor, seed: keras.random.SeedGenerator) -> Tensor:
    """Draw grey levels: s(x) is the distribution function, so that its inverse makes uniform numbers logistic."""
    uniform = keras.random.uniform(ops.shape(location), 1e-6, 1.0 - 1e-6, seed=seed)
    return _bytes(location + ops.exp(log_scale) * (ops.log(uniform) - ops.log1p(-uniform)))


class DiscretizedLogistic(LocationScale, ProbabilityOfBytes):
    """A logistic distribution cut into the 256 grey levels (Kingma et al. 2016, appendix; Salimans et al. 2017, eq. 2).

    A probability of the actual bytes, comparable in bits per dimension with lossless image formats.
    """

    name = "discretized-logistic"
    start_scale = 0.05
    smallest_scale = 0.1 / 255.0

    def log_prob_of_values(self, levels: Tensor) -> Tensor:
        """See `Likelihood.log_prob_of_values`."""
        return logistic_log_mass(levels, self.location, self.log_scale)

    def sample(self, seed: keras.random.SeedGenerator) -> Tensor:
        """See `Likelihood.sample`."""
        return self._as_images(_draw_logistic(self.location, self.log_scale, seed))


class MixtureOfLogistics(ProbabilityOfBytes):
    """Logistic distributions cut into the 256 grey levels, and mixed (Salimans et al. 2017, eq. 1 and 2).

    Without their conditioning of a colour on the others. Each value has a location m, squashed, where its first
    component lies, and which moves all of them; the components have a log-scale log w_k and a logit each, and all but
    the first an offset o_k from m, in units of their own scale: m_k = m + w_k o_k. Parameters of zero are equal
    components of the starting scale at m, m - w and m + w: apart, or they would learn the same.
    """

    name = "mixture-of-logistics"
    components: ClassVar[int] = 3
    parameters_per_value = 3 * components  # a location, components - 1 offsets, then log-scales and logits
    start_scale = DiscretizedLogistic.start_scale
    smallest_scale = DiscretizedLogistic.smallest_scale
    start_offsets: ClassVar[tuple[float, ...]] = (-1.0, 1.0)  # of all but the first component

    def __init__(self, parameters: Tensor):
        super().__init__(parameters)
        count = self.components
        location, *others = self.of_each_value(parameters)
        offsets, log_scales, logits = others[: count - 1], others[count - 1 : 2 * count - 1], others[2 * count - 1 :]
        # one axis more in front, (component, image, value)
        log_scale = ops.stack(log_scales) + math.log(self.start_scale)
        self.log_scale = ops.maximum(log_scale, math.log(self.smallest_scale))
        offsets = [offset + start for offset, start in zip(offsets, self.start_offsets, strict=True)]
        offset = ops.stack([ops.zeros_like(location), *offsets])
        self.location = ops.sigmoid(location) + ops.exp(self.log_scale) * offset
        self.logits = ops.stack(logits)

    def log_prob_of_values(self, levels: Tensor) -> Tensor:
        """See `Likelihood.log_prob_of_values`."""
        log_masses = logistic_log_mass(ops.expand_dims(levels, -3), self.location, self.log_scale)
        return ops.logsumexp(ops.log_softmax(self.logits, axis=0) + log_masses, axis=-3)

    def mean(self) -> Tensor:
        """The mixture's mean: the mean, but for what the first and last grey level cut off the tails."""
        mean = ops.sum(ops.softmax(self.logits, axis=0) * self.location, axis=0)
        return self._as_images(ops.clip(mean, 0.0, 1.0))

    def sample(self, seed: keras.random.SeedGenerator) -> Tensor:
        """See `Likelihood.sample`."""
        # the largest of logits plus Gumbel noise: each component with its probability
        uniform = keras.random.uniform(ops.shape(self.logits), 1e-6, 1.0 - 1e-6, seed=seed)
        chosen = ops.argmax(self.logits - ops.log(-ops.log(uniform)), axis=0)
        chosen = ops.one_hot(chosen, self.components, axis=0)
        location, log_scale = (ops.sum(chosen * values, axis=0) for values in (self.location, self.log_scale))
        return self._as_images(_draw_logistic(location, log_scale, seed))


class Categorical(ProbabilityOfBytes):
    """A probability of its own for each of the 256 grey levels, by a softmax (van den Oord et al. 2016, section 3.2).

    The likelihood of van den Berg et al. 2018. It knows of no order among the levels, and takes 256 numbers a value:
    140 thousand for a grey image of 28 by 20 pixels, 57 MB for a batch of 100.
    """

    name = "categorical"
    parameters_per_value = 256
    has_location = False

    def __init__(self, parameters: Tensor):
        super().__init__(parameters)
        # (image, height, width, 256 * channel) -> (image, value, 256)
        height, width, channels = self.image_shape
        logits = ops.swapaxes(ops.reshape(parameters, (-1, height * width, 256, channels)), -1, -2)
        self.logits = ops.reshape(logits, (-1, math.prod(self.image_shape), 256))

    def log_prob_of_values(self, levels: Tensor) -> Tensor:
        """See `Likelihood.log_prob_of_values`."""
        is_level = ops.expand_dims(levels, -1) == ops.arange(256, dtype=self.dtype)
        chosen = ops.sum(ops.where(is_level, self.logits, ops.zeros_like(self.logits)), axis=-1)
        return chosen - ops.logsumexp(self.logits, axis=-1)

    def log_probabilities(self) -> Tensor:
        """See `ProbabilityOfBytes.log_probabilities`."""
        return ops.reshape(ops.log_softmax(self.logits, axis=-1), (-1, *self.image_shape, 256))

    def mean(self) -> Tensor:
        """See `Likelihood.mean`."""
        levels = ops.arange(256, dtype=self.dtype)
        return self._as_images(ops.sum(ops.softmax(self.logits, axis=-1) * levels, axis=-1) / 255.0)

    def sample(self, seed: keras.random.SeedGenerator) -> Tensor:
        """See `Likelihood.sample`."""
        # the level at which the distribution function passes a uniform number
        distribution = ops.cumsum(ops.softmax(self.logits, axis=-1), axis=-1)
        uniform = keras.random.uniform((*ops.shape(self.logits)[:-1], 1), seed=seed)
        passed = ops.sum(ops.cast(distribution[..., :-1] < uniform, "int32"), axis=-1)
        return self._as_images(ops.cast(passed, "uint8"))


LIKELIHOODS: dict[str, type[Likelihood]] = {
    kind.name: kind for kind in (Bernoulli, Gaussian, DiscretizedLogistic, MixtureOfLogistics, Categorical)
}


def likelihood_named(name: str) -> type[Likelihood]:
    """The likelihood class of this name. Raises `BadInput` for a name there is none of."""
    return LIKELIHOODS[one_of("likelihood", name, LIKELIHOODS)]
