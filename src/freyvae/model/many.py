"""Many models of one shape at once: seeds, or a grid of learning rates and betas, each trained as it would be alone.

All share one compiled program where it is the epoch of `scanned`, on JAX. On a CPU every core runs it on a model of
its own, from a thread: XLA works outside of Python's lock, nothing is copied or stacked, and a model is never slower
than the others make it. On a GPU, which one small model leaves idle, the program steps a whole group, by `vmap`.
Elsewhere the models are trained one after the other, and so are networks with convolutions on a CPU: each of their
steps uses all cores, and a loop of them in one program would be many times slower.
"""

import math
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import FIRST_EXCEPTION, ThreadPoolExecutor, wait
from operator import itemgetter
from typing import Any

import keras
import numpy as np

from freyvae.arguments import instance, several
from freyvae.cores import cores
from freyvae.engine import scanned
from freyvae.engine.fit import way_of_jax
from freyvae.engine.memory import free_bytes
from freyvae.engine.training import Training, state_of, variables_of
from freyvae.errors import BadInput
from freyvae.model.checks import checked_feeding
from freyvae.model.vae import VAE

# in what models trained together may differ: a seed is in their variables, the learning rate and beta are among them
FREE_CHOICES = ("seed", "beta")


def fit_many(
    models: Iterable[VAE],
    x: Any,
    *,
    validation_data: Any = None,
    epochs: int = 1,
    batch_size: int | None = None,
    callbacks: Sequence[Sequence[keras.callbacks.Callback]] | None = None,
    initial_epoch: int | Sequence[int] = 0,
) -> dict[str, np.ndarray]:
    """Train models of one shape together; each ends as its own `fit` would leave it, to float tolerance.

    They may differ in their seeds, so in all weights and noise, in `beta`, and in a learning rate that is a number, not
    a schedule. Where one fails, or Ctrl-C is pressed, the others stop after the epoch that they are in.

    Args:
        models: compiled `VAE`s, which are trained in place.
        x: training images, whatever `as_images` takes.
        validation_data: images to evaluate after each epoch.
        epochs: the number of the last epoch, as in Keras's `fit`.
        batch_size: images in a training step; by default 32.
        callbacks: a list for each model. On a CPU they are called from threads.
        initial_epoch: epochs that are done already, of all or of each model.

    Returns:
        the history of all: each name of `keras.callbacks.History.history` with float64 (model, epoch), nan where a
        model had stopped. So `history["val_loss"].mean(axis=0)` and `.std(axis=0, ddof=1)` are over models. Each
        model's own is its `history`.

    Raises:
        BadInput: there is no model, one is there twice or differs from the first in more than those choices, the images
            are no images or of another shape, or there is no memory for even one.
    """
    models = list(models) if isinstance(models, Iterator) else several("models", models)
    _check(models)
    callbacks = [[] for _ in models] if callbacks is None else several("callbacks", callbacks)
    each_its_own = isinstance(initial_epoch, Sequence)
    initial_epochs = several("initial_epoch", initial_epoch) if each_its_own else [initial_epoch] * len(models)
    if not len(callbacks) == len(initial_epochs) == len(models):
        raise BadInput(
            f"{len(models)} models need as many lists of callbacks and initial epochs, not {len(callbacks)} and "
            f"{len(initial_epochs)}"
        )
    together = checked_feeding(
        {"validation_data": validation_data, "epochs": epochs, "batch_size": batch_size, "verbose": 0}
    )
    each = [
        checked_feeding({"callbacks": several("callbacks", own), "initial_epoch": done})
        for own, done in zip(callbacks, initial_epochs, strict=True)
    ]
    images = models[0]._gate(x, "training images")
    if validation_data is not None:
        together["validation_data"] = models[0]._gate(validation_data, "validation images")
    if all(way_of_jax(model, images, together | own) is scanned.fit for model, own in zip(models, each, strict=True)):
        _fit_by_one_program(models, images, together, each)
    else:
        for model, own in zip(models, each, strict=True):
            model.fit(images, **together, **own)
    return _joined([(model.history.epoch, model.history.history) for model in models])


def most_at_once(wanted: int, bytes_of: Callable[[int], int]) -> int:
    """How many models, from 1 to `wanted`, fit into the memory that is free; `bytes_of` says what so many need.

    Raises:
        BadInput: not even one fits.
    """
    free, count = free_bytes(), wanted
    while (needed := bytes_of(count)) > free:
        if count == 1:
            raise BadInput(
                f"a model needs {needed / 2**30:.1f} GiB of memory and {free / 2**30:.1f} GiB are free: choose a "
                "smaller batch_size=... or fewer units in hidden=..."
            )
        count = max(1, min(count - 1, int(count * free / needed)))
    return count


def bytes_of_state(model: keras.Model) -> int:
    """Memory that the values of a compiled model's variables take, its optimizer's included."""
    model.optimizer.build(model.trainable_variables)
    return sum(
        math.prod(variable.shape) * np.dtype(variable.dtype).itemsize
        for variables in variables_of(model)
        for variable in variables
    )


def _fit_by_one_program(
    models: list[VAE], images: np.ndarray, together: dict[str, Any], each: list[dict[str, Any]]
) -> None:
    import jax

    images = jax.device_put(images)
    if together["validation_data"] is not None:
        together = together | {"validation_data": jax.device_put(together["validation_data"])}

    def begin(number: int) -> Training:
        model = models[number]
        return Training(model, images, seed=model.seed, **together, **each[number])

    run = _on_cores if jax.default_backend() == "cpu" else _in_groups
    run(models, begin)


def _on_cores(models: list[VAE], begin: Callable[[int], Training]) -> None:
    """One compiled epoch, which as many threads as there are cores run, each on the next model."""
    import jax

    first = begin(0)
    epoch = jax.jit(scanned.epoch_function(first.model, *first.choices), donate_argnums=0)
    program = epoch.lower(state_of(first.model), *first.inputs()).compile()

    stopping = threading.Event()

    def train(number: int) -> None:
        training = begin(number) if number else first
        _check_choices(training, first)
        if training.reads_logs_alone:
            scanned.run_ahead(training, lambda inputs: program, is_stopped=stopping.is_set)
        while not (training.is_over or stopping.is_set()):
            training.begin_epoch()
            training.end_epoch(*program(state_of(training.model), *training.inputs()))
        training.end()

    threads = most_at_once(min(cores(), len(models)), lambda count: count * _bytes_beside_arguments(program))
    with ThreadPoolExecutor(threads) as pool:
        futures = [pool.submit(train, number) for number in range(len(models))]
        try:
            wait(futures, return_when=FIRST_EXCEPTION)
        finally:  # all are done, one has failed, or Ctrl-C was pressed
            stopping.set()
            pool.shutdown(cancel_futures=True)
    for future in futures:
        if not future.cancelled():
            future.result()


def _in_groups(models: list[VAE], begin: Callable[[int], Training]) -> None:
    """Groups that fit into memory, one after the other; one program steps all models of a group."""
    import jax

    programs: dict[int, Any] = {}

    def arguments(group: list[Training]) -> tuple[Any, ...]:
        inputs = [training.inputs() for training in group]
        return [state_of(training.model) for training in group], [own[0] for own in inputs], *inputs[0][1:]

    def program_of(trainings: list[Training]) -> Any:
        if len(trainings) not in programs:
            epochs = jax.jit(_epoch_of_a_group(trainings[0]))
            programs[len(trainings)] = epochs.lower(*arguments(trainings)).compile()
        return programs[len(trainings)]

    first = begin(0)
    size = most_at_once(len(models), lambda count: _bytes_beside_arguments(program_of([first] * count)))
    size = -(-len(models) // -(-len(models) // size))  # groups of about the same size
    for start in range(0, len(models), size):
        group = [begin(number) if number else first for number in range(start, min(start + size, len(models)))]
        for training in group:
            _check_choices(training, first)
        program, running = program_of(group), list(group)
        while running := [training for training in running if not training.is_over]:
            for training in running:
                training.begin_epoch()
            # who is over is computed too, and the result dropped: a smaller program would have to be compiled
            for training, result in zip(group, program(*arguments(group)), strict=True):
                if training in running:
                    training.end_epoch(*result)
        for training in group:
            training.end()


def _epoch_of_a_group(training: Training) -> Callable[..., Any]:
    """The epoch of several models: states and keys are lists, and so are the pairs (state, logs) returned."""
    import jax
    import jax.numpy as jnp

    # images, held-out images and fresh metrics are everybody's
    epoch = scanned.epoch_function(training.model, *training.choices)
    epochs = jax.vmap(epoch, in_axes=(0, 0, None, None, None))

    def of_a_group(states: Any, keys: Any, *shared: Any) -> Any:
        stacked = jax.tree.map(lambda *values: jnp.stack(values), *zip(states, keys, strict=True))
        results = epochs(*stacked, *shared)
        return [jax.tree.map(itemgetter(number), results) for number in range(len(states))]

    return of_a_group


def _bytes_beside_arguments(program: Any) -> int:
    """Memory that a compiled program takes while it runs, beside its arguments."""
    needs = program.memory_analysis()
    return int(needs.temp_size_in_bytes + needs.output_size_in_bytes - needs.alias_size_in_bytes) if needs else 0


def _check(models: list[VAE]) -> None:
    if not models:
        raise BadInput("there is no model to train: fit_many takes one or more")
    if len({id(model) for model in models}) < len(models):
        raise BadInput("a model is there twice: fit_many trains each in place")
    for number, model in enumerate(models):
        instance(f"model {number}", model, VAE)
    kinds = [_kind(model, number) for number, model in enumerate(models)]
    for number, kind in enumerate(kinds):
        different = [name for name in kinds[0] | kind if kinds[0].get(name) != kind.get(name)]
        if different:
            raise BadInput(
                "models trained together may differ in seed, beta and learning rate alone, but model "
                f"{number} has another {' and '.join(different)} than model 0"
            )


def _check_choices(training: Training, first: Training) -> None:
    if training.choices != first.choices:
        raise BadInput("SwapEMAWeights must be among the callbacks of every model, or of none")


def _kind(model: VAE, number: int) -> dict[str, str]:
    """What a program depends on: a model's choices but the free ones, each as a text, and the optimizer's."""
    if getattr(model, "optimizer", None) is None:
        raise BadInput(f"model {number} has no optimizer: compile it first")
    # layers are called by number, because Keras never gives a name twice
    names: dict[str, int] = {}

    def plain(value: Any) -> Any:
        if isinstance(value, dict):
            if isinstance(value.get("name"), str):
                names.setdefault(value["name"], len(names))
            return {
                key: plain(item)
                for key, item in value.items()
                if key not in FREE_CHOICES and not (key == "learning_rate" and isinstance(item, float))
            }
        if isinstance(value, (list, tuple)):
            return [plain(item) for item in value]
        return names.get(value, value) if isinstance(value, str) else value

    config = {name: value for name, value in model.get_config().items() if name not in model.choices}
    layers = plain({**config, **(model.get_compile_config() or {})})
    choices = {
        name: (type(choice).__name__, {key: value for key, value in choice.get_config().items() if key != "beta"})
        for name, choice in model.choices.items()
    }
    return {name: repr(value) for name, value in {**layers, **choices}.items()}


def _joined(histories: list[tuple[list[int], dict[str, list[float]]]]) -> dict[str, np.ndarray]:
    """Epochs and histories side by side: name -> float64 (model, epoch), from the first epoch that any was trained."""
    trained = [epoch for epochs, _ in histories for epoch in epochs]
    first, end = min(trained, default=0), max(trained, default=-1) + 1
    joined = {name: np.full((len(histories), end - first), np.nan) for _, history in histories for name in history}
    for number, (epochs, history) in enumerate(histories):
        for name, values in history.items():
            joined[name][number, np.array(epochs[: len(values)], int) - first] = values
    return joined
