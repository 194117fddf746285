"""The scanned epoch equals Keras's own training: the same steps, callbacks and results."""

import keras
import numpy as np
import pytest

from freyvae.engine import scanned, training
from freyvae.model import VAE

pytestmark = pytest.mark.skipif(keras.backend.backend() != "jax", reason="the scanned epoch is JAX's")
SHAPE = (5, 4, 1)
KERAS_FIT = keras.Model.fit


@pytest.fixture(autouse=True)
def only_where_it_serves(monkeypatch):
    """Fail a test whose training silently fell back to Keras's loop, unless it is marked to do so."""

    def fall_back(*arguments, **keywords):
        raise AssertionError("fell back to keras.Model.fit")

    monkeypatch.setattr(keras.Model, "fit", fall_back)


def small_vae(optimizer="adam", **changes):
    vae = VAE(SHAPE, **{"latent_dim": 2, "seed": 0, **changes})
    vae.compile(optimizer=optimizer)
    return vae


def assert_same_weights(one, other, **tolerance):
    for ours, theirs in zip(one.variables, other.variables, strict=True):
        np.testing.assert_allclose(np.array(ours.value), np.array(theirs.value), **tolerance)


@pytest.mark.parametrize("batch_size", [19, 10], ids=["whole batches", "a smaller last batch"])
def test_it_is_keras_own_fit(images, held_out, batch_size):
    arguments = {"validation_data": held_out, "epochs": 3, "batch_size": batch_size, "shuffle": False, "verbose": 0}
    ours, theirs = small_vae(), small_vae()
    history = ours.fit(images, **arguments).history
    expected = KERAS_FIT(theirs, images, **arguments).history
    assert_same_weights(ours, theirs, rtol=1e-4, atol=1e-6)
    assert set(history) == set(expected)
    for name, values in expected.items():
        np.testing.assert_allclose(history[name], values, rtol=1e-4, err_msg=name)


@pytest.mark.parametrize("swap_on_epoch", [False, True])
def test_averages_of_the_weights_are_validated_and_kept_as_keras_does_it(images, held_out, swap_on_epoch):
    arguments = {"validation_data": held_out, "epochs": 3, "batch_size": 10, "shuffle": False, "verbose": 0}

    def trained(fit, callbacks):
        vae = small_vae(optimizer=keras.optimizers.Adam(0.01, use_ema=True, ema_momentum=0.8))
        history = fit(vae, images, callbacks=callbacks, **arguments).history
        return vae, history

    swap = keras.callbacks.SwapEMAWeights
    ours, history = trained(VAE.fit, [swap(swap_on_epoch)])
    theirs, expected = trained(KERAS_FIT, [swap(swap_on_epoch)])
    _, of_weights = trained(VAE.fit, [])
    assert_same_weights(ours, theirs, rtol=1e-4, atol=1e-6)
    for name, values in expected.items():
        np.testing.assert_allclose(history[name], values, rtol=1e-4, err_msg=name)
    np.testing.assert_array_equal(history["loss"], of_weights["loss"])
    assert np.abs(np.array(history["val_loss"]) - of_weights["val_loss"]).min() > 0.01
    # in the end the averages are the weights
    for weight, average in zip(ours.trainable_variables, training.trained_weights(ours), strict=True):
        assert weight is not average
        np.testing.assert_array_equal(np.array(weight.value), np.array(average.value))


def test_a_training_that_ended_with_averages_goes_on(images):
    vae = small_vae(optimizer=keras.optimizers.Adam(0.01, use_ema=True, ema_momentum=0.8))
    losses = [vae.fit(images, epochs=2, batch_size=10, verbose=0).history["loss"] for _ in range(2)]
    assert losses[1][1] < losses[0][0]


def test_shuffling_shows_every_image_once_an_epoch_in_an_order_that_changes(images):
    seen = []

    class Spy(VAE):
        def call(self, chosen, training=False):
            import jax

            jax.debug.callback(lambda batch: seen.append(np.array(batch)), chosen, ordered=True)
            return super().call(chosen, training=training)

    spy = Spy(SHAPE, 2, seed=0)
    spy.compile(optimizer="adam")
    spy.fit(images, epochs=2, batch_size=19, verbose=0)
    import jax

    jax.effects_barrier()
    assert len(seen) == 6
    first, second = np.concatenate(seen[:3]), np.concatenate(seen[3:])
    for epoch in (first, second):
        assert sorted(image.tobytes() for image in epoch) == sorted(image.tobytes() for image in images)
        assert (epoch != images).any()
    assert (first != second).any()


def test_two_calls_go_on_as_one_would(images):
    once, twice = small_vae(), small_vae()
    once.fit(images, epochs=4, batch_size=10, verbose=0)
    twice.fit(images, epochs=2, batch_size=10, verbose=0)
    twice.fit(images, epochs=4, initial_epoch=2, batch_size=10, verbose=0)
    assert_same_weights(once, twice, rtol=0, atol=0)


def test_the_program_is_compiled_once_and_again_after_compile(images, held_out):
    vae = small_vae()
    vae.fit(images, validation_data=held_out, epochs=1, batch_size=10, verbose=0)
    first = scanned._programs[vae][True]
    vae.fit(images, validation_data=held_out, epochs=1, batch_size=10, verbose=0)
    assert scanned._programs[vae][True] is first
    vae.compile(optimizer="sgd")
    vae.fit(images, validation_data=held_out, epochs=1, batch_size=10, verbose=0)
    assert scanned._programs[vae][True] is not first


def test_a_schedule_follows_the_steps(images):
    schedule = keras.optimizers.schedules.PiecewiseConstantDecay([5], [0.01, 0.0])
    vae = small_vae(optimizer=keras.optimizers.SGD(schedule))
    vae.fit(images, epochs=1, batch_size=10, verbose=0)
    before = vae.encode(images)
    vae.fit(images, epochs=3, batch_size=10, verbose=0)
    np.testing.assert_array_equal(vae.encode(images), before)


class TestCallbacks:
    def test_early_stopping_stops_and_restores(self, images, held_out):
        vae = small_vae(optimizer=keras.optimizers.SGD(0.0))
        stopping = keras.callbacks.EarlyStopping("val_rate", patience=2, restore_best_weights=True, mode="min")
        history = vae.fit(images, validation_data=held_out, epochs=50, batch_size=10, callbacks=[stopping], verbose=0)
        assert len(history.history["loss"]) == 3

    def test_reduce_on_plateau_lowers_the_learning_rate_that_the_program_uses(self, images):
        vae = small_vae(optimizer=keras.optimizers.SGD(1e-12))
        plateau = keras.callbacks.ReduceLROnPlateau("rate", factor=0.5, patience=1, min_delta=1.0, mode="min")
        history = vae.fit(images, epochs=4, batch_size=10, callbacks=[plateau], verbose=0).history
        np.testing.assert_allclose(history["learning_rate"][-1], 2.5e-13, rtol=1e-5)
        assert float(vae.optimizer.learning_rate) == pytest.approx(1.25e-13)

    def test_csv_logger_writes_a_row_an_epoch(self, images, held_out, tmp_path):
        logger = keras.callbacks.CSVLogger(str(tmp_path / "log.csv"))
        small_vae().fit(images, validation_data=held_out, epochs=3, batch_size=10, callbacks=[logger], verbose=0)
        lines = (tmp_path / "log.csv").read_text().splitlines()
        assert len(lines) == 4
        assert "val_free_energy" in lines[0]

    def test_model_checkpoint_saves_what_the_epoch_ended_with(self, images, tmp_path):
        path = str(tmp_path / "{epoch}.weights.h5")
        saver = keras.callbacks.ModelCheckpoint(path, save_weights_only=True)
        vae = small_vae()
        vae.fit(images, epochs=2, batch_size=10, callbacks=[saver], verbose=0)
        again = small_vae()
        again.optimizer.build(again.trainable_variables)
        again.load_weights(tmp_path / "2.weights.h5")
        np.testing.assert_array_equal(again.encode(images), vae.encode(images))

    def test_lambda_callback_is_called_every_epoch(self, images):
        epochs = []
        spy = keras.callbacks.LambdaCallback(on_epoch_end=lambda epoch, logs: epochs.append((epoch, logs["loss"])))
        history = small_vae().fit(images, epochs=3, batch_size=10, callbacks=[spy], verbose=0).history
        assert epochs == list(enumerate(history["loss"]))


class TestRunningAhead:
    """If nothing needs the model, an epoch begins before the logs of the previous one are there."""

    def test_it_ends_as_with_somebody_who_reads_the_model_every_epoch(self, images, held_out):
        arguments = {"validation_data": held_out, "epochs": 5, "batch_size": 10, "verbose": 0, "validation_freq": 2}
        ahead, waiting = small_vae(), small_vae()
        history = ahead.fit(images, **arguments).history
        expected = waiting.fit(images, callbacks=[keras.callbacks.LambdaCallback()], **arguments).history
        assert len(history["loss"]) == 5
        assert len(history["val_loss"]) == 2
        assert history == expected
        assert_same_weights(ahead, waiting, rtol=0, atol=0)

    def test_an_epoch_is_begun_before_the_last_one_is_told(self, images, monkeypatch, tmp_path):
        told_when_begun = []
        told = []
        program = scanned._program

        def begin(*arguments):
            told_when_begun.append(len(told))
            return program(*arguments)

        monkeypatch.setattr(scanned, "_program", begin)
        logger = keras.callbacks.CSVLogger(str(tmp_path / "log.csv"))
        monkeypatch.setattr(keras.callbacks.CSVLogger, "on_epoch_end", lambda self, epoch, logs: told.append(epoch))
        small_vae().fit(images, epochs=4, batch_size=10, callbacks=[logger], verbose=0)
        assert told == [0, 1, 2, 3]
        assert told_when_begun == [0, 0, 1, 2]

    def test_an_interrupt_leaves_a_model_to_go_on_with(self, images, monkeypatch, tmp_path):
        def interrupt(self, epoch, logs):
            if epoch == 1:
                raise KeyboardInterrupt

        logger = keras.callbacks.CSVLogger(str(tmp_path / "log.csv"))
        interrupted, whole = small_vae(), small_vae()
        with monkeypatch.context() as patch:
            patch.setattr(keras.callbacks.CSVLogger, "on_epoch_end", interrupt)
            with pytest.raises(KeyboardInterrupt):
                interrupted.fit(images, epochs=5, batch_size=10, callbacks=[logger], verbose=0)
        logger.on_train_end()  # which closes its file
        whole.fit(images, epochs=3, batch_size=10, verbose=0)  # two were told, and the third had begun
        assert_same_weights(interrupted, whole, rtol=0, atol=0)
        interrupted.fit(images, initial_epoch=3, epochs=4, batch_size=10, verbose=0)

    def test_whoever_says_so_stops_it(self, images, monkeypatch):
        """Stands in for a signal handler or another thread, while the third epoch begins."""
        program, begun = scanned._program, []
        vae, whole = small_vae(), small_vae()

        def begin(*arguments):
            begun.append(len(begun))
            vae.stop_training = len(begun) == 3
            return program(*arguments)

        with monkeypatch.context() as patch:
            patch.setattr(scanned, "_program", begin)
            history = vae.fit(images, epochs=9, batch_size=10, verbose=0).history
        expected = whole.fit(images, epochs=3, batch_size=10, verbose=0).history
        assert history == expected
        assert_same_weights(vae, whole, rtol=0, atol=0)

    def test_no_epoch_at_all_is_no_training(self, images):
        assert small_vae().fit(images, epochs=2, initial_epoch=2, batch_size=10, verbose=0).history == {}


class TestFallingBack:
    @pytest.mark.parametrize(
        "changes",
        [
            {"callbacks": [keras.callbacks.LambdaCallback(on_train_batch_end=lambda batch, logs: None)]},
            {"callbacks": [keras.callbacks.TerminateOnNaN()]},
            {"callbacks": [keras.callbacks.ModelCheckpoint("x.keras", save_freq=3)]},
            {"steps_per_epoch": 2},
            {"validation_split": 0.5},
            {"callbacks": [keras.callbacks.SwapEMAWeights()]},  # of an optimizer that keeps no averages: Keras says so
        ],
        ids=[
            "batch hook",
            "TerminateOnNaN",
            "every third batch",
            "steps_per_epoch",
            "split",
            "no EMA",
        ],
    )
    def test_what_a_scanned_epoch_cannot_do_is_left_to_keras(self, images, changes):
        assert not training.can_serve(small_vae(), images, changes)
