"""Networks compute in bfloat16, and the rest of the model in float32."""

import keras
import numpy as np
import pytest

from freyvae.data import synthetic_faces
from freyvae.engine.precision import layers_computing_in
from freyvae.explorer.graph import read_graph
from freyvae.model import load_vae
from freyvae.recipe import Recipe
from freyvae.training.building import build_vae

pytestmark = pytest.mark.backend


@pytest.fixture(scope="module")
def faces():
    return synthetic_faces(600).images[:, ::2, ::2]


def test_a_training_ends_within_a_hundredth_of_float32(faces):
    found = {}
    for precision in ("float32", "bfloat16"):
        vae = build_vae(Recipe().replace(precision=precision, hidden=(64,), latent_dim=4), faces[:500])
        history = vae.fit(faces[:500], validation_data=faces[500:], epochs=12, batch_size=50, verbose=0).history
        found[precision] = history["loss"][-1], history["val_loss"][-1]
        assert {weight.dtype for weight in vae.trainable_variables} == {"float32"}
    assert found["bfloat16"] == pytest.approx(found["float32"], rel=0.01)
    assert found["bfloat16"] != found["float32"]


@pytest.mark.long
def test_with_the_same_weights_images_cost_about_the_same(faces):
    recipe = Recipe().replace(hidden=(64, 64), network="residual", standardize=True, prior="vamp", prior_components=5)
    recipe = recipe.replace(likelihood="mixture-of-logistics", autoregressive=True)
    images = faces[:, :12, :8]
    exact, rounded = (build_vae(recipe.replace(precision=each), images) for each in ("float32", "bfloat16"))
    rounded.set_weights(exact.get_weights())
    expected, found = (vae.free_energy(images[:20], samples=5).total for vae in (exact, rounded))
    np.testing.assert_allclose(found, expected, rtol=0.01)
    assert (found != expected).any()


def test_the_layers_compute_in_it_and_the_outputs_are_float32(faces, tmp_path):
    vae = build_vae(Recipe().replace(precision="bfloat16", hidden=(16,)), faces)
    assert vae.encoder.get_layer("encoder_1").compute_dtype == "bfloat16"
    assert vae.decoder.get_layer("location").compute_dtype == "bfloat16"
    assert [output.dtype for output in (*vae.encoder.outputs, *vae.decoder.outputs)] == ["float32"] * 3
    vae.fit(faces[:50], epochs=1, verbose=0)
    vae.save(tmp_path / "model.keras")
    loaded = load_vae(tmp_path / "model.keras")
    assert loaded.decoder.get_layer("location").compute_dtype == "bfloat16"
    np.testing.assert_array_equal(loaded.encode(faces[:5]), vae.encode(faces[:5]))


def test_codes_are_not_rounded(faces):
    vae = build_vae(Recipe().replace(precision="bfloat16", hidden=(16,)), faces)
    codes = vae.encode(faces[:20])
    assert (codes.view("uint32") & 0xFFFF).any()  # bits that bfloat16 does not have
    one, other = vae.decode([[2.001, 0.0], [2.005, 0.0]])
    assert (one != other).any()


def test_the_explorer_reads_its_decoder(faces):
    rounded, exact = (
        build_vae(Recipe().replace(precision=precision, hidden=(16,)), faces) for precision in ("bfloat16", "float32")
    )
    assert read_graph(rounded.decoder).weight_count == read_graph(exact.decoder).weight_count


def test_what_is_made_afterwards_computes_as_before():
    def fail():
        with layers_computing_in("bfloat16"):
            assert keras.layers.Dense(2).compute_dtype == "bfloat16"
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail()
    assert keras.layers.Dense(2).compute_dtype == "float32"
