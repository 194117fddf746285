"""Posteriors: the density of a draw is correct, and closed forms agree with Monte Carlo estimates."""

import keras
import numpy as np
import pytest
from keras import ops
from scipy import stats

from freyvae.model.distributions import IndependentNormals, UnitNormal
from freyvae.model.posterior import Flow
from freyvae.model.posteriors import POSTERIORS
from freyvae.model.weights import Weights

LATENTS, LENGTH = 2, 2
FLOWS = [name for name, kind in POSTERIORS.items() if isinstance(kind, Flow)]
pytestmark = pytest.mark.backend


def numpy(tensor):
    return ops.convert_to_numpy(tensor)


def posterior(seed=0, count=3, latents=LATENTS):
    random = np.random.default_rng(seed)
    mean, log_variance = random.normal(size=(2, count, latents)).astype("float32")
    return IndependentNormals(ops.convert_to_tensor(mean), ops.convert_to_tensor(log_variance))


def posterior_named(name, *, count=3):
    """A posterior with random parameters and weights of its flow."""
    base = posterior(count=count)
    if name not in FLOWS:
        return POSTERIORS[name].distribution([base.mean, base.log_variance], None)
    random = np.random.default_rng(1)
    flow, weights = POSTERIORS.changed(POSTERIORS[name], length=LENGTH), Weights("flow")
    flow.add_weights(weights, latent_dim=LATENTS, seed=0)
    for weight in weights.weights:
        weight.assign(random.normal(0.0, 0.2, weight.shape))
    parameters = random.normal(size=(count, flow.parameters_per_image(LATENTS))).astype("float32")
    return flow.distribution([base.mean, base.log_variance, ops.convert_to_tensor(parameters)], weights)


@pytest.mark.parametrize("name", POSTERIORS)
def test_the_density_of_draws_is_their_density(name):
    """E_q[g(z) / q(z)] is the integral of g for every g. Here g is a narrow normal density, with the integral 1."""
    draws = 20000
    latents, log_density = posterior_named(name).repeated(draws).draw(keras.random.SeedGenerator(0))
    assert latents.shape == (3 * draws, LATENTS)
    assert log_density.shape == (3 * draws,)
    latents = numpy(latents).reshape(draws, 3, LATENTS)
    log_density = numpy(log_density).reshape(draws, 3)
    for image in range(3):
        # where q is dense, and narrow, so that the ratio has a finite variance
        middle, covariance = latents[log_density[:, image].argmax(), image], 0.1 * np.cov(latents[:, image].T)
        narrow = stats.multivariate_normal(middle, covariance)
        ratios = np.exp(narrow.logpdf(latents[:, image]) - log_density[:, image])
        error = ratios.std() / np.sqrt(draws)
        assert error < 0.1
        assert abs(ratios.mean() - 1) < 4 * error + 0.01


@pytest.mark.parametrize("name", POSTERIORS)
def test_a_draw_follows_the_seed_and_the_code_does_not(name):
    q = posterior_named(name)
    one, same, other = (q.draw(keras.random.SeedGenerator(seed)) for seed in (0, 0, 10000))
    np.testing.assert_array_equal(numpy(one[0]), numpy(same[0]))
    assert np.abs(numpy(one[0]) - numpy(other[0])).max() > 1e-3
    np.testing.assert_array_equal(numpy(q.sample(keras.random.SeedGenerator(0))), numpy(one[0]))
    np.testing.assert_array_equal(numpy(q.mean), numpy(q.mean))
    np.testing.assert_array_equal(numpy(q.deviation), numpy(q.deviation))
    # without noise a draw is the code
    np.testing.assert_allclose(
        numpy(q.sample(keras.random.SeedGenerator(0), noise_scale=0.0)), numpy(q.mean), rtol=1e-5
    )


@pytest.mark.parametrize("name", POSTERIORS)
def test_the_deviation_is_the_same_whatever_images_stand_beside(name):
    q = posterior_named(name)
    twice = numpy(q.repeated(2).deviation)
    np.testing.assert_allclose(twice, np.tile(numpy(q.deviation), (2, 1)), rtol=1e-5)


@pytest.mark.parametrize("name", POSTERIORS)
def test_the_deviation_is_that_of_draws_about_the_code(name):
    q = posterior_named(name)
    latents = numpy(q.repeated(4000).sample(keras.random.SeedGenerator(3))).reshape(4000, 3, LATENTS)
    expected = np.sqrt(np.square(latents - numpy(q.mean)).mean(axis=0))
    np.testing.assert_allclose(numpy(q.deviation), expected, rtol=0.6 if name in FLOWS else 0.05)


@pytest.mark.parametrize("name", FLOWS)
def test_a_flows_draw_has_the_density_of_its_base_less_the_log_determinant(name):
    q = posterior_named(name)
    begun = q.base.sample(keras.random.SeedGenerator(0))
    moved, log_determinant = q.transform(begun, q.parameters)
    latents, log_density = q.draw(keras.random.SeedGenerator(0))
    np.testing.assert_array_equal(numpy(latents), numpy(moved))
    expected = numpy(q.base.log_prob(begun)) - numpy(log_determinant)
    np.testing.assert_allclose(numpy(log_density), expected, rtol=1e-4, atol=1e-5)


def test_the_closed_form_kl_agrees_with_monte_carlo():
    q = posterior()
    latents, log_density = q.repeated(4000).draw(keras.random.SeedGenerator(0))
    log_ratios = numpy(log_density - UnitNormal(2).log_prob(latents)).reshape(4000, 3)
    estimate, error = log_ratios.mean(0), log_ratios.std(0) / np.sqrt(4000)
    closed = numpy(q.kl_to_standard_normal()).sum(-1)
    assert (np.abs(estimate - closed) < 4 * error).all()


def test_the_posteriors_density_agrees_with_scipy_and_its_draws_with_its_moments():
    q = posterior()
    mean, deviation = numpy(q.mean), np.exp(0.5 * numpy(q.log_variance))
    latents = np.random.default_rng(3).normal(size=(3, 2)).astype("float32")
    expected = stats.norm.logpdf(latents, mean, deviation).sum(-1)
    np.testing.assert_allclose(numpy(q.log_prob(ops.convert_to_tensor(latents))), expected, rtol=1e-4)
    draws = numpy(q.repeated(5000).sample(keras.random.SeedGenerator(0))).reshape(5000, 3, 2)
    np.testing.assert_allclose(draws.mean(0), mean, atol=0.1)
    np.testing.assert_allclose(draws.std(0), deviation, rtol=0.05)


def test_the_posts_noise_is_a_hundredth():
    q = posterior()
    full = numpy(q.sample(keras.random.SeedGenerator(0))) - numpy(q.mean)
    small, log_density = q.draw(keras.random.SeedGenerator(0), noise_scale=0.01)
    np.testing.assert_allclose(numpy(small) - numpy(q.mean), 0.01 * full, atol=1e-6)
    # the density is that of the posterior, whose noise has deviation 1
    np.testing.assert_allclose(numpy(log_density), numpy(q.log_prob(small)), rtol=1e-4)
