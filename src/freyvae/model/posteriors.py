"""Posteriors q(z | x): what the recognition model R says of the latents of an image."""

import math
from typing import Any

import keras
from keras import ops

Tensor = Any

LOG_TWO_PI = math.log(2.0 * math.pi)


class DiagonalNormal:
    """q(z | x): a normal distribution with independent latents.

    Args:
        mean: float tensor (image, latent).
        log_variance: float tensor (image, latent).
    """

    def __init__(self, mean: Tensor, log_variance: Tensor):
        self.mean = mean
        self.log_variance = log_variance

    def sample(self, seed: keras.random.SeedGenerator, *, noise_scale: float = 1.0) -> Tensor:
        """Draw latents (image, latent) by z = mean + deviation * noise, differentiable in mean and deviation.

        Kingma & Welling 2014, section 2.4. `noise_scale` is the noise's standard deviation: 1, but 0.01 in the post.
        """
        noise = noise_scale * keras.random.normal(ops.shape(self.mean), seed=seed)
        return self.mean + ops.exp(0.5 * self.log_variance) * noise

    def log_prob(self, latents: Tensor) -> Tensor:
        """Log-density of latents (..., image, latent) in nats, shape (..., image)."""
        standardized = (latents - self.mean) * ops.exp(-0.5 * self.log_variance)
        return -0.5 * ops.sum(ops.square(standardized) + self.log_variance + LOG_TWO_PI, axis=-1)

    def kl_to_standard_normal(self) -> Tensor:
        """KL(q || N(0, I)) for each latent, in nats, shape (image, latent): Kingma & Welling 2014, appendix B."""
        return -0.5 * (1.0 + self.log_variance - ops.square(self.mean) - ops.exp(self.log_variance))
