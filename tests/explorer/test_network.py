"""The page's script, run in a browser, computes the same as Keras."""

from dataclasses import dataclass
from functools import cache, partial
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
from keras import layers

from freyvae.errors import BadInput
from freyvae.explorer import bundle as bundle_module
from freyvae.explorer.bundle import make_bundle
from freyvae.explorer.graph import ACTIVATIONS, read_graph
from freyvae.explorer.page import page_text
from freyvae.model import LIKELIHOODS, VAE, networks
from freyvae.model.likelihoods import MixtureOfLogistics
from freyvae.run import Run

ONE_GREY_LEVEL = 1


def _grey_levels(pixels: np.ndarray) -> np.ndarray:
    return np.rint(255 * pixels).reshape(len(pixels), -1)


def unsettle(model: keras.Model) -> None:
    """Set weights so that no layer is the identity and pixels spread over the grey levels."""
    generator = np.random.default_rng(0)
    for weight in model.weights:
        values = keras.ops.convert_to_numpy(weight.value)
        noise = generator.normal(size=weight.shape, scale=0.15)
        weight.assign(np.abs(values + noise) + 0.3 if "variance" in weight.path else values + noise)


def test_the_page_decodes_and_encodes_as_the_model_does(page: Any, vae: VAE) -> None:
    latents = np.random.default_rng(1).normal(size=(50, 2), scale=1.5).astype("float32")
    decoded = page.evaluate("latents => latents.map(z => freyvae.decode(z))", latents.tolist())
    assert np.abs(np.array(decoded) - _grey_levels(vae.decode(latents))).max() <= ONE_GREY_LEVEL
    images = np.random.default_rng(2).integers(0, 256, (10, 28, 20, 1), dtype="uint8")
    encoded = page.evaluate(
        "images => Promise.all(images.map(x => freyvae.encode(x)))", images.reshape(10, -1).tolist()
    )
    np.testing.assert_allclose(encoded, vae.encode(images), atol=1e-3)


def test_the_canvas_shows_what_the_decoder_says(page: Any, vae: VAE) -> None:
    page.evaluate("() => { freyvae.setLatents([0.7, -1.1]); freyvae.draw(); }")
    shown = page.evaluate("""() => {
        const canvas = document.querySelector(".face");
        const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
        return Array.from(data).filter((_, at) => at % 4 === 0);
    }""")
    assert np.abs(np.array(shown) - _grey_levels(vae.decode([[0.7, -1.1]]))[0]).max() <= ONE_GREY_LEVEL


# kernels are overwritten by `unsettle`, and drawing them takes seconds of compilation
Dense, Conv2D, Conv2DTranspose = (
    partial(layer, kernel_initializer="zeros") for layer in (layers.Dense, layers.Conv2D, layers.Conv2DTranspose)
)


def _transposed(inputs: Any) -> Any:
    x = Dense(4 * 3 * 8, activation="gelu")(inputs)
    x = layers.Reshape((4, 3, 8))(x)
    x = Conv2DTranspose(6, 4, strides=2, padding="same", activation="silu")(x)
    x = layers.BatchNormalization()(x)
    x = Conv2DTranspose(5, 3, strides=2, padding="same", activation="leaky_relu")(x)
    return Conv2D(3, 3, padding="same")(x)


def _odd_sizes(inputs: Any) -> Any:
    x = Dense(3 * 3 * 4, activation="tanh")(inputs)
    x = layers.Reshape((3, 3, 4))(x)
    x = Conv2DTranspose(4, (3, 2), strides=(2, 3), activation="elu")(x)
    x = Conv2DTranspose(4, 1, strides=2, padding="same", activation="softplus", use_bias=False)(x)
    x = Conv2DTranspose(4, 5, strides=1, padding="valid", activation="selu")(x)
    x = layers.ZeroPadding2D(((1, 0), (0, 2)))(x)
    x = Conv2D(4, (3, 2), strides=(2, 1), padding="valid", dilation_rate=1, activation="hard_sigmoid")(x)
    return Conv2D(3, 3, padding="same", dilation_rate=2)(x)


def _upsampled(inputs: Any) -> Any:
    x = Dense(4 * 4 * 4)(inputs)
    x = layers.LayerNormalization()(x)
    x = layers.Activation("mish")(x)
    x = layers.Reshape((4, 4, 4))(x)
    x = layers.UpSampling2D(2, interpolation="nearest")(x)
    x = layers.LayerNormalization(axis=-1)(Conv2D(4, 3, padding="same", activation="softsign")(x))
    x = layers.UpSampling2D((2, 3), interpolation="bilinear")(x)
    skipped = layers.Dropout(0.5)(layers.ReLU(max_value=6)(x))
    x = layers.Add()([layers.LeakyReLU(0.1)(x), skipped])
    x = layers.Concatenate()([x, layers.Multiply()([x, skipped])])
    x = Conv2D(3, 1)(x)
    return layers.Rescaling(1.5, offset=-0.1)(x)


def _gated(inputs: Any) -> Any:
    return networks.GatedConvolutions(width=3).decoder(3, (8, 12, 3), seed=0)(inputs)


def _residual(inputs: Any) -> Any:
    return networks.Convolutional(width=3).decoder(3, (10, 13, 3), seed=0)(inputs)


DECODERS = {
    "transposed": _transposed,
    "odd-sizes": _odd_sizes,
    "upsampled": _upsampled,
    "gated": _gated,
    "residual": _residual,
}


def _convolutional_encoder(image_shape: tuple[int, int, int]) -> keras.Model:
    images = keras.Input(image_shape, dtype="uint8")
    x = layers.Rescaling(1 / 255)(images)
    x = Conv2D(6, 3, strides=2, padding="same", activation="relu6")(x)
    x = layers.MaxPooling2D(2, padding="same")(x)
    x = layers.AveragePooling2D(2, strides=1, padding="same")(x)
    x = keras.Sequential([keras.Input(x.shape[1:]), Conv2D(4, 2, activation="gelu")])(x)
    x = layers.Concatenate()([layers.GlobalAveragePooling2D()(x), layers.GlobalMaxPooling2D()(x), layers.Flatten()(x)])
    return keras.Model(images, [Dense(3)(x), Dense(3)(x)], name="encoder")


@dataclass(frozen=True)
class Case:
    """A convolutional VAE, and its outputs in Keras."""

    vae: VAE
    latents: np.ndarray
    parameters: np.ndarray
    images: np.ndarray
    means: np.ndarray
    log_variances: np.ndarray

    @property
    def pixels(self) -> np.ndarray:
        return 1 / (1 + np.exp(-self.parameters))


@cache
def convolutional_case(kind: str) -> Case:
    inputs = keras.Input((3,))
    decoder = keras.Model(inputs, DECODERS[kind](inputs), name="decoder")
    image_shape = tuple(decoder.output_shape[1:])
    encoder = _convolutional_encoder(image_shape)
    vae = VAE(image_shape, 3, encoder=encoder, decoder=decoder, likelihood="bernoulli", seed=3)
    unsettle(vae.decoder)
    unsettle(vae.encoder)
    latents = np.random.default_rng(1).normal(size=(10, 3)).astype("float32")
    images = np.random.default_rng(0).integers(0, 256, (10, *image_shape), dtype="uint8")
    # predict compiles a network once; called op by op, they take ten times as long to compile
    return Case(vae, latents, decoder.predict(latents, verbose=0), images, *encoder.predict(images, verbose=0))


@pytest.mark.parametrize("kind", DECODERS)
def test_convolutional_networks_too(kind: str, open_page: Any, tmp_path: Path) -> None:
    case = convolutional_case(kind)
    path = tmp_path / "index.html"
    path.write_text(page_text(make_bundle(case.vae, case.images, title=kind)), encoding="utf-8")
    page = open_page(path)
    expected = _grey_levels(case.pixels)
    assert np.ptp(expected) > 20
    decoded = page.evaluate("latents => latents.map(z => freyvae.decode(z))", case.latents.tolist())
    assert np.abs(np.array(decoded) - expected).max() <= ONE_GREY_LEVEL
    encoded = page.evaluate(
        "images => Promise.all(images.map(x => freyvae.encode(x)))", case.images.reshape(10, -1).tolist()
    )
    np.testing.assert_allclose(encoded, case.means, rtol=1e-3, atol=1e-3)


def test_groups_below_the_code_are_left_out_and_that_is_said(open_page: Any, tmp_path: Path) -> None:
    vae = VAE((6, 5, 3), 2, network=networks.Hierarchical(width=3), likelihood="bernoulli", seed=0)
    unsettle(vae.encoder)
    unsettle(vae.decoder)
    images = np.random.default_rng(0).integers(0, 256, (9, 6, 5, 3), dtype="uint8")
    bundle = make_bundle(vae, images, title="hierarchy")
    of_pixels = VAE((6, 5, 1), 2, hidden=(4,), likelihood=MixtureOfLogistics(autoregressive=True), seed=0)
    assert (
        "each pixel takes from the pixels before it is left out"
        in make_bundle(of_pixels, images[..., :1], title="pixels").header["leftOut"]
    )
    assert bundle.notes == (
        "the sliders move the top group of latents; details, which 120 latents below it draw, are left out",
    )
    path = tmp_path / "index.html"
    path.write_text(page_text(bundle), encoding="utf-8")
    page = open_page(path)
    assert "The sliders move the top group of latents" in page.text_content(".left-out")
    assert page.get_by_role("button", name="Draw details").count() == 0
    latents = np.random.default_rng(1).normal(size=(10, 2)).astype("float32")
    decoded = page.evaluate("latents => latents.map(z => freyvae.decode(z))", latents.tolist())
    assert np.abs(np.array(decoded) - _grey_levels(vae.decode(latents))).max() <= ONE_GREY_LEVEL
    encoded = page.evaluate("images => Promise.all(images.map(x => freyvae.encode(x)))", images.reshape(9, -1).tolist())
    np.testing.assert_allclose(encoded, vae.encode(images), rtol=1e-3, atol=1e-3)


@pytest.mark.parametrize("name", [name for name in ACTIVATIONS if name != "gelu_tanh"])
def test_every_activation_is_read(name: str) -> None:
    network = keras.Sequential([keras.Input((2,)), layers.Dense(3, activation=name)])
    assert [step.op for step in read_graph(network).steps] == ["dense", "activation"]


def test_large_networks_are_packed_in_half_precision(
    open_page: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, vae: VAE, run: Run
) -> None:
    monkeypatch.setattr(bundle_module, "HALF_PRECISION_ABOVE", 10)
    images = np.zeros((40, 28, 20, 1), "uint8")
    bundle = make_bundle(vae, images, title="half")
    assert bundle.header["decoder"]["precision"] == "half"
    path = tmp_path / "index.html"
    path.write_text(page_text(bundle), encoding="utf-8")
    latents = np.random.default_rng(1).normal(size=(50, 2)).astype("float32")
    decoded = open_page(path).evaluate("latents => latents.map(z => freyvae.decode(z))", latents.tolist())
    assert np.abs(np.array(decoded) - _grey_levels(vae.decode(latents))).max() <= ONE_GREY_LEVEL


def test_an_encoder_too_large_is_left_out_and_said(
    open_page: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, vae: VAE
) -> None:
    monkeypatch.setattr(bundle_module, "MOST_ENCODER_WEIGHTS", 10)
    bundle = make_bundle(vae, np.zeros((4, 28, 20, 1), "uint8"), title="small")
    assert "and a page holds at most" in bundle.notes[0]
    path = tmp_path / "index.html"
    path.write_text(page_text(bundle), encoding="utf-8")
    page = open_page(path)
    assert "and a page holds at most" in page.text_content("body")
    assert page.locator("input[type=file]").count() == 0


def test_a_layer_only_onnx_knows_is_named() -> None:
    inputs = keras.Input((2,))
    x = layers.Reshape((4, 5, 1))(layers.PReLU(name="bent")(layers.Dense(20)(inputs)))
    vae = VAE((4, 5, 1), 2, decoder=keras.Model(inputs, x, name="decoder"), likelihood="bernoulli")
    with pytest.raises(BadInput, match=r"'bent' \(PReLU\).*onnx"):
        make_bundle(vae, np.zeros((2, 4, 5, 1), "uint8"), title="bent")


def test_a_layer_nobody_knows_is_named() -> None:
    network = keras.Sequential([keras.Input((2, 1)), layers.LSTM(3, name="memory")], name="decoder")
    with pytest.raises(BadInput, match=r"'memory' \(LSTM\).*ONNX"):
        read_graph(network)


def test_a_network_of_another_kind_is_refused() -> None:
    class Own(keras.Model):
        pass

    with pytest.raises(BadInput, match="functional and sequential"):
        read_graph(Own(name="decoder"))


@pytest.mark.parametrize(
    ("layer", "what"),
    [
        (layers.Conv2D(2, 1, groups=2), "groups"),
        (layers.Conv2DTranspose(2, 2, strides=2, output_padding=0), "output padding"),
        (layers.BatchNormalization(axis=1), "axis"),
        (layers.UpSampling2D(2, interpolation="bicubic"), "bicubic"),
        (layers.ReLU(threshold=1.0), "threshold"),
        (layers.Dense(2, activation="log_sigmoid"), "log_sigmoid"),
    ],
)
def test_options_nobody_knows_are_named(layer: layers.Layer, what: str) -> None:
    network = keras.Sequential([keras.Input((4, 4, 2)), layer])
    with pytest.raises(BadInput, match=what):
        read_graph(network)


@pytest.mark.parametrize(
    "likelihood",
    [
        *(LIKELIHOODS[name] for name in ("gaussian", "mixture-of-logistics", "categorical")),
        MixtureOfLogistics(coupled=True),
    ],
    ids=["gaussian", "mixture-of-logistics", "categorical", "coupled"],
)
def test_a_colour_image_with_more_than_a_location(likelihood: Any, open_page: Any, tmp_path: Path) -> None:
    """This includes a residual network with dropout: additions are kept, and layers for training are dropped."""
    decoder = networks.Residual(hidden=(8, 8, 8), activation="silu", dropout=0.3).decoder(
        2, (6, 5, 3), parameters_per_value=likelihood.parameters_per_value, seed=1
    )
    vae = VAE((6, 5, 3), 2, decoder=decoder, likelihood=likelihood, seed=1)
    unsettle(vae.decoder)
    if not likelihood.has_location:  # a mean of 256 levels moves only where a few of them have all the probability
        kernel = decoder.get_layer("others").kernel
        kernel.assign(50.0 * kernel.value)
    path = tmp_path / "index.html"
    path.write_text(page_text(make_bundle(vae, np.zeros((9, 6, 5, 3), "uint8"), title="colour")), encoding="utf-8")
    latents = np.random.default_rng(1).normal(size=(10, 2)).astype("float32")
    expected = _grey_levels(vae.decode(latents))
    assert np.ptp(expected) > 20
    decoded = open_page(path).evaluate("latents => latents.map(z => freyvae.decode(z))", latents.tolist())
    assert np.abs(np.array(decoded) - expected).max() <= ONE_GREY_LEVEL
