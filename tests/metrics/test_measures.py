"""Measures in files of their own: a number, or None where it is not defined."""

import numpy as np
import pytest

from freyvae.metrics.measure import Seen
from freyvae.metrics.measures import MEASURES
from freyvae.metrics.measures.largest_code_correlation import largest_code_correlation
from freyvae.model import VAE


@pytest.mark.parametrize("name", MEASURES)
@pytest.mark.parametrize("latents", [1, 2])
@pytest.mark.parametrize("count", [1, 20])
def test_a_measure_is_a_number_or_none(name, latents, count):
    images = np.random.default_rng(0).integers(0, 256, (count, 4, 3, 1), dtype="uint8")
    vae = VAE((4, 3, 1), latents, seed=0)
    found = MEASURES[name].of(Seen(vae=vae, images=images, train=images, codes=vae.encode(images)))
    assert found is None or (isinstance(found, float) and np.isfinite(found))
    assert MEASURES[name].label


def test_the_largest_correlation_is_that_of_the_two_latents_that_go_together():
    random = np.random.default_rng(0)
    one, two = random.normal(size=(2, 5000))
    codes = np.stack([one, two, -0.8 * one + 0.6 * random.normal(size=5000), np.full(5000, 3.0)], axis=1)
    assert largest_code_correlation(codes) == pytest.approx(0.8, abs=0.03)
    assert largest_code_correlation(codes[:, [0, 1]]) < 0.05
    assert largest_code_correlation(codes[:, [0, 0]]) == pytest.approx(1.0)
    assert largest_code_correlation(codes[:, [0, 3]]) is None
    # of a float32 that is constant, the deviation is one of rounding
    rounded = np.stack([one, two, np.full(5000, 0.1)], axis=1).astype(np.float32)
    assert rounded[:, 2].std() > 0
    assert largest_code_correlation(rounded) < 0.05
    assert largest_code_correlation(codes[:2]) is None
