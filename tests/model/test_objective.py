"""F = F^R - KL(q || p(z|x)), checked with a linear model, whose likelihood scikit-learn computes exactly."""

import itertools

import keras
import numpy as np
import pytest
from keras import ops
from sklearn.decomposition import FactorAnalysis
from tests.linear_gaussian import SCALES, VALUES, LinearGaussian

from freyvae.model.distributions import IndependentNormals, MixtureOfNormals, UnitNormal
from freyvae.model.free_energy import free_energy
from freyvae.model.groups import Group, kl_per_latent
from freyvae.model.networks import Dense
from freyvae.model.objectives.free_energy import rate_above_free_bits
from freyvae.model.objectives.importance_weighted import importance_weighted_bound
from freyvae.model.vae import VAE

LATENTS = 2
pytestmark = pytest.mark.backend


@pytest.fixture(scope="module")
def linear():
    """Images, loadings, exact log-likelihoods, and the exact posterior of a factor analysis."""
    random = np.random.default_rng(0)
    loadings = random.normal(0, 12, (LATENTS, VALUES))
    # orthogonal with respect to the noise, so that the exact posterior is diagonal, as q is
    whitened, _ = np.linalg.qr((loadings / SCALES).T)
    loadings = whitened.T * SCALES * np.array([[4.0], [2.0]])
    mean = np.full(VALUES, 128.0)
    latents = random.normal(size=(50, LATENTS))
    noise = SCALES * random.normal(size=(50, VALUES))
    images = np.clip(np.round(mean + latents @ loadings + noise), 0, 255).astype("uint8").reshape(50, VALUES, 1, 1)
    model = FactorAnalysis(LATENTS).fit(images.reshape(50, VALUES).astype(float))
    model.components_, model.noise_variance_, model.mean_ = loadings, SCALES**2, mean
    flat = images.reshape(50, VALUES).astype(float)
    precision = np.eye(LATENTS) + loadings @ np.diag(1 / SCALES**2) @ loadings.T
    np.testing.assert_allclose(precision, np.diag(np.diag(precision)), atol=1e-9)
    exact_mean = (flat - mean) @ np.diag(1 / SCALES**2) @ loadings.T @ np.linalg.inv(precision)
    return {
        "images": images,
        "loadings": loadings,
        "mean": mean,
        "log_likelihood": model.score_samples(flat),
        "posterior_mean": exact_mean,
        "posterior_variance": 1 / np.diag(precision),
    }


def energy(linear, mean, variance, draws=1000, prior=None):
    """The free energy and its standard error, averaged over draws of q = N(mean, variance)."""
    means = np.repeat(mean, draws, axis=0).astype("float32")
    log_variances = np.broadcast_to(np.log(variance), means.shape).astype("float32")
    q = IndependentNormals(ops.convert_to_tensor(means), ops.convert_to_tensor(log_variances))
    latents, log_density = q.draw(keras.random.SeedGenerator(0))
    decoded = (linear["mean"] + ops.convert_to_numpy(latents) @ linear["loadings"]).reshape(-1, VALUES, 1, 1)
    likelihood = LinearGaussian()(ops.convert_to_tensor(decoded.astype("float32")))
    prior = UnitNormal(LATENTS) if prior is None else prior
    parts = free_energy(np.repeat(linear["images"], draws, axis=0), likelihood, [Group(latents, log_density, q, prior)])
    totals = ops.convert_to_numpy(parts.total).reshape(len(mean), draws)
    return totals.mean(1), totals.std(1) / np.sqrt(draws)


def kl_to_exact(linear, mean, variance):
    exact = linear["posterior_variance"]
    difference = mean - linear["posterior_mean"]
    return 0.5 * (variance / exact + difference**2 / exact - 1 - np.log(variance / exact)).sum(-1)


def test_the_bound_is_tight_at_the_exact_posterior(linear):
    mean, variance = linear["posterior_mean"], linear["posterior_variance"]
    estimate, error = energy(linear, mean, variance)
    assert (np.abs(estimate + linear["log_likelihood"]) < 4 * error + 0.01).all()


def test_away_from_it_the_gap_is_the_kl_to_it_and_never_negative(linear):
    mean, variance = linear["posterior_mean"] + 0.2, 2.0 * linear["posterior_variance"]
    estimate, error = energy(linear, mean, variance)
    gap = estimate + linear["log_likelihood"]
    assert (gap > -4 * error).all()
    assert (np.abs(gap - kl_to_exact(linear, mean, variance)) < 4 * error + 0.01).all()


def test_a_sampled_rate_estimates_what_the_closed_form_says(linear):
    mean, variance = linear["posterior_mean"] + 0.2, 2.0 * linear["posterior_variance"]
    same = MixtureOfNormals(ops.zeros(1), ops.zeros((1, LATENTS)), ops.zeros((1, LATENTS)))
    closed, _ = energy(linear, mean, variance)
    sampled, error = energy(linear, mean, variance, prior=same)
    assert (np.abs(sampled - closed) < 5 * error).all()


def test_there_is_a_kl_for_each_latent_only_of_independent_latents():
    q = IndependentNormals(ops.zeros((2, LATENTS)), ops.zeros((2, LATENTS)))
    mixture = MixtureOfNormals(ops.zeros(1), ops.zeros((1, LATENTS)), ops.zeros((1, LATENTS)))
    assert kl_per_latent(q, UnitNormal(LATENTS)).shape == (2, LATENTS)
    assert kl_per_latent(q, mixture) is None


def test_the_importance_weighted_bound_of_one_draw_is_its_weight_and_more_draws_are_tighter():
    log_weights = np.random.default_rng(0).normal(-100.0, 2.0, (8, 50)).astype("float32")
    one = ops.convert_to_numpy(importance_weighted_bound(ops.convert_to_tensor(log_weights[:1])))
    np.testing.assert_allclose(one, -log_weights[0], rtol=1e-6)
    # over disjoint blocks of draws, by Jensen's inequality for each image
    bounds = []
    for size in (1, 2, 4, 8):
        blocks = log_weights.reshape(8 // size, size, 50)
        each = [ops.convert_to_numpy(importance_weighted_bound(ops.convert_to_tensor(block))) for block in blocks]
        bounds.append(np.mean(each, axis=0))
    for fewer, more in itertools.pairwise(bounds):
        assert (more <= fewer + 1e-4).all()
    exact = -np.log(np.exp(log_weights.astype("float64") + 100).mean(axis=0)) + 100
    np.testing.assert_allclose(bounds[-1], exact, rtol=1e-5)


def test_free_bits_are_a_floor_for_each_latent_on_average_over_the_batch():
    kl = ops.convert_to_tensor(np.array([[0.0, 2.0, 0.3], [0.2, 4.0, 0.5]], "float32"))
    assert float(rate_above_free_bits(kl, 0.25)) == pytest.approx(0.25 + 3.0 + 0.4)
    assert float(rate_above_free_bits(kl, 0.0)) == pytest.approx(3.5)


@pytest.mark.skipif(keras.backend.backend() != "jax", reason="the gradient is taken with JAX")
def test_gradients_of_the_reparametrized_estimate_agree_with_finite_differences():
    import jax

    # smooth networks, since a finite difference across the kink of a ReLU agrees with no derivative
    vae = VAE(
        (3, 2, 1),
        2,
        likelihood="gaussian",
        encoder=Dense(hidden=(8,), activation="tanh").encoder((3, 2, 1), 2, seed=0),
        decoder=Dense(hidden=(8,), activation="tanh").decoder(2, (3, 2, 1), parameters_per_value=2, seed=1),
        seed=0,
    )
    images = np.random.default_rng(0).integers(0, 256, (5, 3, 2, 1), dtype="uint8")
    weights = [variable.value for variable in vae.trainable_variables]
    rest = [variable.value for variable in vae.non_trainable_variables]

    @jax.jit
    def loss(weights):
        # the state of the noise generator is in `rest`, so the draws are the same
        outputs, _ = vae.stateless_call(weights, rest, images)
        return ops.mean(outputs["distortion"] + outputs["rate"])

    gradients = jax.grad(loss)(weights)
    step = 1e-2
    for number, (weight, gradient) in enumerate(zip(weights, gradients, strict=True)):
        direction = np.random.default_rng(number).normal(size=weight.shape).astype("float32")
        moved = [[*weights[:number], weight + sign * step * direction, *weights[number + 1 :]] for sign in (1, -1)]
        slope = float(loss(moved[0]) - loss(moved[1])) / (2 * step)
        assert float((gradient * direction).sum()) == pytest.approx(slope, rel=0.02, abs=2e-3)
