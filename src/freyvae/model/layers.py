"""Layers that networks are made of, beside those of Keras."""

from typing import Any, NamedTuple

import keras
from keras import layers, ops

from freyvae.engine.device import is_cpu_of_jax
from freyvae.model.likelihood import Likelihood
from freyvae.model.products import repeated


@keras.saving.register_keras_serializable("freyvae")
class Standardize(layers.Layer):
    """(x - mean) / deviation for each value, neither of them trained: (image, value) -> (image, value)."""

    def build(self, input_shape: tuple[int | None, ...]) -> None:
        """Make the constants, which at first change nothing."""
        shape = (input_shape[-1],)
        self.mean = self.add_weight(shape=shape, initializer="zeros", trainable=False, name="mean")
        self.deviation = self.add_weight(shape=shape, initializer="ones", trainable=False, name="deviation")

    def call(self, values: Any) -> Any:
        """The values, standardized."""
        return (values - self.mean) / self.deviation


@keras.saving.register_keras_serializable("freyvae")
class AppendConstants(layers.Layer):
    """Appends learned constants to each pixel: (image, h, w, c) -> (image, h, w, c + channels).

    Args:
        channels: how many are appended.
        per: `pixel`: each pixel has its own; `channel`: all pixels have the same; `image`: so have all channels, of
            each of `channels / c` parameters.
    """

    def __init__(self, channels: int, per: str = "pixel", **kwargs: Any):
        super().__init__(**kwargs)
        self.channels, self.per = channels, per

    def build(self, input_shape: tuple[Any, ...]) -> None:
        """Make the constants, zero to begin with."""
        height, width, before = input_shape[1:]
        self._pixels, self._before = (height, width), before
        shape = {
            "pixel": (height, width, self.channels),
            "channel": (self.channels,),
            "image": (self.channels // before,),
        }[self.per]
        self.constants = self.add_weight(shape=shape, initializer="zeros", name="constants")

    def of_pixels(self) -> Any:
        """The constants of every pixel, (h, w, channels)."""
        constants = ops.convert_to_tensor(self.constants)
        if self.per == "pixel":
            return constants
        if self.per == "image":
            constants = ops.repeat(constants, self._before)
        return ops.broadcast_to(constants, (*self._pixels, self.channels))

    def call(self, values: Any) -> Any:
        """The constants, the same for every image, next to its values."""
        # with `broadcast_to` the sum over images would take longer than all the rest of a training step
        return ops.concatenate([values, repeated(self.of_pixels(), ops.shape(values)[0])], axis=-1)

    def compute_output_shape(self, input_shape: tuple[Any, ...]) -> tuple[Any, ...]:
        """The shape with more channels."""
        return (*input_shape[:3], input_shape[3] + self.channels)

    def get_config(self) -> dict[str, Any]:
        """How many constants a pixel has, and which are the same."""
        return {**super().get_config(), "channels": self.channels, "per": self.per}


def with_constants(decoder: keras.Model, image_shape: tuple[int, int, int], likelihood: Likelihood) -> keras.Model:
    """A decoder of locations as one of all parameters of a likelihood, the others learned constants."""
    appended = image_shape[2] * (likelihood.parameters_per_value - 1)
    if not appended:
        return decoder
    constants = AppendConstants(appended, likelihood.shape_per, name="scale", dtype="float32")
    return keras.Model(decoder.inputs[0], constants(decoder.outputs[0]), name=decoder.name)


@keras.saving.register_keras_serializable("freyvae")
class Conv2DTranspose(layers.Conv2DTranspose):
    """Keras's transposed convolution, the same numbers, in another way where that is faster: on JAX, on a CPU.

    There XLA computes the gradient of a convolution of stride 1 many times faster than that of a transposed one. One of
    stride s doubles, or more, height and width; the pixels at each of the s x s places within a doubled pixel are a
    convolution of stride 1 with every s-th row and column of the kernel. A whole training step of the network of gated
    convolutions takes about 0.55 of the time.

    It has Keras's name, because files of weights, the explorer and the export to ONNX go by that.
    """

    def call(self, values: Any) -> Any:
        """(image, h, w, c) -> (image, h times stride, w times stride, filters)."""
        if not (is_cpu_of_jax() and self._can_be_taken_apart(values)):
            return super().call(values)
        outputs = self._by_convolution(values)
        if self.use_bias:
            outputs = ops.add(outputs, self.bias)
        return outputs if self.activation is None else self.activation(outputs)

    def _can_be_taken_apart(self, values: Any) -> bool:
        return (
            max(self.strides) > 1
            and self.padding == "same"
            and self.output_padding is None
            and max(self.dilation_rate) == 1
            and self.data_format == "channels_last"
            and None not in values.shape[1:3]
            and all(size >= stride for size, stride in zip(self.kernel_size, self.strides, strict=True))
        )

    def _by_convolution(self, values: Any) -> Any:
        height, width = values.shape[1:3]
        rows, columns = self.strides
        vertical, horizontal = map(_Taps.of, self.kernel_size, self.strides)
        kernel = ops.pad(self.kernel, [vertical.padding, horizontal.padding, (0, 0), (0, 0)])
        kernel = ops.reshape(kernel, (vertical.number, rows, horizontal.number, columns, self.filters, -1))
        # a convolution of a neural network goes over its kernel the other way round
        kernel = ops.transpose(ops.flip(kernel, axis=(0, 2)), (0, 2, 5, 1, 3, 4))
        kernel = ops.reshape(kernel, (vertical.number, horizontal.number, -1, rows * columns * self.filters))
        values = ops.pad(values, [(0, 0), vertical.border, horizontal.border, (0, 0)])
        values = ops.conv(values, kernel, strides=1, padding="valid", data_format="channels_last")
        values = ops.reshape(values, (-1, height, width, rows, columns, self.filters))
        values = ops.transpose(values, (0, 1, 3, 2, 4, 5))
        return ops.reshape(values, (-1, height * rows, width * columns, self.filters))


class _Taps(NamedTuple):
    """Along one axis: output[s a + r] = sum over q of input[a - q] kernel[s q + r + cut], for 0 <= r < s.

    That is output[s i + k - cut] += input[i] kernel[k], where Keras cuts the smaller half at the beginning.
    """

    number: int  # of q
    padding: tuple[int, int]  # zeros around the kernel, which make it s * number long
    border: tuple[int, int]  # zeros around the input

    @classmethod
    def of(cls, size: int, stride: int) -> "_Taps":
        cut = (size - stride) // 2
        first, last = -cut // stride, (size - 1 - cut) // stride
        padding = (-stride * first - cut, stride * (last + 1) + cut - size)
        return cls(last - first + 1, padding, (last, -first))
