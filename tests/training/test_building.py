"""The model and the optimizer of a recipe have its choices."""

import keras
import numpy as np
import pytest

from freyvae.errors import BadInput
from freyvae.model import LIKELIHOODS
from freyvae.recipe import Recipe
from freyvae.training import build_vae

pytestmark = pytest.mark.backend
TRAIN = np.random.default_rng(0).integers(0, 256, (60, 5, 4, 1), dtype="uint8")


def built(**changes):
    return build_vae(Recipe().replace(**{"hidden": (8,), "batch_size": 20, "epochs": 5, **changes}), TRAIN)


def numpy(tensor):
    return keras.ops.convert_to_numpy(tensor)


def test_by_default_nothing_is_added_to_the_optimizer():
    optimizer = built().optimizer
    assert (optimizer.weight_decay, optimizer.global_clipnorm, optimizer.use_ema) == (None, None, False)
    assert len(optimizer.variables) == 2  # its steps and its learning rate


@pytest.mark.parametrize("name", ["adam", "adamw", "adamax", "nadam", "rmsprop", "sgd", "lion"])
def test_every_optimizer_takes_every_choice_and_trains(name):
    vae = built(
        optimizer=name, schedule="cosine", weight_decay=0.01, gradient_clip=2.0, ema_momentum=0.9, learning_rate=1e-3
    )
    assert vae.optimizer.weight_decay == 0.01
    assert vae.optimizer.global_clipnorm == 2.0
    assert vae.optimizer.ema_momentum == 0.9
    history = vae.fit(TRAIN, epochs=2, batch_size=20, verbose=0).history
    assert np.isfinite(history["loss"]).all()


def test_the_cosine_ends_at_two_percent():
    learning_rate = built(schedule="cosine", learning_rate=0.01).optimizer._learning_rate
    steps = 5 * 3
    found = [float(learning_rate(step)) for step in (0, steps // 2, steps)]
    middle = 0.01 * (0.02 + 0.98 * 0.5 * (1 + np.cos(np.pi * (steps // 2) / steps)))
    np.testing.assert_allclose(found, [0.01, middle, 0.0002], rtol=1e-4)


@pytest.mark.parametrize("optimizer", ["adam", "adamw"])
def test_weight_decay_shrinks_matrices_and_nothing_else(optimizer):
    """Weight decay adds only a step of w - rate * decay * w before the step of the gradient."""
    rate, decay = 0.01, 0.5
    plain, decayed = (
        built(
            optimizer="adam" if not share else optimizer,
            learning_rate=rate,
            weight_decay=share,
            network="residual",
            hidden=(8, 8),
        )
        for share in (0.0, decay)
    )
    before = [numpy(weight.value).copy() for weight in plain.trainable_variables]
    for vae in (plain, decayed):
        vae.fit(TRAIN, epochs=1, batch_size=60, verbose=0)
    kernels = 0
    for start, one, other in zip(before, plain.trainable_variables, decayed.trainable_variables, strict=True):
        shrunk = rate * decay * start if one.name == "kernel" else 0.0
        kernels += one.name == "kernel"
        np.testing.assert_allclose(numpy(one.value) - numpy(other.value), shrunk, atol=1e-6, err_msg=one.path)
    assert kernels == 9


def test_a_clipped_gradient_moves_the_weights_no_further_than_its_norm():
    vae = built(optimizer="sgd", learning_rate=1.0, gradient_clip=0.25)
    before = [numpy(weight.value).copy() for weight in vae.trainable_variables]
    vae.fit(TRAIN, epochs=1, batch_size=60, verbose=0)
    moved = [numpy(weight.value) - start for weight, start in zip(vae.trainable_variables, before, strict=True)]
    assert np.sqrt(sum(np.sum(np.square(step)) for step in moved)) == pytest.approx(0.25, rel=1e-3)


def test_the_networks_are_the_recipes():
    vae = built(network="residual", hidden=(8, 8), dropout=0.25, shift=0.5, activation="silu")
    for model in (vae.encoder, vae.decoder):
        rates = [layer.rate for layer in model.layers if isinstance(layer, keras.layers.Dropout)]
        assert rates == [0.25, 0.25]  # inside the block, and after it
        assert any(isinstance(layer, keras.layers.Add) for layer in model.layers)
    assert vae.shift == 0.5
    with pytest.raises(BadInput, match="two hidden widths or more"):
        built(network="residual", hidden=(8,))


@pytest.mark.parametrize("name", LIKELIHOODS)
def test_every_likelihood_is_built_trained_and_better_than_it_began(name):
    vae = built(likelihood=name, learning_rate=0.01)
    history = vae.fit(TRAIN, epochs=4, batch_size=20, verbose=0).history["free_energy"]
    assert history[-1] < history[0]
