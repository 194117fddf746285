"""Mean, deviation and histogram of images, in one pass over them."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from freyvae.data.pixels import Images, Pixels, blocks


@dataclass(frozen=True)
class Statistics:
    """Of all pixels of some images.

    Attributes:
        mean: grey level of each channel.
        deviation: standard deviation of each channel, in grey levels.
        histogram: how many values of each channel have each of the 256 levels, (channel, 256).
    """

    mean: tuple[float, ...]
    deviation: tuple[float, ...]
    histogram: tuple[tuple[int, ...], ...]

    @classmethod
    def of(cls, histogram: npt.NDArray[np.int64]) -> "Statistics":
        """Those of values of which there are so many, int64 (channel, 256)."""
        levels, counts = np.arange(256), histogram.sum(axis=1)
        mean = histogram @ levels / counts
        squares = histogram @ levels**2 / counts
        deviation = np.sqrt(np.maximum(squares - mean**2, 0.0))
        return cls(
            tuple(map(float, mean)), tuple(map(float, deviation)), tuple(tuple(map(int, row)) for row in histogram)
        )

    @property
    def lowest(self) -> int:
        """The lowest grey level that there is."""
        return int(np.flatnonzero(np.sum(self.histogram, axis=0))[0])

    @property
    def highest(self) -> int:
        """The highest grey level that there is."""
        return int(np.flatnonzero(np.sum(self.histogram, axis=0))[-1])


def mean_image(images: Images | Pixels) -> npt.NDArray[np.float64]:
    """The mean of images, float64 (height, width, channel), in grey levels."""
    # whole numbers, so that it does not depend on the blocks
    total = sum(block.sum(axis=0, dtype=np.int64) for _, block in blocks(images))
    return np.asarray(total / len(images))


def histogram(images: Images) -> npt.NDArray[np.int64]:
    """How many values of each channel have each of the 256 levels, int64 (channel, 256)."""
    from PIL import Image

    # Pillow counts bytes as they are, five times faster than numpy.bincount, which makes int64 of them first
    rows = images.reshape(-1, *images.shape[2:])
    if images.shape[3] == 3:
        return np.array(Image.fromarray(rows).histogram()).reshape(3, 256)
    return np.array([Image.fromarray(channel).histogram() for channel in np.moveaxis(rows, 2, 0)])


def statistics_of(images: Images | Pixels) -> Statistics:
    """The statistics of images, those of a pack from its record."""
    known: Statistics | None = getattr(images, "statistics", None)
    return known or Statistics.of(np.sum([histogram(block) for _, block in blocks(images)], axis=0))
