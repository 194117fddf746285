"""The pixels of the images that the page shows, in few bytes and without loss."""

import io
import math
import zlib

import numpy as np
import numpy.typing as npt
from PIL import Image

from freyvae.data.channels import OF_PICTURES
from freyvae.mosaic import MOST_WEBP_PIXELS, in_colour, mosaic


def pack_frames(images: npt.NDArray[np.uint8]) -> tuple[bytes, str]:
    """Compress images, uint8 (image, height, width, channel), in the way that takes the fewest bytes.

    Returns:
        the bytes, and the name of the way: `sheet`, one lossless WebP picture of all images, in rows, if they are grey
        or in colour; or differences of pixels modulo 256 by zlib, from the `left` neighbour or from the same pixel of
        the frame `before`, which suits videos.
    """
    left, before = images.copy(), images.copy()
    left[:, :, 1:] -= images[:, :, :-1]
    before[1:] -= images[:-1]
    packed = {"left": zlib.compress(left.tobytes(), 9), "before": zlib.compress(before.tobytes(), 9)}
    sheet = _sheet(images)
    if sheet is not None:
        packed["sheet"] = sheet
    shortest = min(packed, key=lambda kind: len(packed[kind]))
    return packed[shortest], shortest


def _sheet(images: npt.NDArray[np.uint8]) -> bytes | None:
    count, height, width, channels = images.shape
    columns = max(min(math.ceil(math.sqrt(count * height / width)), count), 1)  # so that it is about square
    rows = math.ceil(count / columns)
    if channels not in OF_PICTURES or max(rows * height, columns * width) > MOST_WEBP_PIXELS:
        return None
    written = io.BytesIO()
    picture = Image.fromarray(mosaic(in_colour(images), columns=columns))
    # more effort takes two to four times as long: colour gets smaller by it, grey does not
    picture.save(written, "WEBP", lossless=True, quality=20 if channels == 1 else 80, method=4)
    return written.getvalue()
