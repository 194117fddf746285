"""Residual convolutions take images of any size, and nothing of an image is out of reach."""

import keras
import numpy as np
import pytest
from keras import ops

from freyvae.engine.device import has_convolutions
from freyvae.errors import BadInput
from freyvae.model import LIKELIHOODS, VAE
from freyvae.model.networks import Automatic, Convolutional, Dense

pytestmark = pytest.mark.backend
SIZES = {
    (28, 20, 1): [(28, 20), (14, 10), (7, 5)],
    (64, 64, 3): [(64, 64), (16, 16), (8, 8), (4, 4)],
    (1, 100, 2): [(1, 112), (1, 28), (1, 14), (1, 7)],
    (17, 9, 5): [(20, 10), (10, 5), (5, 5)],
    (3, 2, 3): [(3, 2), (3, 2)],
    (1, 1, 1): [(1, 1), (1, 1)],
}


def numpy(tensor):
    return ops.convert_to_numpy(tensor)


@pytest.mark.parametrize("shape", SIZES, ids=str)
def test_sides_are_padded_and_halved_until_few_pixels_are_left(shape):
    assert Convolutional().sizes(shape) == SIZES[shape]


def test_a_depth_is_the_number_of_halvings_at_most():
    assert Convolutional(depth=1).sizes((100, 6, 3)) == [(104, 6), (26, 6), (13, 6)]
    assert Convolutional(depth=9).sizes((64, 6, 3)) == Convolutional().sizes((64, 6, 3))
    assert Convolutional(patch=2, depth=1).sizes((64, 6, 3)) == [(64, 6), (32, 6), (16, 6)]


def test_a_patch_larger_than_the_images_is_refused():
    with pytest.raises(BadInput, match="patch must be at most the longer side, 64, not 65"):
        VAE((64, 6, 3), 2, network=Convolutional(patch=65))


@pytest.mark.parametrize("shape", [(17, 9, 3), (1, 12, 1), (3, 2, 3)], ids=str)
def test_images_of_any_size_are_encoded_and_decoded(shape):
    vae = VAE(shape, 2, network=Convolutional(width=4), likelihood="discretized-logistic", seed=0)
    images = np.random.default_rng(0).integers(0, 256, (5, *shape), dtype="uint8")
    vae.start_at(images)
    assert vae.encode(images).shape == (5, 2)
    assert vae.decode(np.zeros((3, 2))).shape == (3, *shape)
    assert np.isfinite(vae.free_energy(images).total).all()
    assert has_convolutions(vae)


def test_every_pixel_moves_a_code_and_is_moved_by_it():
    vae = VAE((11, 6, 1), 2, network=Convolutional(width=4), likelihood="bernoulli", seed=0)
    images = np.full((67, 11, 6, 1), 100, "uint8")
    images[1:].reshape(66, 66)[np.arange(66), np.arange(66)] = 255
    codes = vae.encode(images)
    assert (np.abs(codes[1:] - codes[0]).max(axis=1) > 0).all()
    pixels = vae.decode(np.random.default_rng(0).normal(size=(20, 2)))
    assert (np.ptp(pixels, axis=0) > 0).all()


def test_space_becomes_channels_and_back():
    from freyvae.model.networks.convolutional import depth_to_space, space_to_depth

    values = keras.Input((4, 6, 3))
    channels = space_to_depth(values, (2, 3), name="down")
    there, back = keras.Model(values, channels), keras.Model(values, depth_to_space(channels, (2, 3), name="up"))
    images = np.random.default_rng(0).normal(size=(2, 4, 6, 3)).astype("float32")
    found = numpy(there(images))
    assert found.shape == (2, 2, 2, 18)
    np.testing.assert_array_equal(found[0, 1, 1], images[0, 2:4, 3:6].ravel())
    np.testing.assert_array_equal(numpy(back(images)), images)


@pytest.mark.parametrize("name", [name for name, kind in LIKELIHOODS.items() if kind.has_location])
def test_a_decoder_starts_near_the_mean_colour(name):
    generator = np.random.default_rng(0)
    images = np.stack([generator.integers(low, low + 60, (40, 12, 10)) for low in (10, 90, 180)], axis=-1)
    vae = VAE((12, 10, 3), 2, network=Convolutional(width=4), likelihood=name, seed=0)
    vae.start_at(images.astype("uint8"))
    found = vae.decode(np.zeros((1, 2)))[0].mean(axis=(0, 1)) * 255
    np.testing.assert_allclose(found, images.mean(axis=(0, 1, 2)), atol=8)


def test_the_automatic_network_is_dense_for_small_grey_images_and_convolutional_for_others():
    assert isinstance(VAE((28, 20, 1), 2, network="automatic").network, Dense)
    for shape in ((64, 64, 1), (28, 20, 3)):
        assert isinstance(VAE(shape, 2, network=Automatic()).network, Convolutional)


@pytest.mark.parametrize("kind", ["discretized-logistic", "gaussian", "mixture-of-logistics"])
@pytest.mark.parametrize(("per", "count"), [("image", 1), ("channel", 3), ("pixel", 4 * 2 * 3)])
def test_scales_are_one_for_the_image_one_a_channel_or_one_a_pixel(kind, per, count):
    likelihood = type(LIKELIHOODS[kind])(scale_per=per)
    vae = VAE((4, 2, 3), 2, likelihood=likelihood, hidden=(4,), seed=0)
    (constants,) = [weight for weight in vae.decoder.weights if "constants" in weight.path]
    beside = likelihood.parameters_per_value - 1
    assert int(np.prod(constants.shape)) == beside * count
    constants.assign(np.arange(beside * count, dtype="float32").reshape(constants.shape))
    parameters = numpy(vae.decoder(np.zeros((1, 2), "float32")))[0].reshape(4, 2, beside + 1, 3)[:, :, 1:]
    distinct = {"image": (0, 1, 3), "channel": (0, 1), "pixel": ()}[per]
    for axis in distinct:
        assert (np.ptp(parameters, axis=axis) == 0).all()
    assert len(np.unique(parameters)) == beside * count


def test_scales_from_the_code_differ_from_code_to_code():
    vae = VAE((4, 2, 3), 2, likelihood=type(LIKELIHOODS["gaussian"])(scale_per="code"), hidden=(4,), seed=0)
    scales = numpy(vae.decoder(np.eye(2, dtype="float32")))[..., 3:]
    assert (scales[0] != scales[1]).any()
