"""Networks of gated convolutions: the encoder and decoder that every model of van den Berg et al. 2018 has.

Sylvester Normalizing Flows for Variational Inference, UAI 2018, and the code published with it: sizes, strides and
gates are theirs, and so are the initial weights, PyTorch's default. Where a convolution of stride 2 pads by an odd
number, Keras puts the odd pixel at the other end.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, Any

from msgspec import Meta

from freyvae.choice import Positive
from freyvae.errors import BadInput
from freyvae.late import keras, layers
from freyvae.model.network import Network

Tensor = Any
_Draw = Callable[[float], Any]  # a bound -> an initializer, uniform in [-bound, bound]

# what the posterior's variance is kept within, on grey images
SMALLEST_VARIANCE, LARGEST_VARIANCE = 0.01, 7.0
# height and width are halved twice
_REDUCTION = 4


@dataclass(frozen=True)
class GatedConvolutions(Network):
    """Gated convolutions of 5 x 5 that halve height and width twice, and the same in reverse.

    Height and width of images must be multiples of 4.

    Args:
        width: channels of the first convolution; the paper's 32.
    """

    name = "gated-convolutions"
    width: Annotated[Positive, Meta(description="channels of the first convolution")] = 32

    def encoder(
        self,
        image_shape: tuple[int, int, int],
        latent_dim: int,
        *,
        parameters_per_image: int = 0,
        seed: int | None = None,
    ) -> keras.Model:
        """As `Network.encoder`.

        Five gated convolutions, two of which halve height and width, then one as large as what is left of the image,
        and a linear layer for each output. The variance stays within 0.01 and 7.
        """
        rows, columns = _smallest_size(image_shape)
        draw, width = _uniform(seed), self.width
        images = keras.Input(image_shape, dtype="uint8", name="images")
        values = layers.Rescaling(1.0 / 255.0, name="scale")(images)
        shapes = [(width, 1), (width, 2), (2 * width, 1), (2 * width, 2), (2 * width, 1)]
        for number, (channels, strides) in enumerate(shapes, start=1):
            values = _gated(values, channels, (5, 5), strides=strides, draw=draw, name=f"encoder_{number}")
        values = _gated(values, 8 * width, (rows, columns), padding="valid", draw=draw, name="encoder_6")
        values = layers.Flatten(name="features")(values)
        bound = 1.0 / math.sqrt(8 * width)

        def linear(units: int, name: str, activation: str | None = None) -> Tensor:
            # float32 in any precision, as the decoder's first layer is: a code may differ from its neighbour by little
            return layers.Dense(
                units,
                activation=activation,
                kernel_initializer=draw(bound),
                bias_initializer=draw(bound),
                name=name,
                dtype="float32",
            )(values)

        # theirs is the variance, softplus clipped to these limits; here it is its logarithm that is linear between them
        low, high = math.log(SMALLEST_VARIANCE), math.log(LARGEST_VARIANCE)
        share = linear(latent_dim, "log_variance_share", "hard_sigmoid")
        outputs = [
            linear(latent_dim, "mean"),
            layers.Rescaling(high - low, offset=low, name="log_variance", dtype="float32")(share),
        ]
        if parameters_per_image:
            outputs.append(linear(parameters_per_image, "flow_parameters"))
        return keras.Model(images, outputs, name="encoder")

    def decoder(
        self,
        latent_dim: int,
        image_shape: tuple[int, int, int],
        *,
        parameters_per_value: int = 1,
        seed: int | None = None,
    ) -> keras.Model:
        """As `Network.decoder`.

        The encoder's layers in reverse, the halvings by transposed convolutions that double; at the end a convolution
        of 5 x 5 and one of 1 x 1, with nothing between them.
        """
        size = _smallest_size(image_shape)
        draw, width = _uniform(seed), self.width
        latents = keras.Input((latent_dim,), name="latents")
        values = layers.Reshape((1, 1, latent_dim), name="one_pixel", dtype="float32")(latents)
        values = _gated(
            values, 2 * width, size, transposed=True, padding="valid", draw=draw, name="decoder_1", dtype="float32"
        )
        # a transposed convolution of stride 1 is a convolution, its kernel turned round
        values = _gated(values, 2 * width, (5, 5), draw=draw, name="decoder_2")
        values = _gated(values, width, (5, 5), transposed=True, strides=2, draw=draw, name="decoder_3")
        values = _gated(values, width, (5, 5), draw=draw, name="decoder_4")
        values = _gated(values, width, (5, 5), transposed=True, strides=2, draw=draw, name="decoder_5")
        values = _gated(values, width, (5, 5), draw=draw, name="decoder_6")
        returned = image_shape[2] * parameters_per_value
        for name, kernel in {"spread": 5, "parameters": 1}.items():
            bound = 1.0 / math.sqrt(values.shape[-1] * kernel**2)
            values = layers.Conv2D(
                returned,
                kernel,
                padding="same",
                kernel_initializer=draw(bound),
                bias_initializer=draw(bound),
                name=name,
            )(values)
        return keras.Model(latents, values, name="decoder")

    def in_words(self, image_shape: tuple[int, int, int], latent_dim: int) -> str:
        """As `Network.in_words`."""
        return "gated convolutions"


def _gated(
    values: Tensor,
    channels: int,
    kernel: tuple[int, int],
    *,
    draw: _Draw,
    name: str,
    strides: int = 1,
    padding: str = "same",
    transposed: bool = False,
    dtype: str | None = None,
) -> Tensor:
    """Two convolutions h and g of the same values, as h * s(g) (Dauphin et al. 2017, eq. 1)."""
    from freyvae.model.layers import Conv2DTranspose

    kind = Conv2DTranspose if transposed else layers.Conv2D
    # PyTorch takes a transposed convolution's channels out for those in
    incoming = channels if transposed else values.shape[-1]
    bound = 1.0 / math.sqrt(incoming * math.prod(kernel))

    def convolution(part: str, activation: str | None) -> Tensor:
        return kind(
            channels,
            kernel,
            strides=strides,
            padding=padding,
            activation=activation,
            kernel_initializer=draw(bound),
            bias_initializer=draw(bound),
            name=f"{name}_{part}",
            dtype=dtype,
        )(values)

    return layers.Multiply(name=name, dtype=dtype)([convolution("value", None), convolution("gate", "sigmoid")])


def _smallest_size(image_shape: tuple[int, int, int]) -> tuple[int, int]:
    """Height and width after the encoder's halvings."""
    height, width, _ = image_shape
    if height % _REDUCTION or width % _REDUCTION:
        raise BadInput(
            f"gated convolutions halve height and width twice: both must be multiples of {_REDUCTION}, not "
            f'{height} x {width}; resize the images with image_size=..., or choose network="dense"'
        )
    return height // _REDUCTION, width // _REDUCTION


def _uniform(seed: int | None) -> _Draw:
    """PyTorch's default for weights and biases, uniform within 1 / sqrt(inputs), each of a seed of its own."""
    generator = keras.random.SeedGenerator(seed)

    def draw(bound: float) -> Any:
        own = int(keras.random.randint((), 0, 2**31 - 1, seed=generator))
        return keras.initializers.RandomUniform(-bound, bound, seed=own)

    return draw
