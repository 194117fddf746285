"""Contract of all ways to run a training: the same batches in the same order, the same weights, exact resume."""

import functools

import keras
import numpy as np
import pytest

from freyvae.engine import fit, scanned, stepped
from freyvae.model import VAE, load_vae

pytestmark = pytest.mark.skipif(keras.backend.backend() != "jax", reason="the ways are JAX's")
WAYS = {"scanned": scanned.fit, "stepped": stepped.fit, "keras": None}
EPOCHS = {"epochs": 4, "batch_size": 10, "verbose": 0}


@pytest.fixture(autouse=True, scope="module")
def quickly(compiled_roughly):
    """These tests spend nearly all of their time on compilation."""


@pytest.fixture
def train(monkeypatch):
    """Train a model in the given way, not in the one that would be chosen."""

    def run(way, vae, images, **arguments):
        with monkeypatch.context() as patch:
            patch.setattr(fit, "way_of_jax", lambda *_: WAYS[way])
            return vae.fit(images, **EPOCHS | arguments)

    return run


def assert_same_weights(one, other, **tolerance):
    for ours, theirs in zip(one.variables, other.variables, strict=True):
        np.testing.assert_allclose(np.array(ours.value), np.array(theirs.value), **tolerance)


class OtherBeta(keras.callbacks.Callback):
    """Sets beta before each epoch."""

    def on_epoch_begin(self, epoch, logs=None):
        self.model.beta = 1.0 + epoch


def averaging():
    return keras.optimizers.Adam(0.01, use_ema=True, ema_momentum=0.8)


def accumulating():
    return keras.optimizers.Adam(0.01, gradient_accumulation_steps=4)


def slowing_down():
    return keras.optimizers.SGD(keras.optimizers.schedules.CosineDecay(0.01, 20))


def plain():
    return keras.optimizers.Adam()


# arguments of `fit`, the optimizer, choices of the model, a callback
CASES = {
    "a smaller last batch, and beta set between epochs": ({}, plain, {}, OtherBeta),
    "accumulated gradients": ({"batch_size": 19}, accumulating, {}, None),
    "averages validated now and then, moved images": (
        {"validation_freq": 2, "validation_batch_size": 6},
        averaging,
        {"shift": 0.5},
        keras.callbacks.SwapEMAWeights,
    ),
    "one batch an epoch, averages kept": ({"batch_size": 100}, averaging, {}, None),
    "not shuffled, a schedule": ({"shuffle": False}, slowing_down, {}, None),
}


@pytest.mark.parametrize("case", CASES)
def test_all_ways_end_with_the_same_weights_and_history(images, held_out, convolutional_vae, train, case):
    arguments, optimizer, choices, callback = CASES[case]

    def trained(way):
        vae = convolutional_vae(optimizer(), **choices)
        callbacks = [callback()] if callback else []
        return vae, train(way, vae, images, validation_data=held_out, callbacks=callbacks, **arguments).history

    theirs, expected = trained("keras")
    untrained = convolutional_vae()
    assert (np.array(theirs.encoder.weights[0]) != np.array(untrained.encoder.weights[0])).any()
    for way in ("scanned", "stepped"):
        ours, history = trained(way)
        assert_same_weights(ours, theirs, rtol=1e-4, atol=1e-6)
        assert list(history) == list(expected)
        for name, values in expected.items():
            np.testing.assert_allclose(history[name], values, rtol=1e-4, err_msg=f"{way}: {name}")


@functools.cache
def spy():
    """A kind of model that records the batches that it is trained on."""

    class Spy(VAE):
        seen = ()

        def call(self, chosen, training=False):
            import jax

            if training:
                jax.debug.callback(lambda batch: self.seen.append(np.array(batch)), chosen, ordered=True)
            return super().call(chosen, training=training)

    return Spy


def test_all_ways_show_the_same_batches_in_the_same_order(images, held_out, convolutional_vae, train):
    import jax

    def batches(way):
        vae = convolutional_vae(kind=spy())
        vae.seen = []
        train(way, vae, images, validation_data=held_out, epochs=2, batch_size=25)
        jax.effects_barrier()
        return vae.seen

    found = {way: batches(way) for way in WAYS}
    for way, seen in found.items():
        assert [len(batch) for batch in seen] == [25, 25, 7] * 2, way
        for ours, theirs in zip(seen, found["keras"], strict=True):
            np.testing.assert_array_equal(ours, theirs, err_msg=way)
    first, second = np.concatenate(found["keras"][:3]), np.concatenate(found["keras"][3:])
    for epoch in (first, second):
        assert sorted(map(bytes, epoch)) == sorted(map(bytes, images))
        assert (epoch != images).any()
    assert (first != second).any()


@pytest.mark.parametrize("way", WAYS)
def test_saved_and_loaded_a_training_goes_on_to_the_very_same_weights(
    images, held_out, convolutional_vae, train, tmp_path, way
):
    whole, begun = convolutional_vae(averaging(), shift=0.5), convolutional_vae(averaging(), shift=0.5)
    history = train(way, whole, images, validation_data=held_out).history

    class Save(keras.callbacks.Callback):
        def on_epoch_end(self, epoch, logs=None):
            if epoch == 1:
                self.model.save(tmp_path / "begun.keras")

    train(way, begun, images, validation_data=held_out, epochs=2, callbacks=[Save()])
    again = load_vae(tmp_path / "begun.keras")
    after = train(way, again, images, validation_data=held_out, initial_epoch=2).history
    assert {name: values[2:] for name, values in history.items()} == after
    assert_same_weights(again, whole, rtol=0, atol=0)


def test_a_training_begun_one_way_goes_on_another(images, held_out, convolutional_vae, train):
    whole, changing = convolutional_vae(), convolutional_vae()
    train("stepped", whole, images, validation_data=held_out, epochs=3)
    for epoch, way in enumerate(WAYS):
        train(way, changing, images, validation_data=held_out, initial_epoch=epoch, epochs=epoch + 1)
    assert_same_weights(changing, whole, rtol=1e-4, atol=1e-6)
