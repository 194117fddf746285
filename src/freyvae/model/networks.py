"""The networks: the post's encoder and decoder, of any width and depth.

Any Keras model of the same shapes can stand in their place.
"""

from collections.abc import Iterator, Sequence
from typing import Any

import keras
import numpy as np
from keras import layers, ops


def dense_encoder(
    image_shape: tuple[int, int, int],
    latent_dim: int,
    *,
    hidden: Sequence[int] = (256,),
    activation: str = "relu",
    seed: int | None = None,
) -> keras.Model:
    """The recognition model R: uint8 images -> [mean, log_variance], each (image, latent) float32.

    With the defaults on Frey faces, the post's 560-256-2+2.
    """
    initializers = _initializers(seed)
    images = keras.Input(image_shape, dtype="uint8", name="images")
    values = layers.Rescaling(1.0 / 255.0, name="scale")(images)
    values = layers.Flatten(name="pixels")(values)
    for number, width in enumerate(hidden, start=1):
        values = layers.Dense(
            width, activation=activation, kernel_initializer=next(initializers), name=f"encoder_{number}"
        )(values)
    mean = layers.Dense(latent_dim, kernel_initializer=next(initializers), name="mean")(values)
    log_variance = layers.Dense(latent_dim, kernel_initializer=next(initializers), name="log_variance")(values)
    return keras.Model(images, [mean, log_variance], name="encoder")


def dense_decoder(
    latent_dim: int,
    image_shape: tuple[int, int, int],
    *,
    parameters_per_value: int = 1,
    hidden: Sequence[int] = (256,),
    activation: str = "relu",
    seed: int | None = None,
) -> keras.Model:
    """The generative model G: latents (image, latent) -> a likelihood's parameters, before their squashing.

    The output's shape is (image, height, width, channel * parameters_per_value). With the defaults on Frey faces, the
    post's 2-256-560. Parameters beyond the location are learned for each pixel but do not depend on the code: on Frey
    faces scales that do so fit the training frames better and the held-out ones worse.
    """
    initializers = _initializers(seed)
    height, width, channels = image_shape
    latents = keras.Input((latent_dim,), name="latents")
    values = latents
    for number, units in enumerate(hidden, start=1):
        values = layers.Dense(
            units, activation=activation, kernel_initializer=next(initializers), name=f"decoder_{number}"
        )(values)
    values = layers.Dense(height * width * channels, kernel_initializer=next(initializers), name="location")(values)
    values = layers.Reshape(image_shape, name="image")(values)
    if parameters_per_value > 1:
        values = AppendConstants(channels * (parameters_per_value - 1), name="scale")(values)
    return keras.Model(latents, values, name="decoder")


def start_at_mean(decoder: keras.Model, images: np.ndarray) -> None:
    """Let a `dense_decoder` begin at the mean of uint8 images (image, height, width, channel), whatever the code.

    A decoder that must first find the mean face pushes the codes away from the prior on its way.
    """
    mean = np.clip(images.mean(axis=0) / 255.0, 1e-3, 1.0 - 1e-3)
    decoder.get_layer("location").bias.assign(np.log(mean / (1.0 - mean)).ravel())


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
        shape = (ops.shape(values)[0], *self.constants.shape)
        return ops.concatenate([values, ops.broadcast_to(self.constants, shape)], axis=-1)

    def compute_output_shape(self, input_shape: tuple[Any, ...]) -> tuple[Any, ...]:
        """The shape with more channels."""
        return (*input_shape[:3], input_shape[3] + self.channels)

    def get_config(self) -> dict[str, Any]:
        """How many constants a pixel has."""
        return {**super().get_config(), "channels": self.channels}


def _initializers(seed: int | None) -> Iterator[Any]:
    """Glorot's uniform initializer again and again, each of a seed of its own that follows from `seed`."""
    generator = keras.random.SeedGenerator(seed)
    while True:
        yield keras.initializers.GlorotUniform(seed=int(keras.random.randint((), 0, 2**31 - 1, seed=generator)))
