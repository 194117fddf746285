"""Residual blocks of convolutions, for images of any size."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Annotated, Any

from msgspec import Meta

from freyvae.choice import Positive
from freyvae.engine.memory import check_memory
from freyvae.errors import BadInput
from freyvae.late import keras, layers, np
from freyvae.model.likelihood import Likelihood
from freyvae.model.network import Network
from freyvae.model.networks.dense import code_outputs, dense_layer, seeds_from

Tensor = Any
# a side is halved until at most so many pixels are left
_SMALLEST = 7
# channels double with each step, up to so many times the width
_MOST_WIDTHS = 4
# up to so many pixels a side the first step makes one of 2 x 2 pixels, otherwise of 4 x 4
_LARGEST_OF_SMALL = 32
# a block's last convolution begins small: the network is then nearly its skips, however deep (Zhang et al. 2019, Fixup)
_SCALE_OF_BLOCKS = 0.1


@dataclass(frozen=True)
class Convolutional(Network):
    """Residual blocks h + conv(activation(conv(activation(h)))) of 3 x 3, between halvings and doublings of the size.

    He et al. 2016, Identity Mappings in Deep Residual Networks, fig. 1b. The size is halved by putting 2 x 2 pixels
    into the channels of one, and doubled by the reverse (Shi et al. 2016), so that every convolution has stride 1. The
    first step does so with `patch` x `patch` pixels: what happens at full size is what takes the time.
    Images of any height, width and number of channels: they are padded with grey at the bottom and at the right to
    what can be halved, and what the decoder draws there is cut off. A side of 7 pixels or fewer is not halved.

    Args:
        width: channels after the first step. They double with each step, up to four times as many.
        patch: how many pixels of a side the first step makes one of; 0: 4, or 2 where the longer side is at most 32.
        depth: how many times the image is halved after that; 0: until a side is at most 7 pixels long.
        blocks: residual blocks at each size, in the encoder and in the decoder.
        activation: as Keras names it.
    """

    name = "convolutional"
    width: Annotated[Positive, Meta(description="channels of the first convolutions")] = 32
    patch: Annotated[
        int,
        Meta(ge=0, description="pixels of a side that the first step makes one of; 0: 4, up to 32 x 32 pixels 2"),
    ] = 0
    depth: Annotated[
        int, Meta(ge=0, description="halvings after the first step; 0: until at most 7 pixels are left of a side")
    ] = 0
    blocks: Annotated[Positive, Meta(description="residual blocks at each size")] = 1
    activation: Annotated[str, Meta(description="activation of the hidden layers, as Keras names it")] = "relu"

    @property
    def starts_at_mean(self) -> bool:
        """As `Network.starts_at_mean`: at the mean colour."""
        return True

    def encoder(
        self,
        image_shape: tuple[int, int, int],
        latent_dim: int,
        *,
        parameters_per_image: int = 0,
        seed: int | None = None,
    ) -> keras.Model:
        """As `Network.encoder`."""
        sizes, seeds = self.sizes(image_shape), seeds_from(seed)
        self._check_memory(image_shape, latent_dim)
        images = keras.Input(image_shape, dtype="uint8", name="images")
        values = layers.Rescaling(2.0 / 255.0, offset=-1.0, name="scale")(images)
        values = _padded(values, sizes[0])
        for stage, (before, after) in enumerate(itertools.pairwise(sizes), start=1):
            name = f"encoder_{stage}"
            values = space_to_depth(values, (before[0] // after[0], before[1] // after[1]), name=f"{name}_halved")
            # of full size the neighbours too: what a patch shows goes on in the next one
            values = _convolution(
                values, self.channels(stage), seeds, kernel=3 if stage == 1 else 1, name=f"{name}_entry"
            )
            for number in range(1, self.blocks + 1):
                values = self._block(values, seeds, name=f"{name}_block_{number}")
        values = layers.Activation(self.activation, name="encoder_activation")(values)
        values = layers.Flatten(name="features")(values)
        outputs = code_outputs(values, latent_dim, parameters_per_image, seeds, variance_scale=0.01)
        return keras.Model(images, outputs, name="encoder")

    def decoder(
        self,
        latent_dim: int,
        image_shape: tuple[int, int, int],
        *,
        parameters_per_value: int = 1,
        seed: int | None = None,
    ) -> keras.Model:
        """As `Network.decoder`."""
        sizes, seeds = self.sizes(image_shape), seeds_from(seed)
        self._check_memory(image_shape, latent_dim)
        returned = image_shape[2] * parameters_per_value
        stages = len(sizes) - 1
        latents = keras.Input((latent_dim,), name="latents")
        units = math.prod(sizes[-1]) * self.channels(stages)
        values = dense_layer(units, seeds, name="decoder_entry", dtype="float32")(latents)
        values = layers.Reshape((*sizes[-1], self.channels(stages)), name="smallest")(values)
        for stage in range(stages, 0, -1):
            name, before, after = f"decoder_{stage}", sizes[stage], sizes[stage - 1]
            factors = after[0] // before[0], after[1] // before[1]
            for number in range(1, self.blocks + 1):
                values = self._before_block(values, seeds, stage=stage, name=f"{name}_block_{number}")
                values = self._block(values, seeds, name=f"{name}_block_{number}")
            values = layers.Activation(self.activation, name=f"{name}_activation")(values)
            channels = self.channels(stage - 1) if stage > 1 else returned
            # what is drawn begins nearly the same for every code, as of the mean
            kernel, scale = (1, 1.0) if stage > 1 else (3, 0.1)
            values = _convolution(
                values, math.prod(factors) * channels, seeds, kernel=kernel, name=f"{name}_exit", scale=scale
            )
            values = depth_to_space(values, factors, name=f"{name}_doubled")
        return keras.Model(latents, _cropped(values, image_shape[:2]), name="decoder")

    def start_at(self, encoder: keras.Model, decoder: keras.Model, images: np.ndarray, likelihood: Likelihood) -> None:
        """As `Network.start_at`: at the mean colour."""
        before, after = self.sizes(images.shape[1:])[:2]
        places = before[0] // after[0] * before[1] // after[1]
        bias = decoder.get_layer("decoder_1_exit").bias
        of_pixel = np.zeros(bias.shape[0] // places)
        means = [values.reshape(*images.shape[1:3], -1).mean(axis=(0, 1)) for values in likelihood.start_bias(images)]
        known = np.concatenate(means)[: len(of_pixel)]
        of_pixel[: len(known)] = known
        bias.assign(np.tile(of_pixel, places))

    def in_words(self, image_shape: tuple[int, int, int], latent_dim: int) -> str:
        """As `Network.in_words`."""
        sizes = self.sizes(image_shape)
        smallest = " x ".join(map(str, sizes[-1]))
        return f"residual convolutions of {self.width} to {self.channels(len(sizes) - 1)} channels down to {smallest}"

    def channels(self, stage: int) -> int:
        """Channels after so many halvings."""
        return min(self.width << max(stage - 1, 0), _MOST_WIDTHS * self.width)

    def sizes(self, image_shape: tuple[int, ...]) -> list[tuple[int, int]]:
        """Height and width, padded, then after each step; where there is none, the same again.

        Raises:
            BadInput: the patch is larger than the images.
        """
        if self.patch > max(image_shape[:2]):
            raise BadInput(f"patch must be at most the longer side, {max(image_shape[:2])}, not {self.patch}")
        patch = self.patch or (2 if max(image_shape[:2]) <= _LARGEST_OF_SMALL else 4)
        factors = [_factors(size, patch, self.depth) for size in image_shape[:2]]
        stages = max(*map(len, factors), 1)
        sides = []
        for size, own in zip(image_shape[:2], factors, strict=True):
            padded = -(-size // math.prod(own)) * math.prod(own)
            sides.append([padded // math.prod(own[:stage]) for stage in range(stages + 1)])
        return list(zip(*sides, strict=True))

    def _block(self, values: Tensor, seeds: Iterator[int], *, name: str) -> Tensor:
        channels = values.shape[-1]
        inner = layers.Activation(self.activation, name=f"{name}_before")(values)
        inner = _convolution(inner, channels, seeds, name=f"{name}_inner")
        inner = layers.Activation(self.activation, name=f"{name}_between")(inner)
        inner = _convolution(inner, channels, seeds, name=f"{name}_outer", scale=_SCALE_OF_BLOCKS)
        return layers.Add(name=name)([values, inner])

    def _before_block(self, values: Tensor, seeds: Iterator[int], *, stage: int, name: str) -> Tensor:
        """What a block of the decoder is given, of so many halvings: here the values as they are."""
        return values

    def _check_memory(self, image_shape: tuple[int, int, int], latent_dim: int) -> None:
        sizes = self.sizes(image_shape)
        largest = math.prod(sizes[-1]) * self.channels(len(sizes) - 1) * latent_dim + 18 * (2 * self.width) ** 2
        check_memory("weights", (largest,), "float32", "choose a smaller width=...")


def _factors(size: int, patch: int, depth: int) -> list[int]:
    """By what a side of so many pixels is divided at each step."""
    factors: list[int] = []
    while size > _SMALLEST and not 0 < depth < len(factors):
        factors.append(2 if factors else patch)
        size = -(-size // factors[-1])
    return factors


def _convolution(
    values: Tensor, channels: int, seeds: Iterator[int], *, name: str, kernel: int = 3, scale: float = 2.0
) -> Tensor:
    """A convolution of stride 1 (initializer: He et al. 2015, its variance times `scale` / 2)."""
    initializer = keras.initializers.VarianceScaling(scale, mode="fan_in", seed=next(seeds))
    return layers.Conv2D(channels, kernel, padding="same", kernel_initializer=initializer, name=name)(values)


def _padded(values: Tensor, size: tuple[int, int]) -> Tensor:
    """Images of a larger size, grey at the bottom and at the right."""
    below, right = size[0] - values.shape[1], size[1] - values.shape[2]
    return layers.ZeroPadding2D(((0, below), (0, right)), name="padded")(values) if below or right else values


def _cropped(values: Tensor, size: tuple[int, int]) -> Tensor:
    """The top left of images."""
    below, right = values.shape[1] - size[0], values.shape[2] - size[1]
    return layers.Cropping2D(((0, below), (0, right)), name="cropped")(values) if below or right else values


def space_to_depth(values: Tensor, factors: tuple[int, int], *, name: str) -> Tensor:
    """(image, h, w, c) -> (image, h / rows, w / columns, rows columns c), `factors` being rows and columns."""
    (rows, columns), (height, width, channels) = factors, values.shape[1:]
    if factors == (1, 1):
        return values
    values = layers.Reshape((height // rows, rows, width // columns, columns, channels), name=f"{name}_apart")(values)
    values = layers.Permute((1, 3, 2, 4, 5), name=f"{name}_together")(values)
    return layers.Reshape((height // rows, width // columns, rows * columns * channels), name=name)(values)


def depth_to_space(values: Tensor, factors: tuple[int, int], *, name: str) -> Tensor:
    """(image, h, w, rows columns c) -> (image, rows h, columns w, c), `factors` being rows and columns."""
    (rows, columns), (height, width, channels) = factors, values.shape[1:]
    if factors == (1, 1):
        return values
    channels //= rows * columns
    values = layers.Reshape((height, width, rows, columns, channels), name=f"{name}_apart")(values)
    values = layers.Permute((1, 3, 2, 4, 5), name=f"{name}_together")(values)
    return layers.Reshape((height * rows, width * columns, channels), name=name)(values)
