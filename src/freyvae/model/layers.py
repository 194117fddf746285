"""Layers that networks are made of, beside those of Keras."""

from typing import Any

import keras
from keras import layers, ops


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
