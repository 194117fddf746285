"""A function of a model as one compiled program.

Called again with the same shapes it is the very same computation, to the last bit: a coder's two directions depend on
that. The model's weights are given to it, so that it goes on serving when they change.
"""

from collections.abc import Callable
from typing import Any

import keras
import numpy as np
from keras import ops

from freyvae.model.inference import without_gradients

Program = Callable[..., tuple[np.ndarray, ...]]


def program(model: keras.Model, function: Callable[..., tuple[Any, ...]]) -> Program:
    """A function of tensors that uses the model's networks, as one of arrays; on JAX compiled, given the weights."""
    return _of_arrays(_compiled(model, function)) if keras.backend.backend() == "jax" else eagerly(function)


def eagerly(function: Callable[..., tuple[Any, ...]]) -> Program:
    """A function of tensors as one of arrays, computed operation by operation."""

    def call(*arrays: Any) -> tuple[Any, ...]:
        with without_gradients():
            return function(*map(ops.convert_to_tensor, arrays))

    return _of_arrays(call)


def _of_arrays(function: Callable[..., tuple[Any, ...]]) -> Program:
    def call(*arrays: Any) -> tuple[np.ndarray, ...]:
        return tuple(np.asarray(ops.convert_to_numpy(result)) for result in function(*arrays))

    return call


def _compiled(model: keras.Model, function: Callable[..., tuple[Any, ...]]) -> Callable[..., tuple[Any, ...]]:
    import jax

    variables = model.variables

    def stateless(values: list[Any], *arrays: Any) -> tuple[Any, ...]:
        with keras.StatelessScope(state_mapping=list(zip(variables, values, strict=True))):
            return function(*arrays)

    compiled = jax.jit(stateless)
    return lambda *arrays: compiled([variable.value for variable in variables], *arrays)
