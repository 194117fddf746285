"""The variational auto-encoder: a Keras model whose loss is its free energy."""

import math
import os
import random
import types
from collections.abc import Callable, Iterator, Sequence
from functools import cached_property
from typing import Any

import keras
import numpy as np
from keras import ops

from freyvae.arguments import in_words, number, several, text, truth, whole
from freyvae.data.images import ImageSet, as_images
from freyvae.errors import BadInput, few_words
from freyvae.files import as_path, cannot_write
from freyvae.model import compiled_fit
from freyvae.model.augmentation import RandomShift
from freyvae.model.autoregression import Autoregression
from freyvae.model.checks import (
    as_networks,
    check_networks,
    check_targets,
    checked_choices,
    checked_feeding,
    checked_image_shape,
)
from freyvae.model.drawing import draw_in_raster_order
from freyvae.model.flows import FLOWS
from freyvae.model.keras_internals import (
    check_settings,
    forget_epoch_to_begin_with,
    keeping_state,
    rebuild_functions,
    states_of_noise,
    trained_by,
)
from freyvae.model.likelihood import Bound, Likelihood
from freyvae.model.likelihoods import as_likelihood, saved_likelihood
from freyvae.model.memory import check_memory
from freyvae.model.networks import dense_decoder, dense_encoder
from freyvae.model.objective import (
    FreeEnergy,
    free_energy,
    importance_weighted_bound,
    kl_per_latent,
    rate_above_free_bits,
)
from freyvae.model.posteriors import DiagonalNormal, FlowPosterior, Posterior, flow_parameters
from freyvae.model.priors import Prior, StandardNormal, learned_prior
from freyvae.model.programs import Program, eagerly
from freyvae.model.shuffling import ShuffledBatches
from freyvae.recipe import LARGEST_SEED

Tensor = Any
# how many images the methods that take numpy arrays hand to a network at once
CHUNK = 1024
# arguments of `fit` that say how images are fed: what Keras then does is not ours to do otherwise
OTHER_FEEDING = {"steps_per_epoch", "validation_split"}
# and those that the loss has no place for, in `fit` and in `compile`
WEIGHTS = ("sample_weight", "class_weight")
NOT_OURS = ("loss_weights", "metrics", "weighted_metrics")


@keras.saving.register_keras_serializable("freyvae")
class VAE(keras.Model):
    """A variational auto-encoder of uint8 images (Kingma & Welling 2014; Rezende, Mohamed & Wierstra 2014).

    `compile`, `fit`, `evaluate`, `predict` and `save` are Keras's. Called on images it returns a dictionary of
    `reconstruction` (image, height, width, channel) in [0, 1], `distortion` and `rate` (image,) in nats.

    Args:
        image_shape: (height, width, channel).
        latent_dim: number of latents.
        encoder: a Keras model from uint8 images to [mean, log_variance], each (image, latent_dim); by default the
            post's, 560-256-2+2. For a flow there is a third output, (image, n), with the numbers that the flow has of
            each image: n is `flow_parameters(posterior, latent_dim, flow_length)`.
        decoder: a Keras model from (image, latent_dim) to the likelihood's raw parameters, (image, height, width,
            channel * likelihood's parameters_per_value); by default the post's, 2-256-560.
        likelihood: a `freyvae.model.Likelihood`, such as `MixtureOfLogistics(components=5)`, or its name, for one as it
            is by default: `bernoulli`, `gaussian`, `discretized-logistic`, `mixture-of-logistics` or `categorical`.
        posterior: `diagonal-normal`, or one carried through a flow: `planar`, `sylvester`, `inverse-autoregressive`.
        flow_length: number of steps of the flow, where there is one.
        prior: `standard-normal`, or one with learned weights: `gaussian-mixture`, or `vamp`, a mixture of the
            posteriors of learned images.
        prior_components: number of normals that a learned prior mixes.
        autoregressive: whether each pixel depends on those before it too, beside the code (`Autoregression`): for grey
            images and the likelihood mixture-of-logistics.
        beta: weight of the rate in the loss (Higgins et al. 2017); 1 is the free energy.
        importance_samples: K, the draws of each image in a step: the loss is the importance-weighted bound of Burda et
            al. 2016, which is the free energy for K = 1. Free energy, distortion and rate are reported as ever.
        free_bits: nats that each latent may carry before its rate costs more in the loss (Kingma et al. 2016,
            appendix C.8). Only for latents that are independent: diagonal normal posterior, standard normal prior.
        warm_up_steps: number of training steps in which the weight of the rate grows linearly from 0 to `beta`.
        noise_scale: standard deviation of the reparametrization noise. 1 is right; the post used 0.01.
        average_distortion: divide the distortion in the loss by the number of values of an image, as the post does:
            beta is then that number, 560 for Frey faces. The reported free energy does not change.
        shift: probability that a training step sees an image moved by one pixel; never where it is not training.
        seed: of every draw, the initial weights included; None draws one.

    Raises:
        BadInput: an argument is out of range, two of them make no sense together, or a network's shapes do not fit.
    """

    def __init__(
        self,
        image_shape: tuple[int, int, int],
        latent_dim: int = 2,
        *,
        encoder: keras.Model | None = None,
        decoder: keras.Model | None = None,
        likelihood: Likelihood | str = "discretized-logistic",
        posterior: str = "diagonal-normal",
        flow_length: int = 4,
        prior: str = "standard-normal",
        prior_components: int = 50,
        importance_samples: int = 1,
        free_bits: float = 0.0,
        autoregressive: bool = False,
        beta: float = 1.0,
        warm_up_steps: int = 0,
        noise_scale: float = 1.0,
        average_distortion: bool = False,
        shift: float = 0.0,
        seed: int | None = None,
        name: str = "vae",
        **kwargs: Any,
    ):
        check_settings()
        if "/" in text("name", name) or not name:
            raise BadInput(f"name must not be empty and hold no /, not {in_words(name)}")
        super().__init__(name=name, **kwargs)
        image_shape = checked_image_shape(image_shape)
        choices = checked_choices(
            latent_dim=latent_dim,
            posterior=posterior,
            flow_length=flow_length,
            prior=prior,
            prior_components=prior_components,
            importance_samples=importance_samples,
            free_bits=free_bits,
            autoregressive=autoregressive,
            beta=beta,
            warm_up_steps=warm_up_steps,
            noise_scale=noise_scale,
            average_distortion=average_distortion,
            shift=shift,
            seed=seed,
        )
        self.image_shape = image_shape
        self.latent_dim = latent_dim = choices["latent_dim"]
        self.pixel_likelihood = as_likelihood(likelihood)
        self.posterior_name = posterior
        self.flow_length = flow_length = choices["flow_length"]
        self.prior_name = prior
        self.prior_components = prior_components = choices["prior_components"]
        self.importance_samples = choices["importance_samples"]
        self.free_bits = choices["free_bits"]
        self.autoregressive = choices["autoregressive"]
        self._beta = choices["beta"]
        self.warm_up_steps = choices["warm_up_steps"]
        self.noise_scale = choices["noise_scale"]
        self.average_distortion = choices["average_distortion"]
        self.shift = choices["shift"]
        # as Keras draws its own
        self.seed = random.randint(1, 10**9) if choices["seed"] is None else choices["seed"]
        per_value = self.pixel_likelihood.parameters_per_value
        of_flow = flow_parameters(posterior, latent_dim, flow_length)
        if encoder is None:
            encoder = dense_encoder(image_shape, latent_dim, flow_parameters=of_flow, seed=self.seed)
        if decoder is None:
            decoder = dense_decoder(
                latent_dim,
                image_shape,
                parameters_per_value=per_value,
                all_from_code=not self.pixel_likelihood.has_location,
                seed=self.seed + 1,
            )
        self.encoder, self.decoder = as_networks(encoder, decoder, image_shape=image_shape, latent_dim=latent_dim)
        check_networks(
            self.encoder,
            self.decoder,
            image_shape=image_shape,
            latent_dim=latent_dim,
            parameters_per_value=per_value,
            likelihood=self.pixel_likelihood.name,
            flow_parameters=of_flow,
        )
        self.flow = FLOWS[posterior](latent_dim, flow_length, seed=self.seed + 4) if posterior in FLOWS else None
        self.learned_prior = learned_prior(
            prior, encoder=self.encoder, latent_dim=latent_dim, components=prior_components, seed=self.seed + 5
        )
        self.noise = keras.random.SeedGenerator(self.seed + 2, name="noise")
        self.autoregression = None
        if self.autoregressive:
            self.autoregression = Autoregression(seed=self.seed + 6, name="autoregression")
            self.autoregression.build((None, *self.decoder.output_shape[1:]), (None, latent_dim), (None, *image_shape))
        self.moved = RandomShift(self.shift, seed=self.seed + 3, name="moved") if self.shift else None
        # the training steps so far, for the warm-up: a variable, so that it is saved and goes on
        self.steps = self.add_weight(
            shape=(), initializer="zeros", dtype="float32", trainable=False, name="training_steps"
        )
        measures = ["free_energy", "distortion", "rate"]
        if self.pixel_likelihood.is_probability_of_bytes:
            measures.append("bits_per_dim")
        self._means = [keras.metrics.Mean(name=measure) for measure in measures]
        self.built = True

    @property
    def beta(self) -> float:
        """Weight of the rate in the loss. It may be set at any time, between two epochs too."""
        beta: float = self._beta
        return beta

    @beta.setter
    def beta(self, value: Any) -> None:
        self._beta = number("beta", value)
        rebuild_functions(self)

    # --- what Keras calls ---

    def compile(self, optimizer: Any = "rmsprop", loss: Any = None, **kwargs: Any) -> None:
        """Keras's `compile`, without loss and metrics: the loss is the free energy, and the metrics are its parts.

        Raises:
            BadInput: there is a loss or a metric, or Keras knows no such optimizer.
        """
        given = [name for name in NOT_OURS if not _is_nothing(kwargs.get(name))] + ["loss"] * (loss is not None)
        if given:
            raise BadInput(
                f"{given[0]} has no place here, the loss is the free energy and the metrics are its parts: leave it out"
            )
        try:
            super().compile(optimizer=optimizer, **kwargs)
        except (ValueError, TypeError, AttributeError, KeyError) as error:
            raise BadInput(f"compile: {few_words(error)}") from error

    def compile_from_config(self, config: dict[str, Any]) -> None:
        """As it was compiled; versions before 0.2 let losses and metrics in, which had no effect."""
        kept = {key: value for key, value in config.items() if key not in ("loss", *NOT_OURS)}
        self.compile(**keras.saving.deserialize_keras_object(kept))
        self.optimizer.build(self.trainable_variables)

    def save_own_variables(self, store: Any) -> None:
        """What Keras keeps, and the states of all generators of noise: a model that was loaded goes on as it would."""
        super().save_own_variables(store)
        for place, state in enumerate(states_of_noise(self)):
            store[f"noise-{place}"] = keras.ops.convert_to_numpy(state.value)

    def load_own_variables(self, store: Any) -> None:
        """The same back. Files of versions before 0.2 keep no noise: it then begins with the seed."""
        kept = [name for name in store.keys() if name.startswith("noise-")]  # noqa: SIM118
        states = states_of_noise(self) if kept else []
        if len(kept) != len(states):
            raise ValueError(f"{len(states)} generators of noise, but the states of {len(kept)} are kept")
        for place, state in enumerate(states):
            state.assign(store[f"noise-{place}"])
        super().load_own_variables({name: store[name] for name in store.keys() if name not in kept})  # noqa: SIM118

    def __call__(self, images: Any, *args: Any, **kwargs: Any) -> Any:
        """`call`, on images that passed the gate: whatever `as_images` takes, and of a data set uint8.

        Raises:
            BadInput: they are no images, of another shape, or come from a data set in another dtype.
        """
        if kwargs.get("training") is not None:
            kwargs["training"] = truth("training", kwargs["training"])
        return super().__call__(self._images_of_step(images), *args, **kwargs)

    def call(self, images: Tensor, training: bool = False) -> dict[str, Tensor]:
        """One pass: encode, draw codes with noise, decode, and take the free energy apart.

        What the loss needs beside it comes along: `bound` (image,) where there are several draws of each image, and
        with free bits `kl_per_latent` (image, latent), both in nats.
        """
        images = self._images_of_step(images)  # Keras's steps come here without `__call__`
        if training:
            self.steps.assign_add(1.0)
            images = images if self.moved is None else self.moved(images)
        draws = self.importance_samples
        posterior, prior = self.posterior(images, training=training).repeated(draws), self.prior
        likelihood, parts, log_weights = self.estimate(
            ops.tile(images, (draws, 1, 1, 1)),
            posterior,
            prior,
            self.noise,
            noise_scale=self.noise_scale,
            training=training,
        )

        def by_draw(rows: Tensor, *shape: int) -> Tensor:
            return ops.reshape(rows, (draws, -1, *shape))

        outputs = {
            "reconstruction": by_draw(likelihood.mean(), *self.image_shape)[0],
            "distortion": ops.mean(by_draw(parts.distortion), axis=0),
            "rate": ops.mean(by_draw(parts.rate), axis=0),
        }
        if draws > 1:
            outputs["bound"] = importance_weighted_bound(by_draw(log_weights))
        if self.free_bits:
            outputs["kl_per_latent"] = kl_per_latent(posterior, prior)
        return outputs

    def compute_loss(
        self,
        x: Tensor = None,
        y: Tensor = None,
        y_pred: Any = None,
        sample_weight: Tensor = None,
        training: bool = True,
    ) -> Tensor:
        """Distortion + beta * rate, averaged over the batch; `average_distortion` divides the first by its values.

        With several draws of each image it is the importance-weighted bound; with free bits the rate has a floor.
        """
        # of regularizers, and of layers that call add_loss
        others = sum(self.losses, 0.0)
        if self.importance_samples > 1:
            return ops.mean(y_pred["bound"]) + others
        distortion = y_pred["distortion"] / (math.prod(self.image_shape) if self.average_distortion else 1.0)
        beta = self._beta
        if self.warm_up_steps and training:
            beta = beta * ops.minimum(1.0, self.steps / self.warm_up_steps)
        if self.free_bits:
            return ops.mean(distortion) + beta * rate_above_free_bits(y_pred["kl_per_latent"], self.free_bits) + others
        return ops.mean(distortion + beta * y_pred["rate"]) + others

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

        Images may be whatever `as_images` takes, or a data set that Keras feeds: that one has to give uint8.

        Raises:
            BadInput: the images have another shape or are no images, there are weights of samples or classes, an
                argument is not what it has to be, or layers were frozen since `compile`.
        """
        kwargs = self._checked(kwargs)
        self._build_optimizer()
        x = self._gate(x, "training images")
        check_targets(x, y)
        held_out = kwargs.get("validation_data")
        if isinstance(held_out, tuple) and held_out:  # Keras's (images,), or with targets
            images = self._gate(held_out[0], "validation images")
            kwargs["validation_data"] = images if len(held_out) == 1 else (images, *held_out[1:])
        elif held_out is not None:
            kwargs["validation_data"] = self._gate(held_out, "validation images")
        try:
            if y is None and compiled_fit.can_serve(self, x, kwargs):
                return compiled_fit.fit(self, x, seed=self.seed, **kwargs)
            ours = y is None and isinstance(x, np.ndarray) and not OTHER_FEEDING & kwargs.keys()
            with keeping_state(self):
                if ours and kwargs.get("shuffle", True):
                    kwargs["shuffle"] = False
                    batch_size = kwargs.pop("batch_size", None) or 32
                    kwargs.setdefault("validation_batch_size", batch_size)
                    batches = ShuffledBatches(self, x, batch_size=batch_size, seed=self.seed)
                    return super().fit(batches, **kwargs)
                return super().fit(x, y, **kwargs)
        finally:
            forget_epoch_to_begin_with(self)

    def evaluate(self, x: Any = None, y: Any = None, **kwargs: Any) -> Any:
        """Keras's `evaluate`, of images as `fit` takes them, and with its errors."""
        kwargs = self._checked(kwargs)
        if "_use_cached_eval_dataset" not in kwargs:  # Keras's own, in the middle of `fit`
            x = self._gate(x, "images")
            check_targets(x, y)
        with keeping_state(self):
            return super().evaluate(x, y, **kwargs)

    def predict(self, x: Any, **kwargs: Any) -> Any:
        """Keras's `predict`, of images as `fit` takes them: what `call` returns, as numpy arrays."""
        kwargs = self._checked(kwargs)
        x = self._gate(x, "images")
        with keeping_state(self):
            return super().predict(x, **kwargs)

    def train_on_batch(self, x: Any, y: Any = None, **kwargs: Any) -> Any:
        """Keras's `train_on_batch`, of images as `as_images` takes them, and with the errors of `fit`."""
        kwargs, images = self._checked(kwargs), self._images(x)
        check_targets(images, y)
        self._build_optimizer()
        with keeping_state(self):
            return super().train_on_batch(images, y, **kwargs)

    def test_on_batch(self, x: Any, y: Any = None, **kwargs: Any) -> Any:
        """Keras's `test_on_batch`, likewise."""
        kwargs, images = self._checked(kwargs), self._images(x)
        check_targets(images, y)
        with keeping_state(self):
            return super().test_on_batch(images, y, **kwargs)

    def predict_on_batch(self, x: Any) -> Any:
        """Keras's `predict_on_batch`, likewise."""
        images = self._images(x)
        with keeping_state(self):
            return super().predict_on_batch(images)

    def save(self, filepath: Any, *args: Any, **kwargs: Any) -> None:
        """Keras's `save`, to a `.keras` file. Raises `BadInput` for another kind of file, and where none can be."""
        path = as_path("filepath", filepath)
        try:
            super().save(path, *args, **kwargs)
        except OSError as error:
            raise cannot_write(path, error) from error
        except ValueError as error:
            raise BadInput(f"filepath {path}: {few_words(error)}") from error

    def _checked(self, arguments: dict[str, Any]) -> dict[str, Any]:
        """Arguments of Keras's methods, those that are left as they are by default left out; raises `BadInput`."""
        for name in WEIGHTS:
            if arguments.get(name) is not None:
                raise BadInput(f"{name} has no effect here, every image counts alike: leave it out")
        return checked_feeding(arguments)

    def _build_optimizer(self) -> None:
        """Have the optimizer's variables, for these weights and no others. Raises `BadInput` where that is too late."""
        if getattr(self, "optimizer", None) is None:
            raise BadInput("the model has no optimizer: call compile first")
        known = trained_by(self.optimizer)
        # Keras's optimizers train the variables that they were built for, whatever was frozen since
        if known is not None and [*map(id, known)] != [*map(id, self.trainable_variables)]:
            raise BadInput("layers were frozen or thawed since the model was compiled: call compile again")
        self.optimizer.build(self.trainable_variables)

    def get_config(self) -> dict[str, Any]:
        """Everything that `from_config` needs, the networks included."""
        return {
            **super().get_config(),
            "image_shape": list(self.image_shape),
            "latent_dim": self.latent_dim,
            "encoder": keras.saving.serialize_keras_object(self.encoder),
            "decoder": keras.saving.serialize_keras_object(self.decoder),
            "likelihood": saved_likelihood(self.pixel_likelihood),
            "posterior": self.posterior_name,
            "flow_length": self.flow_length,
            "prior": self.prior_name,
            "prior_components": self.prior_components,
            "importance_samples": self.importance_samples,
            "free_bits": self.free_bits,
            "autoregressive": self.autoregressive,
            "beta": self._beta,
            "warm_up_steps": self.warm_up_steps,
            "noise_scale": self.noise_scale,
            "average_distortion": self.average_distortion,
            "shift": self.shift,
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

    @property
    def likelihood_name(self) -> str:
        """The name of the pixels' likelihood."""
        return self.pixel_likelihood.name

    def posterior(self, images: Tensor, training: bool = False) -> Posterior:
        """q(z | x), the recognition model R, for uint8 images (image, height, width, channel)."""
        mean, log_variance, *parameters = self.encoder(images, training=training)
        normal = DiagonalNormal(mean, log_variance)
        return normal if self.flow is None else FlowPosterior(normal, self.flow, *parameters)

    @property
    def prior(self) -> Prior:
        """p(z), of the present weights where it is learned."""
        return StandardNormal(self.latent_dim) if self.learned_prior is None else self.learned_prior.distribution()

    def likelihood(self, latents: Tensor, images: Tensor = None, training: bool = False) -> Bound:
        """p(x | z), the generative model G, for latents (image, latent).

        With an autoregressive decoder that is a product over pixels, each given those before it in `images`, uint8
        (image, height, width, channel): without images it is what the code alone says.
        """
        parameters = self.decoder(latents, training=training)
        if self.autoregression is not None and images is not None:
            parameters = self.autoregression(parameters, latents, images)
        return self.pixel_likelihood(parameters)

    def estimate(
        self,
        images: Tensor,
        posterior: Posterior,
        prior: Prior,
        noise: keras.random.SeedGenerator,
        *,
        noise_scale: float = 1.0,
        training: bool = False,
    ) -> tuple[Bound, FreeEnergy, Tensor]:
        """Draw a code of each image and estimate by it what the image costs: what training and measures go by.

        Args:
            images: uint8 (image, height, width, channel).
            posterior: a distribution for each of them.
            prior: of the codes.
            noise: of the draws.
            noise_scale: its deviation, as for `Posterior.draw`.
            training: whether dropout is drawn too.

        Returns:
            the likelihood p(x | z), the free energy (image,) that the draws estimate, and log p(x, z) - log q(z | x),
            (image,), in nats.
        """
        latents, log_density = posterior.draw(noise, noise_scale=noise_scale)
        likelihood = self.likelihood(latents, images, training=training)
        parts = free_energy(
            images, likelihood, posterior=posterior, prior=prior, latents=latents, log_density=log_density
        )
        return likelihood, parts, prior.log_prob(latents) - log_density - parts.distortion

    # --- what a person calls, on numpy arrays ---

    @property
    def generator(self) -> keras.Model:
        """Latents (image, latent) -> expected pixels in [0, 1]: the decoder's own weights, with nothing copied."""
        latents = keras.Input((self.latent_dim,), name="latents")
        pixels = ExpectedPixels(self.pixel_likelihood)(self.decoder(latents))
        return keras.Model(latents, pixels, name="generator")

    def encode(self, images: Any) -> np.ndarray:
        """The codes of images, the same at every call: (image, latent) float32.

        They are posterior means; with a flow, what it makes of the mean that it begins with.

        Raises:
            BadInput: what `as_images` refuses, or images of another shape than the model's.
        """
        return _in_chunks(self._codes, self._images(images))

    def posterior_deviations(self, images: Any) -> np.ndarray:
        """The standard deviations of the posteriors about the codes of images: (image, latent) float32.

        Raises as `encode` does.
        """
        return _in_chunks(self._deviations, self._images(images))

    def decode(self, latents: Any) -> np.ndarray:
        """Expected pixels in [0, 1] of latents (image, latent): (image, height, width, channel) float32.

        Raises:
            BadInput: the latents have another shape, there are none, or they are not finite.
        """
        return _in_chunks(self._expected_pixels, self._latent_gate(latents))

    def prepare(self, *, encode: Sequence[int] = (), decode: Sequence[int] = ()) -> None:
        """Compile `encode` and `decode` for so many images and latents at a time, as their first call would.

        Nothing is computed. A compilation works outside of Python's lock, so that a thread can see to it.
        """
        for count in several("encode", encode):
            rows = _rows(whole("encode", count, at_least=1))
            self._codes.prepare(np.broadcast_to(np.uint8(0), (rows, *self.image_shape)))
        for count in several("decode", decode):
            rows = _rows(whole("decode", count, at_least=1))
            self._expected_pixels.prepare(np.broadcast_to(np.float32(0), (rows, self.latent_dim)))

    def reconstruct(self, images: Any) -> np.ndarray:
        """Images encoded and decoded again, without noise: (image, height, width, channel) float32 in [0, 1].

        Raises as `encode` does.
        """
        return self.decode(self.encode(images))

    def sample(self, count: int, *, seed: int = 0) -> np.ndarray:
        """Expected pixels of `count` codes drawn from the prior: (count, height, width, channel) float32 in [0, 1].

        They are what `decode` makes of the codes: draws from the whole model p(z) p(x | z) are `draw_images`.

        Raises:
            BadInput: the count is below 1, or memory does not hold so many.
        """
        count = whole("count", count, at_least=1)
        check_memory("images", (count, *self.image_shape), "float32")
        return self.decode(self.sample_latents(count, seed=seed))

    def draw_images(self, count_or_latents: Any, *, seed: int = 0) -> np.ndarray:
        """Draw images from the model: codes from the prior p(z), then every pixel from the likelihood p(x | z).

        With an autoregressive decoder pixel by pixel, each given those drawn before it.

        Args:
            count_or_latents: how many images, or the codes of all of them, (image, latent).
            seed: of codes and pixels. `draw_images(n, seed=s)` is `draw_images(sample_latents(n, seed=s), seed=s)`.

        Returns:
            uint8 (image, height, width, channel). With the likelihood bernoulli they are black or white.

        Raises:
            BadInput: the count is below 1, memory does not hold so many, or the codes have another shape or are not
                finite.
        """
        is_count = not hasattr(count_or_latents, "__len__") or getattr(count_or_latents, "shape", None) == ()
        given = None if is_count else self._latent_gate(count_or_latents)
        count = whole("count", count_or_latents, at_least=1) if given is None else len(given)
        check_memory("images", (count, *self.image_shape), "uint8")
        noise = _noise(seed)
        # drawn where there are codes, too: the pixels' noise is then never that of the codes
        codes = self._codes_of_prior(count, noise)

        def draw(chunk: np.ndarray) -> tuple[np.ndarray, ...]:
            if self.autoregression is None:
                return eagerly(lambda latents: (self.likelihood(latents).sample(noise),))(chunk)
            images, state = self._draw_pixels(chunk, noise.state.value)
            noise.state.assign(state)
            return (images,)

        return _in_chunks(draw, codes if given is None else given)

    def sample_latents(self, count: int, *, seed: int = 0) -> np.ndarray:
        """Codes drawn from the prior: (count, latent) float32. Raises as `sample` does."""
        return self._codes_of_prior(whole("count", count, at_least=1), _noise(seed))

    # compiled at a shape's first call, each as a whole: operation by operation is several times as much to compile

    @cached_property
    def _codes(self) -> Program:
        return Program(self, lambda images: (self.posterior(images).mean,))

    @cached_property
    def _deviations(self) -> Program:
        return Program(self, lambda images: (self.posterior(images).deviation,))

    @cached_property
    def _expected_pixels(self) -> Program:
        return Program(self, lambda latents: (self.likelihood(latents).mean(),))

    @cached_property
    def _draw_pixels(self) -> Program:
        """(latents, state of the noise) -> (images, state), pixel by pixel."""
        autoregression: Any = self.autoregression
        noise = keras.random.SeedGenerator(0)

        def draw(latents: Tensor, state: Tensor) -> tuple[Tensor, Tensor]:
            decoded = self.decoder(latents)
            return draw_in_raster_order(autoregression, self.pixel_likelihood, decoded, latents, noise, state)

        return Program(self, draw)

    def _codes_of_prior(self, count: int, noise: keras.random.SeedGenerator) -> np.ndarray:
        check_memory("codes", (count, self.latent_dim), "float32")
        latents: np.ndarray = ops.convert_to_numpy(self.prior.sample(count, noise))
        return latents

    def free_energy(self, images: Any, *, samples: int = 1, seed: int = 0) -> FreeEnergy:
        """The free energy of each image, in nats, its expectation estimated with `samples` draws from the posterior.

        The distribution is the model's own: whatever `noise_scale` it was trained with, draws have the posterior's
        deviation.

        Args:
            images: whatever `as_images` takes.
            samples: draws of each image; more make the estimate less noisy, and none of them biased.
            seed: of the draws.

        Returns:
            distortion, rate and their sum, numpy float32 (image,).

        Raises:
            BadInput: `samples` is below 1, or as `encode` does.
        """
        samples, noise = whole("samples", samples, at_least=1), _noise(seed)

        def parts(chunk: Tensor) -> tuple[Tensor]:
            posterior, prior = self.posterior(chunk), self.prior
            draws = [self.estimate(chunk, posterior, prior, noise)[1] for _ in range(samples)]
            distortion, rate = sum(draw.distortion for draw in draws), sum(draw.rate for draw in draws)
            return (ops.stack([distortion / samples, rate / samples], axis=-1),)

        both = _in_chunks(eagerly(parts), self._images(images))
        return FreeEnergy(distortion=both[:, 0], rate=both[:, 1])

    def _latent_gate(self, latents: Any) -> np.ndarray:
        """Latents as float32 (image, latent). Raises `BadInput` for another shape, none, a NaN or an infinity."""
        try:
            with np.errstate(over="ignore"):  # what is too large for a float32 is refused below
                array: np.ndarray = np.asarray(latents, dtype="float32")
        except (ValueError, TypeError) as error:
            raise BadInput(f"latents must be numbers of shape (image, {self.latent_dim}): {few_words(error)}") from None
        if array.ndim != 2 or array.shape[1] != self.latent_dim:
            raise BadInput(f"latents must have the shape (image, {self.latent_dim}), not {array.shape}")
        if not len(array):
            raise BadInput("there are no latents in an empty array: give at least one row")
        if not np.isfinite(array).all():
            raise BadInput("latents must be finite: there is a NaN or an infinity among them")
        return array

    def _gate(self, images: Any, name: str) -> Any:
        """Arrays pass the one gate, whoever's they are; a data set object of some framework is left to Keras.

        What such a one gives passes `_images_of_step`, batch by batch.
        """
        if isinstance(images, ImageSet):
            images = images.images
        if isinstance(images, (list, tuple, range)) or hasattr(images, "__array__"):
            return self._images(images, name)
        if isinstance(images, (str, bytes, os.PathLike)):
            raise BadInput(f"{name} must be an array, not a path: freyvae.load_images({in_words(images)}) reads one")
        if isinstance(images, keras.utils.PyDataset):
            return images
        # of iterators Keras knows generators alone
        is_odd_iterator = isinstance(images, Iterator) and not isinstance(images, types.GeneratorType)
        if isinstance(images, (dict, set)) or is_odd_iterator or not hasattr(images, "__iter__"):
            raise BadInput(f"{name} must be an array of images or a data set, not {type(images).__name__}")
        return images

    def _images_of_step(self, images: Any) -> Any:
        """What the model is called on, as uint8 of its shape; pixels that are not there yet can only be asked for it.

        Raises `BadInput` as `__call__` does.
        """
        dtype, shape = getattr(images, "dtype", None), getattr(images, "shape", None)
        if dtype is not None and shape is not None and not isinstance(images, np.ndarray):
            if keras.backend.standardize_dtype(dtype) == "uint8" and tuple(shape[1:]) == self.image_shape:
                return images
            try:
                np.asarray(images)
            except Exception:  # a tensor in the middle of a compilation, or a symbol: each backend has its own error
                given = f"{keras.backend.standardize_dtype(dtype)} of {tuple(shape[1:])}"
                raise BadInput(
                    f"a data set must give uint8 images of shape {self.image_shape}, not {given}: "
                    "freyvae.as_images makes it of arrays"
                ) from None
        return self._images(images)

    def _images(self, images: Any, name: str = "images") -> np.ndarray:
        """Images as uint8 of this model's shape. Raises `BadInput` for what is none."""
        pixels: np.ndarray = as_images(images, name=name)
        if pixels.shape[3] < self.image_shape[2]:
            pixels = np.repeat(pixels, self.image_shape[2], axis=3)  # grey, shown to a model of colour
        if pixels.shape[1:] != self.image_shape:
            raise BadInput(
                f"{name} are {_shape_text(pixels.shape[1:])}, but this model is of {_shape_text(self.image_shape)}"
            )
        return pixels


@keras.saving.register_keras_serializable("freyvae")
class ExpectedPixels(keras.layers.Layer):
    """A likelihood's raw parameters -> expected pixels in [0, 1], so that a generator is a model of its own."""

    def __init__(self, likelihood: Any, **kwargs: Any):
        super().__init__(**kwargs)
        self.likelihood = as_likelihood(likelihood)

    def call(self, parameters: Tensor) -> Tensor:
        """The likelihood's mean."""
        return self.likelihood.mean(parameters)

    def get_config(self) -> dict[str, Any]:
        """The likelihood."""
        return {**super().get_config(), "likelihood": saved_likelihood(self.likelihood)}


def _is_nothing(value: Any) -> bool:
    """None, or a list or dictionary of nothing."""
    return value is None or (isinstance(value, (list, tuple, dict)) and not value)


def _noise(seed: Any) -> keras.random.SeedGenerator:
    return keras.random.SeedGenerator(whole("seed", seed, at_least=0, at_most=LARGEST_SEED))


def _in_chunks(function: Callable[..., tuple[np.ndarray, ...]], values: np.ndarray) -> np.ndarray:
    """The first result of function(values), 1024 rows at a time, so that memory does not grow with the data."""
    chunks = []
    for start in range(0, len(values), CHUNK):
        chunk = values[start : start + CHUNK]
        filled = np.pad(chunk, [(0, _rows(len(chunk)) - len(chunk))] + [(0, 0)] * (values.ndim - 1))
        chunks.append(function(filled)[0][: len(chunk)])
        if not np.isfinite(chunks[-1]).all():
            raise BadInput(
                "the model returns numbers that are not finite: its weights are lost (a training that diverged, say); "
                "train anew, with a lower learning rate"
            )
    return np.concatenate(chunks)


def _rows(count: int) -> int:
    """Rows that a chunk of so many is filled up to: every new shape costs a compilation, many times the work itself."""
    return 1 << (min(count, CHUNK) - 1).bit_length()


def _shape_text(shape: tuple[int, ...]) -> str:
    height, width, channels = shape
    return f"{height} x {width} {'grey' if channels == 1 else 'colour'} images"
