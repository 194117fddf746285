"""Every likelihood keeps one contract."""

import keras
import numpy as np
import pytest
from keras import ops

from freyvae.errors import BadInput
from freyvae.model.likelihoods import LIKELIHOODS, likelihood_named

pytestmark = pytest.mark.backend


def parameters_of(kind, count=4, seed=0, spread=1.5):
    random = np.random.default_rng(seed)
    return ops.convert_to_tensor(random.normal(0, spread, (count, 3, 2, kind.parameters_per_value)).astype("float32"))


def numpy(tensor):
    return ops.convert_to_numpy(tensor)


@pytest.mark.parametrize("kind", LIKELIHOODS.values(), ids=LIKELIHOODS)
class TestEveryLikelihood:
    def test_shapes_and_ranges(self, kind):
        likelihood = kind(parameters_of(kind))
        images = likelihood.sample(keras.random.SeedGenerator(0))
        assert images.shape == (4, 3, 2, 1)
        assert keras.backend.standardize_dtype(images.dtype) == "uint8"
        assert likelihood.log_prob(images).shape == (4,)
        mean = numpy(likelihood.mean())
        assert mean.shape == (4, 3, 2, 1)
        assert (mean >= 0).all()
        assert (mean <= 1).all()

    def test_colour_images_have_their_channels_side_by_side(self, kind):
        parameters = np.random.default_rng(0).normal(size=(2, 3, 2, 3 * kind.parameters_per_value)).astype("float32")
        images = np.random.default_rng(1).integers(0, 256, (2, 3, 2, 3), dtype="uint8")
        together = numpy(kind(ops.convert_to_tensor(parameters)).log_prob(images))
        apart = sum(
            numpy(kind(ops.convert_to_tensor(parameters[..., channel::3])).log_prob(images[..., channel : channel + 1]))
            for channel in range(3)
        )
        np.testing.assert_allclose(together, apart, rtol=1e-5)

    def test_samples_have_the_stated_mean(self, kind):
        one = parameters_of(kind, count=1, spread=0.7)
        many = ops.repeat(one, 4000, axis=0)
        drawn = numpy(kind(many).sample(keras.random.SeedGenerator(1))).astype(float) / 255
        error = drawn.std(0) / np.sqrt(len(drawn))
        # the tails are cut off at black and white, which moves the mean of wide distributions a little
        assert (np.abs(drawn.mean(0) - numpy(kind(one).mean())[0]) < 5 * error + 0.02).all()

    def test_log_prob_is_finite_however_wrong_the_parameters(self, kind):
        parameters = ops.convert_to_tensor(np.full((1, 3, 2, kind.parameters_per_value), -60.0, "float32"))
        white = np.full((1, 3, 2, 1), 255, "uint8")
        assert np.isfinite(numpy(kind(parameters).log_prob(white))).all()


@pytest.mark.parametrize(
    "kind",
    [kind for kind in LIKELIHOODS.values() if kind.is_probability_of_bytes],
    ids=lambda kind: kind.name,
)
@pytest.mark.parametrize(("location", "log_scale"), [(0.0, 0.0), (-9.0, 0.0), (9.0, 1.0), (0.3, -9.0), (2.0, 4.0)])
def test_the_256_levels_sum_to_one_at_the_edges_too(kind, location, log_scale):
    parameters = np.zeros((256, 1, 1, kind.parameters_per_value), "float32")
    parameters[..., 0], parameters[..., 1:] = location, log_scale
    levels = np.arange(256, dtype="uint8").reshape(256, 1, 1, 1)
    probabilities = np.exp(numpy(kind(ops.convert_to_tensor(parameters)).log_prob(levels)).astype(float))
    assert probabilities.sum() == pytest.approx(1.0, abs=2e-4)


def test_samples_of_the_discretized_logistic_follow_its_probabilities():
    kind = LIKELIHOODS["discretized-logistic"]
    parameters = np.zeros((20000, 1, 1, 2), "float32")
    parameters[..., 0] = -3.0  # near black, so that the first level has a probability of its own
    drawn = numpy(kind(ops.convert_to_tensor(parameters)).sample(keras.random.SeedGenerator(2))).ravel()
    levels = np.arange(256, dtype="uint8").reshape(256, 1, 1, 1)
    expected = np.exp(numpy(kind(ops.convert_to_tensor(parameters[:256])).log_prob(levels)))
    observed = np.bincount(drawn, minlength=256) / len(drawn)
    assert np.abs(observed - expected).max() < 5 * np.sqrt(expected.max() / len(drawn))


def test_the_gaussian_agrees_with_scipy():
    from scipy.stats import norm

    parameters = parameters_of(LIKELIHOODS["gaussian"])
    images = np.random.default_rng(0).integers(0, 256, (4, 3, 2, 1), dtype="uint8")
    likelihood = LIKELIHOODS["gaussian"](parameters)
    scale = 0.1 * np.exp(numpy(parameters)[..., 1:])
    expected = norm.logpdf(images / 255, numpy(likelihood.mean()), scale).sum((1, 2, 3))
    np.testing.assert_allclose(numpy(likelihood.log_prob(images)), expected, rtol=1e-4)


def test_bernoulli_is_minus_the_binary_cross_entropy():
    logits = parameters_of(LIKELIHOODS["bernoulli"])
    images = np.random.default_rng(0).integers(0, 256, (4, 3, 2, 1), dtype="uint8")
    likelihood = LIKELIHOODS["bernoulli"](logits)
    targets = ops.convert_to_tensor((images / 255).astype("float32"))
    expected = -ops.sum(ops.binary_crossentropy(targets, likelihood.mean()), axis=(1, 2, 3))
    np.testing.assert_allclose(numpy(likelihood.log_prob(images)), numpy(expected), rtol=1e-4)


def test_an_unknown_likelihood_is_refused_with_those_there_are():
    with pytest.raises(BadInput, match="choose one of bernoulli, gaussian, discretized-logistic"):
        likelihood_named("poisson")
