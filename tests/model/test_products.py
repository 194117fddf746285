"""Products in the form that is fast are the products, with their gradients."""

import jax
import numpy as np
import pytest

from freyvae.model.products import repeated, times


@pytest.mark.parametrize("shape", [(4, 5), (3, 4, 5), (2, 3, 4, 5)])
def test_values_of_any_axes_are_multiplied_as_by_at(shape):
    draw = np.random.default_rng(0).normal
    values, matrix = (draw(size=of).astype("float32") for of in (shape, (5, 6)))
    np.testing.assert_allclose(times(values, matrix), values @ matrix, rtol=1e-5, atol=1e-5)


def test_gradients_are_those_of_at():
    draw = np.random.default_rng(0).normal
    values, matrix, weights = (draw(size=of).astype("float32") for of in ((3, 4, 5), (5, 6), (3, 4, 6)))

    def gradients(product):
        return jax.grad(lambda *factors: (weights * product(*factors)).sum(), (0, 1))(values, matrix)

    for found, known in zip(gradients(times), gradients(lambda values, matrix: values @ matrix), strict=True):
        np.testing.assert_allclose(found, known, rtol=1e-4, atol=1e-5)


def test_copies_are_the_values():
    values = np.arange(6, dtype=np.float32).reshape(2, 3)
    np.testing.assert_array_equal(repeated(values, 4), np.broadcast_to(values, (4, 2, 3)))
