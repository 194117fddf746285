"""Codes are refined: each becomes cheaper, or stays."""

import keras
import numpy as np
import pytest
from keras import ops

from freyvae.engine.descent import Descent
from freyvae.errors import BadInput
from freyvae.model import VAE
from freyvae.model.networks import Dense

on_jax = pytest.mark.skipif(keras.backend.backend() != "jax", reason="the gradient is taken with JAX")


@pytest.fixture
def vae():
    return VAE((3, 2, 1), 2, network=Dense(hidden=(8,)), likelihood="gaussian", seed=0)


@on_jax
def test_it_finds_the_lowest_code_of_each_image(vae):
    descent = Descent(vae, lambda codes, targets: ops.sum(ops.square(codes - targets), axis=-1))
    targets = np.array([[1.0, -1.0], [0.3, 2.0], [0.0, 0.0]], "float32")
    found = descent(np.zeros((3, 2), "float32"), targets, steps=100)
    np.testing.assert_allclose(found, targets, atol=0.02)
    # where it began at the lowest, it stays there to the last bit
    assert (found[2] == 0.0).all()


@on_jax
def test_refined_codes_have_a_higher_density_than_the_encoders(vae):
    images = np.random.default_rng(0).integers(0, 256, (200, 3, 2, 1), dtype="uint8")

    def density(codes):
        codes = ops.convert_to_tensor(codes)
        return ops.convert_to_numpy(vae.likelihood(codes).log_prob(images) + vae.prior.log_prob(codes))

    before, codes = density(vae.encode(images)), vae.encode(images, refine=30)
    assert codes.shape == (200, 2)
    after = density(codes)
    assert (after >= before - 1e-3).all()
    assert np.mean(after - before) > 0.1
    np.testing.assert_array_equal(codes, vae.encode(images, refine=30))


def test_steps_below_zero_are_refused(vae):
    with pytest.raises(BadInput, match="refine must be a whole number and at least 0, not -1"):
        vae.encode(np.zeros((1, 3, 2, 1), "uint8"), refine=-1)


@pytest.mark.skipif(keras.backend.backend() == "jax", reason="of the other backends")
@pytest.mark.backend
def test_other_backends_are_refused(vae):
    with pytest.raises(BadInput, match="set KERAS_BACKEND=jax"):
        vae.encode(np.zeros((1, 3, 2, 1), "uint8"), refine=1)
