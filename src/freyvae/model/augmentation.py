"""Training images, changed at random at every step: more of them than there are."""

from typing import Any

import keras
from keras import layers, ops

from freyvae.engine.draws import draw_for_images

Tensor = Any


class _Random(layers.Layer):
    """A layer that changes images (image, height, width, channel) at random."""

    def __init__(self, *, seed: int, **kwargs: Any):
        super().__init__(**kwargs)
        self.seed = seed
        # a layer's generator is among its variables, and so in every checkpoint
        self.draws = keras.random.SeedGenerator(seed)

    def uniform(self, images: Tensor, shape: tuple[int, int, int] = (1, 1, 1)) -> Tensor:
        """Numbers in [0, 1) for each image, (image, *shape). Every call draws anew."""
        return draw_for_images(keras.random.uniform, (ops.shape(images)[0], *shape), seed=self.draws)

    def compute_output_shape(self, input_shape: tuple[Any, ...]) -> tuple[Any, ...]:
        """The images' own."""
        return input_shape

    def get_config(self) -> dict[str, Any]:
        """The seed."""
        return {**super().get_config(), "seed": self.seed}


class _RandomForSome(_Random):
    """A layer that changes some images of any dtype, each with the same probability."""

    def __init__(self, probability: float, *, seed: int, **kwargs: Any):
        super().__init__(seed=seed, **kwargs)
        self.probability = probability

    def get_config(self) -> dict[str, Any]:
        """The probability and the seed."""
        return {**super().get_config(), "probability": self.probability}


@keras.saving.register_keras_serializable("freyvae")
class RandomShift(_RandomForSome):
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
class RandomFlip(_RandomForSome):
    """Mirrors some images, left to right.

    Args:
        probability: of each image to be mirrored, 0 to 1.
        seed: of the draws.
    """

    def call(self, images: Tensor) -> Tensor:
        """The images, some of them mirrored."""
        return ops.where(self.uniform(images) < self.probability, ops.flip(images, axis=2), images)


@keras.saving.register_keras_serializable("freyvae")
class RandomBinarization(_Random):
    """Draws black or white for each value of uint8 images, its grey level being the probability of white.

    That is the dynamic binarization of Burda et al. 2016 and others before. Black and white themselves stay.

    Args:
        seed: of the draws.
    """

    def call(self, images: Tensor) -> Tensor:
        """Images of the values 0 and 255."""
        drawn = self.uniform(images, tuple(images.shape[1:])) * 255.0 < ops.cast(images, "float32")
        return ops.cast(drawn, "uint8") * 255
