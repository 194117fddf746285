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
    return (
        keras.backend.backend() == "jax"
        and isinstance(images, np.ndarray)
        and (validation is None or isinstance(validation, np.ndarray))
        and images.nbytes <= LARGEST_DATA_BYTES
        and all(value is None or name in SERVED_ARGUMENTS for name, value in arguments.items())
        and getattr(model, "optimizer", None) is not None
        and not model.run_eagerly
        and model.jit_compile is not False
        and keras.distribution.distribution() is None
        and not isinstance(callbacks, keras.callbacks.CallbackList)
        and not any(_has_batch_hook(callback) for callback in _as_list(callbacks))
    )


def fit(
    model: keras.Model,
    images: np.ndarray,
    *,
    seed: int,
    batch_size: int | None = None,
    epochs: int = 1,
    verbose: Any = "auto",
    callbacks: Any = None,
    validation_data: np.ndarray | None = None,
    shuffle: bool = True,
    initial_epoch: int = 0,
    validation_batch_size: int | None = None,
    validation_freq: int | Sequence[int] = 1,
) -> keras.callbacks.History:
    """Train as `keras.Model.fit` would; arguments and result are Keras's, and `seed` is the shuffle's."""
    import jax

    batch_size = min(batch_size or 32, len(images))
    evaluation_size = validation_batch_size or batch_size
    callback_list = keras.callbacks.CallbackList(
        callbacks,
        add_history=True,
        add_progbar=verbose != 0,
        verbose=verbose,
        epochs=epochs,
        steps=-(-len(images) // batch_size),
        model=model,
    )
    model.optimizer.build(model.trainable_variables)
    model.stop_training = False
    logs: dict[str, Any] = {}
    callback_list.on_train_begin()
    # the device's copies of the data, made once
    on_device = jax.device_put(images)
    held_out = None if validation_data is None else jax.device_put(validation_data)
    model.reset_metrics()
    fresh_metrics = [np.asarray(variable.value) for variable in model.metrics_variables]
    for epoch in range(initial_epoch, epochs):
        evaluate = held_out is not None and model._should_eval(epoch, validation_freq)
        inputs = (on_device, held_out if evaluate else None, fresh_metrics)
        program = _program(model, evaluate, inputs, batch_size, evaluation_size, seed if shuffle else None)
        callback_list.on_epoch_begin(epoch)
        state, logs = program(_state(model), *inputs)
        _write_back(model, state)
        logs = jax.device_get(logs)
        callback_list.on_epoch_end(epoch, logs)
        if model.stop_training:
            break
    if epochs > initial_epoch:
        model.optimizer.finalize_variable_values(model.trainable_weights)
    callback_list.on_train_end(logs)
    return model.history


def _program(
    model: keras.Model, evaluate: bool, inputs: tuple[Any, ...], batch_size: int, evaluation_size: int, seed: int | None
) -> Callable[..., Any]:
    """The compiled epoch for these shapes: from the last call, or compiled now, ahead of time."""
    import jax

    state = _state(model)
    shapes = jax.tree.map(lambda array: (array.shape, str(array.dtype)), (state, inputs))
    signature = (str(shapes), batch_size, evaluation_size, seed)
    programs = _programs.setdefault(model, {})
    known = programs.get(evaluate)
    if known is None or known.optimizer is not model.optimizer or known.signature != signature:
        epoch = _epoch_function(model, batch_size, evaluation_size, seed)
        programs[evaluate] = known = _Compiled(
            model.optimizer, signature, jax.jit(epoch, donate_argnums=0).lower(state, *inputs).compile()
        )
    return known.run


def _epoch_function(model: keras.Model, batch_size: int, evaluation_size: int, seed: int | None) -> Callable[..., Any]:
    import jax
    import jax.numpy as jnp

    place_of_iterations = [id(variable) for variable in model.optimizer.variables].index(id(model.optimizer.iterations))

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

    def epoch(state: Any, images: Any, held_out: Any, fresh_metrics: Any) -> Any:
        trainable, non_trainable, optimizer, _ = state
        order = jnp.arange(len(images))
        if seed is not None:
            # the optimizer's step count is saved with it: an interrupted training goes on with the very same order
            key = jax.random.fold_in(jax.random.key(seed), optimizer[place_of_iterations])
            order = jax.random.permutation(key, order)
        state = (trainable, non_trainable, optimizer, list(fresh_metrics))
        trainable, non_trainable, optimizer, metrics = over_batches(model.train_step, state, order, images, batch_size)
        logs = metrics_of(metrics)
        if held_out is not None:
            state = (trainable, non_trainable, list(fresh_metrics))
            order = jnp.arange(len(held_out))
            trainable, non_trainable, metrics = over_batches(model.test_step, state, order, held_out, evaluation_size)
            logs |= {f"val_{name}": value for name, value in metrics_of(metrics).items()}
        return (trainable, non_trainable, optimizer, metrics), logs

    return epoch


def _variables(model: keras.Model) -> tuple[list[Any], ...]:
    return (
        model.trainable_variables,
        model.non_trainable_variables,
        model.optimizer.variables,
        model.metrics_variables,
    )


def _state(model: keras.Model) -> tuple[list[Any], ...]:
    return tuple([variable.value for variable in variables] for variables in _variables(model))


def _write_back(model: keras.Model, state: tuple[list[Any], ...]) -> None:
    for variables, values in zip(_variables(model), state, strict=True):
        for variable, value in zip(variables, values, strict=True):
            variable.assign(value)


def _as_list(callbacks: Any) -> list[Any]:
    return list(callbacks) if isinstance(callbacks, (list, tuple)) else [callbacks]


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
