"""The operations of `keras.ops` that the page and the ONNX export can run. A likelihood's mean is written in them.

When they are traced, they become nodes of a functional model, as layers do. Each becomes a step with one tensor, one
tensor and a constant, or two tensors. Tensors have no batch axis, so the number of an axis is one less than in Keras.
"""

from collections.abc import Callable
from typing import Any

import numpy as np

from freyvae.errors import BadInput

# the op, the options and the weights of a step
Part = tuple[str, dict[str, Any], dict[str, Any]]

_OF_EACH = {
    "Sigmoid": "sigmoid",
    "Exp": "exponential",
    "Tanh": "tanh",
    "Softplus": "softplus",
    "Relu": "relu",
    "Absolute": "abs",
    "Abs": "abs",
    "Negative": "negative",
    "Log": "log",
    "Sqrt": "sqrt",
    "Square": "square",
}
_OF_TWO = {
    "Add": "add",
    "Subtract": "subtract",
    "Multiply": "multiply",
    "Divide": "divide",
    "TrueDivide": "divide",
    "Maximum": "maximum",
    "Minimum": "minimum",
}


def is_operation(operation: Any) -> bool:
    """Whether a node of a functional model is an operation of `keras.ops`, not a layer."""
    return type(operation).__module__.startswith("keras.src.ops.")


def read_operation(node: Any, given: tuple[int, ...], shape: tuple[int, ...]) -> Part:
    """The step of a node. `given` and `shape` are the shapes of its first input and its output, without the batch.

    Raises:
        BadInput: the operation, or this use of it, is not supported.
    """
    kind, operation = type(node.operation).__name__, node.operation
    if kind in _OF_EACH:
        return "activation", {"name": _OF_EACH[kind]}, {}
    if kind in _OF_TWO:
        return _of_two(node, _OF_TWO[kind])
    if kind in _OTHERS:
        return _OTHERS[kind](node, operation, given, shape)
    known = ", ".join(sorted({*_OF_EACH, *_OF_TWO, *_OTHERS}))
    raise BadInput(
        f"neither the explorer's page nor the ONNX export can compute the operation {kind}; they know {known}"
    )


def _of_two(node: Any, name: str) -> Part:
    arguments = [*node.arguments.args, *node.arguments.kwargs.values()]
    if len(node.input_tensors) == 2:
        return "binary", {"name": name}, {}
    tensor_first = arguments[0] is node.input_tensors[0]
    constant = _constant(arguments[1] if tensor_first else arguments[0])
    return "binary", {"name": name, "constantFirst": not tensor_first}, {"constant": constant}


def _constant(value: Any) -> np.ndarray:
    from keras import ops

    return np.atleast_1d(np.asarray(ops.convert_to_numpy(value), np.float32))


def _axis(axis: Any, given: tuple[int, ...], kind: str) -> int:
    """One axis, without the batch and from 0; negative ones count from the end."""
    axes = axis if isinstance(axis, (list, tuple)) else (axis,)
    if len(axes) != 1 or not isinstance(axes[0], int) or not -len(given) <= axes[0] <= len(given) or axes[0] == 0:
        raise BadInput(f"the operation {kind} is supported along one axis that is not the batch, not along {axis}")
    return axes[0] - 1 if axes[0] > 0 else axes[0] + len(given)


def _clip(node: Any, operation: Any, given: tuple[int, ...], shape: tuple[int, ...]) -> Part:
    return "clip", {"low": float(operation.x_min), "high": float(operation.x_max)}, {}


def _softmax(node: Any, operation: Any, given: tuple[int, ...], shape: tuple[int, ...]) -> Part:
    return "softmax_along", {"axis": _axis(operation.axis, given, "Softmax")}, {}


def _sum(node: Any, operation: Any, given: tuple[int, ...], shape: tuple[int, ...]) -> Part:
    return "sum_along", {"axis": _axis(operation.axis, given, "Sum"), "shape": list(shape)}, {}


def _reshape(node: Any, operation: Any, given: tuple[int, ...], shape: tuple[int, ...]) -> Part:
    if np.prod(given) != np.prod(shape):
        raise BadInput("the operation Reshape is supported only if it keeps the batch as the first axis")
    return "reshape", {}, {}


def _get_item(node: Any, operation: Any, given: tuple[int, ...], shape: tuple[int, ...]) -> Part:
    """The step of indexing: slices and integers from the first axis on. Ellipsis and other indices are refused."""
    keys = node.arguments.args[1] if len(node.arguments.args) > 1 else node.arguments.kwargs["key"]
    keys = keys if isinstance(keys, tuple) else (keys,)
    starts, stops = [], []
    if not isinstance(keys[0], slice) or (keys[0].start, keys[0].stop, keys[0].step) != (None, None, None):
        raise BadInput("the operation GetItem is supported only if it takes the whole batch: begin with a colon")
    for size, key in zip(given, (*keys[1:], *[slice(None)] * (len(given) - len(keys) + 1)), strict=True):
        if isinstance(key, int):
            start = key % size
            stop = start + 1
        elif isinstance(key, slice) and key.step in (None, 1):
            start, stop, _ = key.indices(size)
        else:
            raise BadInput("the operation GetItem is supported only with integers and slices of step 1")
        starts.append(start)
        stops.append(stop)
    return "slice", {"starts": starts, "stops": stops}, {}


_OTHERS: dict[str, Callable[[Any, Any, tuple[int, ...], tuple[int, ...]], Part]] = {
    "Clip": _clip,
    "GetItem": _get_item,
    "Reshape": _reshape,
    "Softmax": _softmax,
    "Sum": _sum,
}
