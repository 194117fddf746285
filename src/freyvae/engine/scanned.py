"""`fit` with one compiled program an epoch: Keras's own training step, scanned.

On JAX, Keras's trainer is a pure function (state, batch) -> (logs, state). One donated, jitted function shuffles the
images on the device, scans that step over the epoch and then the test step over the validation images. Any optimizer,
schedule, metric and per-epoch callback goes on working, because it is still Keras's step.
"""

import weakref
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import keras
import numpy as np

from freyvae.engine.keras_internals import (
    averages_of_weights,
    epoch_to_begin_with,
    should_evaluate,
    steps_variable,
)

# above this the images stay on the host, and Keras feeds them a batch at a time
LARGEST_DATA_BYTES = 2 * 1024**3

BATCH_HOOKS = (
    "on_batch_begin",
    "on_batch_end",
    "on_train_batch_begin",
    "on_train_batch_end",
    "on_test_batch_begin",
    "on_test_batch_end",
)
SERVED_ARGUMENTS = frozenset(
    ("batch_size", "epochs", "verbose", "callbacks", "validation_data", "shuffle", "initial_epoch")
    + ("validation_batch_size", "validation_freq")
)

# callbacks that read an epoch's logs and nothing of the model, beside those that Keras adds by itself
WATCHERS = (keras.callbacks.History, keras.callbacks.CSVLogger)


@dataclass(frozen=True)
class _Compiled:
    optimizer: Any  # a new one for every `compile`
    signature: tuple[Any, ...]
    run: Callable[..., Any]


# the last programs of each model, with and without validation
_programs: "weakref.WeakKeyDictionary[keras.Model, dict[bool, _Compiled]]" = weakref.WeakKeyDictionary()


def can_serve(model: keras.Model, images: Any, arguments: dict[str, Any]) -> bool:
    """Whether a scanned epoch does what Keras's `fit` would do with these arguments."""
    callbacks = arguments.get("callbacks") or []
    validation = arguments.get("validation_data")
    optimizer = getattr(model, "optimizer", None)
    return (
        keras.backend.backend() == "jax"
        and isinstance(images, np.ndarray)
        and (validation is None or isinstance(validation, np.ndarray))
        and images.nbytes <= LARGEST_DATA_BYTES
        and all(value is None or name in SERVED_ARGUMENTS for name, value in arguments.items())
        and optimizer is not None
        and (getattr(optimizer, "use_ema", False) or not _evaluates_averages(callbacks))
        and not model.run_eagerly
        and not _jit_is_off()
        and model.jit_compile is not False
        and keras.distribution.distribution() is None
        and not isinstance(callbacks, keras.callbacks.CallbackList)
        and not any(_has_batch_hook(callback) for callback in _as_list(callbacks))
    )


def _jit_is_off() -> bool:
    import jax

    return bool(jax.config.jax_disable_jit)


def fit(model: keras.Model, images: np.ndarray, **arguments: Any) -> keras.callbacks.History:
    """Train as `keras.Model.fit` would; arguments are those of `Training`, and the result is Keras's."""
    training = Training(model, images, **arguments)
    if all(type(callback) in WATCHERS for callback in _as_list(arguments.get("callbacks") or [])):
        _run_ahead(training)
    else:
        _run(training)
    return training.end()


def _run(training: "Training") -> None:
    """Run the epochs, each from what the callbacks have made of the one before."""
    model = training.model
    while not training.is_over:
        program = _program(model, (state_of(model), *training.inputs()), training.choices)
        training.begin_epoch()  # which may set the learning rate or beta, parts of the state
        training.end_epoch(*program(state_of(model), *training.inputs()))


def _run_ahead(training: "Training") -> None:
    """Run all epochs, each begun before the logs of the one before are there: the device does not wait for Python.

    The model has an epoch's weights only when all are done, so that no callback may want them.
    """
    if training.is_over:
        return
    state, waiting = state_of(training.model), None
    training.begin_epoch()
    try:
        for epoch in range(training.epoch, training.epochs):
            inputs = training.inputs(epoch)
            state, logs = _program(training.model, (state, *inputs), training.choices)(state, *inputs)
            if waiting is not None:
                training.tell(waiting)
                training.begin_epoch()
            waiting = logs
            if training.model.stop_training:  # a signal's handler, or another thread
                break
    finally:  # where an epoch fails or Ctrl-C is pressed, too: what the model had is used up
        training.keep(state)
    training.tell(waiting)


class Training:
    """A training as `keras.Model.fit` would have it, for whoever runs the epochs' programs.

    While it is not over: `begin_epoch`, run `epoch_function` on the model's state and `inputs`, and give `end_epoch`
    what that returns. Then `end`. Arguments are Keras's, and `seed` is the shuffle's. With
    `keras.callbacks.SwapEMAWeights` the validation is of the optimizer's averages of the weights.
    """

    def __init__(
        self,
        model: keras.Model,
        images: Any,
        *,
        seed: int,
        batch_size: int | None = None,
        epochs: int = 1,
        verbose: Any = "auto",
        callbacks: Any = None,
        validation_data: Any = None,
        shuffle: bool = True,
        initial_epoch: int = 0,
        validation_batch_size: int | None = None,
        validation_freq: int | Sequence[int] = 1,
    ):
        import jax

        self.model, self.epochs = model, epochs
        batch_size = min(batch_size or 32, len(images))
        # what a program depends on besides its arguments' shapes
        self.choices = (batch_size, validation_batch_size or batch_size, _evaluates_averages(callbacks))
        self._callbacks = keras.callbacks.CallbackList(
            callbacks,
            add_history=True,
            add_progbar=verbose != 0,
            verbose=verbose,
            epochs=epochs,
            steps=-(-len(images) // batch_size),
            model=model,
        )
        self._validation_freq = validation_freq
        self._logs: dict[str, Any] = {}
        model.optimizer.build(model.trainable_variables)
        _give_each_its_own_array(model)
        model.stop_training = False
        self._callbacks.on_train_begin()
        self.epoch = self._initial_epoch = epoch_to_begin_with(model, initial_epoch)
        self._key = jax.random.key(seed) if shuffle else None
        # the device's copies of the data, made once
        self._images = jax.device_put(images)
        self._held_out = None if validation_data is None else jax.device_put(validation_data)
        model.reset_metrics()
        self._fresh_metrics = [np.asarray(variable.value) for variable in model.metrics_variables]

    @property
    def is_over(self) -> bool:
        """Whether all epochs are done, or a callback has stopped the training."""
        return self.epoch >= self.epochs or self.model.stop_training

    def inputs(self, epoch: int | None = None) -> tuple[Any, ...]:
        """What an epoch's program takes after the state, by default the next one's.

        These are the shuffle's key, the images, those held out, and the metrics to begin with. Without a shuffle or a
        validation there is None in their place.
        """
        epoch = self.epoch if epoch is None else epoch
        evaluate = self._held_out is not None and should_evaluate(self.model, epoch, self._validation_freq)
        held_out = self._held_out if evaluate else None
        return self._key, self._images, held_out, self._fresh_metrics

    def begin_epoch(self) -> None:
        """Tell the callbacks that an epoch begins."""
        self._callbacks.on_epoch_begin(self.epoch)

    def end_epoch(self, state: Any, logs: Any) -> None:
        """Give the model the state after the epoch, and the callbacks its logs."""
        self.keep(state)
        self.tell(logs)

    def keep(self, state: Any) -> None:
        """Give the model the state after an epoch."""
        for variables, values in zip(variables_of(self.model), state, strict=True):
            for variable, value in zip(variables, values, strict=True):
                variable.assign(value)

    def tell(self, logs: Any) -> None:
        """Wait for the logs of the epoch, and give them to the callbacks."""
        import jax

        self._logs = jax.device_get(logs)
        self._callbacks.on_epoch_end(self.epoch, self._logs)
        self.epoch += 1

    def end(self) -> keras.callbacks.History:
        """Tell the callbacks that the training has ended; returns the history."""
        if self.epoch > self._initial_epoch:
            self.model.optimizer.finalize_variable_values(self.model.trainable_weights)
        self._callbacks.on_train_end(self._logs)
        return self.model.history


def trained_weights(model: keras.Model) -> list[Any]:
    """The variables with the weights that a training ends with: the optimizer's averages where it keeps them.

    Averages over the steps: Polyak & Juditsky 1992, here exponential. The optimizer must be built.
    """
    weights = list(model.trainable_variables)
    if not getattr(model.optimizer, "use_ema", False):
        return weights
    averages = averages_of_weights(model.optimizer)
    return [weight if average is None else average for weight, average in zip(weights, averages, strict=True)]


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
    import jax
    import jax.numpy as jnp

    place = {id(variable): number for number, variable in enumerate(model.optimizer.variables)}
    place_of_steps = place[id(steps_variable(model.optimizer))]

    def evaluated(trainable: Any, optimizer: Any) -> Any:
        """The weights to evaluate, out of the model's and the optimizer's values."""
        if not averages:
            return trainable
        places = [place.get(id(variable)) for variable in trained_weights(model)]
        return [own if at is None else optimizer[at] for own, at in zip(trainable, places, strict=True)]

    def metrics_of(metrics_variables: Any) -> dict[str, Any]:
        with keras.StatelessScope(state_mapping=list(zip(model.metrics_variables, metrics_variables, strict=True))):
            return dict(model.get_metrics_result())

    def over_batches(step: Callable[..., Any], state: Any, order: Any, images: Any, size: int) -> Any:
        """Step through images[order], `size` at a time; the last batch may be smaller, as in Keras."""

        def body(state: Any, chosen: Any) -> Any:
            _, state = step(state, (images[chosen],))
            return state, None

        whole = len(order) // size
        state, _ = jax.lax.scan(body, state, order[: whole * size].reshape(whole, size))
        if len(order) % size:
            state, _ = body(state, order[whole * size :])
        return state

    def epoch(state: Any, key: Any, images: Any, held_out: Any, fresh_metrics: Any) -> Any:
        trainable, non_trainable, optimizer, _ = state
        order = jnp.arange(len(images))
        if key is not None:
            # the optimizer's step count is saved with it: an interrupted training goes on with the very same order
            order = jax.random.permutation(jax.random.fold_in(key, optimizer[place_of_steps]), order)
        state = (trainable, non_trainable, optimizer, list(fresh_metrics))
        trainable, non_trainable, optimizer, metrics = over_batches(model.train_step, state, order, images, batch_size)
        logs = metrics_of(metrics)
        if held_out is not None:
            state = (evaluated(trainable, optimizer), non_trainable, list(fresh_metrics))
            order = jnp.arange(len(held_out))
            _, non_trainable, metrics = over_batches(model.test_step, state, order, held_out, evaluation_size)
            logs |= {f"val_{name}": value for name, value in metrics_of(metrics).items()}
        return (trainable, non_trainable, optimizer, metrics), logs

    return epoch


def _give_each_its_own_array(model: keras.Model) -> None:
    """Where two variables hold the very same array, copy it: a program that is given its state can't have it twice.

    A training that ends with averages leaves them so, as the weights and as the optimizer's.
    """
    import jax.numpy as jnp

    held: set[int] = set()
    for variable in (variable for variables in variables_of(model) for variable in variables):
        if id(variable.value) in held:
            variable.assign(jnp.array(variable.value, copy=True))
        held.add(id(variable.value))


def variables_of(model: keras.Model) -> tuple[list[Any], ...]:
    """A model's variables as Keras's stateless step takes them, the metrics' last; its optimizer must be built."""
    return (
        model.trainable_variables,
        model.non_trainable_variables,
        model.optimizer.variables,
        model.metrics_variables,
    )


def state_of(model: keras.Model) -> tuple[list[Any], ...]:
    """The values of `variables_of(model)`."""
    return tuple([variable.value for variable in variables] for variables in variables_of(model))


def _as_list(callbacks: Any) -> list[Any]:
    return list(callbacks) if isinstance(callbacks, (list, tuple)) else [callbacks]


def _evaluates_averages(callbacks: Any) -> bool:
    return any(isinstance(callback, keras.callbacks.SwapEMAWeights) for callback in _as_list(callbacks))


def _has_batch_hook(callback: Any) -> bool:
    """Whether a callback acts on batches, which a scanned epoch never shows it."""
    # ModelCheckpoint and BackupAndRestore have batch hooks, idle when they save once an epoch
    if getattr(callback, "save_freq", None) == "epoch":
        return False
    # LambdaCallback sets its hooks on the instance
    return any(
        hook in vars(callback) or getattr(type(callback), hook) is not getattr(keras.callbacks.Callback, hook)
        for hook in BATCH_HOOKS
    )
