"""Converts a Keras network to a list of plain steps, which the page and the ONNX export read.

Tensors have no batch axis, and channels come last. Layers that act only in training are dropped, batch normalisation
becomes a scale and an offset, and an activation inside a layer becomes a separate step.
"""

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from freyvae.errors import BadInput, few_words
from freyvae.explorer.operations import is_operation, read_operation

Weights = npt.NDArray[np.float32]

ACTIVATIONS = (
    "relu",
    "relu6",
    "leaky_relu",
    "elu",
    "selu",
    "gelu",
    "gelu_tanh",
    "silu",
    "sigmoid",
    "hard_sigmoid",
    "tanh",
    "softplus",
    "softsign",
    "exponential",
    "mish",
)
# steps that ONNX knows, but the page's script does not
ONNX_ONLY = ("prelu", "depthwise_conv", "softmax")


@dataclass(frozen=True)
class Step:
    """One computation, `output` = op(`inputs`). Tensors are numbered.

    Attributes:
        op: name of the operation. For `ACTIVATIONS` it is "activation", and `options` has the name.
        layer: name and class of the Keras layer, for messages.
        inputs: numbers of the input tensors.
        output: number of the output tensor.
        shape: shape of the output, without the batch.
        options: JSON values.
        weights: float32 arrays by name.
    """

    op: str
    layer: str
    inputs: tuple[int, ...]
    output: int
    shape: tuple[int, ...]
    options: dict[str, Any] = field(default_factory=dict)
    weights: dict[str, Weights] = field(default_factory=dict)


@dataclass(frozen=True)
class Graph:
    """A network with one input, which is tensor 0. Its shape without the batch is `input_shape`."""

    name: str
    input_shape: tuple[int, ...]
    steps: tuple[Step, ...]
    outputs: tuple[int, ...]

    @property
    def weight_count(self) -> int:
        """Number of weights."""
        return sum(weights.size for step in self.steps for weights in step.weights.values())

    def shape_of(self, tensor: int) -> tuple[int, ...]:
        """The shape of a tensor, without the batch."""
        return next((step.shape for step in self.steps if step.output == tensor), self.input_shape)

    def check_page_can_compute(self) -> None:
        """Raise `BadInput` if the page's script does not know a step. The message names the layer of the first one."""
        for step in self.steps:
            broadcasts = step.op in ("add", "multiply") and any(self.shape_of(one) != step.shape for one in step.inputs)
            if step.op in ONNX_ONLY or broadcasts:
                raise BadInput(
                    f"the explorer's page cannot compute the {self.name}'s layer {step.layer}: "
                    "`freyvae export RUN --format onnx` writes the network as ONNX instead"
                )


def read_graph(model: Any, *, name: str | None = None) -> Graph:
    """Convert a functional or sequential Keras model with one input to steps.

    Args:
        model: the network.
        name: the name of the network in messages; by default its own name.

    Raises:
        BadInput: the model is of another kind, or has a layer that neither the page nor the ONNX export knows.
    """
    return _Reader(model, name or model.name).read()


def with_parameters(generator: Any) -> Any:
    """Extend a generator, latents -> expected pixels, so that it also returns the likelihood's parameters."""
    import keras

    pixels = generator.output
    parameters = generator.layers[-1].input
    return keras.Model(generator.inputs, [pixels, parameters], name="decoder")


class _Reader:
    """Walks through a model once, and numbers the tensors in the order of their appearance."""

    def __init__(self, model: Any, name: str):
        self.model, self.name = model, name
        self.steps: list[Step] = []
        self.shapes: list[tuple[int, ...]] = []

    def read(self) -> Graph:
        functional = _functional(self.model)
        if functional is None or len(functional.inputs) != 1:
            raise BadInput(
                f"the {self.name} is a {type(self.model).__name__}: the explorer and the ONNX export read "
                "functional and sequential Keras models with one input"
            )
        self._new_tensor(_shape(functional.inputs[0]))
        outputs = self._walk(functional, [0])
        return Graph(self.name, self.shapes[0], tuple(self.steps), tuple(outputs))

    def _new_tensor(self, shape: tuple[int, ...]) -> int:
        self.shapes.append(shape)
        return len(self.shapes) - 1

    def _walk(self, functional: Any, inputs: list[int]) -> list[int]:
        numbers = dict(zip((id(tensor) for tensor in functional.inputs), inputs, strict=True))
        for node in _nodes(functional):
            if node.is_input:
                continue
            taken = [numbers[id(tensor)] for tensor in node.input_tensors]
            inner = _functional(node.operation) or _mean(node.operation)
            if inner is not None:
                given = self._walk(inner, taken)
            elif is_operation(node.operation):
                given = [self._operation(node, taken)]
            else:
                shape = _shape(node.output_tensors[0])
                given = [self._layer(node.operation, taken, shape)]
            numbers.update(zip((id(tensor) for tensor in node.output_tensors), given, strict=True))
        return [numbers[id(tensor)] for tensor in functional.outputs]

    def _operation(self, node: Any, inputs: list[int]) -> int:
        """Append an operation's step; return the number of its output."""
        shape = _shape(node.output_tensors[0])
        op, options, weights = read_operation(node, self.shapes[inputs[0]], shape)
        number = self._new_tensor(shape)
        label = f"{node.operation.name!r} ({type(node.operation).__name__})"
        self.steps.append(Step(op, label, tuple(inputs), number, shape, options, weights))
        return number

    def _layer(self, layer: Any, inputs: list[int], shape: tuple[int, ...]) -> int:
        """Append the layer's steps; return the number of its output."""
        kind = type(layer).__name__
        label = f"{layer.name!r} ({kind})"
        reader = _LAYERS.get(kind) if type(layer).__module__.startswith(("keras.", "freyvae.")) else None
        if reader is None:
            raise BadInput(
                f"neither the explorer's page nor the ONNX export can compute the {self.name}'s layer {label}: "
                "the ONNX export knows a few more layers than the page, but not this one; replace it by one of "
                f"{', '.join(sorted(_LAYERS))}"
            )
        tensors = inputs
        for op, options, weights in reader(layer, self.shapes[inputs[0]], shape):
            if op == "identity":
                continue
            step_shape = tuple(options.pop("shape", shape))
            number = self._new_tensor(step_shape)
            step = Step(op, label, tuple(tensors), number, step_shape, options, weights)
            self.steps.append(step)
            tensors = [number]
        return tensors[0]


# A layer's reader yields the op, the options and the weights of each step.
_Parts = Iterator[tuple[str, dict[str, Any], dict[str, Weights]]]


def _functional(model: Any) -> Any:
    """The functional model inside a functional or sequential one, or None."""
    if type(model).__name__ == "Sequential":
        if not model.built:
            raise BadInput(f"the model {model.name} has no weights yet: call it once, or give it a keras.Input")
        return model._functional
    return model if type(model).__name__ == "Functional" else None


def _mean(layer: Any) -> Any:
    """The mean of a likelihood as a functional model of operations, if the layer computes a mean; otherwise None."""
    if type(layer).__name__ != "ExpectedPixels":
        return None
    import keras

    inputs = keras.Input(layer.input.shape[1:])
    try:
        return keras.Model(inputs, layer.likelihood.mean(inputs))
    except Exception as error:  # a user's own likelihood may raise anything
        raise BadInput(
            f"the mean of the likelihood {layer.likelihood.name} cannot be traced, it must use only keras.ops: "
            f"{few_words(error)}"
        ) from error


def _nodes(functional: Any) -> Iterator[Any]:
    for depth in sorted(functional._nodes_by_depth, reverse=True):
        yield from functional._nodes_by_depth[depth]


def _shape(tensor: Any) -> tuple[int, ...]:
    shape = tuple(tensor.shape[1:])
    if any(side is None for side in shape):
        raise BadInput(f"the tensor {tensor.name} has no fixed shape, {tensor.shape}: give every size")
    return shape


def _array(variable: Any) -> Weights:
    from keras import ops

    return np.ascontiguousarray(ops.convert_to_numpy(variable), np.float32)


def _refuse(layer: Any, what: str) -> BadInput:
    return BadInput(
        f"neither the explorer's page nor the ONNX export can compute the layer {layer.name!r} "
        f"({type(layer).__name__}) with {what}"
    )


def _activation(layer: Any, function: Any) -> _Parts:
    """The step of an activation function; no step for the linear function."""
    import keras

    name = keras.activations.serialize(function)
    if name == "gelu" and getattr(function, "keywords", {}).get("approximate"):
        name = "gelu_tanh"
    if name in (None, "linear"):
        return
    if name == "softmax":
        yield "softmax", {}, {}
        return
    if name not in ACTIVATIONS:
        raise _refuse(layer, f"the activation {name!r}; they know {', '.join(ACTIVATIONS)}")
    options = {"leaky_relu": {"slope": 0.2}, "elu": {"alpha": 1.0}}.get(name, {})
    yield "activation", {"name": name, **options}, {}


def _last_axis_only(layer: Any, axes: Any, rank: int) -> None:
    axes = [axes] if isinstance(axes, int) else list(axes)
    # Keras's axes include the batch: the last axis of a tensor that has rank r without it is r
    if axes not in ([-1], [rank]):
        raise _refuse(layer, f"axis {axes}; only the last")


def _channels_last(layer: Any) -> None:
    if getattr(layer, "data_format", "channels_last") != "channels_last":
        raise _refuse(layer, "channels first; make it channels last")


def _kernel_and_bias(layer: Any) -> dict[str, Weights]:
    weights = {"kernel": _array(layer.kernel)}
    if layer.use_bias:
        weights["bias"] = _array(layer.bias)
    return weights


def _dense(layer: Any, given: tuple[int, ...], shape: tuple[int, ...]) -> _Parts:
    yield "dense", {}, _kernel_and_bias(layer)
    yield from _activation(layer, layer.activation)


def _same_padding(size: int, kernel: int, stride: int, dilation: int = 1) -> list[int]:
    """Padding before and after for 'same', as in TensorFlow and Keras: an odd pixel goes after."""
    total = max((math.ceil(size / stride) - 1) * stride + (kernel - 1) * dilation + 1 - size, 0)
    return [total // 2, total - total // 2]


def _window(layer: Any, given: tuple[int, ...], size: Any, dilation: Any = (1, 1)) -> dict[str, Any]:
    """Strides and padding of a window that slides over height and width."""
    strides = list(layer.strides)
    pads = [[0, 0], [0, 0]]
    if layer.padding == "same":
        pads = [_same_padding(given[axis], size[axis], strides[axis], dilation[axis]) for axis in (0, 1)]
    elif layer.padding != "valid":
        raise _refuse(layer, f"padding {layer.padding!r}")
    return {"strides": strides, "pads": pads}


def _conv(layer: Any, given: tuple[int, ...], shape: tuple[int, ...]) -> _Parts:
    _channels_last(layer)
    if layer.groups != 1:
        raise _refuse(layer, f"{layer.groups} groups")
    dilation = list(layer.dilation_rate)
    options = _window(layer, given, layer.kernel_size, dilation)
    yield "conv", {**options, "dilation": dilation}, _kernel_and_bias(layer)
    yield from _activation(layer, layer.activation)


def _depthwise_conv(layer: Any, given: tuple[int, ...], shape: tuple[int, ...]) -> _Parts:
    _channels_last(layer)
    dilation = list(layer.dilation_rate)
    options = _window(layer, given, layer.kernel_size, dilation)
    yield "depthwise_conv", {**options, "dilation": dilation}, _kernel_and_bias(layer)
    yield from _activation(layer, layer.activation)


def _conv_transpose(layer: Any, given: tuple[int, ...], shape: tuple[int, ...]) -> _Parts:
    _channels_last(layer)
    if layer.output_padding is not None or tuple(layer.dilation_rate) != (1, 1):
        raise _refuse(layer, "output padding or dilation")
    # 'same' crops the overhang of the kernel: half at the start, rounded down, and the rest at the end
    overhang = [max(size - stride, 0) for size, stride in zip(layer.kernel_size, layer.strides, strict=True)]
    crop = [side // 2 if layer.padding == "same" else 0 for side in overhang]
    yield "conv_transpose", {"strides": list(layer.strides), "crop": crop}, _kernel_and_bias(layer)
    yield from _activation(layer, layer.activation)


def _upsample(layer: Any, given: tuple[int, ...], shape: tuple[int, ...]) -> _Parts:
    _channels_last(layer)
    if layer.interpolation not in ("nearest", "bilinear"):
        raise _refuse(layer, f"the interpolation {layer.interpolation!r}; nearest and bilinear are known")
    yield "upsample", {"size": list(layer.size), "interpolation": layer.interpolation}, {}


def _pool(kind: str) -> Callable[[Any, tuple[int, ...], tuple[int, ...]], _Parts]:
    def read(layer: Any, given: tuple[int, ...], shape: tuple[int, ...]) -> _Parts:
        _channels_last(layer)
        yield "pool", {"kind": kind, "size": list(layer.pool_size), **_window(layer, given, layer.pool_size)}, {}

    return read


def _global_pool(kind: str) -> Callable[[Any, tuple[int, ...], tuple[int, ...]], _Parts]:
    def read(layer: Any, given: tuple[int, ...], shape: tuple[int, ...]) -> _Parts:
        _channels_last(layer)
        yield "global_pool", {"kind": kind}, {}

    return read


def _zero_padding(layer: Any, given: tuple[int, ...], shape: tuple[int, ...]) -> _Parts:
    _channels_last(layer)
    yield "pad", {"pads": [list(side) for side in layer.padding]}, {}


def _cropping(layer: Any, given: tuple[int, ...], shape: tuple[int, ...]) -> _Parts:
    _channels_last(layer)
    starts = [side[0] for side in layer.cropping] + [0]
    yield "slice", {"starts": starts, "stops": [start + size for start, size in zip(starts, shape, strict=True)]}, {}


def _batch_normalisation(layer: Any, given: tuple[int, ...], shape: tuple[int, ...]) -> _Parts:
    _last_axis_only(layer, layer.axis, len(given))
    mean, variance = _array(layer.moving_mean), _array(layer.moving_variance)
    scale = (1.0 / np.sqrt(variance.astype(np.float64) + layer.epsilon)) * (_array(layer.gamma) if layer.scale else 1.0)
    offset = (_array(layer.beta) if layer.center else 0.0) - mean * scale
    yield "affine", {}, {"scale": scale.astype(np.float32), "offset": offset.astype(np.float32)}


def _layer_normalisation(layer: Any, given: tuple[int, ...], shape: tuple[int, ...]) -> _Parts:
    _last_axis_only(layer, layer.axis, len(given))
    if getattr(layer, "rms_scaling", False):
        raise _refuse(layer, "rms_scaling")
    ones = np.ones(given[-1], np.float32)
    scale = _array(layer.gamma) if layer.scale else ones
    offset = _array(layer.beta) if layer.center else 0 * ones
    yield "layer_norm", {"epsilon": float(layer.epsilon)}, {"scale": scale, "offset": offset}


def _rescaling(layer: Any, given: tuple[int, ...], shape: tuple[int, ...]) -> _Parts:
    wide = np.zeros(given[-1])
    scale, offset = np.asarray(layer.scale, float) + wide, np.asarray(layer.offset, float) + wide
    if scale.shape != wide.shape or offset.shape != wide.shape:
        raise _refuse(layer, "a scale that is not one number or one a channel")
    yield "affine", {}, {"scale": scale.astype(np.float32), "offset": offset.astype(np.float32)}


def _reshape(layer: Any, given: tuple[int, ...], shape: tuple[int, ...]) -> _Parts:
    yield "reshape", {}, {}


def _identity(layer: Any, given: tuple[int, ...], shape: tuple[int, ...]) -> _Parts:
    yield "identity", {}, {}


def _activation_layer(layer: Any, given: tuple[int, ...], shape: tuple[int, ...]) -> _Parts:
    yield from _activation(layer, layer.activation)


def _relu_layer(layer: Any, given: tuple[int, ...], shape: tuple[int, ...]) -> _Parts:
    if layer.threshold or (layer.max_value is not None and (layer.max_value != 6 or layer.negative_slope)):
        raise _refuse(layer, "a threshold or a maximum other than 6")
    name = "relu6" if layer.max_value is not None else "leaky_relu" if layer.negative_slope else "relu"
    options = {"slope": float(layer.negative_slope)} if name == "leaky_relu" else {}
    yield "activation", {"name": name, **options}, {}


def _leaky_relu_layer(layer: Any, given: tuple[int, ...], shape: tuple[int, ...]) -> _Parts:
    yield "activation", {"name": "leaky_relu", "slope": float(layer.negative_slope)}, {}


def _elu_layer(layer: Any, given: tuple[int, ...], shape: tuple[int, ...]) -> _Parts:
    yield "activation", {"name": "elu", "alpha": float(layer.alpha)}, {}


def _prelu(layer: Any, given: tuple[int, ...], shape: tuple[int, ...]) -> _Parts:
    yield "prelu", {}, {"slope": _array(layer.alpha)}


def _permute(layer: Any, given: tuple[int, ...], shape: tuple[int, ...]) -> _Parts:
    yield "permute", {"axes": list(layer.dims)}, {}


def _softmax(layer: Any, given: tuple[int, ...], shape: tuple[int, ...]) -> _Parts:
    _last_axis_only(layer, layer.axis, len(given))
    yield "softmax", {}, {}


def _standardize(layer: Any, given: tuple[int, ...], shape: tuple[int, ...]) -> _Parts:
    mean, deviation = _array(layer.mean), _array(layer.deviation)
    yield "affine", {}, {"scale": 1.0 / deviation, "offset": -mean / deviation}


def _append_constants(layer: Any, given: tuple[int, ...], shape: tuple[int, ...]) -> _Parts:
    yield "append_constants", {}, {"constants": np.ascontiguousarray(_array(layer.of_pixels()))}


def _merge(op: str) -> Callable[[Any, tuple[int, ...], tuple[int, ...]], _Parts]:
    def read(layer: Any, given: tuple[int, ...], shape: tuple[int, ...]) -> _Parts:
        if op == "concatenate":
            _last_axis_only(layer, layer.axis, len(given))
        yield op, {}, {}

    return read


_LAYERS: dict[str, Callable[[Any, tuple[int, ...], tuple[int, ...]], _Parts]] = {
    "Activation": _activation_layer,
    "ActivityRegularization": _identity,
    "Add": _merge("add"),
    "AppendConstants": _append_constants,
    "AveragePooling2D": _pool("average"),
    "BatchNormalization": _batch_normalisation,
    "Concatenate": _merge("concatenate"),
    "Conv2D": _conv,
    "Conv2DTranspose": _conv_transpose,
    "Cropping2D": _cropping,
    "Dense": _dense,
    # called by itself, as it is here, it changes nothing: latents below the code are 0
    "Details": _identity,
    "DepthwiseConv2D": _depthwise_conv,
    "Dropout": _identity,
    "ELU": _elu_layer,
    "Flatten": _reshape,
    "GaussianDropout": _identity,
    "GaussianNoise": _identity,
    "GlobalAveragePooling2D": _global_pool("average"),
    "GlobalMaxPooling2D": _global_pool("max"),
    "Identity": _identity,
    "LayerNormalization": _layer_normalisation,
    "LeakyReLU": _leaky_relu_layer,
    "MaxPooling2D": _pool("max"),
    "Multiply": _merge("multiply"),
    "PReLU": _prelu,
    "Permute": _permute,
    "ReLU": _relu_layer,
    "Rescaling": _rescaling,
    "Reshape": _reshape,
    "Softmax": _softmax,
    "Standardize": _standardize,
    "SpatialDropout2D": _identity,
    "UpSampling2D": _upsample,
    "ZeroPadding2D": _zero_padding,
}
