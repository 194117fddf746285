"""The variational auto-encoder: a Keras model whose loss is its free energy."""

import math
import random
from collections.abc import Callable
from typing import Any

import keras
import numpy as np
from keras import ops

from freyvae.data.images import as_images
from freyvae.errors import BadInput
from freyvae.model import compiled_fit
from freyvae.model.likelihoods import Likelihood, likelihood_named
from freyvae.model.networks import dense_decoder, dense_encoder
from freyvae.model.objective import FreeEnergy, free_energy
from freyvae.model.posteriors import DiagonalNormal
from freyvae.model.priors import StandardNormal
from freyvae.model.shuffling import ShuffledBatches

Tensor = Any
# how many images the methods that take numpy arrays hand to a network at once
CHUNK = 1024
# arguments of `fit` that say how images are fed: what Keras then does is not ours to do otherwise
OTHER_FEEDING = {"sample_weight", "class_weight", "steps_per_epoch", "validation_split"}


@keras.saving.register_keras_serializable("freyvae")
class VAE(keras.Model):
    """A variational auto-encoder of uint8 images (Kingma & Welling 2014; Rezende, Mohamed & Wierstra 2014).

    `compile`, `fit`, `evaluate`, `predict` and `save` are Keras's. Called on images it returns a dictionary of
    `reconstruction` (image, height, width, channel) in [0, 1], `distortion` and `rate` (image,) in nats.

    Args:
        image_shape: (height, width, channel).
        latent_dim: number of latents.
        encoder: a Keras model from uint8 images to [mean, log_variance], each (image, latent_dim); by default the
            post's, 560-256-2+2.
        decoder: a Keras model from (image, latent_dim) to the likelihood's raw parameters, (image, height, width,
            channel * likelihood's parameters_per_value); by default the post's, 2-256-560.
        likelihood: `bernoulli`, `gaussian` or `discretized-logistic`.
        beta: weight of the rate in the loss (Higgins et al. 2017); 1 is the free energy.
        warm_up_steps: number of training steps in which the weight of the rate grows linearly from 0 to `beta`.
        noise_scale: standard deviation of the reparametrization noise. 1 is right; the post used 0.01.
        average_distortion: divide the distortion in the loss by the number of values of an image, as the post does:
            beta is then that number, 560 for Frey faces. The reported free energy does not change.
        seed: of every draw, the initial weights included; None draws one.

    Raises:
        BadInput: an argument is out of range, or a network's shapes do not fit.
    """

    def __init__(
        self,
        image_shape: tuple[int, int, int],
        latent_dim: int = 2,
        *,
        encoder: keras.Model | None = None,
        decoder: keras.Model | None = None,
        likelihood: str = "discretized-logistic",
        beta: float = 1.0,
        warm_up_steps: int = 0,
        noise_scale: float = 1.0,
        average_distortion: bool = False,
        seed: int | None = None,
        name: str = "vae",
        **kwargs: Any,
    ):
        super().__init__(name=name, **kwargs)
        image_shape = _checked_image_shape(image_shape)
        if latent_dim < 1:
            raise BadInput(f"latent_dim must be at least 1, not {latent_dim}")
        if beta < 0 or noise_scale < 0 or warm_up_steps < 0:
            raise BadInput("beta, noise_scale and warm_up_steps must not be negative")
        self.image_shape = image_shape
        self.latent_dim = latent_dim
        self.likelihood_name = likelihood
        self.likelihood_class = likelihood_named(likelihood)
        self.beta = beta
        self.warm_up_steps = warm_up_steps
        self.noise_scale = noise_scale
        self.average_distortion = average_distortion
        self.seed = random.randint(1, 10**9) if seed is None else seed  # as Keras draws its own
        per_value = self.likelihood_class.parameters_per_value
        self.encoder = encoder or dense_encoder(image_shape, latent_dim, seed=self.seed)
        self.decoder = decoder or dense_decoder(
            latent_dim, image_shape, parameters_per_value=per_value, seed=self.seed + 1
        )
        _check_networks(self.encoder, self.decoder, image_shape, latent_dim, per_value, likelihood)
        self.prior = StandardNormal(latent_dim)
        self.noise = keras.random.SeedGenerator(self.seed + 2, name="noise")
        # the training steps so far, for the warm-up: a variable, so that it is saved and goes on
        self.steps = self.add_weight(
            shape=(), initializer="zeros", dtype="float32", trainable=False, name="training_steps"
        )
        measures = ["free_energy", "distortion", "rate"]
        if self.likelihood_class.is_probability_of_bytes:
            measures.append("bits_per_dim")
        self._means = [keras.metrics.Mean(name=measure) for measure in measures]
        self.built = True

    # --- what Keras calls ---

    def call(self, images: Tensor, training: bool = False) -> dict[str, Tensor]:
        """One pass: encode, draw a code with noise, decode, and take the free energy apart."""
        if training:
            self.steps.assign_add(1.0)
        posterior = self.posterior(images, training=training)
        latents = posterior.sample(self.noise, noise_scale=self.noise_scale)
        likelihood = self.likelihood(latents, training=training)
        parts = free_energy(images, posterior, likelihood)
        return {"reconstruction": likelihood.mean(), "distortion": parts.distortion, "rate": parts.rate}

    def compute_loss(
        self,
        x: Tensor = None,
        y: Tensor = None,
        y_pred: Any = None,
        sample_weight: Tensor = None,
        training: bool = True,
    ) -> Tensor:
        """Distortion + beta * rate, averaged over the batch; `average_distortion` divides the first by its values."""
        distortion = y_pred["distortion"] / (math.prod(self.image_shape) if self.average_distortion else 1.0)
        beta = self.beta
        if self.warm_up_steps and training:
            beta = beta * ops.minimum(1.0, self.steps / self.warm_up_steps)
        return ops.mean(distortion + beta * y_pred["rate"])

    def compute_metrics(self, x: Tensor, y: Tensor, y_pred: Any, sample_weight: Tensor = None) -> dict[str, Tensor]:
        """Means over images, whatever the loss weighs: nats per image, and bits per dimension where they exist."""
        total = y_pred["distortion"] + y_pred["rate"]
        values = {
            "free_energy": total,
            "distortion": y_pred["distortion"],
            "rate": y_pred["rate"],
            "bits_per_dim": total / (math.prod(self.image_shape) * math.log(2.0)),
        }
        for mean in self._means:
            mean.update_state(values[mean.name])
        results: dict[str, Tensor] = self.get_metrics_result()
        return results

    def fit(self, x: Any = None, y: Any = None, **kwargs: Any) -> keras.callbacks.History:
        """Keras's `fit`, a whole epoch in one compiled program where that can serve (see `compiled_fit`).

        Images may be whatever `as_images` takes.
        """
        x = self._gate(x, "training images")
        if kwargs.get("validation_data") is not None:
            kwargs["validation_data"] = self._gate(kwargs["validation_data"], "validation images")
        if y is None and compiled_fit.can_serve(self, x, kwargs):
            return compiled_fit.fit(self, x, seed=self.seed, **kwargs)
        ours = y is None and isinstance(x, np.ndarray) and not OTHER_FEEDING & kwargs.keys()
        if ours and kwargs.get("shuffle", True):
            kwargs["shuffle"] = False
            batch_size = kwargs.pop("batch_size", None) or 32
            kwargs.setdefault("validation_batch_size", batch_size)
            batches = ShuffledBatches(self, x, batch_size=batch_size, seed=self.seed)
            return super().fit(batches, **kwargs)
        return super().fit(x, y, **kwargs)

    def get_config(self) -> dict[str, Any]:
        """Everything that `from_config` needs, the networks included."""
        return {
            **super().get_config(),
            "image_shape": list(self.image_shape),
            "latent_dim": self.latent_dim,
            "encoder": keras.saving.serialize_keras_object(self.encoder),
            "decoder": keras.saving.serialize_keras_object(self.decoder),
            "likelihood": self.likelihood_name,
            "beta": self.beta,
            "warm_up_steps": self.warm_up_steps,
            "noise_scale": self.noise_scale,
            "average_distortion": self.average_distortion,
            "seed": self.seed,
        }

    @classmethod
    def from_config(cls, config: dict[str, Any], custom_objects: dict[str, Any] | None = None) -> "VAE":
        """The model of this configuration, with fresh weights."""
        config = dict(config)
        for part in ("encoder", "decoder"):
            config[part] = keras.saving.deserialize_keras_object(config[part], custom_objects=custom_objects)
        return cls(**config)

    # --- the distributions, on tensors ---

    def posterior(self, images: Tensor, training: bool = False) -> DiagonalNormal:
        """q(z | x), the recognition model R, for uint8 images (image, height, width, channel)."""
        mean, log_variance = self.encoder(images, training=training)
        return DiagonalNormal(mean, log_variance)

    def likelihood(self, latents: Tensor, training: bool = False) -> Likelihood:
        """p(x | z), the generative model G, for latents (image, latent)."""
        return self.likelihood_class(self.decoder(latents, training=training))

    # --- what a person calls, on numpy arrays ---

    @property
    def generator(self) -> keras.Model:
        """Latents (image, latent) -> expected pixels in [0, 1]: the decoder's own weights, with nothing copied."""
        latents = keras.Input((self.latent_dim,), name="latents")
        return keras.Model(latents, ExpectedPixels(self.likelihood_name)(self.decoder(latents)), name="generator")

    def encode(self, images: Any) -> np.ndarray:
        """The codes of images, posterior means, the same at every call: (image, latent) float32."""
        return _in_chunks(lambda chunk: self.posterior(chunk).mean, self._gate(images, "images"))

    def decode(self, latents: Any) -> np.ndarray:
        """Expected pixels in [0, 1] of latents (image, latent): (image, height, width, channel) float32."""
        latents = np.asarray(latents, dtype="float32")
        if latents.ndim != 2 or latents.shape[1] != self.latent_dim:
            raise BadInput(f"latents must have the shape (image, {self.latent_dim}), not {latents.shape}")
        if not np.isfinite(latents).all():
            raise BadInput("latents must be finite: there is a NaN or an infinity among them")
        return _in_chunks(lambda chunk: self.likelihood(chunk).mean(), latents)

    def reconstruct(self, images: Any) -> np.ndarray:
        """Images encoded and decoded again, without noise: (image, height, width, channel) float32 in [0, 1]."""
        return self.decode(self.encode(images))

    def sample(self, count: int, *, seed: int = 0) -> np.ndarray:
        """Expected pixels of `count` codes drawn from the prior: (count, height, width, channel) float32 in [0, 1]."""
        if count < 1:
            raise BadInput(f"the number of samples must be at least 1, not {count}")
        latents = self.prior.sample(count, keras.random.SeedGenerator(seed))
        return self.decode(ops.convert_to_numpy(latents))

    def free_energy(self, images: Any, *, samples: int = 1, seed: int = 0) -> FreeEnergy:
        """The free energy of each image, in nats, its expectation estimated with `samples` draws from the posterior.

        The distribution is the model's own: whatever `noise_scale` it was trained with, draws have the posterior's
        deviation. Returns numpy float32 arrays (image,).
        """
        if samples < 1:
            raise BadInput(f"samples must be at least 1, not {samples}")
        noise = keras.random.SeedGenerator(seed)

        def parts(chunk: Tensor) -> Tensor:
            posterior = self.posterior(chunk)
            draws = [free_energy(chunk, posterior, self.likelihood(posterior.sample(noise))) for _ in range(samples)]
            distortion = sum(draw.distortion for draw in draws) / samples
            return ops.stack([distortion, draws[0].rate], axis=-1)

        both = _in_chunks(parts, self._gate(images, "images"))
        return FreeEnergy(distortion=both[:, 0], rate=both[:, 1])

    def _gate(self, images: Any, name: str) -> Any:
        """Arrays pass the one gate; a data set object of some framework is left to Keras."""
        if not isinstance(images, (np.ndarray, list)):
            return images
        images = as_images(images, name=name)
        if images.shape[3] < self.image_shape[2]:
            images = np.repeat(images, self.image_shape[2], axis=3)  # grey, shown to a model of colour
        if images.shape[1:] != self.image_shape:
            raise BadInput(
                f"{name} are {_shape_text(images.shape[1:])}, but this model is of {_shape_text(self.image_shape)}"
            )
        return images


@keras.saving.register_keras_serializable("freyvae")
class ExpectedPixels(keras.layers.Layer):
    """A likelihood's raw parameters -> expected pixels in [0, 1], so that a generator is a model of its own."""

    def __init__(self, likelihood: str, **kwargs: Any):
        super().__init__(**kwargs)
        self.likelihood = likelihood

    def call(self, parameters: Tensor) -> Tensor:
        """The likelihood's mean."""
        return likelihood_named(self.likelihood)(parameters).mean()

    def get_config(self) -> dict[str, Any]:
        """The likelihood's name."""
        return {**super().get_config(), "likelihood": self.likelihood}


def _in_chunks(function: Callable[[Any], Tensor], values: np.ndarray) -> np.ndarray:
    """function(values) as numpy, 1024 rows at a time, so that memory does not grow with the data.

    Rows are filled up to a power of two: every new shape costs a compilation, many times the work itself.
    """
    chunks = []
    for start in range(0, len(values), CHUNK):
        chunk = values[start : start + CHUNK]
        filling = (1 << (len(chunk) - 1).bit_length()) - len(chunk)
        filled = np.pad(chunk, [(0, filling)] + [(0, 0)] * (values.ndim - 1))
        chunks.append(ops.convert_to_numpy(function(ops.convert_to_tensor(filled)))[: len(chunk)])
    return np.concatenate(chunks)


def _checked_image_shape(image_shape: Any) -> tuple[int, int, int]:
    shape = tuple(int(side) for side in image_shape)
    if len(shape) != 3 or min(shape) < 1 or shape[2] not in (1, 3):
        raise BadInput(f"image_shape must be (height, width, 1 or 3), not {shape}")
    return shape[0], shape[1], shape[2]


def _check_networks(
    encoder: keras.Model,
    decoder: keras.Model,
    image_shape: tuple[int, int, int],
    latent_dim: int,
    per_value: int,
    likelihood: str,
) -> None:
    """Refuse networks whose shapes do not fit each other, before the first step and not in the middle of it."""
    outputs = encoder.output_shape
    expected_code = [(None, latent_dim)] * 2
    if encoder.input_shape != (None, *image_shape) or list(outputs) != expected_code:
        raise BadInput(
            f"the encoder goes from {encoder.input_shape} to {outputs}; it must go from {(None, *image_shape)} "
            f"to [mean, log_variance], {expected_code}"
        )
    expected_parameters = (None, *image_shape[:2], image_shape[2] * per_value)
    if decoder.input_shape != (None, latent_dim) or decoder.output_shape != expected_parameters:
        raise BadInput(
            f"the decoder goes from {decoder.input_shape} to {decoder.output_shape}; with the likelihood {likelihood} "
            f"it must go from {(None, latent_dim)} to {expected_parameters}"
        )


def _shape_text(shape: tuple[int, ...]) -> str:
    height, width, channels = shape
    return f"{height} x {width} {'grey' if channels == 1 else 'colour'} images"
