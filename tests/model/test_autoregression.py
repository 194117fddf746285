"""Each pixel depends only on the pixels before it, so that the likelihood is exact."""

import keras
import numpy as np
import pytest
from keras import ops

from freyvae.errors import BadInput
from freyvae.model import VAE, load_vae
from freyvae.model.autoregression import SHRINKAGE, Autoregression
from freyvae.model.likelihoods import MixtureOfLogistics
from freyvae.model.networks import Convolutional, Dense

pytestmark = pytest.mark.backend


def numpy(tensor):
    return ops.convert_to_numpy(tensor)


def layer_with_weights(height, width, *, seed=0, spread=0.2):
    """A layer with random weights. A new layer's linear part is zero, which would hide mistakes."""
    layer = Autoregression(MixtureOfLogistics(), seed=seed)
    layer.build((None, height, width, 9), (None, 2), (None, height, width, 1))
    random = np.random.default_rng(seed)
    for weight in layer.weights:
        weight.assign(random.normal(0, spread, weight.shape).astype("float32"))
    return layer


def drawn(height, width, count=1, seed=1):
    random = np.random.default_rng(seed)
    parameters = random.normal(0, 0.7, (count, height, width, 9)).astype("float32")
    latents = random.normal(size=(count, 2)).astype("float32")
    images = random.integers(0, 256, (count, height, width, 1), dtype="uint8")
    return ops.convert_to_tensor(parameters), ops.convert_to_tensor(latents), images


def test_a_pixel_depends_on_those_before_it_and_on_no_other():
    layer = layer_with_weights(5, 4)
    parameters, latents, images = drawn(5, 4)
    before = numpy(layer(parameters, latents, images)).reshape(20, 9)
    for pixel in range(20):
        changed = images.copy()
        changed.reshape(-1)[pixel] ^= 64
        moved = np.abs(numpy(layer(parameters, latents, changed)).reshape(20, 9) - before).max(axis=1) > 1e-6
        assert not moved[: pixel + 1].any()
        assert moved[pixel + 1 :].all()  # at any distance, through the linear part


def test_one_pixel_is_what_it_is_among_all():
    layer = layer_with_weights(5, 4)
    parameters, latents, images = drawn(5, 4, count=3)
    together = numpy(layer(parameters, latents, images)).reshape(3, 20, 9)
    for pixel in (1, 19):
        alone = numpy(layer(parameters, latents, images, pixel=pixel))
        assert alone.shape == (3, 1, 1, 9)
        np.testing.assert_allclose(alone[:, 0, 0], together[:, pixel], rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("context", ["image", "neighbourhood"])
def test_the_network_is_as_wide_as_the_mixture_says(context, tmp_path):
    random, wide = np.random.default_rng(0), MixtureOfLogistics(autoregressive=True, context=context, context_width=24)
    vae = VAE(image_shape=(5, 4, 1), latent_dim=2, network=Dense(hidden=(8,)), likelihood=wide)
    own = VAE(image_shape=(5, 4, 1), latent_dim=2, likelihood=MixtureOfLogistics(autoregressive=True, context=context))
    assert vae.autoregression.hidden.shape == (24, 24)
    assert own.autoregression.hidden.shape == ((64, 64) if context == "image" else (96, 96))
    for weight in vae.autoregression.weights:
        weight.assign(random.normal(0, 0.2, weight.shape).astype("float32"))
    vae.save(tmp_path / "model.keras")
    again = load_vae(tmp_path / "model.keras")
    np.testing.assert_array_equal(again.sample(2, seed=1), vae.sample(2, seed=1))


def test_a_network_that_no_memory_holds_is_refused():
    endless = MixtureOfLogistics(autoregressive=True, context_width=10**9)
    with pytest.raises(BadInput, match=r"weights need .* GiB are free: choose a smaller context_width=\.\.\."):
        VAE(image_shape=(5, 4, 1), latent_dim=2, likelihood=endless)


def test_the_local_part_sees_the_pixels_just_before():
    layer = layer_with_weights(5, 4)
    layer.linear.assign(np.zeros((20, 20), "float32"))
    parameters, latents, images = drawn(5, 4)
    before = numpy(layer(parameters, latents, images)).reshape(20, 9)
    changed = images.copy()
    changed[0, 1, 1] ^= 64
    moved = np.abs(numpy(layer(parameters, latents, changed)).reshape(20, 9) - before).max(axis=1) > 1e-6
    # radius 3: the pixels after (1, 1) down to row 4, since all four columns are within reach
    assert np.flatnonzero(moved).tolist() == list(range(6, 20))


def test_with_a_reach_the_linear_part_begins_at_nothing_and_beyond_it_sees_nothing():
    images = smooth_images(200).reshape(-1, 20, 1, 1)
    starts = {}
    for reach in (0, 5):
        decoder = Dense(hidden=(8,)).decoder(2, (20, 1, 1), parameters_per_value=9, seed=0)
        layer = Autoregression(MixtureOfLogistics(autoregressive=True, reach=reach), seed=0)
        layer.build((None, 20, 1, 9), (None, 2), (None, 20, 1, 1))
        layer.start_at(decoder, images)
        starts[reach] = numpy(layer.linear)
        scales = numpy(decoder.get_layer("others").bias).reshape(20, 8)[:, 2:5]
        assert scales.std() > 0.0
    # a random walk: the last value says almost all
    assert (np.diag(starts[0], -1) > 0.5).all()
    assert not starts[5].any()

    parameters, latents, images = drawn(20, 1)
    layer.linear.assign(np.full((20, 20), 0.02, "float32"))
    before = numpy(layer(parameters, latents, images)).reshape(20, 9)
    images[0, 10] ^= 64
    moved = np.abs(numpy(layer(parameters, latents, images)).reshape(20, 9) - before).max(axis=1) > 1e-6
    assert np.flatnonzero(moved).tolist() == [11, 12, 13, 14, 15]


def test_a_reach_is_one_of_rows_and_of_columns():
    layer = Autoregression(MixtureOfLogistics(autoregressive=True, reach=1), seed=0)
    layer.build((None, 4, 5, 9), (None, 2), (None, 4, 5, 1))
    layer.linear.assign(np.full((20, 20), 0.02, "float32"))
    parameters, latents, images = drawn(4, 5)
    before = numpy(layer(parameters, latents, images)).reshape(20, 9)
    images[0, 1, 2] ^= 64
    moved = np.abs(numpy(layer(parameters, latents, images)).reshape(20, 9) - before).max(axis=1) > 1e-6
    # to the right, and the three below
    assert np.flatnonzero(moved).tolist() == [8, 11, 12, 13]


def test_the_probabilities_of_all_images_sum_to_one():
    layer = layer_with_weights(1, 2)
    parameters, latents, _ = drawn(1, 2)
    levels = np.arange(256, dtype="uint8")
    images = np.stack(np.meshgrid(levels, levels, indexing="ij"), axis=-1).reshape(-1, 1, 2, 1)
    total = 0.0
    for chunk in np.split(images, 16):
        corrected = layer(ops.repeat(parameters, len(chunk), axis=0), ops.repeat(latents, len(chunk), axis=0), chunk)
        total += np.exp(numpy(MixtureOfLogistics()(corrected).log_prob(chunk)).astype(float)).sum()
    assert total == pytest.approx(1.0, abs=1e-3)


def test_it_begins_as_the_decoder_alone():
    layer = Autoregression(MixtureOfLogistics(), seed=0)
    parameters, latents, images = drawn(5, 4)
    corrected = numpy(layer(parameters, latents, images))
    np.testing.assert_allclose(corrected, numpy(parameters), atol=1e-5)


@pytest.mark.parametrize("shape", [(5, 4, 3), (128, 128, 1)])
def test_colour_and_large_images_are_refused(shape):
    height, width, channels = shape
    with pytest.raises(BadInput, match="for grey images of at most 4096 pixels"):
        Autoregression(MixtureOfLogistics()).build(
            (None, height, width, 9 * channels), (None, 2), (None, height, width, channels)
        )


def test_the_same_seed_draws_the_same_weights_and_another_draws_others():
    layers = [Autoregression(MixtureOfLogistics(), seed=seed) for seed in (1, 1, 2)]
    for layer in layers:
        layer.build((None, 5, 4, 9), (None, 2), (None, 5, 4, 1))
    first, same, other = (numpy(layer.from_windows) for layer in layers)
    np.testing.assert_array_equal(first, same)
    assert not np.allclose(first, other)


def small_vae(seed=0):
    decoder = Dense(hidden=(8,)).decoder(2, (5, 4, 1), parameters_per_value=9, seed=seed)
    return VAE((5, 4, 1), 2, decoder=decoder, likelihood="mixture-of-logistics", autoregressive=True, seed=seed)


def smooth_images(count, seed=0):
    """A random walk of brightness over the pixels, which an autoregressive model sees and a code of two does not."""
    steps = np.random.default_rng(seed).normal(0, 12, (count, 20))
    return np.clip(128 + np.cumsum(steps, axis=1), 0, 255).round().astype("uint8").reshape(count, 5, 4, 1)


def test_it_begins_at_the_gaussian_of_the_training_images():
    images, vae = smooth_images(2000), small_vae()
    vae.start_at(images)
    covariance = np.cov(images.reshape(2000, 20).T / 255.0)
    covariance[~np.eye(20, dtype=bool)] *= 1.0 - SHRINKAGE
    parameters = vae.decoder(np.zeros((1, 2), "float32"))
    scales = np.exp(numpy(MixtureOfLogistics().components_of(parameters)[1])).reshape(3, 20).T
    for pixel in (1, 7, 19):
        regression = np.linalg.solve(covariance[:pixel, :pixel], covariance[pixel, :pixel])
        np.testing.assert_allclose(numpy(vae.autoregression.linear)[pixel, :pixel], regression, atol=2e-3)
        deviation = np.sqrt(covariance[pixel, pixel] - covariance[pixel, :pixel] @ regression)
        np.testing.assert_allclose(scales[pixel], deviation * np.sqrt(3) / np.pi, rtol=1e-3)


def test_a_vae_learns_with_it_what_no_code_tells_and_is_saved_with_it(tmp_path):
    images, vae = smooth_images(500), small_vae()
    vae.compile(optimizer=keras.optimizers.Adam(0.01))
    vae.fit(images, epochs=15, batch_size=100, verbose=0)
    held_out = smooth_images(100, seed=1)
    cost = vae.free_energy(held_out).total.mean()
    alone = -numpy(vae.likelihood(vae.encode(held_out)).log_prob(held_out)).mean()
    assert cost < alone
    vae.save(tmp_path / "model.keras")
    loaded = load_vae(tmp_path / "model.keras")
    np.testing.assert_allclose(loaded.free_energy(held_out).total, vae.free_energy(held_out).total, rtol=1e-5)


def test_only_of_a_mixture_of_logistics_and_all_pixels_before_only_of_grey_images():
    with pytest.raises(BadInput, match="has no autoregressive: only mixture-of-logistics has one"):
        VAE((5, 4, 1), 2, autoregressive=True)
    with pytest.raises(BadInput, match="is for grey images"):
        VAE((5, 4, 3), 2, likelihood=MixtureOfLogistics(autoregressive=True, context="image"))


@pytest.mark.long
def test_of_any_number_of_components():
    vae = VAE((5, 4, 1), 2, likelihood=MixtureOfLogistics(5, autoregressive=True), seed=0)
    images = smooth_images(50)
    vae.start_at(images)
    vae.compile("adam")
    vae.fit(images, epochs=1, batch_size=25, verbose=0)
    assert np.isfinite(vae.free_energy(images).total).all()
    assert vae.sample(2).shape == (2, 5, 4, 1)


@pytest.mark.parametrize("shape", [(1, 3, 2, 1), (4, 1, 1, 1)])
def test_one_image_and_images_of_one_pixel_start_it_too(shape):
    images = np.random.default_rng(0).integers(0, 256, shape, dtype=np.uint8)
    decoder = Dense(hidden=(8,)).decoder(2, shape[1:], parameters_per_value=9)
    vae = VAE(shape[1:], 2, decoder=decoder, likelihood="mixture-of-logistics", autoregressive=True)
    vae.start_at(images)
    assert np.isfinite(vae.free_energy(images).total).all()


def test_a_decoder_of_convolutions_begins_at_the_training_images_too():
    images = np.random.default_rng(0).integers(0, 256, (20, 12, 9, 1), np.uint8)
    likelihood = MixtureOfLogistics(components=2, autoregressive=True, context="image")
    vae = VAE(images.shape[1:], 2, network=Convolutional(width=4), likelihood=likelihood, seed=0)
    vae.start_at(images)
    np.testing.assert_allclose(vae.autoregression.mean_image, images.mean(axis=0)[..., 0] / 255, atol=1e-6)
    assert np.isfinite(vae.free_energy(images).distortion).all()
