"""Which images does a recipe train on, and which does it hold out?"""

from dataclasses import dataclass

import numpy as np

from freyvae.data import ImageSet, Split, load_images, split_indices
from freyvae.errors import BadInput
from freyvae.recipe import Recipe


@dataclass(frozen=True)
class TrainingData:
    """The images of a run, and which of them are for what."""

    images: ImageSet
    split: Split

    @property
    def train(self) -> np.ndarray:
        """The training images, uint8 (image, height, width, channel)."""
        return self.images.images[self.split.train]

    @property
    def validation(self) -> np.ndarray:
        """The held-out images to choose by, uint8 (image, height, width, channel)."""
        return self.images.images[self.split.validation]


def load_training_data(recipe: Recipe, *, progress: bool = False) -> TrainingData:
    """The images that a recipe names, split as it says. Raises `BadInput` when they cannot be had."""
    images = load_images(
        recipe.data,
        image_size=recipe.image_size,
        grey=recipe.grey,
        strict=recipe.strict,
        levels=recipe.levels,
        progress=progress,
    )
    split = split_indices(
        len(images.images),
        recipe.split,
        validation=recipe.validation,
        test=recipe.test,
        seed=recipe.split_seed,
        is_video=images.is_video,
    )
    if recipe.batch_size > len(split.train):
        raise BadInput(
            f"batch_size {recipe.batch_size} is larger than the {len(split.train)} training images: "
            f"give --batch-size {len(split.train)} or less"
        )
    return TrainingData(images, split)
