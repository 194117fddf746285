"""The levels that occur in an image, told first: exact probabilities, and what follows from a palette."""

import itertools

import keras
import numpy as np
import pytest
from keras import ops
from keras.random import SeedGenerator

from freyvae import VAE
from freyvae.model.channel_palette import LEVELS, ChannelPalette, palettes_of, places_of, pooled
from freyvae.model.likelihoods import MixtureOfLogistics

pytestmark = pytest.mark.backend
SHAPE = (5, 4, 2)


def stretched(count=6, shape=SHAPE):
    """Images of every fourth level, but for the first one, which has but one level in its second channel."""
    images = 4 * np.random.default_rng(0).integers(0, 64, (count, *shape), dtype=np.uint8)
    images[0, ..., -1] = 9
    return images


@pytest.fixture
def palette():
    made = ChannelPalette()
    made.build((None, *SHAPE))
    made.start_at(stretched())
    return made


def numpy(tensor):
    return ops.convert_to_numpy(tensor)


def test_palettes_are_the_levels_that_occur(palette):
    images = stretched()
    expected = np.zeros((len(images), SHAPE[2], LEVELS), bool)
    for number, image in enumerate(images):
        for channel in range(SHAPE[2]):
            expected[number, channel, np.unique(image[..., channel])] = True
    assert (palettes_of(images) == expected).all()
    assert (numpy(palette.of(ops.convert_to_tensor(images))) == expected).all()


def test_the_chances_are_counted_over_the_training_images(palette):
    """Given the eight levels before, with half of one more of each kind."""
    times, occurred = np.ones(256), np.full(256, 0.5)
    for levels in palettes_of(stretched()).reshape(-1, LEVELS):
        darkest, lightest = np.nonzero(levels)[0][[0, -1]]
        place = 1
        for level in range(darkest + 1, lightest):
            times[place] += 1
            occurred[place] += levels[level]
            place = (2 * place + levels[level]) % 256
    np.testing.assert_allclose(numpy(palette.chances), occurred / times, rtol=1e-6)


def test_log_prob_is_of_the_ends_and_a_chain_between_them(palette):
    palettes = palettes_of(stretched())
    chances = numpy(palette.chances)[places_of(palettes)]
    each = np.log(np.where(palettes, chances, 1.0 - chances))
    expected = np.zeros(len(palettes))
    for number, channel in np.ndindex(palettes.shape[:2]):
        darkest, lightest = np.nonzero(palettes[number, channel])[0][[0, -1]]
        of_lightest = numpy(palette.lightest)[darkest:]
        expected[number] += np.log(
            numpy(palette.darkest)[darkest] * of_lightest[lightest - darkest] / of_lightest.sum()
        )
        expected[number] += each[number, channel, darkest + 1 : lightest].sum()
    found = numpy(palette.log_prob(ops.convert_to_tensor(palettes.astype("float32"))))
    np.testing.assert_allclose(found, expected, rtol=1e-5)


def test_a_place_tells_of_the_eight_levels_before():
    for before in itertools.islice(itertools.product([False, True], repeat=8), 0, 256, 37):
        palette = np.zeros((1, LEVELS), bool)
        palette[0, 20:28] = before
        assert places_of(palette)[0, 28] == int("".join(str(int(one)) for one in before), 2)


def test_each_level_gives_its_probability_to_the_nearest_that_occurs(palette):
    """Of two the darker: by hand, by `pooled`, by the runs of each value, and by where draws are moved."""
    palettes = np.zeros((1, 1, LEVELS), bool)
    palettes[0, 0, [10, 13, 17, 200]] = True
    receives = np.array([min((10, 13, 17, 200), key=lambda to: (abs(to - level), to)) for level in range(LEVELS)])
    probabilities = np.random.default_rng(0).dirichlet(np.ones(LEVELS))
    expected = np.bincount(receives, probabilities, minlength=LEVELS)
    np.testing.assert_allclose(pooled(probabilities, palettes[0, 0]), expected)
    all_levels = np.arange(LEVELS, dtype=np.uint8).reshape(1, 16, 16, 1)
    tensor = ops.convert_to_tensor(palettes.astype("float32"))
    moved = numpy(palette.nearest(tensor, ops.convert_to_tensor(all_levels)))
    assert moved.ravel().tolist() == receives.tolist()
    own = ops.convert_to_tensor(np.array([10, 13, 17, 200], np.uint8).reshape(1, 2, 2, 1))
    first, last = (numpy(ends).ravel() for ends in palette.runs(tensor, own))
    for level, begin, end in zip((10, 13, 17, 200), first, last, strict=True):
        assert np.nonzero(receives == level)[0].tolist() == list(range(int(begin), int(end) + 1))


def test_no_palette_leaves_all_probabilities():
    probabilities = np.full(LEVELS, 1 / LEVELS)
    assert pooled(probabilities, np.zeros(LEVELS, bool)) is probabilities


@pytest.mark.parametrize(
    "choices",
    [{"scale_per": "code"}, {"coupled": True}, {"autoregressive": True, "context": "neighbourhood"}],
    ids=["independent", "coupled", "neighbourhood"],
)
def test_probabilities_given_a_palette_sum_to_one(choices):
    """Of each value, over the levels that occur; with that of the palette they are the image's."""
    images = stretched()
    likelihood = MixtureOfLogistics(components=2, channel_palette="image", **choices)
    vae = VAE(SHAPE, 2, likelihood=likelihood, seed=0)
    vae.start_at(images)
    bound = vae.likelihood(ops.ones((len(images), 2)), ops.convert_to_tensor(images))
    each = numpy(bound.log_prob_of_values(ops.convert_to_tensor(images))).reshape(images.shape)
    if "coupled" not in choices:
        found = pooled_probabilities(bound, images)
        np.testing.assert_allclose(found.sum(-1), 1.0, rtol=1e-4)
        own = np.take_along_axis(found, images[..., None].astype(int), -1)[..., 0]
        np.testing.assert_allclose(each, np.log(own), rtol=1e-3, atol=1e-4)
    # the only level that there is has all of the probability
    np.testing.assert_allclose(each[0, ..., -1], 0.0, atol=1e-6)
    palettes = vae.channel_palette.of(ops.convert_to_tensor(images))
    expected = each.sum(axis=(1, 2, 3)) + numpy(vae.channel_palette.log_prob(palettes))
    np.testing.assert_allclose(numpy(bound.log_prob(ops.convert_to_tensor(images))), expected, rtol=1e-5)
    by_pixel = numpy(bound.log_prob_of_pixels(ops.convert_to_tensor(images)))
    np.testing.assert_allclose(by_pixel.sum(axis=(1, 2)), expected, rtol=1e-5)


def test_a_channel_is_drawn_given_what_the_ones_before_it_are_brought_to():
    """Of red only 0 and 255 occur, and green follows it."""
    likelihood = MixtureOfLogistics(components=1, coupled=True, channel_palette="image")
    parameters = np.zeros((1, 20, 20, likelihood.parameters_per_value, 3), "float32")
    # narrow but for red; green's coefficient of the channel before it is about one
    parameters[..., 1, :] = [3.0, -3.0, -3.0]
    parameters[..., 3, 1] = 5.0
    levels = np.zeros((1, 3, LEVELS), "float32")
    levels[0, 0, [0, 255]] = levels[0, 1:] = 1.0
    drawn = numpy(
        likelihood.sample_of_levels(
            ops.convert_to_tensor(parameters.reshape(1, 20, 20, -1)),
            SeedGenerator(0),
            lambda images: ChannelPalette().nearest(ops.convert_to_tensor(levels), images),
        )
    )
    red, green = drawn[0, ..., 0], drawn[0, ..., 1].astype(int)
    assert set(np.unique(red)) == {0, 255}
    # where red is 0 green is as low as it can be, and as high where it is 255
    assert green[red == 255].min() > green[red == 0].max()


def pooled_probabilities(bound, images):
    probabilities = np.exp(numpy(bound.log_probabilities()))
    return np.array(
        [
            [
                [[pooled(value, own) for value, own in zip(pixel, palette, strict=True)] for pixel in row]
                for row in image
            ]
            for image, palette in zip(probabilities, palettes_of(images), strict=True)
        ]
    )


@pytest.mark.parametrize("autoregressive", [False, True])
def test_drawn_images_have_levels_of_a_palette(autoregressive):
    """Of images with every fourth level up to 60, hardly any of the others is drawn."""
    images = 4 * np.random.default_rng(0).integers(0, 16, (50, 12, 12, 1), dtype=np.uint8)
    likelihood = MixtureOfLogistics(
        autoregressive=autoregressive, context="neighbourhood", scale_per="code", channel_palette="image"
    )
    vae = VAE((12, 12, 1), 2, likelihood=likelihood, seed=0)
    vae.start_at(images)
    drawn = vae.sample(20)
    assert np.mean(drawn % 4 == 0) > 0.8
    assert (vae.sample(20) == drawn).all()


def test_palettes_are_drawn_as_often_as_they_are_probable(palette):
    """Of levels 0 to 3 alone all palettes are known, and how often each of them should be drawn."""
    first = np.array([0.4, 0.3, 0.2, 0.1])
    palette.darkest.assign(np.pad(first, (0, LEVELS - 4)))
    palette.lightest.assign(np.pad(first[::-1], (0, LEVELS - 4)))
    palette.chances.assign(np.linspace(0.3, 0.7, 256))
    drawn = numpy(palette.draw(5000, 1, SeedGenerator(0)))
    assert not drawn[..., 4:].any()
    kinds, times = np.unique(drawn, axis=0, return_counts=True)
    expected = np.exp(numpy(palette.log_prob(ops.convert_to_tensor(kinds))))
    assert expected.sum() == pytest.approx(1.0, abs=1e-4)
    np.testing.assert_allclose(times / 5000, expected, atol=0.025)


def test_a_training_step_takes_some_rows_with_their_palette():
    """On average over the first row, the free energy is that of all."""
    images = stretched(4, (6, 4, 1))
    likelihood = MixtureOfLogistics(
        components=2, autoregressive=True, context="neighbourhood", thinning=3, channel_palette="image"
    )
    vae = VAE((6, 4, 1), 2, likelihood=likelihood, seed=0)
    vae.start_at(images)
    tensor, latents = ops.convert_to_tensor(images), ops.ones((4, 2))
    thinned = []
    for step in range(3):
        vae.steps.assign(step)
        thinned.append(numpy(vae.likelihood(latents, tensor, training=True).log_prob(tensor)))
    np.testing.assert_allclose(
        np.mean(thinned, axis=0), numpy(vae.likelihood(latents, tensor).log_prob(tensor)), rtol=1e-4
    )


def test_it_is_saved_with_the_model(tmp_path):
    images = stretched()
    vae = VAE(SHAPE, 2, likelihood=MixtureOfLogistics(channel_palette="image"), seed=0)
    vae.start_at(images)
    vae.save(tmp_path / "model.keras")
    loaded = keras.models.load_model(tmp_path / "model.keras")
    np.testing.assert_array_equal(numpy(loaded.channel_palette.chances), numpy(vae.channel_palette.chances))
