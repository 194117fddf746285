"""The variational auto-encoder: a Keras model whose loss is its free energy."""

import dataclasses
import itertools
import math
import random
from collections.abc import Callable
from typing import Any

import keras
from keras import ops

from freyvae.arguments import in_words, number, text, truth, whole
from freyvae.choice import LARGEST_SEED, Choice
from freyvae.data.channels import channels_in_words
from freyvae.data.pixels import evenly_chosen
from freyvae.engine.keras_internals import all_layers, check_settings, states_of_noise, values_of_layers
from freyvae.engine.precision import layers_computing_in, with_float32_outputs
from freyvae.errors import BadInput, few_words
from freyvae.files import as_path, cannot_write, replacing
from freyvae.model.arrays import OnArrays
from freyvae.model.augmentation import RandomBinarization, RandomFlip, RandomShift
from freyvae.model.channel_palette import ChannelPalette
from freyvae.model.checks import as_networks, check_details, check_networks, checked_image_shape, checked_probability
from freyvae.model.details import Choose, Details, details_chosen
from freyvae.model.distributions import Conditional, Marginal, UnitNormal, without_overflow
from freyvae.model.estimate import Estimate
from freyvae.model.free_energy import free_energy
from freyvae.model.groups import Encoded, Group
from freyvae.model.layers import with_constants
from freyvae.model.likelihood import Bound, BoundOfRows, Likelihood
from freyvae.model.network import Network
from freyvae.model.objective import Objective
from freyvae.model.posterior import Posterior
from freyvae.model.prior import Prior
from freyvae.model.short_forms import KINDS, SHORT_FORMS, with_short_forms, without_effect
from freyvae.model.weights import Weights
from freyvae.model.windows import Rows, rows_of_step
from freyvae.notebook import card

Tensor = Any
# the choices, each with its default
_DEFAULTS = {
    "network": "dense",
    "likelihood": "discretized-logistic",
    "posterior": "diagonal-normal",
    "prior": "standard-normal",
    "objective": "free-energy",
}
# arguments of `compile` that the loss has no place for
# of training images, whose mean a model begins at
MOST_BYTES_TO_START = 2**28
NOT_OURS = ("loss_weights", "metrics", "weighted_metrics")


def _in_words(choice: Choice) -> str:
    """A choice's name, and those of its fields that are not as by default."""
    fields = dataclasses.fields(choice)
    values = {field.name: (getattr(choice, field.name), field.default) for field in fields}
    others = [f"{name} {value}" for name, (value, usual) in values.items() if value != usual]
    return ", ".join([choice.name, *others])


@keras.saving.register_keras_serializable("freyvae")
class VAE(OnArrays):
    """A variational auto-encoder of uint8 images (Kingma & Welling 2014; Rezende, Mohamed & Wierstra 2014).

    `compile`, `fit`, `evaluate`, `predict` and `save` are Keras's. Called on images it returns a dictionary of
    `reconstruction` (image, height, width, channel) in [0, 1], `distortion` and `rate` (image,) in nats.

    A choice is an object, such as `freyvae.likelihoods.MixtureOfLogistics(components=5)`, or the name of one as it is
    by default, `"mixture-of-logistics"`. Their fields may be given by short forms too: `beta`, `free_bits`,
    `noise_scale`, `average_distortion`, `warm_up_steps`, `importance_samples`, `flow_length`, `prior_components`,
    `autoregressive`, and those of the network.

    Args:
        image_shape: (height, width, channel).
        latent_dim: number of latents.
        network: makes the encoder and the decoder that are not given, of `freyvae.networks`: `dense` (by default the
            post's, 560-256-2+2 and 2-256-560), `residual`, `convolutional`, `gated-convolutions`, `hierarchical`, or
            `automatic`.
        encoder: a Keras model from uint8 images to [mean, log_variance], each (image, latent_dim). For a flow there is
            a third output, (image, n), n being the posterior's `parameters_per_image(latent_dim)`.
        decoder: a Keras model from (image, latent_dim) to the likelihood's raw parameters, (image, height, width,
            channel * likelihood's parameters_per_value). Layers of `freyvae.model.details` in it are groups of latents
            below the code.
        likelihood: p(x | z), of `freyvae.likelihoods`: `bernoulli`, `gaussian`, `discretized-logistic`,
            `mixture-of-logistics` or `categorical`.
        posterior: q(z | x), of `freyvae.posteriors`: `diagonal-normal`, or one carried through a flow: `planar`,
            `sylvester`, `inverse-autoregressive`.
        prior: p(z), of `freyvae.priors`: `standard-normal`, or one with learned weights: `gaussian-mixture`, or `vamp`.
        objective: the loss, of `freyvae.objectives`: `free-energy`, `importance-weighted` or `auxiliary-guided`.
        shift: probability that a training step sees an image moved by one pixel; never where it is not training.
        flip: probability that a training step sees an image mirrored, left to right.
        binarize: whether a training step draws black or white for each value, its grey level being the probability of
            white (dynamic binarization).
        precision: in which the network's layers compute, `float32` or `bfloat16`.
        seed: of every draw, the initial weights included; None draws one.

    Raises:
        BadInput: an argument is out of range, two of them make no sense together, or a network's shapes do not fit.

    Example:
        >>> import freyvae
        >>> faces = freyvae.synthetic_faces(5).images
        >>> vae = freyvae.VAE(image_shape=(28, 20, 1), latent_dim=2, seed=0)
        >>> codes = vae.encode(faces)
        >>> codes.shape, vae.decode(codes).shape, vae.sample(3).shape
        ((5, 2), (5, 28, 20, 1), (3, 28, 20, 1))
    """

    def __init__(
        self,
        image_shape: tuple[int, int, int],
        latent_dim: int = 2,
        *,
        network: Network | str = "dense",
        encoder: keras.Model | None = None,
        decoder: keras.Model | None = None,
        likelihood: Likelihood | str = "discretized-logistic",
        posterior: Posterior | str = "diagonal-normal",
        prior: Prior | str = "standard-normal",
        objective: Objective | str = "free-energy",
        shift: float = 0.0,
        flip: float = 0.0,
        binarize: bool = False,
        precision: str = "float32",
        seed: int | None = None,
        name: str = "vae",
        **kwargs: Any,
    ):
        check_settings()
        if "/" in text("name", name) or not name:
            raise BadInput(f"name must not be empty and hold no /, not {in_words(name)}")
        given = {key: kwargs.pop(key) for key in list(kwargs) if key in SHORT_FORMS}
        super().__init__(name=name, **kwargs)
        self.image_shape = image_shape = checked_image_shape(image_shape)
        self.latent_dim = latent_dim = whole("latent_dim", latent_dim, at_least=1)
        asked = {
            "network": network,
            "likelihood": likelihood,
            "posterior": posterior,
            "prior": prior,
            "objective": objective,
        }
        choices = with_short_forms({key: KINDS[key].read(choice) for key, choice in asked.items()}, given)
        self.network: Network = choices["network"].for_images(image_shape)
        self.pixel_likelihood: Likelihood = choices["likelihood"]
        self.posterior_choice: Posterior = choices["posterior"]
        self.prior_choice: Prior = choices["prior"]
        self.objective: Objective = choices["objective"]
        self.objective.check(self.posterior_choice, self.prior_choice)
        self.shift = checked_probability("shift", shift)
        self.flip = checked_probability("flip", flip)
        self.binarize = truth("binarize", binarize)
        seed = None if seed is None else whole("seed", seed, at_least=0, at_most=LARGEST_SEED)
        # as Keras draws its own
        self.seed: int = random.randint(1, 10**9) if seed is None else seed
        with layers_computing_in(precision):
            made = self._make_networks(encoder, decoder)
        self.encoder, self.decoder = as_networks(*made, image_shape=image_shape, latent_dim=latent_dim)
        check_networks(
            self.encoder,
            self.decoder,
            image_shape=image_shape,
            latent_dim=latent_dim,
            parameters_per_value=self.pixel_likelihood.parameters_per_value,
            likelihood=self.pixel_likelihood.name,
            flow_parameters=self.posterior_choice.parameters_per_image(latent_dim),
        )
        check_details(self.encoder, self.decoder)
        self._encode_with_features: Any = _with_features(
            self.encoder, [details.features for details in self.groups_below]
        )
        flow, prior_weights = Weights("flow"), Weights.called(f"{type(self.prior_choice).__name__}Prior", "prior")
        self.posterior_choice.add_weights(flow, latent_dim=latent_dim, seed=self.seed + 4)
        self.prior_choice.add_weights(prior_weights, latent_dim=latent_dim, image_shape=image_shape, seed=self.seed + 5)
        self.flow = flow if flow.weights else None
        self.learned_prior = prior_weights if prior_weights.weights else None
        self._encode_floats: Any = _on_floats(self.encoder) if self.prior_choice.uses_encoder else None
        self.noise = keras.random.SeedGenerator(self.seed + 2, name="noise")
        self.autoregression = self.pixel_likelihood.given_pixels_before(image_shape, seed=self.seed + 6)
        if self.autoregression is not None:
            self.autoregression.build((None, *self.decoder.output_shape[1:]), (None, latent_dim), (None, *image_shape))
        self.channel_palette = ChannelPalette(name="channel_palette") if self.pixel_likelihood.tells_palette else None
        if self.channel_palette is not None:
            self.channel_palette.build((None, *image_shape))
        self.moved = RandomShift(self.shift, seed=self.seed + 3, name="moved") if self.shift else None
        self.mirrored = RandomFlip(self.flip, seed=self.seed + 7, name="mirrored") if self.flip else None
        self.binarized = RandomBinarization(seed=self.seed + 8, name="binarized") if self.binarize else None
        # the training steps so far, for the warm-up: a variable, so that it is saved and goes on
        self.steps = self.add_weight(
            shape=(), initializer="zeros", dtype="int32", trainable=False, name="training_steps"
        )
        # a variable, so that a compiled step takes it as it is set
        self._beta = self.add_weight(
            shape=(),
            initializer=keras.initializers.Constant(self.objective.beta_to_begin_with),
            dtype="float32",
            trainable=False,
            name="beta",
        )
        measures = ["free_energy", "distortion", "rate"]
        if self.pixel_likelihood.is_probability_of_bytes:
            measures.append("bits_per_dim")
        self._means = [keras.metrics.Mean(name=measure) for measure in measures]
        self.built = True

    @property
    def _augmentations(self) -> list[Any]:
        """The layers that change training images at random."""
        return [layer for layer in (self.moved, self.mirrored, self.binarized) if layer is not None]

    def _make_networks(self, encoder: Any, decoder: Any) -> tuple[Any, Any]:
        """The networks that a person gave, and in place of None those of `network`."""
        if encoder is None:
            of_posterior = self.posterior_choice.parameters_per_image(self.latent_dim)
            encoder = with_float32_outputs(
                self.network.encoder(
                    self.image_shape, self.latent_dim, parameters_per_image=of_posterior, seed=self.seed
                )
            )
        if decoder is None:
            likelihood = self.pixel_likelihood
            decoder = with_float32_outputs(
                self.network.decoder(
                    self.latent_dim,
                    self.image_shape,
                    parameters_per_value=likelihood.parameters_per_value if likelihood.shape_from_code else 1,
                    seed=self.seed + 1,
                )
            )
            if not likelihood.shape_from_code:
                decoder = with_constants(decoder, self.image_shape, likelihood)
        return encoder, decoder

    def start_at(self, images: Any) -> None:
        """Begin at what training images are like: the decoder at their mean, a learned prior at some of them.

        For a model whose networks `network` made, before it is trained.

        Args:
            images: whatever `as_images` takes.

        Raises:
            BadInput: what `as_images` refuses, images of another shape, fewer than the prior has components, or other
                networks.
        """
        every = self._images(images, "training images")
        # a mean is known well from some of them
        pixels = evenly_chosen(every, max(1, MOST_BYTES_TO_START // math.prod(self.image_shape)))
        try:
            self.network.start_at(self.encoder, self.decoder, pixels, self.pixel_likelihood)
        except ValueError as error:
            raise BadInput(
                f"only networks that network={self.network.name!r} made can be started at images: {few_words(error)}"
            ) from error
        if self.autoregression is not None and self.network.starts_at_mean:
            self.autoregression.start_at(self.decoder, pixels)
        if self.channel_palette is not None:
            self.channel_palette.start_at(pixels)
        self.prior_choice.start_at(self.learned_prior, every)

    @property
    def beta(self) -> float:
        """Weight of the rate in the loss. It may be set at any time, between two epochs too."""
        return float(ops.convert_to_numpy(self._beta.value))

    @beta.setter
    def beta(self, value: Any) -> None:
        self._beta.assign(number("beta", value))

    @property
    def noise_scale(self) -> float:
        """Standard deviation of the reparametrization noise in training."""
        return self.objective.standard_deviation_of_noise

    @property
    def choices(self) -> dict[str, Choice]:
        """Network, likelihood, posterior, prior and objective by these names, the objective with the present beta."""
        objective = self.objective
        if "beta" in {field.name for field in dataclasses.fields(objective)}:
            objective = dataclasses.replace(objective, beta=self.beta)  # type: ignore[call-arg]
        return {
            "network": self.network,
            "likelihood": self.pixel_likelihood,
            "posterior": self.posterior_choice,
            "prior": self.prior_choice,
            "objective": objective,
        }

    def _repr_html_(self) -> str:
        """What a notebook shows: its choices, and its size."""
        height, width, channels = self.image_shape
        rows = [
            ("images", f"{height} x {width} pixels, {channels_in_words(channels)}"),
            ("latents", f"{self.latent_dim}"),
            ("layers", self.network.in_words(self.image_shape, self.latent_dim)),
            *((name, _in_words(choice)) for name, choice in self.choices.items()),
            ("weights", f"{self.count_params():,}"),
        ]
        return card(self.name, rows=rows)

    @property
    def has_to_draw(self) -> bool:
        """Whether expected pixels of a code are no picture, so that samples are to be drawn, pixel by pixel."""
        return self.autoregression is not None and not self.objective.guides_decoder

    @property
    def is_mean_over_images(self) -> bool:
        """Whether a step's loss is the mean of its images' own, each with a row of the noise: `engine.shares`."""
        own = [self.noise.state, *(augmentation.draws.state for augmentation in self._augmentations)]
        return (
            type(self) is VAE
            and self.objective.is_mean_over_images
            and self.objective.draws == 1
            and {id(state) for state in states_of_noise(self)} == {id(state) for state in own}
            and not any(isinstance(layer, keras.layers.BatchNormalization) for layer in all_layers(self))
        )

    @property
    def _thinning(self) -> int:
        """Of how many rows an autoregressive decoder's training step takes one."""
        # an average of log-probabilities is the same from some of the rows; a bound of several draws is no average
        return self.autoregression.mixture.thinning if self.objective.draws == 1 else 1

    @property
    def values_of_image(self) -> int:
        """How many values a training step keeps of each image, for an estimate of its memory: `engine.memory`.

        Those of the layers, twice the likelihood's parameters, and about those of a flow and of the pixels before.
        """
        parameters = math.prod(self.image_shape) * self.pixel_likelihood.parameters_per_value
        below: int = sum(details.values_of_image for details in self.groups_below)
        decoded: int = values_of_layers(self.decoder) + below + 2 * parameters
        decoded += self.posterior_choice.values_of_draw(self.latent_dim)
        if self.autoregression is not None:
            height, width, channels = self.image_shape
            rows = Rows(0, min(self._thinning, height), height).number
            decoded += rows * width * self.autoregression.values_of_pixel(channels)
        return values_of_layers(self.encoder) + self.objective.draws * decoded

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
        """The same back. Files of versions before 0.2 keep no noise, which then begins with the seed, and no beta."""
        kept = [name for name in store.keys() if name.startswith("noise-")]  # noqa: SIM118
        states = states_of_noise(self) if kept else []
        if len(kept) != len(states):
            raise ValueError(f"{len(states)} generators of noise, but the states of {len(kept)} are kept")
        for place, state in enumerate(states):
            state.assign(store[f"noise-{place}"])
        own = {name: store[name] for name in store.keys() if name not in kept}  # noqa: SIM118
        own.setdefault("1", ops.convert_to_numpy(self._beta.value))
        super().load_own_variables(own)

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

        What the objective needs beside it comes along.
        """
        images = self._images_of_step(images)  # Keras's steps come here without `__call__`
        if training:
            self.steps.assign_add(1)
            for augmentation in self._augmentations:
                images = augmentation(images)
        draws = self.objective.draws
        repeated = ops.tile(images, (draws, 1, 1, 1))
        found = self.estimate(
            repeated,
            self.encoded(images, training=training).repeated(draws),
            self.noise,
            noise_scale=self.noise_scale,
            training=training,
        )

        def by_draw(rows: Tensor, *shape: int) -> Tensor:
            return ops.reshape(rows, (draws, -1, *shape))

        return {
            "reconstruction": by_draw(found.likelihood.of_code.mean(), *self.image_shape)[0],
            "distortion": ops.mean(by_draw(found.parts.distortion), axis=0),
            "rate": ops.mean(by_draw(found.parts.rate), axis=0),
            **self.objective.parts(repeated, by_draw(found.log_weights), found),
        }

    def compute_loss(
        self,
        x: Tensor = None,
        y: Tensor = None,
        y_pred: Any = None,
        sample_weight: Tensor = None,
        training: bool = True,
    ) -> Tensor:
        """The objective of a batch, and what regularizers and layers add to it."""
        loss = self.objective.loss(
            y_pred,
            beta=ops.convert_to_tensor(self._beta),
            steps=ops.convert_to_tensor(self.steps) if training else None,
            values=math.prod(self.image_shape),
        )
        return loss + sum(self.losses, 0.0)

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

    def save(self, filepath: Any, overwrite: bool = True, zipped: bool | None = None, **kwargs: Any) -> None:
        """Keras's `save`, to a `.keras` file, which is written whole or not at all.

        Raises `BadInput` for another kind of file, and where none can be.
        """
        path = as_path("filepath", filepath)
        try:
            if path.suffix == ".keras" and (overwrite or not path.exists()):  # else Keras asks, or refuses
                with replacing(path) as temporary:
                    super().save(temporary, True, zipped, **kwargs)
            else:
                super().save(path, overwrite, zipped, **kwargs)
        except OSError as error:
            raise cannot_write(path, error) from error
        except ValueError as error:
            raise BadInput(f"filepath {path}: {few_words(error)}") from error

    def get_config(self) -> dict[str, Any]:
        """Everything that `from_config` needs, the networks included."""
        return {
            **super().get_config(),
            "image_shape": list(self.image_shape),
            "latent_dim": self.latent_dim,
            "encoder": keras.saving.serialize_keras_object(self.encoder),
            "decoder": keras.saving.serialize_keras_object(self.decoder),
            **{name: KINDS[name].saved(choice) for name, choice in self.choices.items()},
            "shift": self.shift,
            "flip": self.flip,
            "binarize": self.binarize,
            "seed": self.seed,
        }

    @classmethod
    def from_config(cls, config: dict[str, Any], custom_objects: dict[str, Any] | None = None) -> "VAE":
        """The model of this configuration, with fresh weights; one of a version before 0.2 too."""
        config = dict(config)
        for part in ("encoder", "decoder"):
            config[part] = keras.saving.deserialize_keras_object(config[part], custom_objects=custom_objects)
        choices = {name: KINDS[name].read(config.get(name, default)) for name, default in _DEFAULTS.items()}
        for name in without_effect(choices, config):
            del config[name]
        return cls(**config)

    # --- the distributions, on tensors ---

    def encoded(self, images: Tensor, training: bool = False) -> Encoded:
        """What the recognition model R says of uint8 images (image, height, width, channel)."""
        if self._encode_with_features is None:
            outputs, features = self.encoder(images, training=training), []
        else:
            outputs = self._encode_with_features(images, training)
            count = len(outputs) - len(self.groups_below)
            outputs, features = outputs[:count], outputs[count:]
        mean, log_variance, *others = outputs
        outputs = [mean, without_overflow(log_variance), *others]
        return Encoded(self.posterior_choice.distribution(outputs, self.flow), tuple(features))

    def posterior(self, images: Tensor, training: bool = False) -> Conditional:
        """q(z | x) of the top group of latents, for uint8 images (image, height, width, channel)."""
        return self.encoded(images, training=training).posterior

    @property
    def prior(self) -> Marginal:
        """p(z) of the top group of latents, of the present weights where it is learned."""
        return self.prior_choice.distribution(
            self.learned_prior, latent_dim=self.latent_dim, encode=self._encode_floats
        )

    def likelihood(self, latents: Tensor, images: Tensor = None, training: bool = False) -> Bound:
        """p(x | z), the generative model G, for latents (image, latent).

        With an autoregressive decoder that is a product over pixels, each given those before it in `images`, uint8
        (image, height, width, channel): without images it is what the code alone says.
        """
        return self.likelihood_of(self.decoder(latents, training=training), latents, images, training=training)

    def likelihood_of(
        self, parameters: Tensor, latents: Tensor, images: Tensor = None, training: bool = False
    ) -> Bound:
        """p(x | z), for what the decoder made of all groups of latents, and those of the top one; as `likelihood`."""
        if self.autoregression is None:
            return Bound(self.pixel_likelihood, parameters, palette=self.channel_palette)
        of_code = self.pixel_likelihood(parameters)
        if images is None:
            return of_code
        rows = None
        if training:
            rows = rows_of_step(ops.convert_to_tensor(self.steps), self._thinning, images.shape[1])
        if rows is None:
            parameters = self.autoregression(parameters, latents, images)
            return Bound(self.pixel_likelihood, parameters, of_code=of_code, palette=self.channel_palette)
        parameters = self.autoregression.of_rows(parameters, latents, images, rows)
        return BoundOfRows(self.pixel_likelihood, parameters, of_code=of_code, rows=rows, palette=self.channel_palette)

    def decoded(self, latents: Tensor, choose: Choose, training: bool = False) -> Tensor:
        """The likelihood's raw parameters, for latents (image, latent) of the top group and chosen ones below it.

        Args:
            latents: of the top group.
            choose: called with each group below and the state above it, as `details_chosen` says.
            training: whether dropout is drawn too.
        """
        with details_chosen(choose):
            return self.decoder(latents, training=training)

    def decoded_from_all(self, latents: Tensor) -> Tensor:
        """The likelihood's raw parameters, for the latents of all groups side by side, the top one first."""
        below = iter(self.split_groups(latents)[1:])
        return self.decoded(latents[:, : self.latent_dim], lambda details, state: next(below))

    def split_groups(self, latents: Tensor) -> list[Tensor]:
        """Latents side by side (image, latent), of all groups or the first of them, as one tensor a group."""
        sizes = [self.latent_dim, *(details.latents for details in self.groups_below)]
        ends = list(itertools.accumulate(sizes))
        return [latents[:, end - size : end] for size, end in zip(sizes, ends, strict=True) if end <= latents.shape[1]]

    def drawn_from_prior(self, latents: Tensor, noise: keras.random.SeedGenerator) -> Tensor:
        """The likelihood's raw parameters, the groups below those of `latents` (image, latent) drawn from the prior."""

        def choose(details: Details, state: Tensor) -> Tensor:
            return UnitNormal(details.latents).sample(ops.shape(state)[0], noise)

        return self.decoded(latents, choose)

    def decoded_at_means(self, images: Tensor) -> tuple[Tensor, Tensor]:
        """Uint8 images decoded with each group of latents at its posterior's mean, given the means of those above it.

        Returns:
            the likelihood's raw parameters, and the latents of the top group: what `likelihood_of` takes.
        """
        encoded = self.encoded(images)
        features = iter(encoded.features)

        def choose(details: Details, state: Tensor) -> Tensor:
            return details.posterior(state, next(features)).mean

        latents = encoded.posterior.mean
        return self.decoded(latents, choose), latents

    def draw_groups(
        self,
        encoded: Encoded,
        noise: keras.random.SeedGenerator,
        *,
        noise_scale: float = 1.0,
        training: bool = False,
    ) -> tuple[list[Group], Tensor]:
        """Draw all groups of latents of images, each from its posterior given those above it.

        Args:
            encoded: of the images.
            noise: of the draws.
            noise_scale: its deviation, as for `Conditional.draw`.
            training: whether dropout is drawn too.

        Returns:
            the groups, the top one first, and the raw parameters that the decoder makes of them.
        """
        latents, log_density = encoded.posterior.draw(noise, noise_scale=noise_scale)
        groups = [Group(latents, log_density, encoded.posterior, self.prior)]

        def choose(details: Details, state: Tensor) -> Tensor:
            posterior = details.posterior(state, encoded.features[len(groups) - 1])
            drawn, log_density = posterior.draw(noise, noise_scale=noise_scale)
            groups.append(Group(drawn, log_density, posterior, UnitNormal(details.latents)))
            return drawn

        parameters = self.decoded(latents, choose, training=training)
        return groups, parameters

    def estimate(
        self,
        images: Tensor,
        encoded: Encoded,
        noise: keras.random.SeedGenerator,
        *,
        noise_scale: float = 1.0,
        training: bool = False,
    ) -> Estimate:
        """Draw latents of each image and estimate by them what the image costs: what training and measures go by.

        Args:
            images: uint8 (image, height, width, channel).
            encoded: of each of them, as `encoded` returns it.
            noise: of the draws.
            noise_scale: its deviation, as for `Conditional.draw`.
            training: whether dropout is drawn too.
        """
        groups, parameters = self.draw_groups(encoded, noise, noise_scale=noise_scale, training=training)
        likelihood = self.likelihood_of(parameters, groups[0].latents, images, training=training)
        return Estimate(likelihood, free_energy(images, likelihood, groups), groups)


def _with_features(encoder: keras.Model, names: list[str]) -> Callable[[Tensor, bool], list[Tensor]] | None:
    """What an encoder returns, and then the outputs of its layers of these names; None where there are none."""
    if not names:
        return None
    features = [encoder.get_layer(name).output for name in names]
    model = keras.Model(encoder.inputs[0], [*encoder.outputs, *features], name=encoder.name)

    # a function, out of Keras's sight: the weights are tracked, and saved, as the encoder's
    def encode(images: Tensor, training: bool) -> list[Tensor]:
        outputs: list[Tensor] = model(images, training=training)
        return outputs

    return encode


def _on_floats(encoder: keras.Model) -> Callable[[Tensor], tuple[Tensor, Tensor]]:
    """Means and log-variances of float32 images: Keras casts to an input's dtype, and uint8 passes no gradient."""
    model = keras.models.clone_model(
        encoder,
        input_tensors=keras.Input(encoder.input_shape[1:], dtype="float32", name="pseudo_inputs"),
        clone_function=lambda layer: layer,
    )

    # a function, out of Keras's sight: the weights are tracked, and saved, as the encoder's
    def encode(images: Tensor) -> tuple[Tensor, Tensor]:
        mean, log_variance = model(images, training=False)[:2]
        return mean, log_variance

    return encode


def _is_nothing(value: Any) -> bool:
    """None, or a list or dictionary of nothing."""
    return value is None or (isinstance(value, (list, tuple, dict)) and not value)
