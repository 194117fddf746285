"""The one gate: what is an image here?

Anything array-like becomes uint8 (image, height, width, channel), or is refused.
Nothing past this gate asks about dtypes, ranges or axes again.
"""

import hashlib
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from freyvae.errors import BadInput

Images = npt.NDArray[np.uint8]


@dataclass(frozen=True, eq=False)
class ImageSet:
    """Images, and what is known about them.

    Attributes:
        images: uint8 (image, height, width, channel), as `as_images` makes them.
        name: what to call the set where numbers are printed.
        is_video: whether neighbours in the order are neighbours in time, which makes a random split flatter.
        files: where each image came from, one name an image, or None.
        factors: the truth that the images were drawn from, each float (image,), or None.
        unreadable: the files that were left out, each as `name: reason`.
    """

    images: Images
    name: str
    is_video: bool
    files: tuple[str, ...] | None = None
    factors: dict[str, npt.NDArray[np.float64]] | None = None
    unreadable: tuple[str, ...] = ()


def as_images(values: npt.ArrayLike, *, name: str = "images") -> Images:
    """Turn anything array-like into images.

    Args:
        values: (image, height, width) or (image, height, width, channel) with 1 or 3 channels. uint8 is taken as it
            is; bool becomes 0 and 255; uint16 is divided by 257; floats lie in [0, 1] and are multiplied by 255; other
            integers hold 0 to 255.
        name: what to call them in an error.

    Returns:
        uint8 (image, height, width, channel), C-contiguous; `values` itself where it is that already.

    Raises:
        BadInput: anything else, with what was wrong and what to do.
    """
    try:
        array = np.asarray(values)
    except (ValueError, TypeError) as error:  # ragged lists, and objects that refuse to become arrays
        raise BadInput(f"{name}: can't be made into one array ({_one_line(error)}); give images of one size") from None
    if array.dtype.name == "bfloat16":  # numpy has no kind for it; JAX does
        array = array.astype(np.float32)
    if array.dtype.kind not in "buif":
        raise BadInput(f"{name}: dtype {array.dtype} does not hold pixels; give uint8, or floats in [0, 1]")
    array = _four_axes(array, name)
    return np.ascontiguousarray(_as_bytes(array, name))


def pixels_sha256(images: npt.ArrayLike) -> str:
    """SHA-256, in hexadecimal, of the bytes of uint8 pixels in C order, whatever the shape they are given in.

    Raises:
        BadInput: `images` is not uint8.
    """
    array = np.asarray(images)
    if array.dtype != np.uint8:
        raise BadInput(f"pixels_sha256 takes uint8 pixels, not {array.dtype}; pass them through as_images first")
    return hashlib.sha256(array.tobytes()).hexdigest()


def _four_axes(array: npt.NDArray[np.generic], name: str) -> npt.NDArray[np.generic]:
    shape = array.shape
    if array.ndim not in (3, 4):
        hint = "; add an axis in front for a single image" if array.ndim == 2 else ""
        raise BadInput(f"{name}: shape {shape} is not (image, height, width) or (image, height, width, channel){hint}")
    if shape[0] == 0:
        raise BadInput(f"{name}: there are no images in an array of shape {shape}; give at least one")
    if 0 in shape[1:3]:
        raise BadInput(f"{name}: images of zero size, shape {shape}; height and width must be at least 1")
    if array.ndim == 3:
        return array[..., None]
    if shape[3] not in (1, 3):
        hint = "give 1 (grey) or 3 (colour)"
        if shape[3] == 4:
            hint = "drop the alpha channel: images[..., :3]"
        elif shape[1] in (1, 3) and shape[3] > 4:
            hint = "the channel axis comes last: np.moveaxis(images, 1, -1)"
        raise BadInput(f"{name}: {shape[3]} channels in shape {shape}; {hint}")
    return array


def _as_bytes(array: npt.NDArray[np.generic], name: str) -> Images:
    if array.dtype == np.uint8:
        return array.astype(np.uint8, copy=False)
    if array.dtype.kind == "b":
        return array.astype(np.uint8) * np.uint8(255)
    low, high = array.min(), array.max()
    if array.dtype.kind == "f":
        # min and max carry NaN and infinity, so the whole array need not be searched.
        if not (np.isfinite(low) and np.isfinite(high)):
            raise BadInput(f"{name}: some pixels are NaN or infinite; give finite values in [0, 1]")
        if low < 0 or high > 1:
            looks_like_bytes = low >= 0 and 1 < high <= 255
            hint = "they look like 0 to 255: divide by 255, or give uint8" if looks_like_bytes else "scale them"
            raise BadInput(f"{name}: float pixels from {low:g} to {high:g}, but floats must lie in [0, 1]; {hint}")
        scaled: npt.NDArray[np.float32] = np.rint(array.astype(np.float32) * np.float32(255))
        return scaled.astype(np.uint8)
    if array.dtype.kind == "u" and array.dtype.itemsize == 2:
        if 0 < high <= 255:
            # Divided by 257 they would all turn black: bytes in the wrong dtype are far likelier than such a picture.
            raise BadInput(f"{name}: uint16 pixels from {low} to {high} look like 8-bit ones; give uint8")
        return ((array.astype(np.uint32) + 128) // 257).astype(np.uint8)
    if low < 0 or high > 255:
        raise BadInput(
            f"{name}: {array.dtype} pixels from {low} to {high}, but integers must lie in 0 to 255; scale them"
        )
    return array.astype(np.uint8)


def _one_line(error: Exception) -> str:
    return " ".join(str(error).split())[:120]
