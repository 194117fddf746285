"""Distributions of latents: q(z | x), one for each image, and p(z), one for all.

Of a flow the density is known at its own draws only, so a draw comes with it.
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import Any

from freyvae.engine.draws import draw_for_images
from freyvae.late import keras, ops

Tensor = Any

LOG_TWO_PI = math.log(2.0 * math.pi)
# of a latent whose posterior is 55 times as wide as the standard normal: none that has learned anything has as much
LARGEST_LOG_VARIANCE = 8.0
# draws from which the deviation of a flow is estimated
DEVIATION_DRAWS = 32


class Conditional(ABC):
    """q(z | x), a distribution of latents for each image."""

    @property
    @abstractmethod
    def mean(self) -> Tensor:
        """The code, (image, latent): the mean, or what a flow makes of the mean that it begins with."""

    @property
    @abstractmethod
    def deviation(self) -> Tensor:
        """The standard deviation of each latent about the code, (image, latent)."""

    @abstractmethod
    def draw(self, seed: keras.random.SeedGenerator, *, noise_scale: float = 1.0) -> tuple[Tensor, Tensor]:
        """Draw latents, differentiable in everything the encoder gave (Kingma & Welling 2014, section 2.4).

        `noise_scale` is the noise's standard deviation: 1, but 0.01 in the post.

        Returns:
            latents (image, latent), and there the log-density in nats (image,) of the distribution itself, whose noise
            has deviation 1.
        """

    @property
    @abstractmethod
    def centre(self) -> Tensor:
        """What noise is added to, (image, latent): the mean, or with a flow that of the normals it begins with."""

    @abstractmethod
    def centred_at(self, centre: Tensor) -> Conditional:
        """The same distributions with another `centre`, (image, latent)."""

    @abstractmethod
    def repeated(self, count: int) -> Conditional:
        """The same distributions `count` times, one after another: (image, ...) -> (count * image, ...)."""

    def sample(self, seed: keras.random.SeedGenerator, *, noise_scale: float = 1.0) -> Tensor:
        """The latents of `draw` alone, (image, latent)."""
        return self.draw(seed, noise_scale=noise_scale)[0]


def without_overflow(log_variance: Tensor) -> Tensor:
    """Log-variances as they are up to `LARGEST_LOG_VARIANCE`, and beyond it growing as a logarithm.

    In the first steps of a training an encoder may say anything, and the exponential of 100 is no float32. The gradient
    never is 0, so that it comes back.
    """
    beyond = ops.maximum(log_variance - LARGEST_LOG_VARIANCE, 0.0)
    return ops.minimum(log_variance, LARGEST_LOG_VARIANCE) + ops.log1p(beyond)


class IndependentNormals(Conditional):
    """A normal distribution with independent latents for each image.

    Args:
        mean: float tensor (image, latent).
        log_variance: float tensor (image, latent).
    """

    def __init__(self, mean: Tensor, log_variance: Tensor):
        self._mean = mean
        self.log_variance = log_variance

    @property
    def mean(self) -> Tensor:
        """The mean, (image, latent)."""
        return self._mean

    @property
    def deviation(self) -> Tensor:
        """The standard deviation, (image, latent)."""
        return ops.exp(0.5 * self.log_variance)

    def draw(self, seed: keras.random.SeedGenerator, *, noise_scale: float = 1.0) -> tuple[Tensor, Tensor]:
        """As `Conditional.draw`: z = mean + deviation * noise."""
        noise = noise_scale * draw_for_images(keras.random.normal, ops.shape(self.mean), seed=seed)
        log_density = -0.5 * ops.sum(ops.square(noise) + self.log_variance + LOG_TWO_PI, axis=-1)
        return self.mean + self.deviation * noise, log_density

    @property
    def centre(self) -> Tensor:
        """As `Conditional.centre`."""
        return self._mean

    def centred_at(self, centre: Tensor) -> IndependentNormals:
        """As `Conditional.centred_at`."""
        return IndependentNormals(centre, self.log_variance)

    def repeated(self, count: int) -> IndependentNormals:
        """As `Conditional.repeated`."""
        return IndependentNormals(ops.tile(self.mean, (count, 1)), ops.tile(self.log_variance, (count, 1)))

    def log_prob(self, latents: Tensor) -> Tensor:
        """Log-density of latents (..., image, latent) in nats, shape (..., image)."""
        standardized = (latents - self.mean) * ops.exp(-0.5 * self.log_variance)
        return -0.5 * ops.sum(ops.square(standardized) + self.log_variance + LOG_TWO_PI, axis=-1)

    def kl_to_standard_normal(self) -> Tensor:
        """KL(q || N(0, I)) for each latent, in nats, shape (image, latent): Kingma & Welling 2014, appendix B."""
        return -0.5 * (1.0 + self.log_variance - ops.square(self.mean) - ops.exp(self.log_variance))


class TransformedNormals(Conditional):
    """Independent normals, carried through a flow (Rezende & Mohamed 2015, eq. 13).

    Args:
        base: the normals that it begins with.
        transform: (latents, parameters) -> latents and log |det dz_K / dz_0|, the flow.
        parameters: what the flow is for each image, float tensor (image, number).
    """

    def __init__(
        self, base: IndependentNormals, transform: Callable[[Tensor, Tensor], tuple[Tensor, Tensor]], parameters: Tensor
    ):
        self.base, self.transform, self.parameters = base, transform, parameters

    @property
    def mean(self) -> Tensor:
        """The base's mean carried through the flow, (image, latent): the same at every call, though not E[z]."""
        return self.transform(self.base.mean, self.parameters)[0]

    @property
    def deviation(self) -> Tensor:
        """As `Conditional.deviation`, estimated from 32 draws, the noise of each the same for every image.

        So it is the same at every call, whatever images stand beside one.
        """
        seed, code, base = keras.random.SeedGenerator(0), self.mean, self.base
        squares = []
        for _ in range(DEVIATION_DRAWS):
            noise = keras.random.normal((1, ops.shape(code)[1]), dtype=code.dtype, seed=seed)
            latents, _ = self.transform(base.mean + base.deviation * noise, self.parameters)
            squares.append(ops.square(latents - code))
        return ops.sqrt(sum(squares) / DEVIATION_DRAWS)

    def draw(self, seed: keras.random.SeedGenerator, *, noise_scale: float = 1.0) -> tuple[Tensor, Tensor]:
        """As `Conditional.draw`: the noise is that of the base."""
        latents, log_density = self.base.draw(seed, noise_scale=noise_scale)
        latents, log_determinant = self.transform(latents, self.parameters)
        return latents, log_density - log_determinant

    @property
    def centre(self) -> Tensor:
        """As `Conditional.centre`."""
        return self.base.centre

    def centred_at(self, centre: Tensor) -> TransformedNormals:
        """As `Conditional.centred_at`."""
        return TransformedNormals(self.base.centred_at(centre), self.transform, self.parameters)

    def repeated(self, count: int) -> TransformedNormals:
        """As `Conditional.repeated`."""
        return TransformedNormals(self.base.repeated(count), self.transform, ops.tile(self.parameters, (count, 1)))


class Marginal(ABC):
    """p(z), a distribution of codes of `latent_dim` latents."""

    latent_dim: int

    @abstractmethod
    def sample(self, count: int, seed: keras.random.SeedGenerator) -> Tensor:
        """Draw latents (count, latent), float32."""

    @abstractmethod
    def log_prob(self, latents: Tensor) -> Tensor:
        """Log-density of latents (..., latent) in nats, shape (...)."""


class UnitNormal(Marginal):
    """N(0, I)."""

    def __init__(self, latent_dim: int):
        self.latent_dim = latent_dim

    def sample(self, count: int, seed: keras.random.SeedGenerator) -> Tensor:
        """As `Marginal.sample`."""
        return keras.random.normal((count, self.latent_dim), seed=seed)

    def log_prob(self, latents: Tensor) -> Tensor:
        """As `Marginal.log_prob`."""
        return -0.5 * ops.sum(ops.square(latents) + LOG_TWO_PI, axis=-1)


class MixtureOfNormals(Marginal):
    """sum_k softmax(logits)_k N(z; means_k, diag(exp(log_variances_k))).

    Args:
        logits: float tensor (component,), of the components' probabilities.
        means: float tensor (component, latent).
        log_variances: float tensor (component, latent).
    """

    def __init__(self, logits: Tensor, means: Tensor, log_variances: Tensor):
        self.logits, self.means, self.log_variances = logits, means, log_variances
        self.latent_dim = int(means.shape[-1])

    def sample(self, count: int, seed: keras.random.SeedGenerator) -> Tensor:
        """As `Marginal.sample`."""
        chosen = keras.random.categorical(ops.expand_dims(self.logits, 0), count, seed=seed)[0]
        noise = keras.random.normal((count, self.latent_dim), seed=seed)
        deviations = ops.exp(0.5 * self.log_variances)
        return ops.take(self.means, chosen, axis=0) + ops.take(deviations, chosen, axis=0) * noise

    def log_prob(self, latents: Tensor) -> Tensor:
        """As `Marginal.log_prob`."""
        standardized = (ops.expand_dims(latents, -2) - self.means) * ops.exp(-0.5 * self.log_variances)
        each = -0.5 * ops.sum(ops.square(standardized) + self.log_variances + LOG_TWO_PI, axis=-1)
        return ops.logsumexp(each + ops.log_softmax(self.logits), axis=-1)
