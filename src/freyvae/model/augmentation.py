"""Training images, changed a little at random: more of them than there are."""

from typing import Any

import keras
from keras import layers, ops

from freyvae.engine.draws import draw_for_images

Tensor = Any


class _Random(layers.Layer):
    """A layer that changes some images (image, height, width, channel) of any dtype, each with the same probability."""

    def __init__(self, probability: float, *, seed: int, **kwargs: Any):
        super().__init__(**kwargs)
        self.probability = probability
        self.seed = seed
        # a layer's generator is among its variables, and so in every checkpoint
        self.draws = keras.random.SeedGenerator(seed)

    def uniform(self, images: Tensor) -> Tensor:
        """A number in [0, 1) for each image, (image, 1, 1, 1). Every call draws anew."""
        return draw_for_images(keras.random.uniform, (ops.shape(images)[0], 1, 1, 1), seed=self.draws)

    def compute_output_shape(self, input_shape: tuple[Any, ...]) -> tuple[Any, ...]:
        """The images' own."""
        return input_shape

    def get_config(self) -> dict[str, Any]:
        """The probability and the seed."""
        return {**super().get_config(), "probability": self.probability, "seed": self.seed}


@keras.saving.register_keras_serializable("freyvae")
class RandomShift(_Random):
    """Moves some images by one pixel, to the left, right, top or bottom with equal chance; the edge is repeated.

    Args:
        probability: of each image to be moved, 0 to 1.
        seed: of the draws.
    """

    def call(self, images: Tensor) -> Tensor:
        """The images, some of them moved."""
        moved = [
            ops.concatenate([images[:, :, 1:], images[:, :, -1:]], axis=2),
            ops.concatenate([images[:, :, :1], images[:, :, :-1]], axis=2),
            ops.concatenate([images[:, 1:], images[:, -1:]], axis=1),
            ops.concatenate([images[:, :1], images[:, :-1]], axis=1),
        ]
        # [0, probability) in four parts, each for a direction; beyond, an image stays
        direction = ops.floor(self.uniform(images) * (len(moved) / self.probability))
        for number, candidate in enumerate(moved):
            images = ops.where(direction == number, candidate, images)
        return images


@keras.saving.register_keras_serializable("freyvae")
class RandomFlip(_Random):
    """Mirrors some images, left to right.

    Args:
        probability: of each image to be mirrored, 0 to 1.
        seed: of the draws.
    """

    def call(self, images: Tensor) -> Tensor:
        """The images, some of them mirrored."""
        return ops.where(self.uniform(images) < self.probability, ops.flip(images, axis=2), images)
