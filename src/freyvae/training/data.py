"""Which images does a recipe train on, and which does it hold out?"""

from dataclasses import dataclass

import numpy as np

from freyvae.console import Progress
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


def load_training_data(recipe: Recipe, *, progress: bool | Progress = False) -> TrainingData:
    """The images that a recipe names, split as it says. Raises `BadInput` when they cannot be had."""
    images = load_images(
        recipe.data.source,
        image_size=recipe.data.image_size,
        grey=recipe.data.grey,
        strict=recipe.data.strict,
        levels=recipe.data.levels,
        labels=recipe.data.labels,
        progress=progress,
    )
    if len(images.images) == 1 and images.files is not None:
        raise BadInput(f"{images.name}: a single picture; give the folder that holds all of them")
    split = split_indices(
        len(images.images),
        recipe.split.name,
        is_video=images.is_video,
        **recipe.split.get_config(),
    )
    if recipe.training.batch_size > len(split.train):
        raise BadInput(
            f"batch_size {recipe.training.batch_size} is larger than the {len(split.train)} training images: "
            f"give batch_size={len(split.train)} or less"
        )
    return TrainingData(images, split)
