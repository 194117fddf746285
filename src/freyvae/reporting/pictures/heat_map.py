"""Where a picture is odd: the picture, what each pixel costs, and how far its surroundings are beyond the usual."""

import re
from dataclasses import dataclass
from pathlib import Path

import matplotlib
import numpy as np
from PIL import Image

from freyvae.mosaic import Array, in_colour

COLOURS = "inferno"
GAP = 6
# a side of a small picture is magnified to at most this many pixels
_MAGNIFIED = 256


@dataclass(frozen=True)
class Usual:
    """What the colours are scaled by.

    Attributes:
        bits: a pixel that costs so much has the brightest colour.
        deviations: likewise.
    """

    bits: float
    deviations: float


def heat_map(image: Array, bits: Array, deviations: Array, *, usual: Usual) -> Array:
    """The picture, its costs, and its deviations side by side, magnified by a whole number.

    Args:
        image: uint8 (height, width, channel).
        bits: what each pixel costs, (height, width).
        deviations: how far its surroundings are beyond what is usual there, likewise.
        usual: for the scale of the colours.

    Returns:
        uint8 (height, width, 3).
    """
    tiles = [in_colour(image[None])[0], coloured(bits / usual.bits), coloured(deviations / usual.deviations)]
    times = max(1, _MAGNIFIED // max(image.shape[:2]))
    magnified = [tile.repeat(times, axis=0).repeat(times, axis=1) for tile in tiles]
    gap = np.full((magnified[0].shape[0], GAP, 3), 255, np.uint8)
    return np.concatenate([magnified[0], gap, magnified[1], gap, magnified[2]], axis=1)


def save_heat_map(shown: Array, folder: Path, name: str) -> None:
    """Write it as a PNG that has the picture's name, and make the folders that it lies in, all within `folder`.

    The name may be what a table says of its rows: a path from the root, or out of the folder. Raises `OSError` where it
    cannot be written.
    """
    parts = [part for part in re.split(r"[/\\]", name) if part.strip(" .")]
    path = folder.joinpath(*parts[:-1], f"{parts[-1].replace(':', '-')}.png") if parts else folder / "picture.png"
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(shown).save(path)


def coloured(shares: Array) -> Array:
    """Numbers, of which 0 is black and 1 the brightest, as colours: uint8 (..., 3)."""
    pixels: Array = matplotlib.colormaps[COLOURS](np.clip(shares, 0.0, 1.0), bytes=True)[..., :3]
    return pixels
