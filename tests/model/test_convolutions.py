"""Networks of gated convolutions have the published sizes, train on every backend, and run in the explorer."""

import math

import keras
import numpy as np
import pytest
from keras import ops

from freyvae.errors import BadInput
from freyvae.explorer.graph import read_graph
from freyvae.model import VAE, layers, load_vae
from freyvae.model.networks import GatedConvolutions
from freyvae.recipe import Recipe
from freyvae.training import build_vae

pytestmark = pytest.mark.backend
FREY = (28, 20, 1)
SMALL = (8, 12, 3)


def numpy(tensor):
    return ops.convert_to_numpy(tensor)


def small_networks(**named):
    encoder = GatedConvolutions(width=2).encoder(SMALL, 3, seed=1, **named)
    return encoder, GatedConvolutions(width=2).decoder(3, SMALL, parameters_per_value=2, seed=2)


def small_vae():
    encoder, decoder = small_networks()
    return VAE(SMALL, 3, encoder=encoder, decoder=decoder, likelihood="discretized-logistic", seed=0)


def test_sizes_are_those_of_van_den_berg():
    recipe = Recipe().replace(
        network="gated-convolutions",
        latent_dim=64,
        likelihood="discretized-logistic",
        batch_size=5,
        **{"likelihood.scale_per": "code"},
    )
    vae = build_vae(recipe, np.zeros((10, *FREY), "uint8"))
    encoder, decoder = vae.encoder, vae.decoder
    sizes = [encoder.get_layer(f"encoder_{number}").output.shape[1:] for number in range(1, 7)]
    assert sizes == [(28, 20, 32), (14, 10, 32), (14, 10, 64), (7, 5, 64), (7, 5, 64), (1, 1, 256)]
    sizes = [decoder.get_layer(f"decoder_{number}").output.shape[1:] for number in range(1, 7)]
    assert sizes == [(7, 5, 64), (7, 5, 64), (14, 10, 32), (14, 10, 32), (28, 20, 32), (28, 20, 32)]

    def gated(given, made, *kernel):
        return 2 * (given * made * math.prod(kernel) + made)

    layers = [(1, 32), (32, 32), (32, 64), (64, 64), (64, 64)]
    expected = sum(gated(*channels, 5, 5) for channels in layers) + gated(64, 256, 7, 5) + 2 * (256 * 64 + 64)
    assert encoder.count_params() == expected
    layers = [(64, 64), (64, 32), (32, 32), (32, 32), (32, 32)]
    expected = sum(gated(*channels, 5, 5) for channels in layers) + gated(64, 64, 7, 5)
    assert decoder.count_params() == expected + (32 * 2 * 25 + 2) + (2 * 2 + 2)
    assert decoder.output_shape == (None, 28, 20, 2)


def test_a_gated_convolution_is_one_convolution_times_the_sigmoid_of_another():
    encoder, _ = small_networks()
    names = ("encoder_6", "encoder_6_value", "encoder_6_gate")
    last = keras.Model(encoder.get_layer("encoder_5").output, [encoder.get_layer(name).output for name in names])
    before = np.random.default_rng(0).normal(size=(2, *last.input_shape[1:])).astype("float32")
    gated, value, gate = last.predict(before, verbose=0)
    np.testing.assert_allclose(gated, value * gate, rtol=1e-5)
    # kernels as large as the remaining image: one product for each
    for given, name, squash in ((value, "value", lambda x: x), (gate, "gate", lambda x: 1 / (1 + np.exp(-x)))):
        layer = encoder.get_layer(f"encoder_6_{name}")
        product = np.einsum("nhwi,hwio->no", before, numpy(layer.kernel)) + numpy(layer.bias)
        np.testing.assert_allclose(given[:, 0, 0], squash(product), rtol=1e-4, atol=1e-5)


def test_a_doubling_is_the_published_one_on_every_backend():
    """PyTorch's padding 2 and output padding 1 for a kernel of 5: output[2 i + k - 2] += input[i] kernel[k].

    Keras cuts one pixel at the beginning and two at the end, PyTorch the other way round.
    """
    _, decoder = small_networks()
    layer = decoder.get_layer("decoder_3_value")
    values = np.random.default_rng(0).normal(size=(1, 2, 3, 4)).astype("float32")
    kernel = numpy(layer.kernel)
    whole = np.zeros((1, 2 * 2 + 3, 2 * 3 + 3, 2))
    for row, column in np.ndindex(2, 3):
        for down, across in np.ndindex(5, 5):
            whole[0, 2 * row + down, 2 * column + across] += kernel[down, across] @ values[0, row, column]
    expected = whole[:, 1:-2, 1:-2] + numpy(layer.bias)
    np.testing.assert_allclose(numpy(layer(values)), expected, rtol=1e-4, atol=1e-5)


def test_the_variance_stays_within_its_limits():
    encoder, _ = small_networks()
    for factor in (1.0, 1e4, -1e4):
        kernel = encoder.get_layer("log_variance_share").kernel
        kernel.assign(kernel * factor)
        images = np.random.default_rng(0).integers(0, 256, (20, *SMALL), dtype="uint8")
        variance = np.exp(encoder.predict(images, verbose=0)[1])
        assert variance.min() >= 0.01 * (1 - 1e-5)
        assert variance.max() <= 7.0 * (1 + 1e-5)


def test_weights_begin_as_pytorch_begins_and_follow_their_seed():
    _, decoder = small_networks()
    kernel = decoder.get_layer("decoder_4_value").kernel
    bound = 1 / math.sqrt(2 * 25)
    assert 0.9 * bound < np.abs(numpy(kernel)).max() <= bound
    same, other = (GatedConvolutions(width=2).decoder(3, SMALL, seed=seed) for seed in (2, 3))
    for name in ("decoder_1_value", "decoder_6_gate"):
        np.testing.assert_array_equal(numpy(same.get_layer(name).bias), numpy(decoder.get_layer(name).bias))
        assert (numpy(other.get_layer(name).bias) != numpy(decoder.get_layer(name).bias)).any()
    first, second = (numpy(decoder.get_layer(f"decoder_6_{part}").kernel) for part in ("value", "gate"))
    assert (first != second).any()


def test_a_flow_has_a_third_output():
    encoder, _ = small_networks(parameters_per_image=7)
    assert encoder.output_shape == [(None, 3), (None, 3), (None, 7)]


@pytest.mark.parametrize("shape", [(30, 20, 1), (28, 21, 1), (2, 2, 3)])
def test_sizes_that_do_not_halve_twice_are_refused(shape):
    for network in (lambda: GatedConvolutions().encoder(shape, 2), lambda: GatedConvolutions().decoder(2, shape)):
        with pytest.raises(BadInput, match=r"multiples of 4, not \d+ x \d+"):
            network()


def test_they_train_and_are_loaded_again(tmp_path):
    vae = small_vae()
    vae.compile(optimizer=keras.optimizers.Adamax(0.01))
    images = np.random.default_rng(0).integers(100, 120, (20, *SMALL), dtype="uint8")
    history = vae.fit(images, batch_size=10, epochs=3, verbose=0).history["free_energy"]
    assert history[-1] < history[0]
    vae.save(tmp_path / "model.keras")
    np.testing.assert_allclose(load_vae(tmp_path / "model.keras").encode(images), vae.encode(images), atol=1e-5)


def test_they_have_no_dropout():
    with pytest.raises(
        BadInput, match="the network gated-convolutions has no dropout: only dense and residual have one"
    ):
        build_vae(
            Recipe().replace(network="gated-convolutions", dropout=0.1, batch_size=5), np.zeros((10, *SMALL), "uint8")
        )


def test_the_explorer_can_compute_them():
    for network in small_networks():
        read_graph(network).check_page_can_compute()


# kernel, stride; with odd and even height and width
TRANSPOSED = [((5, 5), 2), ((2, 2), 2), ((3, 4), 2), ((4, 6), 3), ((3, 3), (3, 2)), ((2, 3), (1, 2)), ((7, 5), 1)]


@pytest.mark.parametrize(("kernel", "strides"), TRANSPOSED)
def test_a_transposed_convolution_is_keras_own(kernel, strides):
    """Rewritten transposed convolutions agree in values, gradients, and the form in which they are built and saved."""
    values = np.random.default_rng(0).normal(size=(2, 3, 4, 2)).astype("float32")
    made = [
        kind(3, kernel, strides=strides, padding="same", activation="tanh", bias_initializer="ones", name="same")
        for kind in (layers.Conv2DTranspose, keras.layers.Conv2DTranspose)
    ]
    for layer in made:
        layer.build(values.shape)
    ours, theirs = made
    theirs.set_weights(ours.get_weights())
    np.testing.assert_allclose(numpy(ours(values)), numpy(theirs(values)), rtol=1e-5, atol=1e-6)
    assert ours.get_config() == theirs.get_config()
    assert tuple(ours.compute_output_shape(values.shape)) == numpy(ours(values)).shape
    if keras.backend.backend() == "jax":
        import jax

        def squares(layer):
            def of(values, weights):
                return (layer.stateless_call(weights, [], values)[0] ** 2).sum()

            return jax.grad(of, (0, 1))(values, [weight.value for weight in layer.weights])

        for one, other in zip(*map(jax.tree.leaves, map(squares, made)), strict=True):
            np.testing.assert_allclose(one, other, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("choice", [{"padding": "valid"}, {"output_padding": 1}, {"dilation_rate": 2, "strides": 1}])
def test_what_is_not_taken_apart_is_keras_own_too(choice):
    values = np.random.default_rng(0).normal(size=(2, 3, 4, 2)).astype("float32")
    choice = {"strides": 2, "padding": "same", "kernel_initializer": "ones", **choice}
    ours, theirs = (kind(3, 3, **choice)(values) for kind in (layers.Conv2DTranspose, keras.layers.Conv2DTranspose))
    np.testing.assert_array_equal(numpy(ours), numpy(theirs))


def test_models_and_weights_of_versions_with_keras_own_layers_load(monkeypatch, tmp_path):
    images = np.random.default_rng(0).integers(0, 256, (3, *SMALL), dtype="uint8")
    with monkeypatch.context() as patch:
        patch.setattr(layers, "Conv2DTranspose", keras.layers.Conv2DTranspose)
        before = small_vae()
    before.compile(optimizer="adam")
    before.save(tmp_path / "before.keras")
    before.save_weights(tmp_path / "before.weights.h5")
    before.decoder.save_weights(tmp_path / "decoder.weights.h5")
    after = small_vae()
    after.decoder.get_layer("decoder_3_value").kernel.assign_add(ops.ones((5, 5, 2, 4)))
    codes = before.encode(images)
    assert (np.abs(after.decode(codes) - before.decode(codes)) > 1e-4).any()
    after.decoder.load_weights(tmp_path / "decoder.weights.h5")
    np.testing.assert_allclose(after.decode(codes), before.decode(codes), atol=1e-6)
    after.compile(optimizer="adam")
    after.load_weights(tmp_path / "before.weights.h5")
    np.testing.assert_allclose(after.decode(codes), before.decode(codes), atol=1e-6)
    np.testing.assert_array_equal(load_vae(tmp_path / "before.keras").decode(codes), before.decode(codes))
    after.save(tmp_path / "after.keras")
    again = load_vae(tmp_path / "after.keras")
    assert type(again.decoder.get_layer("decoder_3_value")) is layers.Conv2DTranspose
    np.testing.assert_array_equal(again.decode(codes), after.decode(codes))
