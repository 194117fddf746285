"""Which images does a recipe train on, and which does it hold out?"""

import dataclasses
import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from freyvae.console import Progress
from freyvae.data import ImageSet, Split, load_images, split_indices
from freyvae.data.pixels import Pixels, evenly_chosen, evenly_spaced, part_of
from freyvae.errors import BadInput
from freyvae.recipe import Recipe

# of pictures and pages
MOST_BYTES_TO_SHOW = 2**27
# images of a part that tell whether it is black and white
_LOOKED_AT = 100


@dataclass(frozen=True)
class TrainingData:
    """The images of a run, and which of them are for what: arrays, or `Pixels` where they are read when asked for."""

    images: ImageSet
    split: Split

    @property
    def train(self) -> Any:
        """The training images, uint8 (image, height, width, channel)."""
        return part_of(self.images.images, self.split.train)

    @property
    def validation(self) -> Any:
        """The held-out images to choose by, uint8 (image, height, width, channel)."""
        return part_of(self.images.images, self.split.validation)

    def said_of_binarization(self, binarize: bool) -> list[str]:
        """Where the images that are held out are black and white alone, and those that are trained on not, or else."""
        grey = [
            bool(((images != 0) & (images != 255)).any())
            for images in (evenly_chosen(part, _LOOKED_AT) for part in (self.train, self.validation))
        ]
        if binarize and grey[1]:
            return [
                "Training draws black and white, and the images held out are grey: their numbers are of other images. "
                "Hold out images that are black and white."
            ]
        if not binarize and grey[0] and not grey[1] and self.images.parts is not None:
            return [
                "The images held out are black and white, and those to train on grey: with binarize=True training "
                "draws black and white too."
            ]
        return []

    @property
    def shown(self) -> np.ndarray:
        """The numbers of the images that pictures and pages show: all, or some where they are read when asked for."""
        images = self.images
        most = MOST_BYTES_TO_SHOW // math.prod(images.image_shape) if isinstance(images.images, Pixels) else len(images)
        return evenly_spaced(len(images), max(1, most))

    def to_show(self) -> "TrainingData":
        """The same of the images that are `shown`, these in memory."""
        images, split, chosen = self.images, self.split, self.shown
        if len(chosen) == len(images):
            return self
        files, labels = (
            None if texts is None else [texts[number] for number in chosen.tolist()]
            for texts in (images.files, images.labels)
        )
        train, validation, test = (
            np.flatnonzero(np.isin(chosen, part)) for part in (split.train, split.validation, split.test)
        )
        shown = dataclasses.replace(
            images, images=images[chosen], files=files, labels=labels, known_fingerprint=None, parts=None
        )
        return TrainingData(shown, Split(train=train, validation=validation, test=test, note=split.note))


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
        parts=images.parts,
        **recipe.split.get_config(),
    )
    if recipe.training.batch_size > len(split.train):
        raise BadInput(
            f"batch_size {recipe.training.batch_size} is larger than the {len(split.train)} training images: "
            f"give batch_size={len(split.train)} or less"
        )
    return TrainingData(images, split)
