"""Images with their posteriors: a run's own, or others that are made to fit its model."""

import dataclasses
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from freyvae.console import Progress
from freyvae.data import ImageSet, fit_images, load_images
from freyvae.data.channels import OF_PICTURES
from freyvae.data.sources import NAMES
from freyvae.errors import BadInput
from freyvae.evaluation import load_measured_data
from freyvae.files import as_path
from freyvae.metrics.nearest import Posteriors
from freyvae.model import VAE
from freyvae.run import Run

PARTS = ("training", "validation", "test")


@dataclass(frozen=True, eq=False)
class Encoded:
    """Images, and what a model makes of them.

    Attributes:
        images: uint8 (image, height, width, channel).
        posteriors: of their codes.
        names: the file of each image, or its number, from 0.
        labels: of each image, or None.
        parts: training, validation or test, of each image of the run's own; None for others.
    """

    images: np.ndarray
    posteriors: Posteriors
    names: tuple[str, ...]
    labels: tuple[str, ...] | None
    parts: tuple[str, ...] | None

    def __len__(self) -> int:
        return len(self.images)


def encoded_run(run: Run, vae: VAE) -> Encoded:
    """A run's own images, training and held-out, in their order.

    Raises `BadInput` when they are gone, or others now.
    """
    data = load_measured_data(run)
    parts = np.empty(len(data.images.images), dtype=object)
    for name, indices in zip(PARTS, (data.split.train, data.split.validation, data.split.test), strict=True):
        parts[indices] = name
    return _encoded(vae, data.images, tuple(parts))


def encoded_data(
    run: Run,
    vae: VAE,
    data: str | Path,
    *,
    levels: str | None = None,
    labels: str | None = None,
    progress: bool | Progress = False,
    say: Callable[[str], None],
) -> Encoded:
    """Other images, made to fit the run's model: scaled and cropped to its size, to grey where it knows no colour.

    Args:
        run: the run.
        vae: its model.
        data: as `load_images` takes it.
        levels: stored values that become black and white; by default the run's.
        labels: a table of labels; by default the sub-folders of a folder.
        progress: told how far reading is.
        say: told what is left out, and what was done to make the images fit, each a line.

    Raises `BadInput` when the images cannot be read, or have other channels than the model's.
    """
    recipe = run.recipe
    height, width, channels = vae.image_shape
    # of a folder each picture has a size of its own
    is_folder = str(data) not in NAMES and as_path("data", data).is_dir()
    images = load_images(
        data,
        image_size=(height, width) if is_folder else recipe.data.image_size,
        grey=recipe.data.grey,
        levels=recipe.data.levels if levels is None else levels,
        labels=labels,
        progress=progress,
    )
    for line in images.remarks:
        say(line)
    return _encoded(vae, _fitted(images, height, width, channels, say=say), None)


def _fitted(images: ImageSet, height: int, width: int, channels: int, *, say: Callable[[str], None]) -> ImageSet:
    found = images.images.shape[1:]
    to_grey = channels == 1 and found[2] == 3
    if found[2] != channels and not (found[2] in OF_PICTURES and channels in OF_PICTURES):
        raise BadInput(
            f"{images.name} has {found[2]} channels, but the run's images have {channels}: give images with as many"
        )
    if to_grey:
        say(f"note: {images.name} is in colour, and was turned into grey as the run's images are")
    if found[:2] != (height, width):
        say(f"note: {images.name} is {found[0]} x {found[1]} pixels, and was scaled to the run's {height} x {width}")
    fitted = fit_images(images.images, (height, width), grey=to_grey)
    if fitted.shape[3] == 1 and channels == 3:
        fitted = np.repeat(fitted, 3, axis=3)
    return dataclasses.replace(images, images=fitted)


def _encoded(vae: VAE, images: ImageSet, parts: tuple[str, ...] | None) -> Encoded:
    count = len(images.images)
    return Encoded(
        images=images.images,
        posteriors=Posteriors(vae.encode(images.images), vae.posterior_deviations(images.images)),
        names=tuple(map(str, range(count))) if images.files is None else images.files,
        labels=images.labels,
        parts=parts,
    )
