"""Codes moved downhill on what they cost, while the model's weights rest."""

from collections.abc import Callable
from functools import cached_property
from typing import Any

import numpy as np

from freyvae.errors import BadInput

# late: with Keras our classes are imported, and they need this module whole
from freyvae.late import keras

# of Adam (Kingma & Ba 2015): the first step's length, in units of a code, and the momenta
LENGTH, FIRST, SECOND = 0.1, 0.9, 0.99


def gradients_of(model: "keras.Model", cost: Callable[..., Any]) -> Callable[..., tuple[Any, Any]]:
    """A pure function (values of the model's variables, codes, tensors) -> the gradient of each code's cost, the costs.

    Args:
        model: whose networks the cost uses; all its variables are there.
        cost: (codes (image, latent), tensors (image, ...)) -> (image,).
    """
    import jax

    variables = list(model.variables)

    def gradients(values: Any, codes: Any, *arrays: Any) -> tuple[Any, Any]:
        def total(codes: Any) -> Any:
            with keras.StatelessScope(state_mapping=list(zip(variables, values, strict=True))):
                costs = cost(codes, *arrays)
            return costs.sum(), costs

        found: tuple[Any, Any] = jax.grad(total, has_aux=True)(codes)
        return found

    return gradients


class Descent:
    """Adam on the codes of images, each by what it costs itself.

    On JAX, where a step is one compiled program. One of all steps would take convolutions many times as long on a CPU.

    Args:
        model: whose networks the cost uses; all its variables are there.
        cost: (codes (image, latent), tensors (image, ...)) -> (image,).

    Raises:
        BadInput: Keras has another backend.
    """

    def __init__(self, model: "keras.Model", cost: Callable[..., Any]):
        if keras.backend.backend() != "jax":
            raise BadInput("codes are refined with Keras's backend jax: set KERAS_BACKEND=jax")
        self._variables, self._gradients = list(model.variables), gradients_of(model, cost)

    def __call__(self, codes: np.ndarray, *arrays: np.ndarray, steps: int) -> np.ndarray:
        """Of each image the cheapest code on the way, float32 (image, latent): never a worse one than it began with."""
        values = [variable.value for variable in self._variables]
        zeros = np.zeros_like(codes)
        state = (codes, zeros, zeros, codes, np.full(len(codes), np.inf, codes.dtype))
        # one more, which only looks at the last code
        for number in range(steps + 1):
            length = LENGTH * (1.0 - number / (steps + 1))
            state = self._step(values, state, np.float32(number + 1), np.float32(length), *arrays)
        return np.asarray(state[3])

    @cached_property
    def _step(self) -> Any:
        import jax
        from jax import numpy as jnp

        def step(values: Any, state: Any, number: Any, length: Any, *arrays: Any) -> Any:
            codes, first, second, best, least = state
            gradients, costs = self._gradients(values, codes, *arrays)
            best = jnp.where((costs < least)[:, None], codes, best)
            first = FIRST * first + (1.0 - FIRST) * gradients
            second = SECOND * second + (1.0 - SECOND) * gradients**2
            size = jnp.sqrt(second / (1.0 - SECOND**number)) + 1e-8
            moved = codes - length * first / (1.0 - FIRST**number) / size
            return moved, first, second, best, jnp.minimum(costs, least)

        return jax.jit(step)
