"""A function of a model as one compiled program.

Called again with the same shapes it is the very same computation, to the last bit: a coder's two directions depend on
that. The model's weights are given to it, so that it goes on serving when they change.
"""

from collections.abc import Callable
from functools import cached_property
from typing import Any

import numpy as np

from freyvae.engine.inference import without_gradients

# late: with Keras our classes are imported, and they need this module whole
from freyvae.late import keras, ops


class Program:
    """A function of tensors that uses a model's networks, as one of arrays.

    On JAX it is compiled for the shapes that it is called with; elsewhere computed operation by operation.

    Args:
        model: whose networks it uses; all its variables are there.
        function: takes tensors, returns a tuple of them.
        noise: what the function draws with, if it does: each call goes on where the last one ended.
    """

    def __init__(
        self,
        model: "keras.Model",
        function: Callable[..., tuple[Any, ...]],
        *,
        noise: "keras.random.SeedGenerator | None" = None,
    ):
        self._function, self._noise = function, noise
        self._variables = [*model.variables, *([] if noise is None else [noise.state])]

    def __call__(self, *arrays: Any) -> tuple[np.ndarray, ...]:
        """The function's results."""
        if keras.backend.backend() != "jax":
            return eagerly(self._function)(*arrays)
        results, state = self._compiled(self._values(), *arrays)
        if self._noise is not None:
            self._noise.state.assign(state)
        return tuple(map(np.asarray, results))

    def prepare(self, *arrays: Any) -> None:
        """Compile it for arrays like these, so that a call need not; nothing of them but shape and dtype is read."""
        if keras.backend.backend() == "jax":
            self._compiled.lower(self._values(), *arrays).compile()

    @cached_property
    def _compiled(self) -> Any:
        import jax

        return jax.jit(self._stateless)

    def _values(self) -> list[Any]:
        return [variable.value for variable in self._variables]

    def _stateless(self, values: list[Any], *arrays: Any) -> tuple[tuple[Any, ...], Any]:
        """The function's results, and the noise's state after them."""
        with keras.StatelessScope(state_mapping=list(zip(self._variables, values, strict=True))) as scope:
            results = self._function(*arrays)
            return results, None if self._noise is None else scope.get_current_value(self._noise.state)


def eagerly(function: Callable[..., tuple[Any, ...]]) -> Callable[..., tuple[np.ndarray, ...]]:
    """A function of tensors as one of arrays, computed operation by operation."""

    def call(*arrays: Any) -> tuple[np.ndarray, ...]:
        with without_gradients():
            results = function(*map(ops.convert_to_tensor, arrays))
        return tuple(np.asarray(ops.convert_to_numpy(result)) for result in results)

    return call
