"""The networks compute what their names say, and dropout acts only in training steps."""

import keras
import numpy as np
import pytest
from keras import ops

from freyvae.errors import BadInput
from freyvae.model import LIKELIHOODS, VAE
from freyvae.model.networks import Dense, Residual

pytestmark = pytest.mark.backend
SHAPE = (5, 4, 1)


def numpy(tensor):
    return ops.convert_to_numpy(tensor)


def silu(values):
    return values / (1 + np.exp(-values))


def layer_of(model, name):
    layer = model.get_layer(name)
    return lambda values: values @ numpy(layer.kernel) + numpy(layer.bias)


def test_a_residual_network_is_what_its_formula_says():
    decoder = Residual(hidden=(8, 8, 8), activation="silu", dropout=0.4).decoder(3, SHAPE, seed=1)
    latents = np.random.default_rng(0).normal(size=(6, 3)).astype("float32")
    h = layer_of(decoder, "decoder_1")(latents)
    for block in ("decoder_2", "decoder_3"):
        h = h + layer_of(decoder, f"{block}_outer")(silu(layer_of(decoder, f"{block}_inner")(silu(h))))
    expected = layer_of(decoder, "location")(silu(h)).reshape(6, *SHAPE)
    np.testing.assert_allclose(numpy(decoder(latents)), expected, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("hidden", [(), (8,), (8, 8, 6)])
def test_residual_blocks_of_unequal_widths_are_refused(hidden):
    with pytest.raises(BadInput, match=r"two hidden widths or more, all equal, not \["):
        Residual(hidden=hidden)


@pytest.mark.parametrize("network", [Dense, Residual])
def test_dropout_is_for_training_follows_its_seed_and_keeps_the_expectation(network):
    def encoder(seed):
        # linear, so that the mean over masks equals the output without masks
        return network(hidden=(50, 50), activation="linear", dropout=0.3).encoder(SHAPE, 2, seed=seed)

    images = np.random.default_rng(0).integers(0, 256, (1, *SHAPE), dtype="uint8")
    one, same, other = encoder(1), encoder(1), encoder(2)
    still = numpy(one(images)[0])
    np.testing.assert_array_equal(still, numpy(one(images, training=False)[0]))
    first, second = (numpy(one(images, training=True)[0]) for _ in range(2))
    assert (first != second).any()
    np.testing.assert_array_equal(first, numpy(same(images, training=True)[0]))
    assert (first != numpy(other(images, training=True)[0])).any()
    many = numpy(one(np.repeat(images, 4000, axis=0), training=True)[0])
    assert (np.abs(many.mean(0) - still[0]) < 5 * many.std(0) / np.sqrt(len(many))).all()


def test_the_generators_of_dropout_and_shift_are_variables_that_training_moves():
    """A checkpoint holds every variable, so a continued training has the same masks as an uninterrupted one."""
    vae = VAE(
        SHAPE,
        2,
        encoder=Dense(hidden=(6, 6), dropout=0.2).encoder(SHAPE, 2, seed=0),
        decoder=Dense(hidden=(6,), dropout=0.2).decoder(2, SHAPE, parameters_per_value=2, seed=1),
        shift=0.5,
        seed=0,
    )
    generators = [variable for variable in vae.non_trainable_variables if "seed_generator" in variable.path]
    assert len(generators) == 5  # noise, shift, two hidden layers and one
    before = [numpy(variable.value).copy() for variable in generators]
    vae.compile(optimizer="adam")
    vae.fit(np.zeros((6, *SHAPE), "uint8"), epochs=1, batch_size=3, verbose=0)
    for variable, values in zip(generators, before, strict=True):
        assert (numpy(variable.value) != values).any(), variable.path


@pytest.mark.parametrize("name", [name for name, kind in LIKELIHOODS.items() if kind.has_location])
def test_a_decoder_that_starts_at_the_mean_says_the_mean_image_for_every_code(name):
    images = np.random.default_rng(0).integers(40, 200, (50, *SHAPE), dtype="uint8")
    kind = LIKELIHOODS[name]
    decoder = Dense().decoder(2, SHAPE, parameters_per_value=kind.parameters_per_value, seed=0)
    Dense().start_at(None, decoder, images, kind)
    mean = numpy(kind(decoder(np.zeros((1, 2), "float32"))).mean())
    np.testing.assert_allclose(mean[0], images.mean(0) / 255, atol=1e-3)


@pytest.mark.parametrize("channels", [1, 3])
def test_a_decoder_without_a_location_starts_at_the_histogram_of_each_value(channels):
    images = np.random.default_rng(0).integers(0, 256, (50, 5, 4, channels), dtype="uint8")
    decoder = Dense().decoder(2, (5, 4, channels), parameters_per_value=256, seed=0)
    Dense().start_at(None, decoder, images, LIKELIHOODS["categorical"])
    likelihood = LIKELIHOODS["categorical"](decoder(np.zeros((1, 2), "float32")))
    counts = np.stack([(images == level).sum(0) for level in range(256)], axis=-1)
    probabilities = np.exp(numpy(likelihood.log_probabilities()))[0]
    np.testing.assert_allclose(probabilities, (counts + 1) / (50 + 256), rtol=1e-4)


def test_without_dropout_there_is_no_layer_for_it():
    assert not any(isinstance(layer, keras.layers.Dropout) for layer in Dense().encoder(SHAPE, 2).layers)
