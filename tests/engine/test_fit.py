"""The way to run a training is chosen by its network and the device."""

import keras
import pytest

from freyvae.engine import fit, scanned, stepped
from freyvae.model import VAE

pytestmark = pytest.mark.skipif(keras.backend.backend() != "jax", reason="the ways are JAX's")
SHAPE = (5, 4, 1)


class Block(keras.layers.Layer):
    """A user's own layer that contains another layer."""

    def __init__(self):
        super().__init__()
        self.inner = keras.layers.DepthwiseConv2D(1)

    def call(self, values):
        return self.inner(values)


def encoder(*between):
    pixels = keras.Input(SHAPE, dtype="uint8")
    values = keras.layers.Rescaling(1 / 255)(pixels)
    for layer in between:
        values = layer(values)
    values = keras.layers.Flatten()(values)
    return keras.Model(pixels, [keras.layers.Dense(2)(values) for _ in range(2)])


def vae(**networks):
    made = VAE(SHAPE, 2, seed=0, **networks)
    made.compile(optimizer="adam")
    return made


def nested():
    return keras.Sequential([keras.Sequential([keras.layers.Conv2D(1, 1)])])


NETWORKS = {
    "dense": (lambda: {}, scanned.fit),
    "a person's own, dense": (lambda: {"encoder": encoder(keras.layers.Dense(3))}, scanned.fit),
    "a convolution": (lambda: {"encoder": encoder(keras.layers.Conv2D(1, 1))}, stepped.fit),
    "transposed": (lambda: {"encoder": encoder(keras.layers.Conv2DTranspose(1, 1))}, stepped.fit),
    "in nested models": (lambda: {"encoder": encoder(nested())}, stepped.fit),
    "in a layer": (lambda: {"encoder": encoder(Block())}, stepped.fit),
}


@pytest.mark.parametrize("networks", NETWORKS)
def test_on_a_cpu_convolutions_are_stepped_and_all_else_scanned(images, networks):
    made, expected = NETWORKS[networks]
    assert fit.way_of_jax(vae(**made()), images, {}) is expected


def test_a_convolution_in_the_decoder_is_one_too(images, convolutional_vae):
    model = convolutional_vae()
    model = vae(decoder=model.decoder, likelihood="bernoulli")
    assert fit.way_of_jax(model, images, {}) is stepped.fit


def test_on_a_gpu_all_are_scanned(images, convolutional_vae, monkeypatch):
    import jax

    monkeypatch.setattr(jax, "default_backend", lambda: "gpu")
    assert fit.way_of_jax(convolutional_vae(), images, {}) is scanned.fit


def test_what_only_keras_own_loop_can_do_is_left_to_it(images, convolutional_vae):
    assert fit.way_of_jax(convolutional_vae(), images, {"steps_per_epoch": 2}) is None


def test_fit_goes_the_chosen_way(images, convolutional_vae, monkeypatch):
    went = []
    monkeypatch.setattr(scanned, "fit", lambda *arguments, **named: went.append("scanned"))
    monkeypatch.setattr(stepped, "fit", lambda *arguments, **named: went.append("stepped"))
    convolutional_vae().fit(images, verbose=0)
    vae().fit(images, verbose=0)
    assert went == ["stepped", "scanned"]
