"""Page and ONNX compute the operations of a likelihood's mean as Keras does, and name those that they can't."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
from keras import ops

from freyvae.errors import BadInput
from freyvae.explorer.bundle import make_bundle
from freyvae.explorer.graph import read_graph
from freyvae.explorer.onnx_export import write_onnx
from freyvae.explorer.page import page_text
from freyvae.model import VAE, Likelihood
from freyvae.model.networks import Dense

from .test_network import unsettle

SHAPE = (4, 3, 3)
COLUMN = np.linspace(-1, 1, 4, dtype="float32").reshape(4, 1)

# of values (image, height, width, parameter, channel), four parameters
MEANS: dict[str, Any] = {
    "arithmetic": lambda v: ops.sigmoid(
        (v[:, :, :, 0] - v[:, :, :, 1]) * 2 + 1 / (1.5 + v[:, :, :, 2] * v[:, :, :, 2]) - (1 - v[:, :, :, 3]) / 3
    ),
    "functions": lambda v: ops.sigmoid(
        ops.log(ops.exp(v[:, :, :, 0]) + 1)
        - ops.sqrt(ops.abs(v[:, :, :, 1]))
        + ops.tanh(v[:, :, :, 2])
        - 0.1 * ops.square(v[:, :, :, 1])
        + ops.relu(-v[:, :, :, 3])
        - ops.softplus(v[:, :, :, 3])
    ),
    "bounds": lambda v: ops.clip(
        ops.minimum(ops.maximum(v[:, :, :, 0], v[:, :, :, 1]), 0.7) + ops.maximum(0.1, v[:, :, :, -1]), 0.05, 0.95
    ),
    "along an axis": lambda v: ops.sigmoid(ops.sum(ops.multiply(ops.softmax(v, axis=-2), 3 * COLUMN), axis=3)),
    "shapes": lambda v: ops.sigmoid(
        ops.reshape(ops.sum(ops.reshape(v[:, :, :, 1:3] * v[:, :, :, :1], (-1, 12, 2, 3)), axis=2), (-1, *SHAPE))
    ),
}


@keras.saving.register_keras_serializable("tests")
@dataclass(frozen=True)
class Odd(Likelihood):
    """A likelihood that has only a mean."""

    name = "odd"
    kind = "nothing"
    mean_of: str = "arithmetic"
    parameters_per_value = 4

    def log_prob_of_values(self, parameters: Any, levels: Any) -> Any:
        return 0 * levels

    def mean(self, parameters: Any) -> Any:
        return MEANS[self.mean_of](self.by_parameter(parameters))

    def sample(self, parameters: Any, seed: Any) -> Any:
        raise NotImplementedError


@pytest.mark.parametrize("mean_of", MEANS)
def test_page_and_onnx_compute_what_keras_computes(mean_of: str, open_page: Any, tmp_path: Path) -> None:
    onnxruntime = pytest.importorskip("onnxruntime")
    decoder = Dense(hidden=(8,)).decoder(2, SHAPE, parameters_per_value=4, seed=1)
    vae = VAE(SHAPE, 2, decoder=decoder, likelihood=Odd(mean_of), seed=1)
    unsettle(vae.decoder)
    latents = np.random.default_rng(1).normal(size=(10, 2), scale=2.0).astype("float32")
    expected = vae.decode(latents)
    assert np.ptp(expected) > 0.1
    session = onnxruntime.InferenceSession(write_onnx(vae, tmp_path)[1])
    pixels, parameters = session.run(["pixels", "parameters"], {"latents": latents})
    np.testing.assert_allclose(pixels, expected, atol=1e-5)
    np.testing.assert_allclose(parameters, keras.ops.convert_to_numpy(vae.decoder(latents)), atol=1e-5)
    path = tmp_path / "index.html"
    path.write_text(page_text(make_bundle(vae, np.zeros((5, *SHAPE), "uint8"), title=mean_of)), encoding="utf-8")
    decoded = open_page(path).evaluate("latents => latents.map(z => freyvae.decode(z))", latents.tolist())
    assert np.abs(np.array(decoded) - np.rint(255 * expected).reshape(10, -1)).max() <= 1


@pytest.mark.parametrize(
    ("compute", "words"),
    [
        (lambda x: ops.cumsum(x, axis=1), "the operation Cumsum; they know Abs"),
        (lambda x: ops.sum(x), "along one axis that is not the batch"),
        (lambda x: ops.softmax(x, axis=0), "along one axis that is not the batch"),
        (lambda x: x[:, ::2], "slices of step 1"),
        (lambda x: ops.reshape(x, (2, -1)), "keeps the batch|no fixed shape"),
    ],
)
def test_what_they_do_not_know_is_named(compute: Any, words: str) -> None:
    inputs = keras.Input((4, 2))
    with pytest.raises(BadInput, match=words):
        read_graph(keras.Model(inputs, compute(inputs)))
