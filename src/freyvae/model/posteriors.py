"""Posteriors q(z | x): what the recognition model R says of the latents of an image.

All have one contract, `Posterior`. Of a flow the density is known at its own draws only, so a draw comes with it.
"""

import math
from abc import ABC, abstractmethod
from typing import Any

import keras
from keras import ops

from freyvae.model.flows import FLOWS, Flow

Tensor = Any

LOG_TWO_PI = math.log(2.0 * math.pi)
POSTERIORS = ("diagonal-normal", *FLOWS)
# draws from which the deviation of a flow is estimated
DEVIATION_DRAWS = 32


class Posterior(ABC):
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
            latents (image, latent), and there the log-density in nats (image,) of the posterior itself, whose noise
            has deviation 1.
        """

    @abstractmethod
    def repeated(self, count: int) -> "Posterior":
        """The same distributions `count` times, one after another: (image, ...) -> (count * image, ...)."""

    def sample(self, seed: keras.random.SeedGenerator, *, noise_scale: float = 1.0) -> Tensor:
        """The latents of `draw` alone, (image, latent)."""
        return self.draw(seed, noise_scale=noise_scale)[0]


class DiagonalNormal(Posterior):
    """q(z | x): a normal distribution with independent latents.

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
        """See `Posterior.deviation`."""
        return ops.exp(0.5 * self.log_variance)

    def draw(self, seed: keras.random.SeedGenerator, *, noise_scale: float = 1.0) -> tuple[Tensor, Tensor]:
        """See `Posterior.draw`: z = mean + deviation * noise."""
        noise = noise_scale * keras.random.normal(ops.shape(self.mean), seed=seed)
        log_density = -0.5 * ops.sum(ops.square(noise) + self.log_variance + LOG_TWO_PI, axis=-1)
        return self.mean + self.deviation * noise, log_density

    def repeated(self, count: int) -> "DiagonalNormal":
        """See `Posterior.repeated`."""
        return DiagonalNormal(ops.tile(self.mean, (count, 1)), ops.tile(self.log_variance, (count, 1)))

    def log_prob(self, latents: Tensor) -> Tensor:
        """Log-density of latents (..., image, latent) in nats, shape (..., image)."""
        standardized = (latents - self.mean) * ops.exp(-0.5 * self.log_variance)
        return -0.5 * ops.sum(ops.square(standardized) + self.log_variance + LOG_TWO_PI, axis=-1)

    def kl_to_standard_normal(self) -> Tensor:
        """KL(q || N(0, I)) for each latent, in nats, shape (image, latent): Kingma & Welling 2014, appendix B."""
        return -0.5 * (1.0 + self.log_variance - ops.square(self.mean) - ops.exp(self.log_variance))


class FlowPosterior(Posterior):
    """q(z | x): a diagonal normal, carried through a flow (Rezende & Mohamed 2015, eq. 13).

    Args:
        base: the normal that it begins with.
        flow: the steps.
        parameters: what the steps are for each image, float tensor (image, `Flow.parameters_per_image`).
    """

    def __init__(self, base: DiagonalNormal, flow: Flow, parameters: Tensor):
        self.base, self.flow, self.parameters = base, flow, parameters

    @property
    def mean(self) -> Tensor:
        """The base's mean carried through the flow, (image, latent): the same at every call, though not E[z]."""
        return self.flow.transform(self.base.mean, self.parameters)[0]

    @property
    def deviation(self) -> Tensor:
        """See `Posterior.deviation`: estimated from the same 32 draws at every call."""
        seed, code = keras.random.SeedGenerator(0), self.mean
        squares = [ops.square(self.sample(seed) - code) for _ in range(DEVIATION_DRAWS)]
        return ops.sqrt(sum(squares) / DEVIATION_DRAWS)

    def draw(self, seed: keras.random.SeedGenerator, *, noise_scale: float = 1.0) -> tuple[Tensor, Tensor]:
        """See `Posterior.draw`: the noise is that of the base."""
        latents, log_density = self.base.draw(seed, noise_scale=noise_scale)
        latents, log_determinant = self.flow.transform(latents, self.parameters)
        return latents, log_density - log_determinant

    def repeated(self, count: int) -> "FlowPosterior":
        """See `Posterior.repeated`."""
        return FlowPosterior(self.base.repeated(count), self.flow, ops.tile(self.parameters, (count, 1)))


def flow_parameters(posterior: str, latent_dim: int, flow_length: int) -> int:
    """How many numbers the encoder's third output must have for the posterior of this name; 0: there is none."""
    return FLOWS[posterior].parameters_per_image(latent_dim, flow_length) if posterior in FLOWS else 0
