"""Was the contrast of images stretched?"""

import numpy as np
import pytest

from freyvae.data.stretched import missing_levels
from freyvae.data.synthetic_faces import synthetic_faces


def smooth(count=5, side=40, levels=150):
    """Images with a smooth histogram within the middle of the range."""
    drawn = np.random.default_rng(0).normal(levels / 2, levels / 6, (count, side, side, 1))
    return np.clip(drawn, 0, levels).round()


def test_stretching_leaves_levels_out():
    """150 levels over 256: 0.41 of them are missing, and some more by chance."""
    found = missing_levels((smooth() * 255 / 150).round().astype(np.uint8))
    assert 0.41 < found.share < 0.5
    assert found.expected < 0.2
    assert found.is_stretched


def test_what_is_not_stretched_misses_what_chance_leaves_out():
    found = missing_levels(smooth().astype(np.uint8))
    assert found.share == pytest.approx(found.expected, abs=0.05)
    assert not found.is_stretched
    assert not missing_levels(synthetic_faces(50).images).is_stretched


def test_images_of_one_level_miss_none():
    assert missing_levels(np.full((2, 4, 4, 3), 7, np.uint8)).share == 0.0
