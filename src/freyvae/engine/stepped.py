"""An epoch as one compiled program a step, each begun before the last one is done.

A step takes its batch out of the images on the device. Python queues the steps and reads nothing back until the epoch
ends, so that the device does not wait for it. XLA's CPU client lets it be 32 steps ahead; after Ctrl-C those are done.
"""

import weakref
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import keras
import numpy as np

from freyvae.engine import distribute
from freyvae.engine.device import is_stepped
from freyvae.engine.shares import shares_of_step, step_in_shares
from freyvae.engine.shuffling import order_of_epoch
from freyvae.engine.stream import batches_ahead, batches_as_given, blocks_ahead, images_of_block
from freyvae.engine.training import (
    Training,
    evaluated_weights,
    is_streamed,
    over_batches,
    place_of_steps,
    results_of_metrics,
    state_of,
)
from freyvae.signals import held_back


@dataclass(frozen=True)
class _Programs:
    optimizer: Any  # a new one for every `compile`
    signature: tuple[Any, ...]
    order: Callable[..., Any]
    train: dict[int, Callable[..., Any]]  # by the images in a step
    block: Callable[..., Any] | None  # the steps of a whole block, where a scan of them is as fast
    test: dict[int, Callable[..., Any]]
    results: Callable[..., Any]
    dtype_of_steps: Any


# the last programs of each model, with and without validation
_programs: "weakref.WeakKeyDictionary[keras.Model, dict[bool, _Programs]]" = weakref.WeakKeyDictionary()


def fit(model: keras.Model, images: np.ndarray, **arguments: Any) -> keras.callbacks.History:
    """Train as `keras.Model.fit` would; arguments are those of `Training`, and the result is Keras's."""
    return Training(model, images, **arguments).run(_prepare)


def _prepare(training: Training) -> Callable[[], Any]:
    """The next epoch, its programs compiled."""
    inputs = training.inputs()
    programs = _programs_of(training, inputs)
    return lambda: _run(training, programs, inputs)


def _run(training: Training, programs: _Programs, inputs: tuple[Any, ...]) -> Any:
    """Begin all steps of an epoch; the logs returned are on the device, and may not be computed yet.

    Whatever interrupts it, `training.state` is what the last step that was begun leaves.
    """
    import jax.numpy as jnp

    key, images, held_out, fresh_metrics = inputs
    batch_size, evaluation_size, averages = training.choices
    model, place = training.model, training.place

    def copied(metrics: list[Any]) -> Any:
        # because a step that is given its state uses it up
        return distribute.spread([jnp.array(values) for values in metrics])

    trainable, non_trainable, optimizer, _ = training.state
    began_with = int(optimizer[place_of_steps(model)]) if place is None else place.steps
    order = programs.order(key, jnp.asarray(began_with, programs.dtype_of_steps))
    training.state = (trainable, non_trainable, optimizer, copied(fresh_metrics if place is None else place.metrics))
    with _parts(images, order, batch_size, 0 if place is None else place.shown) as parts:
        for part in parts:
            if part.is_full_block and programs.block is not None:
                with held_back():
                    training.state = programs.block(training.state, part.images, part.order)
            else:
                for start, size in part.batches:
                    with held_back():
                        training.state = programs.train[size](training.state, part.images, part.order, start)
            if part.end < len(images):
                training.end_block(began_with, part.end, len(images))
    logs = programs.results(training.state[3])
    if held_out is None:
        return logs
    trainable, non_trainable, optimizer, _ = training.state
    weights = evaluated_weights(model, averages)(trainable, optimizer)
    training.state = (trainable, non_trainable, optimizer, copied(fresh_metrics))
    with _parts(held_out, np.arange(len(held_out), dtype=np.int32), evaluation_size, 0) as parts:
        for part in parts:
            for start, size in part.batches:
                with held_back():
                    _, non_trainable, _, metrics = training.state
                    state = (non_trainable, metrics)
                    state = programs.test[size](state, weights, part.images, part.order, start)
                    training.state = (trainable, state[0], optimizer, state[1])
    return logs | {f"val_{name}": value for name, value in programs.results(training.state[3]).items()}


@dataclass(frozen=True)
class _Part:
    """A part of an epoch, on the device or devices.

    Attributes:
        images: as a step's program takes them.
        order: of these; None where they are in batches already.
        batches: of each where it begins, or which one it is, and its size.
        end: the place in the epoch where the part ends.
        is_full_block: whether it is a block that nothing fills up.
    """

    images: Any
    order: Any
    batches: Iterable[tuple[np.int32, int]]
    end: int
    is_full_block: bool = False


@contextmanager
def _parts(images: Any, order: Any, batch_size: int, first: int) -> Iterator[Iterator[_Part]]:
    """The parts of an epoch: one where the images are on the device, and else a block after the other."""
    import jax

    if distribute.is_on():
        with batches_ahead(images, np.asarray(order), first=first, batch_size=batch_size) as blocks:
            yield (
                _Part(
                    block.images,
                    None,
                    [(np.int32(number), block.batch_size) for number in range(block.count // block.batch_size)],
                    block.first + block.count,
                )
                for block in blocks
            )
        return
    if not is_streamed(images):
        yield iter([_Part(images, order, _batches(len(images), batch_size, first), len(images))])
        return
    size = images_of_block(images, batch_size)
    in_place = jax.device_put(np.arange(size, dtype=np.int32))
    with blocks_ahead(images, np.asarray(order), first=first, size=size, place=jax.device_put) as blocks:
        yield (
            _Part(
                block.images,
                in_place,
                _batches(block.count, batch_size),
                block.first + block.count,
                is_full_block=block.count == size,
            )
            for block in blocks
        )


def _batches(count: int, size: int, first: int = 0) -> Iterator[tuple[np.int32, int]]:
    """Where each batch begins, from `first` on, and its size: that of the last may be smaller, as in Keras."""
    for start in range(first, count, size):
        # not a Python integer, which JAX would take for a constant of another type
        yield np.int32(start), min(size, count - start)


def _programs_of(training: Training, inputs: tuple[Any, ...]) -> _Programs:
    """The programs of an epoch for these inputs' shapes: from the last call, or compiled now, ahead of time."""
    import jax

    model, state = training.model, state_of(training.model)
    arrays, structure = jax.tree.flatten((state, inputs))
    signature = (structure, *((array.shape, array.dtype) for array in arrays), *training.choices)
    known = _programs.setdefault(model, {})
    evaluate = inputs[2] is not None
    if evaluate not in known or (known[evaluate].optimizer, known[evaluate].signature) != (model.optimizer, signature):
        known[evaluate] = _compile(training, state, inputs, signature)
    return known[evaluate]


def _compile(
    training: Training, state: tuple[Any, ...], inputs: tuple[Any, ...], signature: tuple[Any, ...]
) -> _Programs:
    import jax

    key, images, held_out, _ = inputs
    batch_size, evaluation_size, averages = training.choices
    model, spread = training.model, distribute.is_on()
    if spread:
        state = distribute.shapes(state)
    trainable, non_trainable, optimizer, metrics = state

    def order_of(key: Any, steps: Any) -> Any:
        return order_of_epoch(key, steps, len(images))

    def given(images: Any, size: int, most: int) -> tuple[Any, Any, np.int32]:
        """What a step of `size` images is given, `most` being the size of the others: images, order, start."""
        if spread:
            return batches_as_given(images, size, most), None, np.int32(0)
        count = len(images)
        if is_streamed(images):
            count = images_of_block(images, most)
            images = jax.ShapeDtypeStruct((count, *images.shape[1:]), np.uint8)
        return images, jax.ShapeDtypeStruct((count,), np.int32), np.int32(0)

    def batch_of(images: Any, order: Any, start: Any, size: int) -> Any:
        return images[start] if spread else images[jax.lax.dynamic_slice(order, (start,), (size,))]

    def train(size: int) -> Callable[..., Any]:
        arguments = (state, *given(images, size, batch_size))
        shares = 1 if spread else shares_of_step(model, size)
        if shares > 1:
            return step_in_shares(model, size, shares, compiled, arguments)

        def step(state: Any, images: Any, order: Any, start: Any) -> Any:
            _, state = model.train_step(state, (batch_of(images, order, start, size),))
            return state

        return compiled(step, *arguments, donated=True)

    def block() -> Callable[..., Any] | None:
        """The steps of a block as one program: Python begins one for hundreds of them."""
        if spread or not is_streamed(images) or is_stepped(model):
            return None
        block_images, order, _ = given(images, batch_size, batch_size)
        batches, rest = divmod(order.shape[0], batch_size)
        if rest or batches == 1:  # the only block of an epoch, or one that is a step
            return None

        def steps(state: Any, images: Any, order: Any) -> Any:
            return over_batches(model.train_step, state, images, order.reshape(batches, batch_size))

        return compiled(steps, state, block_images, order, donated=True)

    def test(size: int) -> Callable[..., Any]:
        def step(state: Any, weights: Any, images: Any, order: Any, start: Any) -> Any:
            _, (_, *state) = model.test_step((weights, *state), (batch_of(images, order, start, size),))
            return tuple(state)

        weights = evaluated_weights(model, averages)(trainable, optimizer)
        arguments = given(held_out, size, evaluation_size)
        return compiled(step, (non_trainable, metrics), weights, *arguments, donated=True)

    def compiled(function: Callable[..., Any], *arguments: Any, donated: bool = False) -> Callable[..., Any]:
        """For arguments of these shapes; where the first is donated its memory becomes the result's."""
        result = {"out_shardings": distribute.everywhere()} if spread and donated else {}
        program: Callable[..., Any] = (
            jax.jit(function, donate_argnums=(0,) if donated else (), **result).lower(*arguments).compile()
        )
        return program

    steps = state_of(model)[2][place_of_steps(model)]
    held_out_sizes = [] if held_out is None else [size for _, size in _batches(len(held_out), evaluation_size)]
    return _Programs(
        model.optimizer,
        signature,
        order=compiled(order_of, key, steps),
        block=block(),
        train={size: train(size) for size in {size for _, size in _batches(len(images), batch_size)}},
        test={size: test(size) for size in set(held_out_sizes)},
        results=compiled(lambda values: results_of_metrics(model, values), metrics),
        dtype_of_steps=steps.dtype,
    )
