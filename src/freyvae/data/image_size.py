"""Brings pictures to a given size.

A picture is scaled until it covers that size, and then cropped about its centre. It is not stretched, and no bars are
added.
"""

import re
from typing import Any, TypeAlias, overload

import numpy as np

from freyvae.arguments import in_words, several, truth, whole
from freyvae.data.channels import OF_PICTURES
from freyvae.data.images import as_images
from freyvae.data.pixels import Images, Mapped, Pixels
from freyvae.errors import BadInput
from freyvae.memory import check_fits

ImageSize: TypeAlias = str | int | tuple[int, int] | None

_ADVICE = "give a smaller image size"


def parse_image_size(image_size: ImageSize) -> tuple[int, int] | None:
    """Parse `"28x20"`, `"28"`, `28` (a square) or `(28, 20)` to (height, width); None stays None.

    Raises:
        BadInput: the value is none of these, or a side is below 1.
    """
    if image_size is None:
        return None
    if isinstance(image_size, str):
        match = re.fullmatch(r"\s*(\d+)\s*(?:[xX×]\s*(\d+)\s*)?", image_size)
        sides = (int(match[1]), int(match[2] or match[1])) if match else None
    else:
        sides = _sides(image_size)
    if sides is None or min(sides) < 1:
        raise BadInput(
            f"image size {in_words(image_size)} is not HEIGHTxWIDTH in pixels, both at least 1, such as 28x20"
        )
    return sides


def _sides(image_size: Any) -> tuple[int, int] | None:
    """(height, width) from a whole number or two, None from anything else."""
    try:
        sides = several("image_size", image_size) if np.ndim(image_size) else [image_size, image_size]
        height, width = (whole("image_size", side) for side in sides)
    except (BadInput, ValueError):  # not whole numbers, or not two of them
        return None
    return height, width


def fit_picture(picture: Any, size: tuple[int, int]) -> Any:
    """Bring a Pillow picture to (height, width): scaled by Lanczos, cropped about the centre to that aspect."""
    from PIL import Image, ImageOps

    if picture.size == (size[1], size[0]):
        return picture
    return ImageOps.fit(picture, (size[1], size[0]), method=Image.Resampling.LANCZOS)


@overload
def fit_images(images: Images, size: tuple[int, int] | None, *, grey: bool) -> Images: ...
@overload
def fit_images(images: Images | Pixels, size: tuple[int, int] | None, *, grey: bool) -> Images | Pixels: ...
def fit_images(images: Any, size: tuple[int, int] | None, *, grey: bool) -> Any:
    """Bring images to (height, width) as `fit_picture` does, and turn colour into grey (ITU-R 601 luma) if `grey`.

    Raises:
        BadInput: the images do not fit into memory, or `grey` is asked of images that are neither grey nor colour.
    """
    is_read_when_asked_for = isinstance(images, Pixels)
    images = images if is_read_when_asked_for else as_images(images)
    size, grey = parse_image_size(size), truth("grey", grey)
    if size is not None and not is_read_when_asked_for:
        # the single pictures, and the array that they are stacked in
        check_fits(2 * len(images) * size[0] * size[1] * images.shape[3], f"images of {size[0]}x{size[1]}", _ADVICE)
    if grey and images.shape[3] not in OF_PICTURES:
        raise BadInput(
            f"grey=True turns red, green and blue into grey, but these images have {images.shape[3]} channels; "
            "leave it out, or give images.mean(axis=-1)"
        )
    to_grey = grey and images.shape[3] == 3
    if not to_grey and (size is None or images.shape[1:3] == size):
        return images
    if is_read_when_asked_for:
        return Mapped(images, lambda rows: fit_images(rows, size, grey=to_grey))
    if not len(images):
        return np.empty((0, *(size or images.shape[1:3]), 1 if to_grey else images.shape[3]), np.uint8)
    return np.stack([_fit_image(image, size, to_grey=to_grey) for image in images])


def _fit_image(image: Images, size: tuple[int, int] | None, *, to_grey: bool) -> Images:
    from PIL import Image

    if image.shape[2] not in OF_PICTURES:  # a channel is scaled as a grey picture
        channels = (image[:, :, place, None] for place in range(image.shape[2]))
        return np.concatenate([_fit_image(channel, size, to_grey=False) for channel in channels], axis=2)
    picture = Image.fromarray(image if image.shape[2] == 3 else image[:, :, 0])
    picture = picture.convert("L") if to_grey else picture
    fitted = np.asarray(picture if size is None else fit_picture(picture, size))
    return fitted if fitted.ndim == 3 else fitted[..., None]
