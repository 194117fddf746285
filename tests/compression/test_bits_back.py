"""Bits back: images are restored exactly, and their size is the free energy of the model."""

import math
import sys

import numpy as np
import pytest
from keras import ops

from freyvae.compression import BitsBack, Stream, WrongImages, bits_back
from freyvae.errors import BadInput
from freyvae.model import VAE
from freyvae.model.likelihoods import MixtureOfLogistics
from freyvae.model.networks import Dense, Hierarchical

GREY, COLOUR = (4, 3, 1), (3, 2, 3)
LATENTS = 3
pytestmark = pytest.mark.backend


def model(image_shape=GREY, *, seed=0, **choices):
    """A model with random weights. Its posteriors depend on the image, and lie where the prior has its mass."""
    vae = VAE(image_shape, LATENTS, seed=seed, **choices)
    mean, log_variance = (vae.encoder.get_layer(name) for name in ("mean", "log_variance"))
    log_variance.kernel.assign(0.1 * log_variance.kernel)
    log_variance.bias.assign([-1.0, -2.0, -3.0])
    codes = vae.encode(images(50, image_shape))
    mean.kernel.assign(mean.kernel / codes.std(0))
    mean.bias.assign(-codes.mean(0) / codes.std(0))
    return vae


def vamp():
    vae = model(prior="vamp", prior_components=100)
    vae.prior_choice.start_at(vae.learned_prior, images(100))
    return vae


def autoregressive():
    vae = model(likelihood="mixture-of-logistics", autoregressive=True)
    random = np.random.default_rng(0)
    for weight in vae.autoregression.weights:
        weight.assign(random.normal(0, 0.05, weight.shape))
    return vae


def neighbourhood():
    """In colour, larger than what a pixel sees."""
    vae = model((6, 9, 3), likelihood="mixture-of-logistics", autoregressive=True)
    random = np.random.default_rng(0)
    for weight in vae.autoregression.weights:
        weight.assign(ops.convert_to_numpy(weight) + random.normal(0, 0.02, weight.shape))
    return vae


def stretched():
    """Of which levels occur, told first; and of pixels given those before, as of independent ones."""
    likelihood = MixtureOfLogistics(autoregressive=True, context="neighbourhood", channel_palette="image")
    vae = model((6, 9, 3), likelihood=likelihood)
    vae.channel_palette.start_at(images(50, (6, 9, 3)))
    return vae


def hierarchical():
    """Two groups of latents below the code, which cost more than it."""
    vae = model(network=Hierarchical(width=4, blocks=2, detail_channels=2))
    random = np.random.default_rng(0)
    for details in vae.groups_below:
        for weight in details.weights:
            weight.assign(ops.convert_to_numpy(weight) + random.normal(0, 0.2, weight.shape))
    assert (vae.free_energy(images(20)).rates.mean(axis=0)[1:] > 1).all()
    return vae


def images(count, shape=GREY):
    """Images that are neither equally likely nor impossible under a model with random weights."""
    random = np.random.default_rng(7)
    levels = random.integers(60, 200, (count, 1, 1, 1)) + random.normal(0, 25, (count, *shape))
    return np.clip(levels, 0, 255).astype("uint8")


MODELS = {
    "grey": model,
    "colour": lambda: model(COLOUR),
    "mixture of logistics": lambda: model(likelihood="mixture-of-logistics"),
    "mixture prior": lambda: model(prior="gaussian-mixture", prior_components=3),
    "vamp prior": vamp,
    "autoregressive": autoregressive,
    "autoregressive in colour": neighbourhood,
    "levels told first": stretched,
    "hierarchical": hierarchical,
}


@pytest.fixture(scope="module", params=MODELS)
def coder(request):
    vae = MODELS[request.param]()
    return vae, BitsBack(vae)


def bits(stream):
    """The number of bits that the images added to the stack."""
    return 32 * (len(stream.words) - stream.first_words)


@pytest.mark.parametrize("count", [1, 2, 5])
def test_what_comes_off_is_what_went_on_bit_for_bit(coder, count):
    vae, bits_back = coder
    pushed = images(count, vae.image_shape)
    pushed[0].flat[:2] = 0, 255  # the tails too
    stream = bits_back.encode(pushed)
    popped = bits_back.decode(stream)
    assert popped.dtype == np.uint8
    np.testing.assert_array_equal(popped, pushed)


def test_an_image_costs_its_free_energy(coder):
    vae, bits_back = coder
    pushed = images(300, vae.image_shape)
    free_energy = vae.free_energy(pushed, samples=8).total.sum() / math.log(2)
    assert bits(bits_back.encode(pushed)) == pytest.approx(free_energy, rel=0.02)


def test_an_image_costs_the_same_however_its_probabilities_lie_in_memory(monkeypatch):
    (image,) = images(1)
    costs = []
    for arrange in (np.ascontiguousarray, np.asfortranarray):
        bits_back = BitsBack(model())
        pixels = bits_back._pixels
        program = pixels._program
        monkeypatch.setattr(pixels, "_program", lambda *given, arrange=arrange, of=program: (arrange(of(*given)[0]),))
        stack = bits_back._stack()
        pixels.push(stack, image, np.zeros(LATENTS, "float32"))
        costs.append(stack.num_valid_bits())
        np.testing.assert_array_equal(pixels.pop(stack, np.zeros(LATENTS, "float32")), image)
    assert costs[0] == costs[1]


def test_codes_are_drawn_from_the_posterior():
    vae = model()
    latents = BitsBack(vae)._latents
    (image,) = images(1)
    posterior = vae.posterior(image[None])
    words = np.random.default_rng(0).integers(1, 2**32, 20_000, dtype=np.uint32)
    stack = BitsBack(vae)._stack(words)
    drawn = np.array([latents.values(latents.pop_from_posterior(stack, image, number)) for number in range(2000)])
    mean, log_variance = map(ops.convert_to_numpy, (posterior.mean, posterior.log_variance))
    standardized = (drawn - mean) / np.exp(0.5 * log_variance)
    # four standard errors of the mean and the deviation of 2000 draws
    np.testing.assert_allclose(standardized.mean(0), 0, atol=0.09)
    np.testing.assert_allclose(standardized.std(0), 1, atol=0.063)


def test_a_latent_costs_sixteen_bits_under_the_standard_normal_prior():
    coder = BitsBack(model())
    stack = coder._stack()
    code = np.random.default_rng(0).integers(0, 256, (LATENTS, 2)).astype("int32")
    for _ in range(1000):
        coder._latents.push_to_prior(stack, code)
    assert stack.num_valid_bits() == pytest.approx(1000 * LATENTS * 16, rel=1e-3)


@pytest.mark.parametrize(("mean", "log_variance"), [(9.0, -3.0), (0.1, -30.0), (-50.0, 8.0)])
def test_a_posterior_far_out_or_narrow_beyond_the_bins_loses_nothing(mean, log_variance):
    encoder = Dense().encoder(GREY, LATENTS, seed=0)
    vae = VAE(GREY, LATENTS, encoder=encoder, seed=0)
    heads = [encoder.get_layer(name) for name in ("mean", "log_variance")]
    for head, bias in zip(heads, (mean, log_variance), strict=True):
        head.bias.assign(np.full(LATENTS, bias))
    coder, pushed = BitsBack(vae), images(4)
    np.testing.assert_array_equal(coder.decode(coder.encode(pushed)), pushed)


def test_the_first_images_bits_are_a_checksum():
    coder, pushed = BitsBack(model()), images(3)
    stream = coder.encode(pushed)
    assert bits_back.LEAST_CHECKSUM_WORDS <= stream.first_words < 12
    for place in (0, len(stream.words) // 2, len(stream.words) - 2):
        words = stream.words.copy()
        words[place] ^= 1
        with pytest.raises(WrongImages):
            coder.decode(Stream(words, 3, stream.first_words))
    with pytest.raises(WrongImages):
        coder.decode(Stream(stream.words, 2, stream.first_words))
    with pytest.raises(WrongImages):
        coder.decode(Stream(stream.words[3:], 3, stream.first_words))
    with pytest.raises(WrongImages):
        BitsBack(model(seed=1)).decode(stream)


@pytest.mark.parametrize(
    ("choices", "line"),
    [
        ({"likelihood": "bernoulli"}, "likelihood bernoulli is not a probability of bytes"),
        ({"likelihood": MixtureOfLogistics(coupled=True)}, "compression does not code coupled channels"),
        ({"likelihood": "gaussian"}, "likelihood gaussian is not a probability of bytes"),
        ({"posterior": "planar"}, "the posterior of this model is planar: bits back needs"),
    ],
)
def test_models_that_cannot_be_coded_with_are_refused(choices, line):
    with pytest.raises(BadInput, match=line):
        BitsBack(model(**choices))


def test_without_constriction_the_extra_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "constriction", None)
    with pytest.raises(BadInput, match=r"pip install 'freyvae\[compression\]'"):
        BitsBack(model())
