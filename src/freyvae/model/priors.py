"""Priors p(z): what is known of the latents before an image is seen.

A `Prior` is a distribution. The learned ones are made by a layer that holds their weights, `GaussianMixturePrior` or
`VampPrior`: its `distribution()` is the `MixtureOfNormals` of the present weights.
"""

import math
from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import Any

import keras
import numpy as np
from keras import ops

from freyvae.model.memory import check_memory

Tensor = Any

LOG_TWO_PI = math.log(2.0 * math.pi)
PRIORS = ("standard-normal", "gaussian-mixture", "vamp")


class Prior(ABC):
    """p(z), a distribution of codes of `latent_dim` latents."""

    latent_dim: int

    @abstractmethod
    def sample(self, count: int, seed: keras.random.SeedGenerator) -> Tensor:
        """Draw latents (count, latent), float32."""

    @abstractmethod
    def log_prob(self, latents: Tensor) -> Tensor:
        """Log-density of latents (..., latent) in nats, shape (...)."""


class StandardNormal(Prior):
    """p(z) = N(0, I)."""

    def __init__(self, latent_dim: int):
        self.latent_dim = latent_dim

    def sample(self, count: int, seed: keras.random.SeedGenerator) -> Tensor:
        """See `Prior.sample`."""
        return keras.random.normal((count, self.latent_dim), seed=seed)

    def log_prob(self, latents: Tensor) -> Tensor:
        """See `Prior.log_prob`."""
        return -0.5 * ops.sum(ops.square(latents) + LOG_TWO_PI, axis=-1)


class MixtureOfNormals(Prior):
    """p(z) = sum_k softmax(logits)_k N(z; means_k, diag(exp(log_variances_k))).

    Args:
        logits: float tensor (component,), of the components' probabilities.
        means: float tensor (component, latent).
        log_variances: float tensor (component, latent).
    """

    def __init__(self, logits: Tensor, means: Tensor, log_variances: Tensor):
        self.logits, self.means, self.log_variances = logits, means, log_variances
        self.latent_dim = int(means.shape[-1])

    def sample(self, count: int, seed: keras.random.SeedGenerator) -> Tensor:
        """See `Prior.sample`."""
        chosen = keras.random.categorical(ops.expand_dims(self.logits, 0), count, seed=seed)[0]
        noise = keras.random.normal((count, self.latent_dim), seed=seed)
        deviations = ops.exp(0.5 * self.log_variances)
        return ops.take(self.means, chosen, axis=0) + ops.take(deviations, chosen, axis=0) * noise

    def log_prob(self, latents: Tensor) -> Tensor:
        """See `Prior.log_prob`."""
        standardized = (ops.expand_dims(latents, -2) - self.means) * ops.exp(-0.5 * self.log_variances)
        each = -0.5 * ops.sum(ops.square(standardized) + self.log_variances + LOG_TWO_PI, axis=-1)
        return ops.logsumexp(each + ops.log_softmax(self.logits), axis=-1)


class GaussianMixturePrior(keras.layers.Layer):
    """The weights of a mixture of normals with diagonal covariances, all of them learned.

    It starts with equal probabilities, unit variances and means drawn from N(0, I), which tells the components apart.

    Args:
        latent_dim: number of latents.
        components: number of normals.
        seed: of the means.
    """

    def __init__(self, latent_dim: int, components: int, *, seed: int):
        super().__init__(name="prior")
        shape = (components, latent_dim)
        check_memory("prior_components", (components, 2, latent_dim), "float32")  # and their noise
        start = keras.initializers.RandomNormal(stddev=1.0, seed=seed)
        self.logits = self.add_weight(shape=(components,), initializer="zeros", name="logits")
        self.means = self.add_weight(shape=shape, initializer=start, name="means")
        self.log_variances = self.add_weight(shape=shape, initializer="zeros", name="log_variances")
        self.built = True

    def distribution(self) -> MixtureOfNormals:
        """The mixture of the present weights."""
        return MixtureOfNormals(*(ops.convert_to_tensor(w) for w in (self.logits, self.means, self.log_variances)))


class VampPrior(keras.layers.Layer):
    """The variational mixture of posteriors (Tomczak & Welling 2018, eq. 9): p(z) = 1/K sum_k q(z | u_k).

    The pseudo-inputs u_k are learned images. They are held as logits, u = 255 sigmoid(logit): always within the range
    of pixels, as the paper's hard tanh keeps them, but with a gradient everywhere. A flow on top of the posterior has
    no density at a point that it did not draw: q(z | u_k) is then the normal that the flow begins with.

    Args:
        encoder: the VAE's encoder, a functional model whose first two outputs are the mean and the log-variance,
            each (image, latent). Its weights are the VAE's own; this layer adds only the pseudo-inputs.
        components: number of pseudo-inputs.
        seed: of the noise that the pseudo-inputs are before `start_at`.
    """

    def __init__(self, encoder: keras.Model, components: int, *, seed: int):
        super().__init__(name="prior")
        check_memory("prior_components", (components, *encoder.input_shape[1:]), "float32")
        self.pseudo_inputs = self.add_weight(
            shape=(components, *encoder.input_shape[1:]),
            initializer=keras.initializers.RandomNormal(stddev=1.0, seed=seed),
            name="pseudo_inputs",
        )
        self.built = True
        on_floats = _on_floats(encoder)
        # in a function, out of Keras's sight: the weights are tracked, and saved, as the encoder's
        self._encode: Callable[[Tensor], Tensor] = lambda images: on_floats(images, training=False)

    def start_at(self, images: np.ndarray) -> None:
        """Begin with these images, uint8 (component, height, width, channel)."""
        levels = np.clip(images.astype("float32"), 1.0, 254.0) / 255.0
        self.pseudo_inputs.assign(np.log(levels / (1.0 - levels)))

    def images(self) -> Tensor:
        """The pseudo-inputs as grey levels in [0, 255], float32 (component, height, width, channel)."""
        return 255.0 * ops.sigmoid(ops.convert_to_tensor(self.pseudo_inputs))

    def distribution(self) -> MixtureOfNormals:
        """The mixture of the present weights: those of the encoder, and the pseudo-inputs."""
        means, log_variances = self._encode(self.images())[:2]
        return MixtureOfNormals(ops.zeros_like(means[:, 0]), means, log_variances)


LearnedPrior = GaussianMixturePrior | VampPrior


def learned_prior(
    name: str, *, encoder: keras.Model, latent_dim: int, components: int, seed: int
) -> LearnedPrior | None:
    """The layer with the weights of the prior of this name, of `PRIORS`; None for the one that has no weights."""
    if name == "gaussian-mixture":
        return GaussianMixturePrior(latent_dim, components, seed=seed)
    if name == "vamp":
        return VampPrior(encoder, components, seed=seed)
    return None


def _on_floats(encoder: keras.Model) -> keras.Model:
    """The same layers behind an input of float32: Keras casts to an input's dtype, and uint8 passes no gradient."""
    return keras.models.clone_model(
        encoder,
        input_tensors=keras.Input(encoder.input_shape[1:], dtype="float32", name="pseudo_inputs"),
        clone_function=lambda layer: layer,
    )
