"""How are encoder and decoder of a file made to compute the very same numbers?

A coder's two directions must agree on every bit of every probability. So both call the same program, compiled once,
with the same shapes: one image.
"""

from collections.abc import Callable
from typing import Any

import keras
import numpy as np
from keras import ops

from freyvae.model import VAE, without_gradients

Program = Callable[..., tuple[np.ndarray, ...]]


def program(vae: VAE, function: Callable[..., tuple[Any, ...]]) -> Program:
    """A function of tensors that uses the model's networks, as one of arrays; on JAX compiled, given the weights."""
    call = _compiled(vae, function) if keras.backend.backend() == "jax" else _eager(function)

    def run(*arrays: Any) -> tuple[np.ndarray, ...]:
        return tuple(np.asarray(ops.convert_to_numpy(result)) for result in call(*arrays))

    return run


def _eager(function: Callable[..., tuple[Any, ...]]) -> Callable[..., tuple[Any, ...]]:
    def call(*arrays: Any) -> tuple[Any, ...]:
        with without_gradients():
            return function(*map(ops.convert_to_tensor, arrays))

    return call


def _compiled(vae: VAE, function: Callable[..., tuple[Any, ...]]) -> Callable[..., tuple[Any, ...]]:
    import jax

    variables = vae.variables
    values = [variable.value for variable in variables]

    def stateless(values: list[Any], *arrays: Any) -> tuple[Any, ...]:
        with keras.StatelessScope(state_mapping=list(zip(variables, values, strict=True))):
            return function(*arrays)

    compiled = jax.jit(stateless)
    return lambda *arrays: compiled(values, *arrays)
