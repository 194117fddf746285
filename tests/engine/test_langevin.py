"""Codes are drawn from the density whose gradient they follow."""

import keras
import numpy as np
import pytest
from keras import ops

from freyvae.engine.langevin import Langevin
from freyvae.model import VAE
from freyvae.model.networks import Dense

pytestmark = pytest.mark.skipif(keras.backend.backend() != "jax", reason="the gradient is taken with JAX")


@pytest.fixture
def vae():
    return VAE((3, 2, 1), 2, network=Dense(hidden=(8,)), likelihood="gaussian", seed=0)


def test_chains_have_the_moments_of_a_correlated_normal(vae):
    precision = np.linalg.inv([[1.0, 0.6], [0.6, 0.5]]).astype("float32")

    def energy(codes, means):
        apart = codes - means
        return 0.5 * ops.sum(apart * ops.matmul(apart, precision), axis=-1)

    means = np.tile(np.array([[2.0, -1.0]], "float32"), (3000, 1))
    drawn, accepted = Langevin(vae, energy)(
        np.zeros((3000, 2), "float32"), np.ones((3000, 2), "float32"), means, steps=150, seed=0
    )
    np.testing.assert_allclose(drawn.mean(axis=0), [2.0, -1.0], atol=0.08)
    np.testing.assert_allclose(np.cov(drawn.T), [[1.0, 0.6], [0.6, 0.5]], atol=0.1)
    assert 0.5 < accepted < 0.65


def test_a_proposal_where_the_density_is_no_number_is_not_accepted(vae):
    def energy(codes):
        return ops.sum(-ops.log(codes), axis=-1) + ops.sum(codes, axis=-1)  # of a gamma; not a number below 0

    drawn, _ = Langevin(vae, energy)(np.ones((2000, 2), "float32"), np.ones((2000, 2), "float32"), steps=150, seed=1)
    assert (drawn > 0).all()
    np.testing.assert_allclose(drawn.mean(), 2.0, atol=0.15)
