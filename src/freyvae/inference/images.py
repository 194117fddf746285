"""Images for the model of a run, read as the run's own were."""

import dataclasses
from collections.abc import Callable
from pathlib import Path

import numpy as np

from freyvae.console import Progress
from freyvae.data import ImageSet, fit_images, load_images
from freyvae.data.channels import images_in_words
from freyvae.data.pixels import with_three_channels
from freyvae.errors import BadInput
from freyvae.files import as_path
from freyvae.model import VAE
from freyvae.run import Run


def images_for(
    run: Run,
    vae: VAE,
    data: str | Path,
    *,
    levels: str | None = None,
    labels: str | Path | None = None,
    progress: bool | Progress = False,
    say: Callable[[str], None],
) -> ImageSet:
    """Read images for a run's model: of another size they are scaled and cropped to its own, which is said.

    Args:
        run: the run.
        vae: its model.
        data: `frey-faces`, `synthetic-faces`, or the path of a folder or file of images.
        levels: stored values that become black and white; by default the run's.
        labels: a table with a label for each image, as `load_images` takes it.
        progress: told how far reading the images is.
        say: told what is left out, scaled or turned to grey, each a line.

    Raises:
        BadInput: the images cannot be read, or have other channels than the model, but for grey and colour.
    """
    as_path("data", data)
    own, (height, width, channels) = run.recipe.data, vae.image_shape
    levels = own.levels if levels is None else levels

    def load(image_size: str | None) -> ImageSet:
        return load_images(data, image_size=image_size, grey=own.grey, levels=levels, labels=labels, progress=progress)

    size = f"{height}x{width}"
    try:
        loaded = load(own.image_size)
    except BadInput:
        if own.image_size is not None:
            raise
        loaded = load(size)  # pictures of different sizes; what else is wrong is so again
        say(f"note: pictures of different sizes, brought to the model's {size} (height x width)")
    for line in loaded.remarks:
        say(line)
    images = loaded.images
    if images.shape[1:3] != (height, width):
        say(f"note: images of {images.shape[1]}x{images.shape[2]}, brought to the model's {size} (height x width)")
    if images.shape[3] != channels:
        if (images.shape[3], channels) not in ((1, 3), (3, 1)):
            raise BadInput(
                f"{loaded.name}: {images_in_words(images.shape[1:])}, but the model of {run.folder} is for "
                f"{images_in_words(vae.image_shape)}"
            )
        say(f"note: {'colour' if channels == 1 else 'grey'} images, taken as {'grey' if channels == 1 else 'colour'}")
    images = fit_images(images, (height, width), grey=channels == 1)
    if images.shape[3] != channels:
        images = with_three_channels(images)
    if images is loaded.images:  # with their fingerprint, if that is on record
        return loaded
    return dataclasses.replace(loaded, images=images, known_fingerprint=None)


def image_for(
    run: Run, vae: VAE, picture: str | Path, *, name: str, levels: str | None = None, say: Callable[[str], None]
) -> np.ndarray:
    """One picture for a run's model, uint8 (1, height, width, channel).

    Raises:
        BadInput: as `images_for`, or there are more in it, as in the argument called `name`.
    """
    images = images_for(run, vae, picture, levels=levels, say=say)[:]
    if len(images) != 1:
        raise BadInput(f"{name} must be one picture, but there are {len(images)} in {picture}")
    return images
