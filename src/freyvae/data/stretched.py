"""Was the contrast of images stretched? Then levels are missing between those that occur, where many pixels are."""

from typing import NamedTuple

import numpy as np

from freyvae.data.pixels import Images, Pixels, evenly_chosen

_MOST_IMAGES = 1000
# levels around one, to either side, whose mean count says how often it should occur
_AROUND = 8
# of the levels within an image's range, how many more have to be missing than by chance
_LEAST_SHARE, _LEAST_TIMES = 0.1, 2.0


class Missing(NamedTuple):
    """Shares of the grey levels between an image's darkest and lightest that do not occur in it.

    Attributes:
        share: over all images and channels.
        expected: were each pixel's level independent of the others', of a smooth histogram.
    """

    share: float
    expected: float

    @property
    def is_stretched(self) -> bool:
        """Whether so many more are missing than by chance that something took them out."""
        return bool(self.share > max(self.expected + _LEAST_SHARE, _LEAST_TIMES * self.expected))


def missing_levels(images: Images | Pixels) -> Missing:
    """How many grey levels are missing in images (image, height, width, channel), or in many of them."""
    missing = expected = levels = 0.0
    reach = np.ones(2 * _AROUND + 1)
    around = np.convolve(np.ones(256), reach, "same")
    for image in evenly_chosen(images, _MOST_IMAGES):
        for channel in np.moveaxis(image, -1, 0):
            counts = np.bincount(channel.ravel(), minlength=256)
            present = np.nonzero(counts)[0]
            inside = slice(present[0], present[-1] + 1)
            chance_of_none = np.exp(-np.convolve(counts, reach, "same") / around)
            missing += np.sum(counts[inside] == 0)
            expected += np.sum(chance_of_none[inside])
            levels += present[-1] + 1 - present[0]
    return Missing(float(missing / levels), float(expected / levels))
