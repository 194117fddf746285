"""Priors: densities agree with scipy, draws agree with densities, and learned priors learn."""

import keras
import numpy as np
import pytest
from keras import ops
from scipy import stats
from scipy.special import logsumexp, softmax

from freyvae.errors import BadInput
from freyvae.model import VAE
from freyvae.model import vae as vae_module
from freyvae.model.distributions import MixtureOfNormals, UnitNormal
from freyvae.model.priors import PRIORS, Vamp

LATENTS, COMPONENTS = 2, 3
SHAPE = (4, 3, 1)
pytestmark = pytest.mark.backend


def numpy(tensor):
    return ops.convert_to_numpy(tensor)


def mixture():
    random = np.random.default_rng(0)
    values = [random.normal(size=shape) for shape in ((COMPONENTS,), (COMPONENTS, LATENTS), (COMPONENTS, LATENTS))]
    return MixtureOfNormals(*(ops.convert_to_tensor(value.astype("float32")) for value in values))


def vae_with(prior, components=COMPONENTS):
    return VAE(SHAPE, LATENTS, prior=PRIORS.changed(PRIORS[prior], components=components), seed=0)


CASES = {
    "standard-normal": lambda: UnitNormal(LATENTS),
    "mixture": mixture,
    "gaussian-mixture": lambda: vae_with("gaussian-mixture").prior,
    "vamp": lambda: vae_with("vamp").prior,
}


@pytest.mark.parametrize("name", CASES)
def test_draws_agree_with_the_density(name):
    """E_p[g(z) / p(z)] is the integral of g for every g. Here g is a narrow normal density, with the integral 1."""
    prior = CASES[name]()
    drawn = numpy(prior.sample(20000, keras.random.SeedGenerator(0)))
    assert drawn.shape == (20000, LATENTS)
    assert drawn.dtype == np.float32
    narrow = stats.multivariate_normal(drawn.mean(axis=0), 0.3 * np.cov(drawn.T))
    ratios = np.exp(narrow.logpdf(drawn) - numpy(prior.log_prob(ops.convert_to_tensor(drawn))))
    error = ratios.std() / np.sqrt(len(ratios))
    assert error < 0.05
    assert abs(ratios.mean() - 1) < 4 * error


@pytest.mark.parametrize("name", CASES)
def test_a_density_of_many_axes_is_that_of_each_code(name):
    prior = CASES[name]()
    latents = np.random.default_rng(1).normal(size=(4, 5, LATENTS)).astype("float32")
    found = numpy(prior.log_prob(ops.convert_to_tensor(latents)))
    assert found.shape == (4, 5)
    flat = numpy(prior.log_prob(ops.convert_to_tensor(latents.reshape(20, LATENTS))))
    np.testing.assert_allclose(found.ravel(), flat, rtol=1e-5)


def test_a_mixtures_density_agrees_with_scipy_and_its_draws_with_its_moments():
    prior = mixture()
    logits, means, log_variances = (numpy(values) for values in (prior.logits, prior.means, prior.log_variances))
    latents = np.random.default_rng(2).normal(size=(10, LATENTS)).astype("float32")
    each = stats.norm.logpdf(latents[:, None], means, np.exp(0.5 * log_variances)).sum(-1)
    expected = logsumexp(each, axis=1, b=softmax(logits))
    np.testing.assert_allclose(numpy(prior.log_prob(ops.convert_to_tensor(latents))), expected, rtol=1e-4)
    drawn = numpy(prior.sample(20000, keras.random.SeedGenerator(1)))
    share = softmax(logits)
    mean = share @ means
    np.testing.assert_allclose(drawn.mean(axis=0), mean, atol=0.05)
    np.testing.assert_allclose(drawn.var(axis=0), share @ (np.exp(log_variances) + means**2) - mean**2, rtol=0.05)


def test_vamp_is_the_mixture_of_the_posteriors_of_its_images():
    vae = vae_with("vamp")
    images = np.random.default_rng(0).integers(1, 255, (COMPONENTS, *SHAPE), dtype="uint8")
    vae.start_at(images)
    np.testing.assert_allclose(numpy(vae.prior_choice.images(vae.learned_prior)), images, atol=1e-2)
    posterior = vae.posterior(images)
    np.testing.assert_allclose(numpy(vae.prior.means), numpy(posterior.mean), rtol=1e-3, atol=1e-4)
    np.testing.assert_allclose(numpy(vae.prior.log_variances), numpy(posterior.log_variance), rtol=1e-3, atol=1e-4)
    np.testing.assert_array_equal(numpy(vae.prior.logits), 0.0)


def test_images_of_black_and_white_can_still_be_moved():
    vae = vae_with("vamp", 2)
    vae.start_at(np.stack([np.zeros(SHAPE, "uint8"), np.full(SHAPE, 255, "uint8")]))
    assert np.isfinite(numpy(vae.learned_prior["pseudo_inputs"].value)).all()
    begun = numpy(vae.prior_choice.images(vae.learned_prior))
    np.testing.assert_allclose(begun[:, 0, 0, 0], [1.0, 254.0], atol=0.01)


def test_more_pseudo_inputs_than_images_are_refused():
    with pytest.raises(BadInput, match="components of the prior, 3, are more than the 2 training images"):
        vae_with("vamp").start_at(np.zeros((2, *SHAPE), "uint8"))


@pytest.mark.parametrize("name", PRIORS)
def test_training_moves_every_weight_of_the_prior(name):
    """Gradients reach pseudo-inputs through the encoder, although its input of bytes would stop them."""
    vae = VAE(SHAPE, LATENTS, prior=name, seed=0)
    vae.compile(optimizer="adam")
    layer = vae.learned_prior
    before = [numpy(weight.value) for weight in layer.weights] if layer is not None else []
    assert {id(weight) for weight in (layer.weights if layer is not None else ())} <= set(
        map(id, vae.trainable_weights)
    )
    vae.fit(np.random.default_rng(0).integers(0, 256, (8, *SHAPE), dtype="uint8"), epochs=1, batch_size=4, verbose=0)
    assert name != "standard-normal" or not before
    for old, weight in zip(before, layer.weights if layer is not None else (), strict=True):
        assert (np.abs(numpy(weight.value) - old) > 1e-5).mean() > 0.9


def test_the_encoder_stays_as_it_was_beside_the_vamp_prior():
    """The layers are shared with the encoder for floats, and are neither listed nor saved twice."""
    plain, vamp = (VAE(SHAPE, LATENTS, prior=prior, seed=0) for prior in ("standard-normal", "vamp"))
    assert len(vamp.weights) == len(plain.weights) + 1
    assert vamp.encoder.get_config() == plain.encoder.get_config()
    image = np.random.default_rng(0).integers(0, 256, (2, *SHAPE), dtype="uint8")
    np.testing.assert_array_equal(vamp.encode(image), plain.encode(image))


def test_a_vamp_prior_begins_at_some_of_all_images_however_few_tell_the_mean(monkeypatch):
    images = np.random.default_rng(0).integers(0, 256, (40, 6, 5, 1), np.uint8)
    monkeypatch.setattr(vae_module, "MOST_BYTES_TO_START", 4 * 30)
    vae = VAE((6, 5, 1), 2, hidden=(4,), prior=Vamp(components=30), seed=0)
    vae.start_at(images)
    assert len(np.unique(vae.sample_latents(3), axis=0)) == 3
