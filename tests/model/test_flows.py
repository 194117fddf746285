"""Flows: log-determinants agree with numerical Jacobians, and matrices that should be triangular are."""

import numpy as np
import pytest
from keras import ops

from freyvae.model.posterior import Flow
from freyvae.model.posteriors import POSTERIORS
from freyvae.model.posteriors.inverse_autoregressive import GATE_BIAS
from freyvae.model.posteriors.sylvester import _reflect
from freyvae.model.weights import Weights

LATENTS, LENGTH = 3, 2
FLOWS = [name for name, kind in POSTERIORS.items() if isinstance(kind, Flow)]
pytestmark = pytest.mark.backend


def numpy(tensor):
    return ops.convert_to_numpy(tensor)


class OneFlow:
    """A flow with its weights, which are random if a generator is given."""

    def __init__(self, name, *, latents=LATENTS, length=LENGTH, random=None):
        self.kind, self.weights = POSTERIORS.changed(POSTERIORS[name], length=length), Weights("flow")
        self.kind.add_weights(self.weights, latent_dim=latents, seed=0)
        for weight in self.weights.weights if random is not None else ():
            weight.assign(random.normal(0.0, 0.1, weight.shape))

    def transform(self, latents, parameters):
        return self.kind.transform(latents, parameters, self.weights)


def parameters_per_image(name, latents, length):
    return POSTERIORS.changed(POSTERIORS[name], length=length).parameters_per_image(latents)


def draw(name, random, *, count=5, latents=LATENTS, length=LENGTH):
    """Latents and parameters for them, (count, latent) and (count, n)."""
    parameters = random.normal(size=(count, parameters_per_image(name, latents, length)))
    return random.normal(size=(count, latents)).astype("float32"), parameters.astype("float32")


def jacobians(flow, latents, parameters, step=1e-2):
    """dz_K / dz_0 by central differences: (image, to, from)."""
    columns = []
    for latent in range(latents.shape[1]):
        moved = [latents + sign * step * np.eye(latents.shape[1], dtype="float32")[latent] for sign in (1, -1)]
        above, below = (
            numpy(flow.transform(ops.convert_to_tensor(z), ops.convert_to_tensor(parameters))[0]) for z in moved
        )
        columns.append((above - below) / (2 * step))
    return np.stack(columns, axis=-1)


@pytest.mark.parametrize("latents", [1, LATENTS])
@pytest.mark.parametrize("name", FLOWS)
def test_the_log_determinant_is_that_of_the_numerical_jacobian(name, latents):
    random = np.random.default_rng(0)
    flow = OneFlow(name, latents=latents, random=random)
    z, parameters = draw(name, random, latents=latents)
    moved, log_determinant = flow.transform(ops.convert_to_tensor(z), ops.convert_to_tensor(parameters))
    assert np.abs(numpy(moved) - z).max() > 0.1
    signs, expected = np.linalg.slogdet(jacobians(flow, z, parameters).astype("float64"))
    assert (signs > 0).all()
    np.testing.assert_allclose(numpy(log_determinant), expected, atol=0.02)


@pytest.mark.parametrize("scale", [3.0, 30.0])
@pytest.mark.parametrize("name", FLOWS)
def test_it_stays_invertible_whatever_the_encoder_says(name, scale):
    random = np.random.default_rng(1)
    z, parameters = draw(name, random, count=200)
    _, log_determinant = OneFlow(name).transform(ops.convert_to_tensor(z), ops.convert_to_tensor(scale * parameters))
    assert np.isfinite(numpy(log_determinant)).all()


@pytest.mark.parametrize("along", [-5.0, -15.0, -20.0, -60.0])
def test_the_determinant_of_a_plane_that_hardly_is_one_is_told_to_the_last_digit(along):
    # u = (a), w = (1), b = 0 at z = 1e-5: u . w becomes softplus(a + log(e - 1)) - 1, and tanh^2 is 1e-10
    parameters = np.array([[along, 1.0, 0.0]], "float32")
    flow = OneFlow("planar", latents=1, length=1)
    _, found = flow.transform(ops.convert_to_tensor(np.array([[1e-5]], "float32")), ops.convert_to_tensor(parameters))
    expected = np.log(np.tanh(1e-5) ** 2 + (1 - np.tanh(1e-5) ** 2) * np.log1p(np.exp(along) * (np.e - 1.0)))
    np.testing.assert_allclose(numpy(found), [expected], rtol=1e-4)


@pytest.mark.parametrize("name", ["planar", "sylvester"])
def test_parameters_of_zero_leave_latents_as_they_are(name):
    z, parameters = draw(name, np.random.default_rng(0))
    moved, log_determinant = OneFlow(name).transform(ops.convert_to_tensor(z), ops.zeros_like(parameters))
    np.testing.assert_array_equal(numpy(moved), z)
    np.testing.assert_array_equal(numpy(log_determinant), 0.0)


def test_a_new_inverse_autoregressive_flow_only_scales():
    z, parameters = draw("inverse-autoregressive", np.random.default_rng(0))
    flow = OneFlow("inverse-autoregressive")
    moved, log_determinant = flow.transform(ops.convert_to_tensor(z), ops.convert_to_tensor(parameters))
    gate = 1 / (1 + np.exp(-GATE_BIAS))
    np.testing.assert_allclose(numpy(moved), gate**LENGTH * z, rtol=1e-5)
    np.testing.assert_allclose(numpy(log_determinant), LENGTH * LATENTS * np.log(gate), rtol=1e-5)


def test_a_step_of_the_inverse_autoregressive_flow_sees_only_what_comes_before_and_the_next_turns_round():
    random = np.random.default_rng(2)
    z, parameters = draw("inverse-autoregressive", random, latents=4)
    one = OneFlow("inverse-autoregressive", latents=4, length=1, random=random)
    lower = jacobians(one, z, parameters)
    np.testing.assert_allclose(np.triu(lower, 1), 0.0, atol=1e-6)
    assert (np.abs(lower[:, *np.tril_indices(4, -1)]).max(axis=0) > 1e-4).all()
    # the first step is the identity except for a scale, so the second remains, in reverse order
    two = OneFlow("inverse-autoregressive", latents=4, length=2, random=random)
    for name in ("to_gate_and_mean", "gate_and_mean_bias"):
        two.weights[f"{name}_0"].assign(np.zeros(two.weights[f"{name}_0"].shape))
    upper = jacobians(two, z, parameters)
    np.testing.assert_allclose(np.tril(upper, -1), 0.0, atol=1e-6)
    assert (np.abs(upper[:, *np.triu_indices(4, 1)]).max(axis=0) > 1e-4).all()


def test_the_inverse_autoregressive_flow_listens_to_the_encoder():
    random = np.random.default_rng(3)
    z, parameters = draw("inverse-autoregressive", random)
    flow = OneFlow("inverse-autoregressive", random=random)
    one, other = (
        numpy(flow.transform(ops.convert_to_tensor(z), ops.convert_to_tensor(p))[0]) for p in (parameters, -parameters)
    )
    assert (np.abs(one - other).max(axis=0) > 1e-3).all()  # also the first latent, which depends on no other


def test_products_of_reflections_are_orthogonal_and_undone_in_reverse():
    random = np.random.default_rng(4)
    normals = [ops.convert_to_tensor(random.normal(size=(1, 3)).astype("float32")) for _ in range(3)]
    columns = ops.convert_to_tensor(np.eye(3, dtype="float32"))
    turned = numpy(_reflect(columns, normals))
    np.testing.assert_allclose(turned @ turned.T, np.eye(3), atol=1e-5)
    assert np.abs(turned - np.eye(3)).max() > 0.1
    np.testing.assert_allclose(numpy(_reflect(ops.convert_to_tensor(turned), normals[::-1])), np.eye(3), atol=1e-5)
    nothing = numpy(_reflect(columns, [ops.zeros((1, 3))]))
    np.testing.assert_array_equal(nothing, np.eye(3))


def test_how_many_numbers_the_encoder_gives():
    assert parameters_per_image("planar", 3, 2) == 2 * 7
    # for each step 9 of both triangles and one diagonal, 3 of the other diagonal, 3 of b and three vectors of 3
    assert parameters_per_image("sylvester", 3, 2) == 2 * (9 + 3 + 3 + 9)
    name = "inverse-autoregressive"
    assert parameters_per_image(name, 3, 2) == parameters_per_image(name, 7, 5)
