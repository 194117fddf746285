"""Posteriors and priors: the closed forms agree with Monte Carlo."""

import keras
import numpy as np
import pytest
from keras import ops

from freyvae.model.posteriors import DiagonalNormal
from freyvae.model.priors import StandardNormal

pytestmark = pytest.mark.backend


def numpy(tensor):
    return ops.convert_to_numpy(tensor)


def posterior(seed=0, count=3, latents=2):
    random = np.random.default_rng(seed)
    mean, log_variance = random.normal(size=(2, count, latents)).astype("float32")
    return DiagonalNormal(ops.convert_to_tensor(mean), ops.convert_to_tensor(log_variance))


def test_the_closed_form_kl_agrees_with_monte_carlo():
    q = posterior()
    wide = DiagonalNormal(ops.repeat(q.mean, 4000, axis=0), ops.repeat(q.log_variance, 4000, axis=0))
    latents = wide.sample(keras.random.SeedGenerator(0))
    log_ratios = numpy(wide.log_prob(latents) - StandardNormal(2).log_prob(latents)).reshape(3, 4000)
    estimate, error = log_ratios.mean(1), log_ratios.std(1) / np.sqrt(4000)
    closed = numpy(q.kl_to_standard_normal()).sum(-1)
    assert (np.abs(estimate - closed) < 4 * error).all()


def test_the_posteriors_density_agrees_with_scipy_and_its_draws_with_its_moments():
    from scipy.stats import norm

    q = posterior()
    mean, deviation = numpy(q.mean), np.exp(0.5 * numpy(q.log_variance))
    latents = np.random.default_rng(3).normal(size=(3, 2)).astype("float32")
    expected = norm.logpdf(latents, mean, deviation).sum(-1)
    np.testing.assert_allclose(numpy(q.log_prob(ops.convert_to_tensor(latents))), expected, rtol=1e-4)
    wide = DiagonalNormal(ops.repeat(q.mean, 5000, axis=0), ops.repeat(q.log_variance, 5000, axis=0))
    draws = numpy(wide.sample(keras.random.SeedGenerator(0))).reshape(3, 5000, 2)
    np.testing.assert_allclose(draws.mean(1), mean, atol=0.1)
    np.testing.assert_allclose(draws.std(1), deviation, rtol=0.05)


def test_the_posts_noise_is_a_hundredth():
    q = posterior()
    full = numpy(q.sample(keras.random.SeedGenerator(0))) - numpy(q.mean)
    small = numpy(q.sample(keras.random.SeedGenerator(0), noise_scale=0.01)) - numpy(q.mean)
    np.testing.assert_allclose(small, 0.01 * full, atol=1e-6)
