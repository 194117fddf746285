import numpy as np
import pytest
from keras import ops
from PIL import Image

import freyvae
from freyvae.errors import BadInput
from freyvae.inference.fill import Filling, read_mask
from freyvae.model import VAE
from freyvae.model.likelihoods import Gaussian, MixtureOfLogistics
from freyvae.model.networks import Dense


@pytest.fixture
def mask(tmp_path):
    """The right half of 8 by 8 pixels."""
    hidden = np.zeros((8, 8), "uint8")
    hidden[:, 4:] = 255
    Image.fromarray(hidden).save(tmp_path / "mask.png")
    return tmp_path / "mask.png"


def test_what_is_seen_says_what_is_hidden(labelled, picture, other, mask):
    for image in (picture, other):
        rows = np.load(freyvae.fill(labelled, image, mask, draws=3, out="filled.npy"))
        own = freyvae.load_images(image).images[0]
        assert rows.shape == (1, 4, 8, 8, 1)
        np.testing.assert_array_equal(rows[0, 0, :, :4], own[:, :4])
        assert abs(rows[0, 0, :, 4:].mean() - own.mean()) < 30


def test_codes_are_drawn_from_their_density_given_the_seen_pixels():
    """A decoder that is linear, so that the density is normal and known."""
    vae = VAE((1, 4, 1), 1, network=Dense(hidden=()), likelihood=Gaussian(scale_per="image"), seed=0)
    decoder = [layer for layer in vae.decoder.layers if layer.weights]
    assert tuple(decoder[0].kernel.shape) == (1, 4)
    images = np.array([[[[40], [90], [0], [0]]]], "uint8")
    hidden = np.array([[False, False, True, True]])
    found = Filling(vae)(np.repeat(images, 8, axis=0), hidden, draws=32, steps=200, seed=0)
    assert found.draws.shape == (32, 8, 1, 4, 1)
    grid = np.linspace(-6, 6, 4001, dtype="float32")[:, None]
    bound = vae.likelihood(ops.convert_to_tensor(grid))
    pixels = ops.convert_to_numpy(bound.log_prob_of_pixels(np.repeat(images, len(grid), axis=0)))
    log_density = pixels[:, 0, :2].sum(axis=1) - 0.5 * grid[:, 0] ** 2
    weights = np.exp(log_density - log_density.max())
    weights /= weights.sum()
    expected = (weights[:, None] * vae.decode(grid)[:, 0, 2:, 0]).sum(axis=0)
    deviation = np.sqrt((weights[:, None] * (vae.decode(grid)[:, 0, 2:, 0] - expected) ** 2).sum(axis=0))
    drawn = found.draws[..., 0, 2:, 0].reshape(-1, 2)
    np.testing.assert_allclose(drawn.mean(axis=0), expected, atol=4 * deviation.max() / 16 + 1e-4)
    np.testing.assert_allclose(drawn.std(axis=0), deviation, rtol=0.2)


def test_what_hidden_pixels_hold_is_not_looked_at_by_a_palette_either():
    likelihood = MixtureOfLogistics(channel_palette="image")
    vae = VAE((3, 4, 1), 2, network=Dense(hidden=(4,)), likelihood=likelihood, seed=0)
    hidden = np.zeros((3, 4), bool)
    hidden[:, 2:] = True
    images = np.where(np.random.default_rng(0).random((3, 3, 4, 1)) < 0.5, 40, 200).astype("uint8")
    other = np.where(hidden[..., None], np.arange(12, dtype="uint8").reshape(3, 4, 1), images)
    one, two = (Filling(vae)(given, hidden, draws=2, steps=20).draws for given in (images, other))
    np.testing.assert_array_equal(one, two)


def test_log_probabilities_of_pixels_add_up_to_that_of_the_image():
    for likelihood in ("bernoulli", "discretized-logistic", "mixture-of-logistics"):
        vae = VAE((3, 2, 3), 2, network=Dense(hidden=(4,)), likelihood=likelihood, seed=0)
        images = np.random.default_rng(0).integers(0, 256, (5, 3, 2, 3), dtype="uint8")
        bound = vae.likelihood(ops.convert_to_tensor(vae.encode(images)))
        pixels = ops.convert_to_numpy(bound.log_prob_of_pixels(images))
        assert pixels.shape == (5, 3, 2)
        np.testing.assert_allclose(pixels.sum(axis=(1, 2)), ops.convert_to_numpy(bound.log_prob(images)), rtol=1e-5)


def test_a_picture_shows_what_is_seen_first(labelled, picture, mask):
    with Image.open(freyvae.fill(labelled, picture, mask, draws=2)) as row:
        assert row.width == 4 * row.height
        seen = np.asarray(row.convert("L"))[:, : row.height]
    assert set(np.unique(seen[:, seen.shape[1] // 2 :])) == {96, 160}


def test_pictures_of_a_mask_are_read_by_their_levels(mask, tmp_path):
    with Image.open(mask) as small:
        small.resize((16, 16), Image.Resampling.NEAREST).save(tmp_path / "large-mask.png")
    Image.fromarray(np.full((16, 16), 4000, np.uint16)).save(tmp_path / "large.png")
    hidden = read_mask(tmp_path / "large-mask.png", tmp_path / "large.png", (8, 8), levels="0:4095")
    assert hidden.shape == (8, 8)


def test_more_draws_than_memory_holds_are_refused(labelled, picture, mask):
    with pytest.raises(BadInput, match="GiB"):
        freyvae.fill(labelled, picture, mask, draws=10**10)


def test_masks_of_other_sizes_are_refused_or_brought_along(labelled, picture, mask, tmp_path):
    Image.new("L", (16, 16), 100).save(tmp_path / "large.png")
    with Image.open(mask) as small:
        small.resize((16, 16), Image.Resampling.NEAREST).save(tmp_path / "large-mask.png")
    np.testing.assert_array_equal(
        read_mask(tmp_path / "large-mask.png", tmp_path / "large.png", (8, 8)), read_mask(mask, picture, (8, 8))
    )
    for hidden, message in [
        (tmp_path / "large-mask.png", r"is 16x16 \(height x width\), but the pictures are 8x8 and the model's"),
        (picture.parent, "mask must be one picture, but there are 20"),
        (picture, "is no mask, but a picture of many greys"),
    ]:
        with pytest.raises(BadInput, match=message):
            freyvae.fill(labelled, picture, hidden)
    for level, message in [(0, "hides no pixel"), (255, "hides every pixel")]:
        Image.new("L", (8, 8), level).save(tmp_path / "all.png")
        with pytest.raises(BadInput, match=message):
            freyvae.fill(labelled, picture, tmp_path / "all.png")


def test_a_decoder_without_an_image_of_its_own_fills_nothing():
    vae = VAE((4, 4, 1), 2, network=Dense(hidden=(4,)), likelihood="mixture-of-logistics", autoregressive=True)
    with pytest.raises(BadInput, match="train with the objective auxiliary-guided"):
        Filling(vae)
