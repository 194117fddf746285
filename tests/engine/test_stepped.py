"""Steps begin without waiting. After an interruption the model has the state after a whole number of steps."""

import os
import signal

import keras
import numpy as np
import pytest

from freyvae.engine import stepped
from freyvae.signals import StopRequest

pytestmark = pytest.mark.skipif(keras.backend.backend() != "jax", reason="steps as programs are JAX's")
ARGUMENTS = {"epochs": 3, "batch_size": 10, "verbose": 0}


def assert_same_weights(one, other, **tolerance):
    for ours, theirs in zip(one.variables, other.variables, strict=True):
        np.testing.assert_allclose(np.array(ours.value), np.array(theirs.value), **tolerance)


@pytest.fixture
def at_step(monkeypatch):
    """Do something while a step of the training, counted from 1, begins. The step is completed nevertheless."""

    def do(number, action, kind="train"):
        compile_all, count = stepped._compile, []

        def compiled(*arguments):
            programs = compile_all(*arguments)
            for size, program in getattr(programs, kind).items():

                def watched(*values, program=program):
                    after = program(*values)
                    count.append(1)
                    if len(count) == number:
                        action()
                    return after

                getattr(programs, kind)[size] = watched
            return programs

        monkeypatch.setattr(stepped, "_compile", compiled)

    return do


def press_ctrl_c():
    os.kill(os.getpid(), signal.SIGINT)


class EnoughSteps(Exception):
    pass


def after_steps(vae, images, count):
    """The same model, trained by Keras's own loop for the given number of steps."""

    class Stop(keras.callbacks.Callback):
        left = count

        def on_train_batch_end(self, batch, logs=None):
            self.left -= 1
            if not self.left:
                raise EnoughSteps

    with pytest.raises(EnoughSteps):
        vae.fit(images, callbacks=[Stop()], **ARGUMENTS)
    return vae


def test_ctrl_c_in_a_step_leaves_what_that_step_makes_of_the_model(images, convolutional_vae, at_step):
    at_step(9, press_ctrl_c)  # of 6 an epoch
    interrupted = convolutional_vae()
    with pytest.raises(KeyboardInterrupt):
        interrupted.fit(images, **ARGUMENTS)
    assert int(interrupted.optimizer.iterations) == 9
    assert_same_weights(interrupted, after_steps(convolutional_vae(), images, 9), rtol=1e-4, atol=1e-6)
    interrupted.fit(images, **ARGUMENTS)


def test_ctrl_c_in_the_validation_leaves_the_whole_epoch(images, held_out, convolutional_vae, at_step):
    at_step(2, press_ctrl_c, kind="test")
    interrupted, whole = convolutional_vae(), convolutional_vae()
    with pytest.raises(KeyboardInterrupt):
        interrupted.fit(images, validation_data=held_out, **ARGUMENTS)
    whole.fit(images, **ARGUMENTS | {"epochs": 1})
    for ours, theirs in zip(interrupted.weights, whole.weights, strict=True):
        np.testing.assert_array_equal(np.array(ours.value), np.array(theirs.value))


def test_whoever_takes_the_signal_is_told_of_it_and_the_epoch_goes_on(images, convolutional_vae, at_step):
    at_step(3, press_ctrl_c)
    vae, whole, request = convolutional_vae(), convolutional_vae(), StopRequest()
    before = signal.getsignal(signal.SIGINT)
    with request.watched():
        vae.fit(images, **ARGUMENTS)
    assert request.is_set()
    assert signal.getsignal(signal.SIGINT) is before
    whole.fit(images, **ARGUMENTS)
    assert_same_weights(vae, whole, rtol=0, atol=0)


def test_a_step_that_fails_leaves_the_one_before(images, convolutional_vae, monkeypatch):
    batches = stepped._batches
    failed = convolutional_vae()
    failed.fit(images, **ARGUMENTS | {"epochs": 1})

    def failing(*which):
        for number, batch in enumerate(batches(*which)):
            if number == 4:
                raise MemoryError
            yield batch

    with monkeypatch.context() as patch:
        patch.setattr(stepped, "_batches", failing)
        with pytest.raises(MemoryError):
            failed.fit(images, **ARGUMENTS)
    assert int(failed.optimizer.iterations) == 6 + 4
    failed.fit(images, **ARGUMENTS)


def test_an_epoch_of_steps_reads_nothing_back(images, held_out, convolutional_vae, monkeypatch):
    """Reading a value from the device within an epoch would make Python wait for it."""
    import jax

    vae, read = convolutional_vae(), []
    vae.fit(images, validation_data=held_out, **ARGUMENTS)
    run, device_get = stepped._run, jax.device_get

    def guarded(*arguments):
        with jax.transfer_guard_device_to_host("disallow"):
            read.append(run(*arguments))
        return read[-1]

    monkeypatch.setattr(stepped, "_run", guarded)
    vae.fit(images, validation_data=held_out, **ARGUMENTS)
    assert len(read) == 3
    assert all(isinstance(value, jax.Array) for logs in read for value in logs.values())
    assert device_get(read[-1]["loss"]) == vae.history.history["loss"][-1]


def test_the_programs_are_compiled_once_and_again_after_compile(images, held_out, convolutional_vae):
    vae = convolutional_vae()
    vae.fit(images, validation_data=held_out, **ARGUMENTS)
    first = stepped._programs[vae][True]
    assert (set(first.train), set(first.test)) == ({10, 7}, {10, 3})
    vae.fit(images, validation_data=held_out, **ARGUMENTS)
    assert stepped._programs[vae][True] is first
    vae.compile(optimizer="sgd")
    vae.fit(images, validation_data=held_out, **ARGUMENTS)
    assert stepped._programs[vae][True] is not first
