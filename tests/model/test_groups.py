"""Latents in groups: objective, free energy and measures count all of them."""

import keras
import numpy as np
import pytest
from keras import ops

from freyvae.evaluation import importance_sampled
from freyvae.model import VAE
from freyvae.model.distributions import IndependentNormals, UnitNormal
from freyvae.model.groups import Group

pytestmark = pytest.mark.backend
SHAPE = (5, 4, 1)
MEAN, LOG_VARIANCE = 0.6, -0.5
KL = 0.5 * (np.exp(LOG_VARIANCE) + MEAN**2 - 1 - LOG_VARIANCE)


class TwoGroups(VAE):
    """A second group of three latents that the decoder ignores. Its posterior is the same for every image."""

    def draw_groups(self, encoded, noise, *, noise_scale=1.0, training=False):
        groups, parameters = super().draw_groups(encoded, noise, noise_scale=noise_scale, training=training)
        like = ops.zeros_like(ops.tile(groups[0].latents[:, :1], (1, 3)))
        second = IndependentNormals(like + MEAN, like + LOG_VARIANCE)
        latents, log_density = second.draw(noise, noise_scale=noise_scale)
        return [*groups, Group(latents, log_density, second, UnitNormal(3))], parameters


@pytest.fixture(scope="module")
def models():
    return VAE(SHAPE, 2, seed=0), TwoGroups(SHAPE, 2, seed=0)


def test_the_rate_is_that_of_all_groups_the_top_one_first(models, images):
    plain, two = (model.free_energy(images, samples=100) for model in models)
    assert (plain.rates.shape, two.rates.shape) == ((57, 1), (57, 2))
    np.testing.assert_allclose(two.rates[:, 0], plain.rate, rtol=1e-4)
    np.testing.assert_allclose(two.rates[:, 1], 3 * KL, rtol=1e-4)
    np.testing.assert_allclose(two.rate, two.rates.sum(axis=1), rtol=1e-6)
    assert (two.total - plain.total).mean() == pytest.approx(3 * KL, abs=0.3)


def test_a_training_reports_and_pays_for_all_groups(models, images):
    losses = []
    for model in models:
        model.compile(optimizer=keras.optimizers.SGD(0.0))
        losses.append(model.fit(images, epochs=1, batch_size=57, verbose=0).history)
    plain, two = losses
    assert two["rate"][0] - plain["rate"][0] == pytest.approx(3 * KL, rel=1e-3)
    assert two["loss"][0] == pytest.approx(two["distortion"][0] + two["rate"][0], rel=1e-5)


def test_free_bits_are_of_each_latent_of_every_group(images):
    losses = []
    for free_bits in (0.0, 10.0):
        model = TwoGroups(SHAPE, 2, free_bits=free_bits, seed=0)
        model.compile(optimizer=keras.optimizers.SGD(0.0))
        losses.append(model.fit(images, epochs=1, batch_size=57, verbose=0).history)
    # no latent has ten nats: all five cost the floor
    assert losses[1]["loss"][0] - losses[1]["distortion"][0] == pytest.approx(50.0, rel=1e-4)
    assert losses[1]["rate"][0] == pytest.approx(losses[0]["rate"][0], rel=1e-3)


def test_the_likelihood_integrates_over_all_groups(models, images):
    # the second group carries no information, so on average it costs nothing, with any posterior
    plain, two = (importance_sampled(model, images[:5], samples=3000) for model in models)
    np.testing.assert_allclose(two.nll, plain.nll, atol=0.3)
    np.testing.assert_allclose(two.rate - plain.rate, 3 * KL, atol=0.05)
