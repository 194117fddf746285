"""The post's network, of any width and depth."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Annotated, Any

from msgspec import Meta

from freyvae.choice import Positive
from freyvae.engine.memory import check_memory
from freyvae.errors import BadInput
from freyvae.late import keras, layers, np
from freyvae.model.likelihood import Likelihood
from freyvae.model.network import Network

Tensor = Any
# a pixel that hardly changed in training is not blown up: one grey level
SMALLEST_DEVIATION = 1.0 / 255.0


@dataclass(frozen=True)
class Dense(Network):
    """Hidden layers of matrix products: with the defaults on Frey faces, the post's 560-256-2+2 and 2-256-560.

    Args:
        hidden: units of the encoder's hidden layers; the decoder's are reversed.
        activation: of the hidden layers, as Keras names it.
        dropout: share of each hidden layer's activations that a training step sets to 0 (Srivastava et al. 2014); half
            that share of standardized pixels.
        standardize: standardize the encoder's input per pixel, by mean and deviation of the training images. Adam moves
            every weight alike, and pixels that are all far above 0 make it move them all the same way.
        start_at_mean: let the decoder begin at the mean training image. One that must first find it pushes the codes
            away from the prior on its way.
    """

    name = "dense"
    hidden: Annotated[
        tuple[Positive, ...], Meta(description="units of the encoder's hidden layers; the decoder's are reversed")
    ] = (256,)
    activation: Annotated[str, Meta(description="activation of the hidden layers, as Keras names it")] = "relu"
    dropout: Annotated[
        float,
        Meta(ge=0, lt=1, description="share of the hidden activations that each training step sets to 0"),
    ] = 0.0
    standardize: Annotated[bool, Meta(description="standardize the encoder's input per pixel")] = False
    start_at_mean: Annotated[
        bool,
        Meta(description="start the decoder at the mean training image, an autoregressive one at their covariance too"),
    ] = True

    @property
    def starts_at_mean(self) -> bool:
        """As `Network.starts_at_mean`."""
        return self.start_at_mean

    def encoder(
        self,
        image_shape: tuple[int, int, int],
        latent_dim: int,
        *,
        parameters_per_image: int = 0,
        seed: int | None = None,
    ) -> keras.Model:
        """As `Network.encoder`."""
        from freyvae.model.layers import Standardize

        self._check_activation()
        check_weights(math.prod(image_shape), *self.hidden, 2 * latent_dim + parameters_per_image)
        seeds = seeds_from(seed)
        images = keras.Input(image_shape, dtype="uint8", name="images")
        # float32 in any precision: a pixel less its mean is little of what either was
        values = layers.Rescaling(1.0 / 255.0, dtype="float32", name="scale")(images)
        values = layers.Flatten(dtype="float32", name="pixels")(values)
        if self.standardize:
            values = Standardize(dtype="float32", name="standardize")(values)
            if self.dropout:
                # a pixel that is left out is then like its mean
                values = layers.Dropout(self.dropout / 2, seed=next(seeds), name="pixels_dropout")(values)
        values = self.trunk(values, self.hidden, seeds=seeds, name="encoder")
        outputs = code_outputs(values, latent_dim, parameters_per_image, seeds)
        return keras.Model(images, outputs, name="encoder")

    def decoder(
        self,
        latent_dim: int,
        image_shape: tuple[int, int, int],
        *,
        parameters_per_value: int = 1,
        seed: int | None = None,
    ) -> keras.Model:
        """As `Network.decoder`."""
        self._check_activation()
        height, width, channels = image_shape
        check_weights(latent_dim, *self.hidden[::-1], height * width * channels * parameters_per_value)
        seeds = seeds_from(seed)
        latents = keras.Input((latent_dim,), name="latents")
        values = self.trunk(latents, self.hidden[::-1], seeds=seeds, name="decoder", first_dtype="float32")
        # where the shape of the distribution depends on the code, all of it begins nearly the same for every code
        scale = 0.01 if parameters_per_value > 1 else 1.0
        location = dense_layer(height * width * channels, seeds, name="location", scale=scale)(values)
        location = layers.Reshape(image_shape, name="image")(location)
        beside = channels * (parameters_per_value - 1)
        if not beside:
            return keras.Model(latents, location, name="decoder")
        others = dense_layer(height * width * beside, seeds, name="others", scale=scale)(values)
        others = layers.Reshape((height, width, beside), name="beside")(others)
        return keras.Model(latents, layers.Concatenate(name="parameters")([location, others]), name="decoder")

    def trunk(
        self,
        values: Tensor,
        hidden: Sequence[int],
        *,
        seeds: Iterator[int],
        name: str,
        first_dtype: str | None = None,
    ) -> Tensor:
        """Dense layers, one after the other."""
        for number, width in enumerate(hidden, start=1):
            dtype = first_dtype if number == 1 else None
            values = dense_layer(width, seeds, activation=self.activation, name=f"{name}_{number}", dtype=dtype)(values)
            if self.dropout:
                values = layers.Dropout(self.dropout, seed=next(seeds), name=f"{name}_{number}_dropout")(values)
        return values

    def start_at(self, encoder: keras.Model, decoder: keras.Model, images: np.ndarray, likelihood: Likelihood) -> None:
        """As `Network.start_at`."""
        if self.start_at_mean:
            for name, bias in zip(("location", "others"), likelihood.start_bias(images), strict=False):
                decoder.get_layer(name).bias.assign(bias)
        if self.standardize:
            layer = encoder.get_layer("standardize")
            pixels = images.reshape(len(images), -1) / 255.0
            layer.mean.assign(pixels.mean(axis=0))
            layer.deviation.assign(np.maximum(pixels.std(axis=0), SMALLEST_DEVIATION))

    def in_words(self, image_shape: tuple[int, int, int], latent_dim: int) -> str:
        """As `Network.in_words`: the widths of both networks."""
        widths = [math.prod(image_shape), *self.hidden, latent_dim]
        return f"{'-'.join(map(str, widths))} and {'-'.join(map(str, widths[::-1]))}"

    def _check_activation(self) -> None:
        try:
            keras.activations.get(self.activation)
        except ValueError as error:
            raise BadInput(f"activation {self.activation!r} is none that Keras knows") from error


def code_outputs(
    values: Tensor, latent_dim: int, parameters_per_image: int, seeds: Iterator[int], *, variance_scale: float = 1.0
) -> list[Tensor]:
    """What an encoder returns: mean, log-variance, and for a posterior with a flow its parameters.

    Args:
        values: features, (image, feature).
        latent_dim: number of latents.
        parameters_per_image: of a flow; 0: there are none.
        seeds: of the initial weights.
        variance_scale: of the log-variance's initial weights.
    """
    # float32 in any precision, as the decoder's first layer is: a code may differ from its neighbour by little
    outputs = [
        dense_layer(latent_dim, seeds, name="mean", dtype="float32")(values),
        dense_layer(latent_dim, seeds, name="log_variance", scale=variance_scale, dtype="float32")(values),
    ]
    if parameters_per_image:
        outputs.append(dense_layer(parameters_per_image, seeds, name="flow_parameters", dtype="float32")(values))
    return outputs


def dense_layer(
    width: int,
    seeds: Iterator[int],
    *,
    name: str,
    activation: str | None = None,
    scale: float = 1.0,
    dtype: str | None = None,
) -> Any:
    """A dense layer with Glorot's uniform initializer, its variance times `scale`."""
    initializer = keras.initializers.VarianceScaling(scale, mode="fan_avg", distribution="uniform", seed=next(seeds))
    return layers.Dense(width, activation=activation, kernel_initializer=initializer, name=name, dtype=dtype)


def check_weights(*widths: int) -> None:
    """Ask whether dense layers from each width to the next fit into memory, before any is made. Raises `BadInput`."""
    check_memory("weights", (sum(inputs * outputs for inputs, outputs in itertools.pairwise(widths)),), "float32")


def seeds_from(seed: int | None) -> Iterator[int]:
    """Seeds that follow from `seed`, one for each layer's weights and one for each dropout."""
    generator = keras.random.SeedGenerator(seed)
    while True:
        yield int(keras.random.randint((), 0, 2**31 - 1, seed=generator))
