"""The novelty of a code has the closed form of one normal, and its bounds of many."""

import numpy as np
import pytest

from freyvae.metrics import novelty
from freyvae.metrics.novelty import AggregatePosterior


def _kl(mean, deviation, other_mean, other_deviation):
    ratio = (deviation / other_deviation) ** 2
    return 0.5 * (ratio + ((mean - other_mean) / other_deviation) ** 2 - 1 - np.log(ratio)).sum(-1)


@pytest.fixture
def codes():
    random = np.random.default_rng(0)
    return random.normal(size=(40, 3)), 0.5 + random.random((40, 3))


def test_of_one_training_image_it_is_the_divergence_of_two_normals(codes):
    mean, deviation = codes
    found = AggregatePosterior(mean[:1], deviation[:1]).novelty_nats(mean, deviation)
    np.testing.assert_allclose(found, _kl(mean, deviation, mean[0], deviation[0]))


def test_of_images_like_all_it_is_nothing_and_of_images_like_one_alone_the_logarithm_of_their_number(codes):
    mean, deviation = codes
    alike = AggregatePosterior(np.zeros((40, 3)), np.ones((40, 3)))
    np.testing.assert_allclose(alike.novelty_nats(np.zeros((2, 3)), np.ones((2, 3))), 0.0, atol=1e-9)
    apart = AggregatePosterior(1000.0 * mean, deviation)
    np.testing.assert_allclose(apart.novelty_nats(1000.0 * mean, deviation), np.log(40))
    assert (apart.novelty_nats(1000.0 * mean + 500.0, deviation) > 1000.0).all()


def test_it_is_above_the_divergence_from_the_mixture(codes):
    mean, deviation = codes
    random = np.random.default_rng(1)
    draws = mean[0] + deviation[0] * random.normal(size=(20_000, 3))

    def log_normal(mean, deviation):
        return (-0.5 * ((draws - mean) / deviation) ** 2 - np.log(deviation) - 0.5 * np.log(2 * np.pi)).sum(-1)

    mixture = np.logaddexp.reduce([log_normal(*one) for one in zip(mean, deviation, strict=True)], axis=0) - np.log(40)
    exact = np.mean(log_normal(mean[0], deviation[0]) - mixture)
    # of a component of the mixture, never more than the logarithm of their number
    found = AggregatePosterior(mean, deviation).novelty_nats(mean[:1], deviation[:1])[0]
    assert exact - 0.02 <= found <= np.log(40)


def test_blocks_change_nothing_and_of_many_images_some_are_enough(codes, monkeypatch):
    mean, deviation = codes
    whole = AggregatePosterior(mean, deviation).novelty_nats(mean, deviation)
    monkeypatch.setattr(novelty, "VALUES_AT_ONCE", 1)
    np.testing.assert_allclose(AggregatePosterior(mean, deviation).novelty_nats(mean, deviation), whole)
    monkeypatch.setattr(novelty, "MOST_COMPONENTS", 2)
    ends = AggregatePosterior(mean[[0, -1]], deviation[[0, -1]]).novelty_nats(mean, deviation)
    np.testing.assert_allclose(AggregatePosterior(mean, deviation).novelty_nats(mean, deviation), ends)


def test_deviations_that_are_too_small_for_a_float_are_finite(codes):
    mean, deviation = codes
    deviation = np.where(np.arange(40)[:, None] % 2, deviation, 0.0)
    assert np.isfinite(AggregatePosterior(mean, deviation).novelty_nats(mean, deviation)).all()
