"""The networks: the post's encoder and decoder, of any width and depth, and with residual blocks.

Any Keras model of the same shapes can stand in their place.
"""

import itertools
import math
from collections.abc import Iterator, Sequence
from typing import Any

import keras
import numpy as np
from keras import layers, ops

from freyvae.errors import BadInput
from freyvae.model.likelihood import Likelihood
from freyvae.model.memory import check_memory

Tensor = Any
# a pixel that hardly changed in training is not blown up: one grey level
SMALLEST_DEVIATION = 1.0 / 255.0


def dense_encoder(
    image_shape: tuple[int, int, int],
    latent_dim: int,
    *,
    hidden: Sequence[int] = (256,),
    activation: str = "relu",
    residual: bool = False,
    dropout: float = 0.0,
    standardize: bool = False,
    flow_parameters: int = 0,
    seed: int | None = None,
) -> keras.Model:
    """The recognition model R: uint8 images -> [mean, log_variance], each (image, latent) float32.

    With the defaults on Frey faces, the post's 560-256-2+2. With `flow_parameters` above 0 there is a third output,
    (image, flow_parameters) float32, for a posterior with a flow.

    Args:
        image_shape: (height, width, channel).
        latent_dim: number of latents.
        hidden: units of the hidden layers. With `residual`, two or more and all equal: the first is a dense layer, each
            of the others a block h + dense(activation(dense(activation(h)))), and an activation comes after the last
            (He et al. 2016, Identity Mappings in Deep Residual Networks, fig. 1b).
        activation: of the hidden layers, as Keras names it.
        residual: whether hidden layers are residual blocks.
        dropout: share of each hidden layer's activations that a training step sets to 0 (Srivastava et al. 2014), in
            residual blocks of the inner layer's and after the last block; half that share of standardized pixels.
        standardize: whether each pixel is standardized, by what `standardize_by` says of the training images.
        flow_parameters: how many numbers the flow takes of each image.
        seed: of the initial weights and the dropout; None draws one.

    Raises:
        BadInput: the widths do not suit residual blocks, or the weights are more than memory holds.
    """
    _check_weights(math.prod(image_shape), *hidden, 2 * latent_dim + flow_parameters)
    seeds = _seeds(seed)
    images = keras.Input(image_shape, dtype="uint8", name="images")
    # float32 in any precision: a pixel less its mean is little of what either was
    values = layers.Rescaling(1.0 / 255.0, dtype="float32", name="scale")(images)
    values = layers.Flatten(dtype="float32", name="pixels")(values)
    if standardize:
        values = Standardize(dtype="float32", name="standardize")(values)
        if dropout:
            # a pixel that is left out is then like its mean
            values = layers.Dropout(dropout / 2, seed=next(seeds), name="pixels_dropout")(values)
    trunk = _residual_trunk if residual else _dense_trunk
    values = trunk(values, hidden, activation=activation, dropout=dropout, seeds=seeds, name="encoder")
    # float32 in any precision, as the decoder's first layer is: a code may differ from its neighbour by little
    mean = _dense(latent_dim, seeds, name="mean", dtype="float32")(values)
    log_variance = _dense(latent_dim, seeds, name="log_variance", dtype="float32")(values)
    outputs = [mean, log_variance]
    if flow_parameters:
        dense = _dense(flow_parameters, seeds, name="flow_parameters", dtype="float32")
        outputs.append(dense(values))
    return keras.Model(images, outputs, name="encoder")


def dense_decoder(
    latent_dim: int,
    image_shape: tuple[int, int, int],
    *,
    parameters_per_value: int = 1,
    all_from_code: bool = False,
    hidden: Sequence[int] = (256,),
    activation: str = "relu",
    residual: bool = False,
    dropout: float = 0.0,
    seed: int | None = None,
) -> keras.Model:
    """The generative model G: latents (image, latent) -> a likelihood's parameters, before their squashing.

    The output's shape is (image, height, width, channel * parameters_per_value). With the defaults on Frey faces, the
    post's 2-256-560. Parameters beyond the location are learned for each pixel but do not depend on the code: on Frey
    faces scales that do so fit the training frames better and the held-out ones worse.

    Args:
        latent_dim: number of latents.
        image_shape: (height, width, channel).
        parameters_per_value: how many numbers the likelihood takes for each value.
        all_from_code: whether those beyond the location depend on the code too; where the likelihood has no location,
            they must.
        hidden: units of the hidden layers, the first being the one after the latents; else as for `dense_encoder`.
        activation: of the hidden layers, as Keras names it.
        residual: whether hidden layers are residual blocks, as for `dense_encoder`.
        dropout: share of the hidden activations that a training step sets to 0, as for `dense_encoder`.
        seed: of the initial weights and the dropout; None draws one.

    Raises:
        BadInput: the widths do not suit residual blocks, or the weights are more than memory holds.
    """
    height, width, channels = image_shape
    values_from_code = height * width * channels * (parameters_per_value if all_from_code else 1)
    _check_weights(latent_dim, *hidden, values_from_code)
    seeds = _seeds(seed)
    latents = keras.Input((latent_dim,), name="latents")
    trunk = _residual_trunk if residual else _dense_trunk
    values = trunk(
        latents, hidden, activation=activation, dropout=dropout, seeds=seeds, name="decoder", first_dtype="float32"
    )
    # where the shape of the distribution hangs on the code, all of it begins nearly the same for every code
    scale = 0.01 if all_from_code else 1.0
    location = _dense(height * width * channels, seeds, name="location", scale=scale)(values)
    location = layers.Reshape(image_shape, name="image")(location)
    beside = channels * (parameters_per_value - 1)
    if not beside:
        return keras.Model(latents, location, name="decoder")
    if not all_from_code:
        return keras.Model(latents, AppendConstants(beside, name="scale")(location), name="decoder")
    others = _dense(height * width * beside, seeds, name="others", scale=scale)(values)
    others = layers.Reshape((height, width, beside), name="beside")(others)
    return keras.Model(latents, layers.Concatenate(name="parameters")([location, others]), name="decoder")


def start_at_mean(decoder: keras.Model, images: np.ndarray, likelihood: Likelihood) -> None:
    """Let a `dense_decoder` begin at what uint8 images (image, height, width, channel) are on average.

    A decoder that must first find the mean face pushes the codes away from the prior on its way.
    """
    for name, bias in zip(("location", "others"), likelihood.start_bias(images), strict=False):
        decoder.get_layer(name).bias.assign(bias)


def standardize_by(encoder: keras.Model, images: np.ndarray) -> None:
    """Let a `dense_encoder` with `standardize` see pixels relative to uint8 images (image, height, width, channel).

    Adam moves every weight alike, and pixels that are all far above 0 make it move them all the same way.
    """
    layer = encoder.get_layer("standardize")
    pixels = images.reshape(len(images), -1) / 255.0
    layer.mean.assign(pixels.mean(axis=0))
    layer.deviation.assign(np.maximum(pixels.std(axis=0), SMALLEST_DEVIATION))


@keras.saving.register_keras_serializable("freyvae")
class Standardize(layers.Layer):
    """(x - mean) / deviation for each value, neither of them trained: (image, value) -> (image, value)."""

    def build(self, input_shape: tuple[int | None, ...]) -> None:
        """Make the constants, which at first change nothing."""
        shape = (input_shape[-1],)
        self.mean = self.add_weight(shape=shape, initializer="zeros", trainable=False, name="mean")
        self.deviation = self.add_weight(shape=shape, initializer="ones", trainable=False, name="deviation")

    def call(self, values: Any) -> Any:
        """The values, standardized."""
        return (values - self.mean) / self.deviation


@keras.saving.register_keras_serializable("freyvae")
class AppendConstants(layers.Layer):
    """Appends learned constants, `channels` for each pixel: (image, h, w, c) -> (image, h, w, c + channels)."""

    def __init__(self, channels: int, **kwargs: Any):
        super().__init__(**kwargs)
        self.channels = channels

    def build(self, input_shape: tuple[int | None, ...]) -> None:
        """Make the constants, zero to begin with."""
        self.constants = self.add_weight(
            shape=(*input_shape[1:3], self.channels), initializer="zeros", name="constants"
        )

    def call(self, values: Any) -> Any:
        """The same constants beside every image's values."""
        count = ops.shape(values)[0]
        # a product with ones, not `broadcast_to`: its gradient, a sum over the images, is then a matrix product, where
        # XLA's CPU compiler would make a loop of it that takes longer than all the rest of a training step
        constants = ops.matmul(ops.ones((count, 1), self.compute_dtype), ops.reshape(self.constants, (1, -1)))
        return ops.concatenate([values, ops.reshape(constants, (count, *self.constants.shape))], axis=-1)

    def compute_output_shape(self, input_shape: tuple[Any, ...]) -> tuple[Any, ...]:
        """The shape with more channels."""
        return (*input_shape[:3], input_shape[3] + self.channels)

    def get_config(self) -> dict[str, Any]:
        """How many constants a pixel has."""
        return {**super().get_config(), "channels": self.channels}


def _dense_trunk(
    values: Tensor,
    hidden: Sequence[int],
    *,
    activation: str,
    dropout: float,
    seeds: Iterator[int],
    name: str,
    first_dtype: str | None = None,
) -> Tensor:
    """Dense layers, one after the other."""
    for number, width in enumerate(hidden, start=1):
        dtype = first_dtype if number == 1 else None
        values = _dense(width, seeds, activation=activation, name=f"{name}_{number}", dtype=dtype)(values)
        if dropout:
            values = layers.Dropout(dropout, seed=next(seeds), name=f"{name}_{number}_dropout")(values)
    return values


def _residual_trunk(
    values: Tensor,
    hidden: Sequence[int],
    *,
    activation: str,
    dropout: float,
    seeds: Iterator[int],
    name: str,
    first_dtype: str | None = None,
) -> Tensor:
    """A dense layer, then blocks that each add to what they are given: He et al. 2016, fig. 1b, in dense layers."""
    if len(hidden) < 2 or len(set(hidden)) > 1:
        raise BadInput(
            f"a residual network needs two hidden widths or more, all equal, not {list(hidden)}: "
            "give --hidden 256 256, or --network dense"
        )
    width = hidden[0]
    # its inputs may be 16 latents to 512 units: by Glorot they would be but a whisper, and the blocks linear
    initializer = keras.initializers.LecunUniform(seed=next(seeds))
    values = layers.Dense(width, kernel_initializer=initializer, name=f"{name}_1", dtype=first_dtype)(values)
    for number in range(2, len(hidden) + 1):
        block = f"{name}_{number}"
        inner = layers.Activation(activation, name=f"{block}_activation")(values)
        inner = _dense(width, seeds, activation=activation, name=f"{block}_inner")(inner)
        if dropout:
            inner = layers.Dropout(dropout, seed=next(seeds), name=f"{block}_dropout")(inner)
        inner = _dense(width, seeds, name=f"{block}_outer")(inner)
        values = layers.Add(name=block)([values, inner])
    values = layers.Activation(activation, name=f"{name}_activation")(values)
    return layers.Dropout(dropout, seed=next(seeds), name=f"{name}_dropout")(values) if dropout else values


def _dense(
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


def _check_weights(*widths: int) -> None:
    """Ask whether dense layers from each width to the next fit into memory, before any is made. Raises `BadInput`."""
    check_memory("weights", (sum(inputs * outputs for inputs, outputs in itertools.pairwise(widths)),), "float32")


def _seeds(seed: int | None) -> Iterator[int]:
    """Seeds that follow from `seed`, one for each layer's weights and one for each dropout."""
    generator = keras.random.SeedGenerator(seed)
    while True:
        yield int(keras.random.randint((), 0, 2**31 - 1, seed=generator))
