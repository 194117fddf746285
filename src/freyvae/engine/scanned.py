"""An epoch as one compiled program: Keras's own training step, scanned.

One donated, jitted function shuffles the images on the device, scans the step over the epoch and then the test step
over the validation images.
"""

import weakref
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import keras
import numpy as np

from freyvae.engine.shuffling import order_of_epoch
from freyvae.engine.training import (
    Training,
    evaluated_weights,
    over_batches,
    place_of_steps,
    results_of_metrics,
    state_of,
)
from freyvae.signals import held_back


@dataclass(frozen=True)
class _Compiled:
    optimizer: Any  # a new one for every `compile`
    signature: tuple[Any, ...]
    run: Callable[..., Any]


# the last programs of each model, with and without validation
_programs: "weakref.WeakKeyDictionary[keras.Model, dict[bool, _Compiled]]" = weakref.WeakKeyDictionary()


def fit(model: keras.Model, images: np.ndarray, **arguments: Any) -> keras.callbacks.History:
    """Train as `keras.Model.fit` would; arguments are those of `Training`, and the result is Keras's."""
    training = Training(model, images, **arguments)
    if training.reads_logs_alone:
        run_ahead(training, lambda inputs: _program(model, (training.state, *inputs), training.choices))
        return training.end()
    return training.run(_prepare)


def _prepare(training: Training) -> Callable[[], Any]:
    """The next epoch, compiled."""
    inputs = training.inputs()
    program = _program(training.model, (state_of(training.model), *inputs), training.choices)

    def run() -> Any:
        with held_back():
            training.state, logs = program(training.state, *inputs)
        return logs

    return run


def run_ahead(
    training: Training,
    program_of: Callable[[tuple[Any, ...]], Callable[..., Any]],
    *,
    is_stopped: Callable[[], bool] = lambda: False,
) -> None:
    """Run all epochs, each begun before the logs of the one before are there: the device does not wait for Python.

    The model has an epoch's weights only when all are done, so that no callback may want them.

    Args:
        training: one that reads logs alone.
        program_of: the compiled epoch for its inputs.
        is_stopped: asked after each epoch whether it is to be the last.
    """
    if training.is_over:
        return
    training.state, waiting = state_of(training.model), None
    training.begin_epoch()
    try:
        for epoch in range(training.epoch, training.epochs):
            inputs = training.inputs(epoch)
            program = program_of(inputs)
            with held_back():
                training.state, logs = program(training.state, *inputs)
            if waiting is not None:
                training.tell(waiting)
                training.begin_epoch()
            waiting = logs
            if training.model.stop_training or is_stopped():  # a signal's handler, or another thread
                break
    finally:  # where an epoch fails or Ctrl-C is pressed, too: what the model had is used up
        training.keep(training.state)
    training.tell(waiting)


def _program(model: keras.Model, arguments: tuple[Any, ...], choices: tuple[Any, ...]) -> Callable[..., Any]:
    """The compiled epoch for these arguments' shapes: from the last call, or compiled now, ahead of time."""
    import jax

    arrays, structure = jax.tree.flatten(arguments)
    signature = (structure, *((array.shape, array.dtype) for array in arrays), *choices)
    programs = _programs.setdefault(model, {})
    evaluate = arguments[3] is not None
    known = programs.get(evaluate)
    if known is None or known.optimizer is not model.optimizer or known.signature != signature:
        epoch = epoch_function(model, *choices)
        programs[evaluate] = known = _Compiled(
            model.optimizer, signature, jax.jit(epoch, donate_argnums=0).lower(*arguments).compile()
        )
    return known.run


def epoch_function(
    model: keras.Model, batch_size: int, evaluation_size: int, averages: bool
) -> Callable[..., tuple[Any, dict[str, Any]]]:
    """The pure function of an epoch: (state, key, images, held out, fresh metrics) -> (state, logs).

    The state is `state_of(model)`, the rest is `Training.inputs`.
    """
    import jax.numpy as jnp

    steps, evaluated = place_of_steps(model), evaluated_weights(model, averages)

    def over_all(step: Callable[..., Any], state: Any, order: Any, images: Any, size: int) -> Any:
        """Step through images[order], `size` at a time; the last batch may be smaller, as in Keras."""
        whole = len(order) // size
        state = over_batches(step, state, images, order[: whole * size].reshape(whole, size))
        if len(order) % size:
            _, state = step(state, (images[order[whole * size :]],))
        return state

    def epoch(state: Any, key: Any, images: Any, held_out: Any, fresh_metrics: Any) -> Any:
        trainable, non_trainable, optimizer, _ = state
        order = order_of_epoch(key, optimizer[steps], len(images))
        state = (trainable, non_trainable, optimizer, list(fresh_metrics))
        trainable, non_trainable, optimizer, metrics = over_all(model.train_step, state, order, images, batch_size)
        logs = results_of_metrics(model, metrics)
        if held_out is not None:
            state = (evaluated(trainable, optimizer), non_trainable, list(fresh_metrics))
            order = jnp.arange(len(held_out))
            _, non_trainable, metrics = over_all(model.test_step, state, order, held_out, evaluation_size)
            logs |= {f"val_{name}": value for name, value in results_of_metrics(model, metrics).items()}
        return (trainable, non_trainable, optimizer, metrics), logs

    return epoch
