"""A training as `keras.Model.fit` would have it, for whoever runs its epochs on JAX.

On JAX, Keras's trainer is a pure function (state, batch) -> (logs, state). What runs it differs (`scanned`, `stepped`);
the contract is one: the same batches in the same order, the same weights, the same calls of callbacks, exact resume.
Any optimizer, schedule, metric and per-epoch callback goes on working, because it is still Keras's step.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import keras
import numpy as np

from freyvae.data.pixels import Pixels
from freyvae.engine import distribute, processes
from freyvae.engine.keras_internals import (
    averages_of_weights,
    epoch_to_begin_with,
    should_evaluate,
    steps_variable,
)
from freyvae.signals import held_back

# above this the images stay where they are, and are put on the device block by block
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


def can_serve(model: keras.Model, images: Any, arguments: dict[str, Any]) -> bool:
    """Whether a `Training` does what Keras's `fit` would do with these arguments."""
    callbacks = arguments.get("callbacks") or []
    validation = arguments.get("validation_data")
    optimizer = getattr(model, "optimizer", None)
    return (
        keras.backend.backend() == "jax"
        and isinstance(images, (np.ndarray, Pixels))
        and (validation is None or isinstance(validation, (np.ndarray, Pixels)))
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


def is_streamed(images: Any) -> bool:
    """Whether images stay where they are: on a disk, or in memory as too many for the device."""
    return images is not None and (isinstance(images, Pixels) or images.nbytes > LARGEST_DATA_BYTES)


@dataclass(frozen=True)
class Place:
    """Where in an epoch a training is.

    Attributes:
        steps: the optimizer's count when the epoch began, by which its order is known again.
        shown: images of the epoch that were shown.
        metrics: the values of the metrics' variables by now.
    """

    steps: int
    shown: int
    metrics: list[np.ndarray]


class WithinEpochs(keras.callbacks.Callback):
    """A callback that is told of long epochs' parts too: after each block of images that are streamed.

    Attributes:
        place: where the first epoch is to be gone on with; None at its beginning.
    """

    place: Place | None = None

    def on_block_end(self, place: Place, share: float) -> None:
        """A part of an epoch is done, `share` of it by now; the model has its state.

        `model.stop_training` set here ends the training within the epoch.
        """


class StoppedWithin(Exception):
    """A callback has ended the training within an epoch."""


def _jit_is_off() -> bool:
    import jax

    return bool(jax.config.jax_disable_jit)


class Training:
    """A training as `keras.Model.fit` would have it: the callbacks, the data on the device, the state between steps.

    While it is not over: `begin_epoch`, run `inputs` from the model's state, and give `end_epoch` what comes of it, or
    have `run` do so. Then `end`. Arguments are Keras's, and `seed` is the shuffle's. With
    `keras.callbacks.SwapEMAWeights` the validation is of the optimizer's averages of the weights.

    Attributes:
        model: what is trained.
        epoch: the one that is next, counted from 0.
        epochs: where it ends.
        state: the values of `variables_of(model)` after the last step that was begun, while epochs are run from it.
        place: where in the next epoch to begin; None at its beginning.
        choices: what a program depends on besides its arguments' shapes: images in a step, images in a step of the
            validation, and whether that is of averages.
        reads_logs_alone: whether no callback can want the model before the training ends.
    """

    state: tuple[list[Any], ...]

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
        self.choices = (batch_size, validation_batch_size or batch_size, _evaluates_averages(callbacks))
        self.reads_logs_alone = all(type(callback) in WATCHERS for callback in _as_list(callbacks or []))
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
        stay = distribute.is_on()
        self._images = images if stay or is_streamed(images) else jax.device_put(images)
        is_held_out_there = validation_data is None or stay or is_streamed(validation_data)
        self._held_out = validation_data if is_held_out_there else jax.device_put(validation_data)
        self._within = [callback for callback in _as_list(callbacks or []) if isinstance(callback, WithinEpochs)]
        self.place = place_to_begin_at(callbacks)
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

    def run(self, prepare: Callable[["Training"], Callable[[], Any]]) -> keras.callbacks.History:
        """Run the epochs, each from what the callbacks have made of the one before; returns the history.

        Args:
            prepare: compiles the next epoch, before its clock starts, and returns what runs it: from `state`, which it
                replaces after each step, to the logs.
        """
        while not self.is_over:
            run_epoch = prepare(self)
            # one that compiles for longer than a collective waits would lose the others
            processes.exchange("compiled")
            self.begin_epoch()  # which may set the learning rate or beta, parts of the state
            self.state = distribute.spread(state_of(self.model))
            try:
                logs = run_epoch()
            except StoppedWithin:
                break
            finally:  # where a step fails or Ctrl-C is pressed, too: what the model had is used up
                self.keep(self.state)
            self.place = None
            self.tell(logs)
        return self.end()

    def end_block(self, steps: int, shown: int, of: int) -> None:
        """Tell callbacks that ask for it that a part of the epoch is done. Raises `StoppedWithin` if one stops it."""
        if not self._within:
            return
        self.keep(self.state)
        place = Place(steps, shown, [np.asarray(variable.value) for variable in self.model.metrics_variables])
        for callback in self._within:
            callback.on_block_end(place, shown / of)
        if self.model.stop_training:
            raise StoppedWithin

    def begin_epoch(self) -> None:
        """Tell the callbacks that an epoch begins."""
        self._callbacks.on_epoch_begin(self.epoch)

    def end_epoch(self, state: Any, logs: Any) -> None:
        """Give the model the state after the epoch, and the callbacks its logs."""
        self.keep(state)
        self.tell(logs)

    def keep(self, state: Any) -> None:
        """Give the model a state."""
        with held_back():
            for variables, values in zip(variables_of(self.model), distribute.own_copy(state), strict=True):
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


def place_of_steps(model: keras.Model) -> int:
    """Where the count of an optimizer's steps stands among its variables."""
    return [id(variable) for variable in model.optimizer.variables].index(id(steps_variable(model.optimizer)))


def evaluated_weights(model: keras.Model, averages: bool) -> Callable[[Any, Any], Any]:
    """A function of the model's trained values and the optimizer's values: those that a validation is of."""
    if not averages:
        return lambda trained, _: trained
    place = {id(variable): number for number, variable in enumerate(model.optimizer.variables)}
    places = [place.get(id(variable)) for variable in trained_weights(model)]
    return lambda trained, optimizer: [
        own if at is None else optimizer[at] for own, at in zip(trained, places, strict=True)
    ]


def over_batches(step: Callable[..., Any], state: Any, images: Any, chosen: Any) -> Any:
    """Keras's step through some batches, as one loop on JAX: of the images `chosen`, int (batch, image)."""
    import jax

    def body(state: Any, chosen: Any) -> Any:
        _, state = step(state, (images[chosen],))
        return state, None

    state, _ = jax.lax.scan(body, state, chosen)
    return state


def results_of_metrics(model: keras.Model, values: Any) -> dict[str, Any]:
    """What a model's metrics come to, of the values of their variables."""
    with keras.StatelessScope(state_mapping=list(zip(model.metrics_variables, values, strict=True))):
        return dict(model.get_metrics_result())


def trained_weights(model: keras.Model) -> list[Any]:
    """The variables with the weights that a training ends with: the optimizer's averages where it keeps them.

    Averages over the steps: Polyak & Juditsky 1992, here exponential. The optimizer must be built.
    """
    weights = list(model.trainable_variables)
    if not getattr(model.optimizer, "use_ema", False):
        return weights
    averages = averages_of_weights(model.optimizer)
    return [weight if average is None else average for weight, average in zip(weights, averages, strict=True)]


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


def place_to_begin_at(callbacks: Any) -> Place | None:
    """Where within the first epoch a callback of Keras's `fit` has it begin; None at its beginning."""
    places = (callback.place for callback in _as_list(callbacks) if isinstance(callback, WithinEpochs))
    return next((place for place in places if place is not None), None)


def _as_list(callbacks: Any) -> list[Any]:
    return list(callbacks) if isinstance(callbacks, (list, tuple)) else [callbacks]


def _evaluates_averages(callbacks: Any) -> bool:
    return any(isinstance(callback, keras.callbacks.SwapEMAWeights) for callback in _as_list(callbacks))


def _has_batch_hook(callback: Any) -> bool:
    """Whether a callback acts on batches, which a `Training` never shows it."""
    # ModelCheckpoint and BackupAndRestore have batch hooks, idle when they save once an epoch
    if getattr(callback, "save_freq", None) == "epoch":
        return False
    # LambdaCallback sets its hooks on the instance
    return any(
        hook in vars(callback) or getattr(type(callback), hook) is not getattr(keras.callbacks.Callback, hook)
        for hook in BATCH_HOOKS
    )
