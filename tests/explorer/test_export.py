"""Exported networks compute the same as the run's model."""

import json
import re
import sys
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
from keras import layers

from freyvae.errors import BadInput
from freyvae.explorer.onnx_export import write_onnx
from freyvae.exports import export
from freyvae.model import LIKELIHOODS, VAE
from freyvae.model.likelihoods import MixtureOfLogistics
from freyvae.model.networks import Hierarchical, Residual
from freyvae.run import Run

from .test_network import DECODERS, convolutional_case, unsettle


def _run_onnx(vae: VAE, folder: Path, images: np.ndarray, latents: np.ndarray) -> list[np.ndarray]:
    """mean, log_variance, pixels, parameters"""
    onnxruntime = pytest.importorskip("onnxruntime")
    encoder, decoder = (onnxruntime.InferenceSession(path) for path in write_onnx(vae, folder))
    return [
        *encoder.run(["mean", "log_variance"], {"images": images}),
        *decoder.run(["pixels", "parameters"], {"latents": latents}),
    ]


def _check_against_keras(vae: VAE, folder: Path) -> None:
    images = np.random.default_rng(0).integers(0, 256, (7, *vae.image_shape), dtype="uint8")
    latents = np.random.default_rng(1).normal(size=(7, vae.latent_dim)).astype("float32")
    found = _run_onnx(vae, folder, images, latents)
    expected = [*vae.encoder(images), vae.decode(latents), vae.decoder(latents)]
    for one, other in zip(found, expected, strict=True):
        np.testing.assert_allclose(one, keras.ops.convert_to_numpy(other), atol=1e-5, rtol=1e-5)


@pytest.mark.parametrize("likelihood", [*LIKELIHOODS, MixtureOfLogistics(coupled=True)], ids=str)
def test_onnx_of_dense_networks(likelihood: Any, tmp_path: Path) -> None:
    vae = VAE((5, 4, 3), 2, likelihood=likelihood, seed=0)
    unsettle(vae.decoder)
    _check_against_keras(vae, tmp_path)


def test_onnx_of_residual_networks(tmp_path: Path) -> None:
    network = Residual(hidden=(8, 8, 8), activation="silu", dropout=0.3)
    vae = VAE((5, 4, 3), 2, network=network, likelihood="bernoulli", seed=0)
    unsettle(vae.encoder)
    unsettle(vae.decoder)
    _check_against_keras(vae, tmp_path)


def test_onnx_of_a_hierarchy_is_its_top_group(tmp_path: Path) -> None:
    vae = VAE((5, 4, 3), 2, network=Hierarchical(width=3), likelihood="bernoulli", seed=0)
    unsettle(vae.encoder)
    unsettle(vae.decoder)
    _check_against_keras(vae, tmp_path)


@pytest.mark.parametrize("kind", DECODERS)
def test_onnx_of_convolutional_networks(kind: str, tmp_path: Path) -> None:
    case = convolutional_case(kind)
    found = _run_onnx(case.vae, tmp_path, case.images, case.latents)
    for one, other in zip(found, [case.means, case.log_variances, case.pixels, case.parameters], strict=True):
        np.testing.assert_allclose(one, other, atol=1e-5, rtol=1e-5)


def test_onnx_knows_layers_that_the_page_does_not(tmp_path: Path) -> None:
    inputs = keras.Input((2,))
    x = layers.Dense(4 * 5 * 3, activation="exponential")(inputs)
    x = layers.PReLU()(layers.Reshape((3, 4, 5))(x))
    x = layers.Permute((2, 3, 1))(x)
    x = layers.DepthwiseConv2D(3, padding="same", depth_multiplier=2, activation="sigmoid")(x)
    x = layers.Softmax()(layers.Conv2D(3, 1, activation=None)(x))
    vae = VAE((4, 5, 3), 2, decoder=keras.Model(inputs, x, name="decoder"), likelihood="bernoulli", seed=0)
    unsettle(vae.decoder)
    _check_against_keras(vae, tmp_path)


def test_onnx_of_a_run(run: Run, vae: VAE, tmp_path: Path) -> None:
    pytest.importorskip("onnx")
    paths = export(run, "onnx", tmp_path / "onnx")
    assert [path.name for path in paths] == ["encoder.onnx", "decoder.onnx"]
    assert all(path.is_file() for path in paths)


def test_without_the_extra_there_is_a_clear_line(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "onnx", None)
    with pytest.raises(BadInput, match=r'needs onnx: pip install "freyvae\[onnx\]"'):
        export(run, "onnx", tmp_path)


def test_weights(run: Run, vae: VAE, tmp_path: Path) -> None:
    npz, described = export(run, "weights", tmp_path)
    arrays = dict(np.load(npz))
    about = json.loads(described.read_text(encoding="utf-8"))
    assert set(arrays) == set(about["arrays"])
    assert about["latent_dim"] == 2
    # the arrays suffice to compute the decoder by hand
    latents = np.array([[0.3, -0.7]], "float32")
    hidden = np.maximum(latents @ arrays["decoder/decoder_1/kernel"] + arrays["decoder/decoder_1/bias"], 0)
    location = hidden @ arrays["decoder/location/kernel"] + arrays["decoder/location/bias"]
    np.testing.assert_allclose(1 / (1 + np.exp(-location)), vae.decode(latents).reshape(1, -1), atol=1e-5)


@pytest.mark.parametrize("place", ["file.html", "."])
def test_html(run: Run, tmp_path: Path, place: str) -> None:
    (path,) = export(run, "html", tmp_path / place)
    assert path.read_bytes() == run.explorer_path.read_bytes()


def test_html_by_default_is_the_runs_own(run: Run) -> None:
    before = run.explorer_path.read_bytes()
    assert export(run, "html") == [run.explorer_path]
    assert run.explorer_path.read_bytes() == before


@pytest.mark.parametrize(
    ("format", "said"), [("onx", "did you mean 'onnx'"), ("tflite", "there are html, hub, onnx, parquet, weights")]
)
def test_an_unknown_format(run: Run, format: str, said: str) -> None:
    with pytest.raises(BadInput, match=said):
        export(run, format)


def test_a_file_where_a_folder_should_be(run: Run, tmp_path: Path) -> None:
    (tmp_path / "taken").write_text("")
    with pytest.raises(BadInput, match="is a file"):
        export(run, "weights", tmp_path / "taken")


def test_the_page_is_small_and_needs_nobody(run: Run) -> None:
    page = run.explorer_path.read_text(encoding="utf-8")
    assert len(page) < 3_000_000
    assert "http://" not in page
    assert "https://" not in page
    policy = re.search(r'Content-Security-Policy" content="([^"]*)"', page)[1]
    # WebAssembly is allowed, in which matrices are multiplied, and no script
    assert "unsafe" not in policy.replace("'wasm-unsafe-eval'", "")
    assert policy.startswith("default-src 'none'; script-src 'sha256-")
