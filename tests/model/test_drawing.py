"""Each pixel of drawn images follows the probabilities of the model."""

import functools

import numpy as np
import pytest
from keras import ops

from freyvae.engine import memory
from freyvae.errors import BadInput
from freyvae.model import LIKELIHOODS, VAE
from freyvae.model.networks import Dense

pytestmark = pytest.mark.backend

SHAPE = (3, 2, 1)
COUNT = 1024
KINDS = [*LIKELIHOODS, "autoregressive"]


@functools.cache
def model(kind, *, shape=SHAPE):
    """A model of a few pixels. If it is autoregressive, every pixel depends strongly on those before it."""
    autoregressive = kind == "autoregressive"
    likelihood = "mixture-of-logistics" if autoregressive else kind
    decoder = Dense(hidden=(8,)).decoder(
        2,
        shape,
        parameters_per_value=LIKELIHOODS[likelihood].parameters_per_value,
        seed=0,
    )
    vae = VAE(shape, 2, decoder=decoder, likelihood=likelihood, autoregressive=autoregressive, seed=0)
    if autoregressive:
        random = np.random.default_rng(0)
        for weight in vae.autoregression.weights:
            weight.assign(random.normal(0, 0.1, weight.shape).astype("float32"))
        vae.autoregression.linear.assign(np.eye(6, k=-1, dtype="float32") * 0.9)
    return vae


def ranks(vae, code, images, seed=0):
    """The quantile of each pixel in its distribution given the code and the pixels before: (image, pixel) in [0, 1].

    P(X < x) + u P(X = x), u uniform. Of images that the model draws, these are uniform and independent.
    """
    codes = np.repeat(code, len(images), axis=0)
    log_probabilities = vae.likelihood(ops.convert_to_tensor(codes), images).log_probabilities()
    probabilities = np.exp(ops.convert_to_numpy(log_probabilities)).reshape(len(images), -1, 256).astype(float)
    levels = images.reshape(len(images), -1, 1).astype(int)
    up_to = np.take_along_axis(probabilities.cumsum(axis=-1), levels, axis=-1)[..., 0]
    own = np.take_along_axis(probabilities, levels, axis=-1)[..., 0]
    return up_to - np.random.default_rng(seed).uniform(size=own.shape) * own


def strangeness(ranked):
    """The largest deviation from uniform and independent values, in standard errors."""
    count, pixels = ranked.shape
    tenths = np.stack([np.histogram(pixel, bins=10, range=(-1e-6, 1 + 1e-6))[0] for pixel in ranked.T])
    correlations = np.corrcoef(ranked.T)[~np.eye(pixels, dtype=bool)]
    return max(np.abs(tenths - count / 10).max() / np.sqrt(count * 0.09), np.abs(correlations).max() * np.sqrt(count))


@pytest.mark.long
@pytest.mark.parametrize("kind", ["discretized-logistic", "autoregressive"])
def test_drawn_images_follow_the_models_own_probabilities(kind):
    vae, code = model(kind), np.array([[0.3, -0.5]], "float32")
    images = vae.sample(np.repeat(code, COUNT, axis=0))
    assert strangeness(ranks(vae, code, images)) < 4.5


def test_without_the_pixels_before_they_would_not():
    vae, code = model("autoregressive"), np.array([[0.3, -0.5]], "float32")
    alone = vae.sample(np.repeat(code, COUNT, axis=0), seed=1)
    for pixel in range(6):  # correct distributions, but shuffled among the images
        alone.reshape(COUNT, 6)[:, pixel] = np.roll(alone.reshape(COUNT, 6)[:, pixel], pixel)
    assert strangeness(ranks(vae, code, alone)) > 20


@pytest.mark.parametrize("kind", KINDS)
def test_the_same_seed_draws_the_same_images_and_another_others(kind):
    vae = model(kind)
    images = vae.sample(5, seed=1)
    assert (images.shape, images.dtype) == ((5, *SHAPE), np.uint8)
    np.testing.assert_array_equal(vae.sample(vae.sample_latents(5, seed=1), seed=1), images)
    assert (vae.sample(5, seed=2) != images).any()


def test_colour_images_are_drawn_too():
    assert model("discretized-logistic", shape=(3, 2, 3)).sample(2).shape == (2, 3, 2, 3)


@pytest.mark.parametrize(
    ("asked", "line"),
    [
        (0, "count must be a whole number and at least 1, not 0"),
        (-1, "at least 1, not -1"),
        (np.zeros((0, 2)), "no latents in an empty array"),
        (np.zeros((1, 3)), r"latents must have the shape \(image, 2\), not \(1, 3\)"),
        (2.5, r"count must be a whole number and at least 1, not 2\.5"),
        ([[0.0, np.inf]], "latents must be finite"),
    ],
)
def test_what_cannot_be_drawn_is_refused(asked, line):
    with pytest.raises(BadInput, match=line):
        model("autoregressive").sample(asked)


def test_what_memory_cannot_hold_is_refused_before_it_is_drawn(monkeypatch):
    vae = model("autoregressive")  # six pixels and two latents
    monkeypatch.setattr(memory, "free_bytes_of_machine", lambda: 900)
    assert vae.sample_means(37).shape == (37, *SHAPE)
    with pytest.raises(BadInput, match=r"38 images need 0\.0 GiB of memory and 0\.0 GiB are free: ask for fewer"):
        vae.sample_means(38)
    assert vae.sample_latents(112).shape == (112, 2)
    with pytest.raises(BadInput, match="113 codes need"):
        vae.sample_latents(113)
    with pytest.raises(BadInput, match="151 images need"):
        vae.sample(np.zeros((151, 2)))
