"""Which way runs a training's steps? All show the same batches in the same order, and leave the same weights.

- `scanned`: an epoch is one compiled program, on JAX. For networks of matrix products on a CPU, and for all on a GPU.
- `stepped`: a step is one compiled program, on JAX. For networks with convolutions on a CPU.
- Keras's own loop: on other backends, and for data and callbacks that want to see every batch.
"""

from collections.abc import Callable
from typing import Any

import keras
import numpy as np

from freyvae.data.pixels import Pixels
from freyvae.engine import distribute, scanned, stepped
from freyvae.engine.device import is_stepped
from freyvae.engine.keras_internals import forget_epoch_to_begin_with, keeping_state
from freyvae.engine.shuffling import ShuffledBatches, fed_by_keras
from freyvae.engine.training import can_serve, is_streamed, place_to_begin_at

# arguments of `fit` that say how images are fed: what Keras then does is not ours to do otherwise
OTHER_FEEDING = {"steps_per_epoch", "validation_split"}

# a training on JAX, as `scanned.fit` and `stepped.fit` are
Way = Callable[..., keras.callbacks.History]


def way_of_jax(model: keras.Model, images: Any, arguments: dict[str, Any]) -> Way | None:
    """What runs a training on JAX: `scanned.fit` or `stepped.fit`; None where only Keras's own loop can.

    Args:
        model: the model, compiled.
        images: what it is trained on.
        arguments: those of Keras's `fit`.
    """
    if not can_serve(model, images, arguments):
        return None
    is_long = is_streamed(images) or is_streamed(arguments.get("validation_data"))
    # several devices may have left a state within an epoch of images that one has in memory
    is_within = place_to_begin_at(arguments.get("callbacks")) is not None
    return stepped.fit if is_long or is_within or distribute.is_on() or is_stepped(model) else scanned.fit


def fit(
    model: keras.Model,
    images: Any,
    targets: Any,
    arguments: dict[str, Any],
    *,
    seed: int,
    keras_fit: Callable[..., keras.callbacks.History],
) -> keras.callbacks.History:
    """Train a compiled model whose optimizer is built; the result is Keras's.

    Args:
        model: the model.
        images: uint8 (image, height, width, channel), an array or `Pixels`, or a data set that Keras feeds.
        targets: Keras's `y`.
        arguments: those of Keras's `fit`.
        seed: of the order of the images.
        keras_fit: Keras's own `fit` of the model.
    """
    try:
        way = None if targets is not None else way_of_jax(model, images, arguments)
        if way is not None:
            return way(model, images, seed=seed, **arguments)
        with keeping_state(model):
            batch_size = arguments.get("batch_size") or 32
            if "validation_data" in arguments:
                arguments = {**arguments, "validation_data": fed_by_keras(arguments["validation_data"], batch_size)}
            ours = targets is None and isinstance(images, (np.ndarray, Pixels)) and not OTHER_FEEDING & arguments.keys()
            if not (ours and arguments.get("shuffle", True)):
                return keras_fit(fed_by_keras(images, batch_size), targets, **arguments)
            others = {name: value for name, value in arguments.items() if name != "batch_size"}
            others = {"validation_batch_size": batch_size, **others, "shuffle": False}
            return keras_fit(ShuffledBatches(model, images, batch_size=batch_size, seed=seed), **others)
    finally:
        forget_epoch_to_begin_with(model)
