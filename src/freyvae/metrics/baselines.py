"""What would one pay for the same images without a model? Constants, and lossless image files."""

import io
import math

import numpy as np
from PIL import Image, features
from scipy.special import log_ndtr

from freyvae.data.channels import OF_PICTURES
from freyvae.data.pixels import blocks
from freyvae.data.statistics import mean_image
from freyvae.model import Likelihood
from freyvae.mosaic import MOST_WEBP_PIXELS

LOG_TWO_PI = math.log(2.0 * math.pi)
# a pixel that never changed in training is still given this deviation, in grey levels
SMALLEST_DEVIATION = 1.0
BYTES_AT_ONCE = 2**20  # of pixels; a likelihood keeps some fifty times as many
# pixels of one mosaic: what bounds the memory, and WebP's sides of at most 16383
MOSAIC_PIXELS = 2**22
FILE_FORMATS = ("PNG", "WebP", "JPEG-XL")
# of JPEG-XL's encoder: either makes the smaller file now and then
JPEG_XL_EFFORTS = (7, 9)


def mean_image_nll_nats(train: np.ndarray, images: np.ndarray, likelihood: Likelihood | None = None) -> np.ndarray:
    """What images cost under a constant: the mean training image, and each pixel's own deviation around it.

    Args:
        train: uint8 (image, height, width, channel).
        images: alike, to be measured.
        likelihood: for a constant of the same kind, where it defines one (`Likelihood.constant_nats`). By default, and
            where it does not, a probability of the bytes: a normal discretized to the 256 levels.

    Returns:
        float64 (image,), in nats.
    """
    mean, deviation = moments(train)
    costs = []
    for _, block in blocks(images, most_bytes=BYTES_AT_ONCE):
        levels = block.reshape(-1, len(mean)).astype(np.float64)
        nats = None if likelihood is None else likelihood.constant_nats(mean, deviation, levels)
        if nats is None:
            nats = -discretized_normal_log_prob(levels, mean, deviation)
        costs.append(nats.sum(axis=1))
    return np.concatenate(costs)


def discretized_normal_log_prob(levels: np.ndarray, mean: np.ndarray, deviation: np.ndarray) -> np.ndarray:
    """Log P(x) of grey levels under a normal cut into bins of one level, the first and last taking the tails.

    P(x) = Phi((x + 1/2 - mean) / deviation) - Phi((x - 1/2 - mean) / deviation): sums to one over 0 .. 255.
    """
    upper = np.where(levels >= 255, np.inf, (levels + 0.5 - mean) / deviation)
    lower = np.where(levels <= 0, -np.inf, (levels - 0.5 - mean) / deviation)
    # in the right tail both are near 1: look from the other side
    right = lower > 0
    upper, lower = np.where(right, -lower, upper), np.where(right, -upper, lower)
    top = log_ndtr(upper)
    # log(a - b) = log a + log(1 - b / a)
    return np.asarray(top + np.log(-np.expm1(log_ndtr(lower) - top)))


def lossless_bits_per_dim(images: np.ndarray) -> dict[str, float]:
    """Bits per value of the images in every lossless format that this Pillow writes, one file an image and in mosaics.

    Keys are `png_files`, `png_mosaic`, `webp_files` and so on; JPEG-XL needs the package pillow-jxl-plugin.
    """
    found = {}
    for format in FILE_FORMATS:
        for kind, measured in (("files", file_bits_per_dim), ("mosaic", mosaic_bits_per_dim)):
            size = measured(images, format)
            if size is not None:
                found[f"{format.lower().replace('-', '_')}_{kind}"] = size
    return found


def file_bits_per_dim(images: np.ndarray, format: str) -> float | None:
    """Bits per value of the images as lossless files, one an image, headers and all.

    Of images that are neither grey nor colour, each channel is a grey picture in a file of its own.

    Args:
        images: uint8 (image, height, width, channel).
        format: one of `FILE_FORMATS`; None comes back where this Pillow cannot write it, or they are too large for it.
    """
    bits = file_bits(images, format)
    return None if bits is None else float(bits.sum()) / images.size


def file_bits(images: np.ndarray, format: str) -> np.ndarray | None:
    """Bits of each image as a lossless file of its own, as `file_bits_per_dim` has them: float64 (image,)."""
    if not _writes(format, images):
        return None
    return np.array([8.0 * _encoded_bytes(image, format) for image in images])


def mosaic_bits_per_dim(images: np.ndarray, format: str) -> float | None:
    """The same with all images beside each other in one file, which pays for one header and sees what is alike.

    Blanks in the last row are paid for; above `MOSAIC_PIXELS` pixels there are several mosaics. Of images that are
    neither grey nor colour, each channel has a file of its own.
    """
    if not _writes(format, images):
        return None
    count, height, width, _ = images.shape
    at_once = max(1, MOSAIC_PIXELS // (height * width))
    total = 0
    for start in range(0, count, at_once):
        total += _encoded_bytes(_mosaic(images[start : start + at_once]), format)
    return 8.0 * total / images.size


def moments(train: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Mean and deviation of each value, in grey levels, float64 (value,)."""
    mean = mean_image(train).reshape(-1)
    squares = np.zeros_like(mean)
    for _, block in blocks(train, most_bytes=BYTES_AT_ONCE):
        squares += np.square(block.reshape(-1, len(mean)) - mean).sum(axis=0)
    return mean, np.maximum(np.sqrt(squares / len(train)), SMALLEST_DEVIATION)


def _mosaic(images: np.ndarray) -> np.ndarray:
    """(image, height, width, channel) -> one image, as square as may be."""
    count, height, width, channels = images.shape
    columns = min(count, max(1, round(math.sqrt(count * height / width))))
    rows = -(-count // columns)
    filled = np.concatenate([images, np.zeros((rows * columns - count, height, width, channels), np.uint8)])
    tiles = filled.reshape(rows, columns, height, width, channels).swapaxes(1, 2)
    return tiles.reshape(rows * height, columns * width, channels)


def _writes(format: str, images: np.ndarray) -> bool:
    """Whether this Pillow writes a format, and the format such images."""
    if format == "WebP":
        return bool(features.check("webp")) and max(images.shape[1:3]) <= MOST_WEBP_PIXELS
    return format != "JPEG-XL" or _writes_jpeg_xl()


def _encoded_bytes(image: np.ndarray, format: str) -> int:
    """The size of the lossless file of uint8 (height, width, channel), or of one for each channel."""
    parts = [image] if image.shape[2] in OF_PICTURES else np.split(image, image.shape[2], axis=2)
    return sum(len(_encoded(part, format)) for part in parts)


def _encoded(image: np.ndarray, format: str) -> bytes:
    """A lossless file of uint8 (height, width, 1 or 3)."""
    picture = Image.fromarray(image[:, :, 0] if image.shape[2] == 1 else image)
    if format == "JPEG-XL":
        return min((_jpeg_xl(picture, effort) for effort in JPEG_XL_EFFORTS), key=len)
    file = io.BytesIO()
    if format == "WebP":
        picture.convert("RGB").save(file, format, lossless=True)
    else:
        picture.save(file, format, optimize=True)
    return file.getvalue()


def _writes_jpeg_xl() -> bool:
    try:
        import pillow_jxl  # noqa: F401  # it makes itself known to Pillow
    except ImportError:
        return False
    return True


def _jpeg_xl(picture: Image.Image, effort: int) -> bytes:
    file = io.BytesIO()
    picture.save(file, "JXL", lossless=True, effort=effort)
    return file.getvalue()
