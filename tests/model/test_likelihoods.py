"""The contract of all likelihoods."""

import keras
import numpy as np
import pytest
from keras import ops

from freyvae.errors import BadInput
from freyvae.model import LIKELIHOODS, VAE, load_vae
from freyvae.model.likelihoods import MixtureOfLogistics
from freyvae.recipe import Recipe

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


OF_BYTES = [kind for kind in LIKELIHOODS.values() if kind.is_probability_of_bytes]


@pytest.mark.parametrize("kind", OF_BYTES, ids=lambda kind: kind.name)
@pytest.mark.parametrize(("location", "log_scale"), [(0.0, 0.0), (-9.0, 0.0), (9.0, 1.0), (0.3, -9.0), (2.0, 4.0)])
def test_the_256_levels_sum_to_one_at_the_edges_too(kind, location, log_scale):
    parameters = np.zeros((256, 1, 1, kind.parameters_per_value), "float32")
    parameters[..., 0], parameters[..., 1:] = location, log_scale
    levels = np.arange(256, dtype="uint8").reshape(256, 1, 1, 1)
    probabilities = np.exp(numpy(kind(ops.convert_to_tensor(parameters)).log_prob(levels)).astype(float))
    assert probabilities.sum() == pytest.approx(1.0, abs=2e-4)


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("kind", OF_BYTES, ids=lambda kind: kind.name)
def test_the_probabilities_of_all_levels_are_those_of_images(kind, channels):
    random = np.random.default_rng(0)
    parameters = random.normal(size=(4, 3, 2, channels * kind.parameters_per_value)).astype("float32")
    images = random.integers(0, 256, (4, 3, 2, channels), dtype="uint8")
    likelihood = kind(ops.convert_to_tensor(parameters))
    log_probabilities = numpy(likelihood.log_probabilities())
    assert log_probabilities.shape == (4, 3, 2, channels, 256)
    np.testing.assert_allclose(np.exp(log_probabilities.astype(float)).sum(-1), 1.0, atol=1e-5)
    chosen = np.take_along_axis(log_probabilities, images[..., None].astype(int), axis=-1)
    np.testing.assert_allclose(chosen.sum(axis=(1, 2, 3, 4)), numpy(likelihood.log_prob(images)), rtol=1e-5)


@pytest.mark.parametrize("location", [-3.0, 0.5])  # near black the first level includes the tail
@pytest.mark.parametrize("kind", OF_BYTES, ids=lambda kind: kind.name)
def test_samples_follow_the_probabilities(kind, location):
    parameters = parameters_of(kind, count=1)[:, :1, :1]
    first = np.zeros(kind.parameters_per_value, "float32")
    first[0] = location
    one = ops.convert_to_tensor(0.5 * numpy(parameters) + first)
    drawn = numpy(kind(ops.repeat(one, 20000, axis=0)).sample(keras.random.SeedGenerator(2))).ravel()
    expected = np.exp(numpy(kind(one).log_probabilities())).ravel()
    observed = np.bincount(drawn, minlength=256) / len(drawn)
    assert np.abs(observed - expected).max() < 5 * np.sqrt(expected.max() / len(drawn))


class TestMixtureOfLogistics:
    kind = LIKELIHOODS["mixture-of-logistics"]

    def test_it_is_the_mixture_that_its_parameters_say(self):
        """Agrees with scipy: components at m, m + w (o - 1) and m + w (o + 1), each a discretized logistic."""
        from scipy.special import expit, softmax
        from scipy.stats import logistic

        parameters = np.random.default_rng(0).normal(size=9)
        scales = 0.05 * np.exp(parameters[3:6])
        locations = expit(parameters[0]) + scales * np.array([0.0, parameters[1] - 1, parameters[2] + 1])
        borders = np.concatenate([[-np.inf], (np.arange(255) + 0.5) / 255, [np.inf]])
        masses = np.diff(logistic.cdf(borders[:, None], locations, scales), axis=0)
        expected = masses @ softmax(parameters[6:])
        likelihood = self.kind(ops.convert_to_tensor(parameters.reshape(1, 1, 1, 9).astype("float32")))
        np.testing.assert_allclose(np.exp(numpy(likelihood.log_probabilities())).ravel(), expected, rtol=1e-3)
        mean = softmax(parameters[6:]) @ locations
        np.testing.assert_allclose(numpy(likelihood.mean()).ravel(), mean, rtol=1e-5)

    def test_it_starts_with_components_apart_about_the_location(self):
        likelihood = self.kind(ops.zeros((1, 1, 1, 9)))
        location, log_scale, _ = self.kind.components_of(ops.zeros((1, 1, 1, 9)))
        np.testing.assert_allclose(numpy(location).ravel(), [0.5, 0.45, 0.55], rtol=1e-5)
        np.testing.assert_allclose(np.exp(numpy(log_scale)).ravel(), 0.05, rtol=1e-5)
        np.testing.assert_allclose(numpy(likelihood.mean()).ravel(), 0.5)

    def test_one_component_alone_is_a_discretized_logistic(self):
        parameters = np.random.default_rng(0).normal(size=(4, 3, 2, 9)).astype("float32")
        parameters[..., 6:] = [1000.0, 0.0, 0.0]
        images = np.random.default_rng(1).integers(0, 256, (4, 3, 2, 1), dtype="uint8")
        alone = LIKELIHOODS["discretized-logistic"](ops.convert_to_tensor(parameters[..., [0, 3]]))
        mixture = self.kind(ops.convert_to_tensor(parameters))
        np.testing.assert_allclose(numpy(mixture.log_prob(images)), numpy(alone.log_prob(images)), rtol=1e-5)


@pytest.mark.parametrize("channels", [1, 3])
def test_the_categorical_is_a_softmax_over_levels(channels):
    from scipy.special import log_softmax

    logits = np.random.default_rng(0).normal(size=(2, 3, 2, 256, channels)).astype("float32")
    likelihood = LIKELIHOODS["categorical"](ops.convert_to_tensor(logits.reshape(2, 3, 2, -1)))
    expected = np.moveaxis(log_softmax(logits, axis=3), 3, -1)
    np.testing.assert_allclose(numpy(likelihood.log_probabilities()), expected, rtol=1e-5)
    mean = (np.exp(expected) * np.arange(256)).sum(-1) / 255
    np.testing.assert_allclose(numpy(likelihood.mean()), mean, rtol=1e-5)


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


def test_bernoulli_is_cautious_of_grey_images_alone():
    images = np.array([0, 255, 255, 0], dtype="uint8").reshape(1, 2, 2, 1)
    assert LIKELIHOODS["bernoulli"].said_of(images, "test") == []
    (line,) = LIKELIHOODS["bernoulli"].said_of(images // 2, "test")
    assert "their own entropy, 1.4 nats per test image" in line  # two pixels of log 2


def test_an_unknown_likelihood_is_refused_with_those_there_are():
    with pytest.raises(BadInput, match="choose one of bernoulli, categorical, discretized-logistic"):
        LIKELIHOODS.read("poisson")


@pytest.mark.parametrize("components", [1, 2, 5])
def test_a_mixture_has_as_many_components_as_are_asked_for_and_is_saved_with_them(components, tmp_path):
    likelihood = MixtureOfLogistics(components=components)
    parameters = 0.5 * np.random.default_rng(0).normal(size=(2, 3, 2, 3 * components)).astype("float32")
    bound = likelihood(ops.convert_to_tensor(parameters))
    probabilities = np.exp(numpy(bound.log_probabilities()).astype(float))
    np.testing.assert_allclose(probabilities.sum(-1), 1.0, atol=1e-5)
    # the tails beyond black and white are cut off, which moves the mean of wide distributions a little
    np.testing.assert_allclose(numpy(bound.mean()), probabilities @ np.arange(256) / 255, atol=0.02)
    vae = VAE((3, 2, 1), 2, likelihood=likelihood, seed=0)
    vae.save(tmp_path / "model.keras")
    loaded = load_vae(tmp_path / "model.keras")
    assert loaded.pixel_likelihood == likelihood
    codes = np.zeros((1, 2), "float32")
    np.testing.assert_allclose(loaded.decode(codes), vae.decode(codes), atol=1e-5)


def test_fields_are_checked_where_a_likelihood_is_made():
    with pytest.raises(BadInput, match="components must be at least 1, not 0"):
        MixtureOfLogistics(components=0)


def test_recipes_know_every_likelihood_by_its_file():
    for name in LIKELIHOODS:
        assert Recipe().replace(likelihood=name).likelihood.name == name


class TestCoupledChannels:
    @staticmethod
    def parameters(channels, shape=(1, 1, 1), spread=0.7, seed=0):
        number = MixtureOfLogistics(components=2, coupled=True).parameters_per_value
        values = np.random.default_rng(seed).normal(0, spread, (*shape, channels * number)).astype("float32")
        values[..., 2 * channels : 4 * channels] = -0.5
        values[..., 6 * channels :] = np.linspace(0.7, -0.5, 2 * channels)
        return ops.convert_to_tensor(values)

    kind = MixtureOfLogistics(components=2, coupled=True)

    def test_all_pairs_of_two_channels_sum_to_one_and_given_the_first_so_does_the_second(self):
        parameters = self.parameters(2)
        pairs = np.stack(np.meshgrid(np.arange(256), np.arange(256), indexing="ij"), axis=-1).astype("uint8")
        many = ops.repeat(parameters, 256, axis=0)
        joint = np.stack([np.exp(numpy(self.kind(many).log_prob(row[:, None, None]))) for row in pairs]).astype(float)
        assert joint.sum() == pytest.approx(1.0, abs=1e-4)
        conditional = joint / joint.sum(axis=1, keepdims=True)
        means = conditional @ np.arange(256) / 255
        # the second follows the first, by tanh of its coefficient
        assert (means[140] - means[110]) / (30 / 255) == pytest.approx(np.tanh(0.3), abs=0.02)

    @pytest.mark.parametrize("channels", [1, 2, 3, 5])
    def test_samples_have_the_mean_and_their_channels_go_together(self, channels):
        parameters = ops.repeat(self.parameters(channels, (1, 2, 1)), 8000, axis=0)
        drawn = numpy(self.kind(parameters).sample(keras.random.SeedGenerator(1))).astype(float) / 255
        assert drawn.shape == (8000, 2, 1, channels)
        error = drawn.std(0) / np.sqrt(len(drawn))
        assert (np.abs(drawn.mean(0) - numpy(self.kind(parameters[:1]).mean())[0]) < 5 * error + 0.02).all()
        if channels > 1:
            assert np.corrcoef(drawn[:, 0, 0, :2].T)[0, 1] > 0.2

    def test_a_channel_is_the_mixture_whose_locations_the_channels_before_move(self):
        from scipy.special import expit, softmax
        from scipy.stats import logistic

        parameters = numpy(self.parameters(3)).astype(float).reshape(8, 3)
        image = np.array([90, 200, 131], "uint8")
        location, offset, scales, logits = parameters[0], parameters[1], parameters[2:4], parameters[4:6]
        scales, weights = 0.05 * np.exp(scales), softmax(logits, axis=0)
        locations = expit(location) + scales * np.stack([np.zeros(3), offset - 1])
        residuals = image / 255 - (weights * locations).sum(0)
        near, far = np.tanh(parameters[6:])
        moves = [0.0, near[1] * residuals[0], near[2] * residuals[1] + far[2] * residuals[0]]
        masses = [logistic.cdf((image + half) / 255, locations + moves, scales) for half in (0.5, -0.5)]
        expected = np.log((weights * (masses[0] - masses[1])).sum(0)).sum()
        found = numpy(self.kind(self.parameters(3)).log_prob(image.reshape(1, 1, 1, 3)))
        np.testing.assert_allclose(found, expected, rtol=1e-4)

    def test_coefficients_of_zero_are_no_coupling(self):
        plain = MixtureOfLogistics(components=2)
        values = numpy(self.parameters(3, (4, 3, 2))).copy()
        values[..., 18:] = 0
        images = np.random.default_rng(1).integers(0, 256, (4, 3, 2, 3), dtype="uint8")
        coupled = numpy(self.kind(ops.convert_to_tensor(values)).log_prob(images))
        np.testing.assert_allclose(coupled, numpy(plain(ops.convert_to_tensor(values[..., :18])).log_prob(images)))

    def test_it_is_a_flag_trains_is_saved_and_not_for_what_couples_already(self, tmp_path):
        recipe = Recipe().replace(**{"likelihood": "mixture-of-logistics", "likelihood.coupled": True})
        assert recipe.likelihood == MixtureOfLogistics(coupled=True)
        vae = VAE((3, 2, 3), 2, likelihood=recipe.likelihood, seed=0)
        vae.compile("adam")
        red = np.random.default_rng(0).integers(60, 200, (40, 3, 2, 1))
        vae.fit((red + [0, 20, -20]).astype("uint8"), batch_size=20, epochs=1, verbose=0)
        vae.save(tmp_path / "model.keras")
        assert load_vae(tmp_path / "model.keras").pixel_likelihood == recipe.likelihood
        with pytest.raises(BadInput, match="couples channels already"):
            MixtureOfLogistics(coupled=True, autoregressive=True)
        with pytest.raises(BadInput, match="given the channels before"):
            self.kind(self.parameters(3)).log_probabilities()


@pytest.mark.parametrize("number", [-1e4, 86.0, 95.0, 1e4, 1e5])
@pytest.mark.parametrize("name", ["discretized-logistic", "gaussian", "mixture-of-logistics"])
def test_a_decoder_may_say_anything_in_the_first_steps_of_a_training(name, number):
    kind = LIKELIHOODS[name]
    parameters = np.zeros((1, 1, 4, kind.parameters_per_value), "float32")
    of_scales = slice(kind.components, 2 * kind.components) if name.startswith("mixture") else slice(1, 2)
    parameters[..., of_scales] = number
    images = np.array([0, 1, 128, 255], np.uint8).reshape(1, 1, 4, 1)
    variable = keras.Variable(parameters)
    optimizer = keras.optimizers.SGD(1e-3)

    class Model(keras.Model):
        def call(self, images):
            return self.numbers * ops.ones((len(images), 1, 1, 1))

    model = Model()
    model.numbers = variable
    model.compile(optimizer, loss=lambda images, numbers: -kind(numbers).log_prob(ops.cast(images, "uint8")))
    loss = model.fit(images, images, verbose=0).history["loss"][0]
    assert np.isfinite(loss)
    assert np.isfinite(numpy(variable)).all()
    mean = numpy(kind(ops.convert_to_tensor(parameters)).mean())
    assert np.isfinite(mean).all()
