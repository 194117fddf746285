"""Priors p(z): what is known of the latents before an image is seen."""

import math
from typing import Any

import keras
from keras import ops

Tensor = Any

LOG_TWO_PI = math.log(2.0 * math.pi)


class StandardNormal:
    """p(z) = N(0, I), the prior."""

    def __init__(self, latent_dim: int):
        self.latent_dim = latent_dim

    def sample(self, count: int, seed: keras.random.SeedGenerator) -> Tensor:
        """Draw latents (count, latent)."""
        return keras.random.normal((count, self.latent_dim), seed=seed)

    def log_prob(self, latents: Tensor) -> Tensor:
        """Log-density of latents (..., latent) in nats, shape (...)."""
        return -0.5 * ops.sum(ops.square(latents) + LOG_TWO_PI, axis=-1)
