"""Each value depends on those before it nearby and on no other, so that the likelihood of colour images is exact."""

import keras
import numpy as np
import pytest
from keras import ops

from freyvae.engine.programs import Program
from freyvae.model import VAE, load_vae
from freyvae.model.autoregression import Autoregression
from freyvae.model.likelihoods import MixtureOfLogistics
from freyvae.model.neighbourhood import Neighbourhood
from freyvae.model.networks import Convolutional, Dense

pytestmark = pytest.mark.backend
MIXTURE = MixtureOfLogistics(components=9, autoregressive=True)


def numpy(tensor):
    return ops.convert_to_numpy(tensor)


def layer_with_weights(shape, *, seed=0):
    """A layer whose every weight is drawn."""
    height, width, channels = shape
    layer = Neighbourhood(MIXTURE, seed=seed)
    layer.build((None, height, width, 27 * channels), (None, 2), (None, *shape))
    random = np.random.default_rng(seed)
    for weight in layer.weights:
        weight.assign(numpy(weight.value) + random.normal(0, 0.05, weight.shape).astype("float32"))
    return layer


def drawn(shape, count=1, seed=1):
    height, width, channels = shape
    random = np.random.default_rng(seed)
    parameters = random.normal(0, 0.7, (count, height, width, 27 * channels)).astype("float32")
    latents = random.normal(size=(count, 2)).astype("float32")
    images = random.integers(0, 256, (count, *shape), dtype="uint8")
    return ops.convert_to_tensor(parameters), ops.convert_to_tensor(latents), images


@pytest.mark.parametrize("shape", [(5, 4, 3), (4, 5, 1), (6, 2, 2)], ids=str)
def test_a_value_depends_on_those_before_it_nearby_and_on_no_other(shape):
    layer, (parameters, latents, images) = layer_with_weights(shape), drawn(shape)
    count = images.size
    # the image itself, then one for each value that is another there
    many = np.repeat(images, count + 1, axis=0)
    many.reshape(count + 1, count)[np.arange(1, count + 1), np.arange(count)] ^= 64
    parameters, latents = (ops.repeat(each, count + 1, axis=0) for each in (parameters, latents))
    found = numpy(layer(parameters, latents, many)).reshape(count + 1, -1, 27, shape[2])
    found = found.transpose(0, 1, 3, 2).reshape(count + 1, count, 27)
    differences = np.abs(found[1:] - found[:1]).max(axis=2)
    for value in range(count):
        assert not (differences[value, : value + 1] > 0).any()
        row, column, _ = np.unravel_index(value, shape)
        for later in range(value + 1, count):
            down, right = np.array(np.unravel_index(later, shape))[:2] - (row, column)
            is_near = down <= 3 and abs(right) <= 3
            assert (differences[value, later] > 0) == is_near, (value, later)


def test_one_pixel_is_what_it_is_among_all():
    shape = (5, 4, 3)
    layer, (parameters, latents, images) = layer_with_weights(shape), drawn(shape, count=3)
    together = numpy(layer(parameters, latents, images)).reshape(3, 20, 81)
    for pixel in (0, 19):
        alone = numpy(layer(parameters, latents, images, pixel=pixel))
        assert alone.shape == (3, 1, 1, 81)
        np.testing.assert_allclose(alone[:, 0, 0], together[:, pixel], rtol=1e-3, atol=1e-3)


def test_the_probabilities_of_all_values_of_a_pixel_sum_to_one():
    """Of an image of two values, the second given the first."""
    layer, (parameters, latents, _) = layer_with_weights((1, 1, 2)), drawn((1, 1, 2))
    levels = np.arange(256, dtype="uint8")
    images = np.stack(np.meshgrid(levels, levels, indexing="ij"), axis=-1).reshape(-1, 1, 1, 2)
    total = 0.0
    for chunk in np.split(images, 16):
        given = layer(ops.repeat(parameters, len(chunk), axis=0), ops.repeat(latents, len(chunk), axis=0), chunk)
        total += np.exp(numpy(MIXTURE(given).log_prob(chunk)).astype(float)).sum()
    assert total == pytest.approx(1.0, abs=1e-3)


def test_components_begin_at_the_neighbours():
    """An image of one colour is then as good as known, but for its first pixel."""
    layer = Neighbourhood(MIXTURE, seed=0)
    layer.build((None, 5, 4, 81), (None, 2), (None, 5, 4, 3))
    parameters, latents, images = drawn((5, 4, 3))
    parameters = ops.zeros_like(parameters)
    images[:] = (200, 100, 50)
    locations = numpy(MIXTURE.components_of(layer(parameters, latents, images))[0]).reshape(9, 20, 3)
    np.testing.assert_allclose(
        locations[:7, 1:], np.broadcast_to(np.array([200, 100, 50]) / 255, (7, 19, 3)), atol=1e-4
    )
    np.testing.assert_allclose(locations[7], 0.5, atol=1e-4)
    np.testing.assert_allclose(locations[:2, 0], 0.5, atol=1e-4)
    assert (locations[8] == locations[0]).all()


def test_it_is_chosen_for_colour_for_large_images_and_when_asked_for():
    def made(shape, **choices):
        likelihood = MixtureOfLogistics(autoregressive=True, **choices)
        return type(likelihood.given_pixels_before(shape, seed=0))

    assert made((28, 20, 1)) is Autoregression
    for shape, choices in [((28, 20, 3), {}), ((128, 128, 1), {}), ((28, 20, 1), {"context": "neighbourhood"})]:
        assert made(shape, **choices) is Neighbourhood


@pytest.mark.long
def test_a_vae_of_colour_images_learns_with_it_draws_and_is_saved(tmp_path):
    random = np.random.default_rng(0)
    steps = np.cumsum(random.normal(0, 10, (300, 20)), axis=1)[..., None] + random.normal(0, 1, (300, 20, 3))
    images = np.clip(128 + steps, 0, 255).round().astype("uint8").reshape(300, 5, 4, 3)
    vae = VAE((5, 4, 3), 2, network=Dense(hidden=(8,)), likelihood=MIXTURE, seed=0)
    vae.start_at(images)
    vae.compile(optimizer=keras.optimizers.Adam(0.01))
    before = vae.free_energy(images).total.mean()
    vae.fit(images, epochs=6, batch_size=50, verbose=0)
    after = vae.free_energy(images).total.mean()
    assert after < before - 10
    samples = vae.sample(2)
    assert samples.shape == (2, 5, 4, 3)
    np.testing.assert_array_equal(samples, vae.sample(2))
    vae.save(tmp_path / "model.keras")
    np.testing.assert_allclose(
        load_vae(tmp_path / "model.keras").free_energy(images).total, vae.free_energy(images).total, rtol=1e-5
    )


@pytest.mark.long
def test_samples_follow_the_distribution_that_they_are_drawn_from():
    """Of two values: how often the second is above the first is what the probabilities say."""
    mixture = MixtureOfLogistics(components=9, autoregressive=True, context="neighbourhood")
    vae = VAE((1, 2, 1), 1, network=Convolutional(width=2), likelihood=mixture, seed=0)
    layer = vae.autoregression
    for weight in layer.weights:
        weight.assign(numpy(weight.value) + np.random.default_rng(1).normal(0, 0.1, weight.shape).astype("float32"))
    levels = np.arange(256, dtype="uint8")
    pairs = np.stack(np.meshgrid(levels, levels, indexing="ij"), axis=-1).reshape(-1, 1, 2, 1)
    code = np.zeros((1, 1), "float32")
    log_prob = [
        numpy(vae.likelihood(ops.repeat(code, len(chunk), axis=0), chunk).log_prob(chunk))
        for chunk in np.split(pairs, 16)
    ]
    probabilities = np.exp(np.concatenate(log_prob).astype(float)).reshape(256, 256)
    drawn = vae.sample(np.zeros((4000, 1), "float32"))[:, 0, :, 0].astype(int)
    above = np.triu(probabilities, 1).sum()
    assert (drawn[:, 1] > drawn[:, 0]).mean() == pytest.approx(above, abs=4 * np.sqrt(above * (1 - above) / 4000))


@pytest.mark.parametrize(("context", "channels"), [("neighbourhood", 3), ("image", 1)])
@pytest.mark.parametrize("height", [6, 7])
def test_thinned_the_likelihood_is_the_same_on_average_over_the_steps(height, context, channels):
    """Every third row for all, from the first, the second, the third: also where the last rows are no whole third."""
    mixture = MixtureOfLogistics(components=3, autoregressive=True, context=context, thinning=3)
    vae = VAE((height, 4, channels), 2, network=Dense(hidden=(4,)), likelihood=mixture, seed=0)
    random = np.random.default_rng(0)
    for weight in vae.autoregression.weights:
        weight.assign(numpy(weight.value) + random.normal(0, 0.1, weight.shape).astype("float32"))
    images = random.integers(0, 256, (2, height, 4, channels), dtype="uint8")
    latents = ops.convert_to_tensor(random.normal(size=(2, 2)).astype("float32"))
    # compiled as a whole: operation by operation takes ten times as long
    in_training = Program(vae, lambda *values: (vae.likelihood(*values, training=True).log_prob(values[1]),))
    thinned = []
    for step in range(5, 8):
        vae.steps.assign(step)
        thinned.append(in_training(latents, images)[0])
    (whole,) = Program(vae, lambda *values: (vae.likelihood(*values).log_prob(values[1]),))(latents, images)
    assert all(np.abs(one - whole).min() > 0.1 for one in thinned)
    np.testing.assert_allclose(np.mean(thinned, axis=0), whole, rtol=1e-5)


def test_a_bound_of_several_draws_is_not_thinned():
    mixture = MixtureOfLogistics(components=3, autoregressive=True, context="neighbourhood", thinning=3)
    vae = VAE((6, 4, 1), 2, network=Dense(hidden=(4,)), likelihood=mixture, importance_samples=2, seed=0)
    images = np.random.default_rng(0).integers(0, 256, (2, 6, 4, 1), dtype="uint8")
    latents = ops.zeros((2, 2))

    def log_prob(training):
        return Program(vae, lambda *values: (vae.likelihood(*values, training=training).log_prob(values[1]),))

    np.testing.assert_array_equal(*log_prob(True)(latents, images), *log_prob(False)(latents, images))
