"""Writes the encoder and the decoder as ONNX, without random draws."""

import math
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from freyvae.explorer.graph import Graph, Step, read_graph, with_parameters
from freyvae.files import write_whole

OPSET = 18
IR_VERSION = 10


def write_onnx(vae: Any, folder: Path) -> list[Path]:
    """Write `encoder.onnx` (images -> mean, log_variance) and `decoder.onnx` (latents -> pixels, parameters).

    If the posterior has a flow, the encoder returns `base_mean`, `base_log_variance` and `flow_parameters`: the
    distribution before the flow, and the flow's parameters. Neither the flow nor a learned prior is in the file, nor
    are groups of latents below the code: the decoder is as it is where they are 0.

    `images` are uint8 (image, height, width, channel), `pixels` are expected pixels in [0, 1] of the same shape, and
    `parameters` are the raw parameters of the likelihood.

    Raises:
        BadInput: a network has a layer that the export does not know.
    """
    written = []
    for name, content in {"encoder": encoder_as_onnx(vae), "decoder": decoder_as_onnx(vae)}.items():
        path = folder / f"{name}.onnx"
        write_whole(path, content)
        written.append(path)
    return written


def encoder_as_onnx(vae: Any) -> bytes:
    """The content of `encoder.onnx`. Raises as `write_onnx` does."""
    writer = _Writer(read_graph(vae.encoder), "images", unsigned=True)
    names = ["mean", "log_variance"]
    if not vae.posterior_choice.is_diagonal_normal:
        names = ["base_mean", "base_log_variance", "flow_parameters"][: len(vae.encoder.outputs)]
    writer.output_as(names)
    return writer.model("encoder")


def decoder_as_onnx(vae: Any) -> bytes:
    """The content of `decoder.onnx`. Raises as `write_onnx` does."""
    writer = _Writer(read_graph(with_parameters(vae.generator), name="decoder"), "latents")
    writer.output_as(["pixels", "parameters"])
    return writer.model("decoder")


class _Writer:
    """Writes one graph as ONNX nodes. Tensors stay channels last; convolutions transpose before and after."""

    def __init__(self, graph: Graph, name: str, *, unsigned: bool = False):
        from onnx import TensorProto, helper

        self.graph = graph
        self.nodes: list[Any] = []
        self.constants: list[Any] = []
        kind = TensorProto.UINT8 if unsigned else TensorProto.FLOAT
        self.inputs = [helper.make_tensor_value_info(name, kind, ["image", *graph.input_shape])]
        self.outputs: list[Any] = []
        self.named = {0: self.add("Cast", [name], to=TensorProto.FLOAT) if unsigned else name}
        for step in graph.steps:
            self.named[step.output] = _OPS[step.op](self, step, [self.named[number] for number in step.inputs])

    def add(self, op: str, inputs: Sequence[str], *, name: str | None = None, **attributes: Any) -> str:
        """Append a node; return the name of its output."""
        from onnx import helper

        output = name or f"tensor_{len(self.nodes)}"
        self.nodes.append(helper.make_node(op, list(inputs), [output], **attributes))
        return output

    def constant(self, values: Any, dtype: npt.DTypeLike = np.float32) -> str:
        """Add a constant tensor to the file; return its name."""
        from onnx import numpy_helper

        name = f"constant_{len(self.constants)}"
        self.constants.append(numpy_helper.from_array(np.ascontiguousarray(values, dtype), name))
        return name

    def output_as(self, names: Sequence[str]) -> None:
        """Give the graph's outputs their public names."""
        from onnx import TensorProto, helper

        for number, name in zip(self.graph.outputs, names, strict=True):
            self.add("Identity", [self.named[number]], name=name)
            shape: list[Any] = ["image", *self.graph.shape_of(number)]
            self.outputs.append(helper.make_tensor_value_info(name, TensorProto.FLOAT, shape))

    def model(self, name: str) -> bytes:
        """The content of the file, checked by onnx."""
        import onnx
        from onnx import helper

        graph = helper.make_graph(self.nodes, name, self.inputs, self.outputs, self.constants)
        model = helper.make_model(
            graph, producer_name="freyvae", opset_imports=[helper.make_opsetid("", OPSET)], ir_version=IR_VERSION
        )
        onnx.checker.check_model(model, full_check=True)
        return bytes(model.SerializeToString())


def _dense(writer: _Writer, step: Step, inputs: list[str]) -> str:
    product = writer.add("MatMul", [inputs[0], writer.constant(step.weights["kernel"])])
    return _plus_bias(writer, step, product)


def _plus_bias(writer: _Writer, step: Step, name: str) -> str:
    return writer.add("Add", [name, writer.constant(step.weights["bias"])]) if "bias" in step.weights else name


def _channels_first(writer: _Writer, name: str) -> str:
    return writer.add("Transpose", [name], perm=[0, 3, 1, 2])


def _channels_last(writer: _Writer, name: str) -> str:
    return writer.add("Transpose", [name], perm=[0, 2, 3, 1])


def _flat_pads(pads: list[list[int]]) -> list[int]:
    return [pads[0][0], pads[1][0], pads[0][1], pads[1][1]]


def _conv(writer: _Writer, step: Step, inputs: list[str]) -> str:
    kernel, groups = step.weights["kernel"], 1
    if step.op == "depthwise_conv":  # the kernel is (height, width, channel, multiplier): one group for each channel
        down, across, groups, multiplier = kernel.shape
        kernel = kernel.reshape(down, across, 1, groups * multiplier)
    result = writer.add(
        "Conv",
        [_channels_first(writer, inputs[0]), writer.constant(kernel.transpose(3, 2, 0, 1))],
        strides=step.options["strides"],
        dilations=step.options["dilation"],
        pads=_flat_pads(step.options["pads"]),
        group=groups,
    )
    return _plus_bias(writer, step, _channels_last(writer, result))


def _conv_transpose(writer: _Writer, step: Step, inputs: list[str]) -> str:
    kernel, strides, crop = step.weights["kernel"], step.options["strides"], step.options["crop"]
    given = writer.graph.shape_of(step.inputs[0])
    # ONNX: size = stride * (size - 1) + kernel - pad before - pad after + output padding
    whole = [strides[axis] * (given[axis] - 1) + kernel.shape[axis] for axis in (0, 1)]
    surplus = [whole[axis] - crop[axis] - step.shape[axis] for axis in (0, 1)]
    result = writer.add(
        "ConvTranspose",
        [_channels_first(writer, inputs[0]), writer.constant(kernel.transpose(3, 2, 0, 1))],
        strides=strides,
        pads=[*crop, *(max(side, 0) for side in surplus)],
        output_padding=[max(-side, 0) for side in surplus],
    )
    return _plus_bias(writer, step, _channels_last(writer, result))


def _upsample(writer: _Writer, step: Step, inputs: list[str]) -> str:
    scales = writer.constant([1, *step.options["size"], 1])
    nearest = step.options["interpolation"] == "nearest"
    how: dict[str, Any] = (
        {"mode": "nearest", "coordinate_transformation_mode": "asymmetric", "nearest_mode": "floor"}
        if nearest
        else {"mode": "linear", "coordinate_transformation_mode": "half_pixel"}
    )
    return writer.add("Resize", [inputs[0], "", scales], **how)


def _pool(writer: _Writer, step: Step, inputs: list[str]) -> str:
    op = "MaxPool" if step.options["kind"] == "max" else "AveragePool"
    result = writer.add(
        op,
        [_channels_first(writer, inputs[0])],
        kernel_shape=step.options["size"],
        strides=step.options["strides"],
        pads=_flat_pads(step.options["pads"]),
    )
    return _channels_last(writer, result)


def _global_pool(writer: _Writer, step: Step, inputs: list[str]) -> str:
    op = "ReduceMax" if step.options["kind"] == "max" else "ReduceMean"
    keep = int(len(step.shape) == 3)
    return writer.add(op, [inputs[0], writer.constant([1, 2], np.int64)], keepdims=keep)


def _pad(writer: _Writer, step: Step, inputs: list[str]) -> str:
    (top, bottom), (left, right) = step.options["pads"]
    return writer.add("Pad", [inputs[0], writer.constant([0, top, left, 0, 0, bottom, right, 0], np.int64)])


def _affine(writer: _Writer, step: Step, inputs: list[str]) -> str:
    scaled = writer.add("Mul", [inputs[0], writer.constant(step.weights["scale"])])
    return writer.add("Add", [scaled, writer.constant(step.weights["offset"])])


def _layer_norm(writer: _Writer, step: Step, inputs: list[str]) -> str:
    weights = [writer.constant(step.weights[name]) for name in ("scale", "offset")]
    return writer.add("LayerNormalization", [inputs[0], *weights], axis=-1, epsilon=step.options["epsilon"])


def _reshape(writer: _Writer, step: Step, inputs: list[str]) -> str:
    return writer.add("Reshape", [inputs[0], writer.constant([-1, *step.shape], np.int64)])


def _append_constants(writer: _Writer, step: Step, inputs: list[str]) -> str:
    constants = step.weights["constants"]
    # one copy for each image of the batch
    batch = writer.add("Slice", [writer.add("Shape", inputs), *(writer.constant([n], np.int64) for n in (0, 1))])
    shape = writer.add("Concat", [batch, writer.constant(constants.shape, np.int64)], axis=0)
    return writer.add("Concat", [inputs[0], writer.add("Expand", [writer.constant(constants), shape])], axis=-1)


def _chain(op: str) -> Callable[[_Writer, Step, list[str]], str]:
    def write(writer: _Writer, step: Step, inputs: list[str]) -> str:
        total = inputs[0]
        for other in inputs[1:]:
            total = writer.add(op, [total, other])
        return total

    return write


def _activation(writer: _Writer, step: Step, inputs: list[str]) -> str:
    name, x = step.options["name"], inputs[0]
    simple: dict[str, tuple[str, dict[str, Any]]] = {
        "relu": ("Relu", {}),
        "leaky_relu": ("LeakyRelu", {"alpha": step.options.get("slope", 0.0)}),
        "elu": ("Elu", {"alpha": step.options.get("alpha", 1.0)}),
        "selu": ("Selu", {}),
        "sigmoid": ("Sigmoid", {}),
        "hard_sigmoid": ("HardSigmoid", {"alpha": 1 / 6, "beta": 0.5}),
        "tanh": ("Tanh", {}),
        "softplus": ("Softplus", {}),
        "softsign": ("Softsign", {}),
        "abs": ("Abs", {}),
        "negative": ("Neg", {}),
        "log": ("Log", {}),
        "sqrt": ("Sqrt", {}),
        "exponential": ("Exp", {}),
        "mish": ("Mish", {}),
    }
    if name in simple:
        op, attributes = simple[name]
        return writer.add(op, [x], **attributes)

    def number(value: float) -> str:
        return writer.constant(np.float32(value))

    if name == "relu6":
        return writer.add("Clip", [x, number(0), number(6)])
    if name == "square":
        return writer.add("Mul", [x, x])
    if name == "silu":
        return writer.add("Mul", [x, writer.add("Sigmoid", [x])])
    if name == "gelu":
        curve = writer.add("Erf", [writer.add("Mul", [x, number(math.sqrt(0.5))])])
    else:  # gelu_tanh
        cube = writer.add("Mul", [writer.add("Pow", [x, number(3)]), number(0.044715)])
        curve = writer.add("Tanh", [writer.add("Mul", [writer.add("Add", [x, cube]), number(math.sqrt(2 / math.pi))])])
    half = writer.add("Mul", [x, number(0.5)])
    return writer.add("Mul", [half, writer.add("Add", [curve, number(1)])])


def _prelu(writer: _Writer, step: Step, inputs: list[str]) -> str:
    return writer.add("PRelu", [inputs[0], writer.constant(step.weights["slope"])])


def _permute(writer: _Writer, step: Step, inputs: list[str]) -> str:
    return writer.add("Transpose", inputs, perm=[0, *step.options["axes"]])


def _softmax(writer: _Writer, step: Step, inputs: list[str]) -> str:
    return writer.add("Softmax", inputs, axis=-1)


def _binary(writer: _Writer, step: Step, inputs: list[str]) -> str:
    names = {"add": "Add", "subtract": "Sub", "multiply": "Mul", "divide": "Div", "maximum": "Max", "minimum": "Min"}
    if "constant" in step.weights:
        constant = writer.constant(step.weights["constant"])
        inputs = [constant, *inputs] if step.options["constantFirst"] else [*inputs, constant]
    return writer.add(names[step.options["name"]], inputs)


def _clip(writer: _Writer, step: Step, inputs: list[str]) -> str:
    bounds = [writer.constant(np.float32(step.options[name])) for name in ("low", "high")]
    return writer.add("Clip", [inputs[0], *bounds])


def _slice(writer: _Writer, step: Step, inputs: list[str]) -> str:
    starts, stops = step.options["starts"], step.options["stops"]
    bounds = [writer.constant(values, np.int64) for values in (starts, stops, range(1, len(starts) + 1))]
    return _reshape(writer, step, [writer.add("Slice", [inputs[0], *bounds])])


def _softmax_along(writer: _Writer, step: Step, inputs: list[str]) -> str:
    return writer.add("Softmax", inputs, axis=step.options["axis"] + 1)


def _sum_along(writer: _Writer, step: Step, inputs: list[str]) -> str:
    total = writer.add("ReduceSum", [inputs[0], writer.constant([step.options["axis"] + 1], np.int64)], keepdims=0)
    return _reshape(writer, step, [total])


def _concatenate(writer: _Writer, step: Step, inputs: list[str]) -> str:
    return writer.add("Concat", inputs, axis=-1)


_OPS: dict[str, Callable[[_Writer, Step, list[str]], str]] = {
    "activation": _activation,
    "add": _chain("Add"),
    "affine": _affine,
    "append_constants": _append_constants,
    "binary": _binary,
    "clip": _clip,
    "concatenate": _concatenate,
    "conv": _conv,
    "conv_transpose": _conv_transpose,
    "dense": _dense,
    "depthwise_conv": _conv,
    "global_pool": _global_pool,
    "layer_norm": _layer_norm,
    "multiply": _chain("Mul"),
    "pad": _pad,
    "permute": _permute,
    "pool": _pool,
    "prelu": _prelu,
    "reshape": _reshape,
    "slice": _slice,
    "softmax": _softmax,
    "softmax_along": _softmax_along,
    "sum_along": _sum_along,
    "upsample": _upsample,
}
