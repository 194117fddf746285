"""Images are shifted, mirrored and made black and white, with the given probability, and only in training."""

import keras
import numpy as np
import pytest
from keras import ops

from freyvae.errors import BadInput
from freyvae.model import VAE, load_vae
from freyvae.model.augmentation import RandomBinarization, RandomFlip, RandomShift

pytestmark = pytest.mark.backend


def padded(image, down, across):
    """The image shifted down and to the right by the given numbers of pixels, with its edge repeated."""
    height, width = image.shape[:2]
    edge = np.pad(image, [(1, 1), (1, 1), (0, 0)], mode="edge")
    return edge[1 - down : 1 - down + height, 1 - across : 1 - across + width]


@pytest.mark.parametrize("probability", [0.3, 1.0])
@pytest.mark.parametrize("shape", [(5, 4, 1), (4, 4, 3), (1, 3, 1)])
def test_each_of_four_directions_has_a_quarter_of_the_probability(probability, shape):
    image = np.arange(np.prod(shape), dtype="uint8").reshape(shape)
    count = 8000
    moved = ops.convert_to_numpy(RandomShift(probability, seed=1)(np.repeat(image[None], count, axis=0)))
    assert moved.dtype == np.uint8
    steps = {(0, 0): 1 - probability} | dict.fromkeys([(0, -1), (0, 1), (-1, 0), (1, 0)], probability / 4)
    expected = {}
    for step, share in steps.items():
        content = padded(image, *step).tobytes()
        expected[content] = expected.get(content, 0) + share
    found = dict.fromkeys(expected, 0.0)
    for one in moved:
        found[one.tobytes()] += 1 / count
    for content, share in expected.items():
        assert found[content] == pytest.approx(share, abs=5 * np.sqrt(0.25 / count))


def test_every_call_draws_anew_and_the_same_seed_draws_the_same():
    images = np.random.default_rng(0).integers(0, 256, (40, 5, 4, 1), dtype="uint8")
    one, same = RandomShift(0.5, seed=3), RandomShift(0.5, seed=3)
    first, second = ops.convert_to_numpy(one(images)), ops.convert_to_numpy(one(images))
    assert (first != second).any()
    np.testing.assert_array_equal(first, ops.convert_to_numpy(same(images)))


def test_a_model_shifts_in_training_alone_and_survives_saving(tmp_path):
    images = np.random.default_rng(0).integers(0, 256, (40, 5, 4, 1), dtype="uint8")
    # without noise, calls of the model differ only by the shifts
    shifting, still = (VAE((5, 4, 1), 2, shift=shift, noise_scale=0.0, seed=0) for shift in (0.8, 0.0))

    def distortion(vae, training):
        return ops.convert_to_numpy(vae(images, training=training)["distortion"])

    np.testing.assert_array_equal(distortion(shifting, False), distortion(still, False))
    changed = (distortion(shifting, True) != distortion(still, True)).mean()
    assert 0.5 < changed < 1.0
    shifting.compile(optimizer="adam")
    shifting.fit(images, epochs=1, batch_size=20, verbose=0)
    shifting.save(tmp_path / "model.keras")
    again = load_vae(tmp_path / "model.keras")
    assert again.shift == 0.8
    np.testing.assert_array_equal(again.encode(images), shifting.encode(images))


def test_a_shift_that_is_no_probability_is_refused():
    with pytest.raises(BadInput, match="shift is a probability"):
        VAE((5, 4, 1), 2, shift=1.5)


def test_the_layer_is_made_again_from_its_configuration():
    layer = RandomShift(0.25, seed=4)
    again = keras.saving.deserialize_keras_object(keras.saving.serialize_keras_object(layer))
    assert (again.probability, again.seed) == (0.25, 4)


@pytest.mark.parametrize("probability", [0.3, 1.0])
def test_images_are_mirrored_with_the_given_probability(probability):
    image = np.arange(5 * 4 * 3, dtype="uint8").reshape(5, 4, 3)
    mirrored = ops.convert_to_numpy(RandomFlip(probability, seed=1)(np.repeat(image[None], 4000, axis=0)))
    is_mirrored = (mirrored == image[:, ::-1]).all(axis=(1, 2, 3))
    assert (mirrored[~is_mirrored] == image).all()
    assert is_mirrored.mean() == pytest.approx(probability, abs=5 * np.sqrt(0.25 / 4000))


def test_only_a_training_step_mirrors_and_a_saved_model_does_so_again(tmp_path):
    vae = VAE((5, 4, 1), 2, hidden=(4,), flip=1.0, shift=0.5, seed=0)
    images = np.random.default_rng(0).integers(0, 256, (6, 5, 4, 1), dtype="uint8")
    still = vae.encode(images)
    vae(images, training=True)
    np.testing.assert_array_equal(vae.encode(images), still)
    vae.save(tmp_path / "model.keras")
    assert load_vae(tmp_path / "model.keras").flip == 1.0
    with pytest.raises(BadInput, match="flip"):
        VAE((5, 4, 1), 2, flip=1.5)


def test_each_pixel_becomes_white_with_the_probability_that_its_grey_level_is():
    image = np.array([0, 1, 64, 128, 254, 255], dtype="uint8").reshape(1, 2, 3, 1)
    layer = RandomBinarization(seed=1)
    drawn = ops.convert_to_numpy(layer(np.repeat(image, 20000, axis=0)))
    assert drawn.dtype == np.uint8
    assert set(np.unique(drawn)) == {0, 255}
    expected = image[0] / 255
    error = 5 * np.sqrt(expected * (1 - expected) / 20000)
    assert (np.abs(drawn.mean(axis=0) / 255 - expected) <= error).all()
    # pixels are drawn independently of each other
    assert abs(np.corrcoef(drawn[:, 0, 2, 0], drawn[:, 1, 0, 0])[0, 1]) < 5 / np.sqrt(20000)
    again = ops.convert_to_numpy(layer(np.repeat(image, 20000, axis=0)))
    assert (again != drawn).any()


def test_only_a_training_step_binarizes_and_a_saved_model_does_so_again(tmp_path):
    images = np.full((6, 5, 4, 1), 100, dtype="uint8")
    choices = {"hidden": (4,), "likelihood": "bernoulli", "noise_scale": 0.0, "seed": 0}
    grey, drawing = (VAE((5, 4, 1), 2, binarize=binarize, **choices) for binarize in (False, True))

    def distortion(vae, training):
        return ops.convert_to_numpy(vae(images, training=training)["distortion"])

    np.testing.assert_array_equal(distortion(drawing, False), distortion(grey, False))
    assert len(set(distortion(drawing, True))) > 1
    drawing.save(tmp_path / "model.keras")
    assert load_vae(tmp_path / "model.keras").binarize is True
    with pytest.raises(BadInput, match="binarize"):
        VAE((5, 4, 1), 2, binarize="dynamic")
