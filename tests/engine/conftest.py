"""Small images and small models, which train in a moment."""

import keras
import numpy as np
import pytest

from freyvae.engine import shares
from freyvae.model import VAE

SHAPE = (5, 4, 1)


@pytest.fixture(autouse=True, scope="module")
def optimized(compiled_as_for_users):
    """What the engine promises holds for the programs that a user runs."""


@pytest.fixture(autouse=True)
def steps_as_a_whole(monkeypatch):
    """Compiled once, not once for a share and once for their sum; `test_shares` has the shares."""
    monkeypatch.setattr(shares, "cores", lambda: 1)


@pytest.fixture(scope="module")
def images():
    return np.random.default_rng(0).integers(0, 256, (57, *SHAPE), dtype="uint8")


@pytest.fixture(scope="module")
def held_out():
    return np.random.default_rng(1).integers(0, 256, (23, *SHAPE), dtype="uint8")


@pytest.fixture
def convolutional_vae():
    """A function that makes a model with a convolution in each network, always with the same weights and noise."""

    def made(optimizer="adam", *, kind=VAE, **changes):
        draw = iter(range(100))

        def layer(kind, *arguments, **named):
            return kind(*arguments, kernel_initializer=keras.initializers.GlorotUniform(next(draw)), **named)

        pixels = keras.Input(SHAPE, dtype="uint8")
        values = keras.layers.Rescaling(1 / 255)(pixels)
        values = keras.layers.Flatten()(layer(keras.layers.Conv2D, 2, 3, padding="same", activation="relu")(values))
        encoder = keras.Model(pixels, [layer(keras.layers.Dense, 2)(values) for _ in range(2)])
        codes = keras.Input((2,))
        values = keras.layers.Reshape((*SHAPE[:2], 2))(layer(keras.layers.Dense, 2 * SHAPE[0] * SHAPE[1])(codes))
        decoder = keras.Model(codes, layer(keras.layers.Conv2D, 1, 3, padding="same")(values))
        vae = kind(SHAPE, 2, encoder=encoder, decoder=decoder, likelihood="bernoulli", seed=0, **changes)
        vae.compile(optimizer=optimizer)
        return vae

    return made
