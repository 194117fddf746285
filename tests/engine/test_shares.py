"""A step in shares of its batch ends with what the whole batch's step ends with."""

import keras
import numpy as np
import pytest

from freyvae.engine import draws, shares, stepped
from freyvae.model.objectives import FreeEnergy, ImportanceWeighted

pytestmark = pytest.mark.skipif(keras.backend.backend() != "jax", reason="steps as programs are JAX's")


@pytest.fixture
def on_cores(monkeypatch):
    return lambda count: monkeypatch.setattr(shares, "cores", lambda: count)


def train(vae, images):
    return stepped.fit(vae, images, seed=0, batch_size=12, epochs=2, verbose=0).history


@pytest.mark.parametrize("choices", [{}, {"shift": 0.5}, {"prior": "gaussian-mixture", "noise_scale": 1.0}], ids=str)
def test_a_step_in_shares_ends_with_the_weights_and_metrics_of_the_whole(images, convolutional_vae, on_cores, choices):
    found = []
    for cores in (1, 3):
        on_cores(cores)
        vae = convolutional_vae(**choices)
        assert shares.shares_of_step(vae, 12) == cores
        found.append((vae, train(vae, images)))
    (whole, expected), (shared, history) = found
    for ours, theirs in zip(shared.variables, whole.variables, strict=True):
        np.testing.assert_allclose(np.array(ours.value), np.array(theirs.value), rtol=1e-4, atol=1e-6)
    for name, values in expected.items():
        np.testing.assert_allclose(history[name], values, rtol=1e-4, err_msg=name)


def test_what_is_no_mean_over_images_is_computed_whole(convolutional_vae, on_cores):
    on_cores(2)
    assert shares.shares_of_step(convolutional_vae(), 12) == 2
    for objective in (FreeEnergy(free_bits=0.5), ImportanceWeighted(3)):
        assert shares.shares_of_step(convolutional_vae(objective=objective), 12) == 1
    for layer in (keras.layers.Dropout(0.1), keras.layers.BatchNormalization()):
        vae = convolutional_vae()
        images = keras.Input(vae.image_shape, dtype="uint8")
        values = layer(keras.layers.Flatten()(keras.layers.Rescaling(1 / 255)(images)))
        vae.encoder = keras.Model(images, [keras.layers.Dense(2)(values) for _ in range(2)])
        assert shares.shares_of_step(vae, 12) == 1


def test_shares_are_equal_and_as_many_on_each_core(convolutional_vae, on_cores, monkeypatch):
    vae = convolutional_vae()
    on_cores(3)
    assert [shares.shares_of_step(vae, size) for size in (3, 4, 12)] == [3, 1, 3]
    # 2 x 20 values an image: 160 bytes
    monkeypatch.setattr(shares, "LARGEST_OUTPUT_BYTES", 320)
    assert [shares.shares_of_step(vae, size) for size in (3, 12, 21)] == [3, 6, 21]
    on_cores(64)
    assert shares.shares_of_step(vae, 12) == 1


def test_a_share_draws_its_rows_of_the_whole_batch():
    def drawn(rows):
        return np.array(draws.draw_for_images(keras.random.normal, (rows, 2), seed=1))

    with draws.share_of_batch(3, 9):
        share = drawn(4)
    np.testing.assert_array_equal(share, drawn(9)[3:7])
