"""Two networks with convolutions, as Keras layers, and random images to train them on.

`residual` has residual blocks with 3 x 3 convolutions of stride 1. Height and width are halved by space-to-depth and
doubled by depth-to-space. `gated` is freyvae's network of gated convolutions. `convolutions_torch` has both in PyTorch.
"""

import keras
import numpy as np
from keras import layers

from freyvae.model.networks import GatedConvolutions

LATENTS = 16
SHAPES = {"residual": (64, 64, 3), "gated": (28, 20, 1)}
# channels after each halving of height and width
CHANNELS = (32, 64, 64)


def noise(network: str, count: int) -> np.ndarray:
    """Random images, uint8 (image, height, width, channel). The time does not depend on the values of the pixels."""
    return np.random.default_rng(0).integers(0, 256, (count, *SHAPES[network]), dtype=np.uint8)


def networks(network: str) -> tuple[keras.Model, keras.Model]:
    """An encoder and a decoder as `freyvae.VAE` takes them."""
    shape = SHAPES[network]
    if network == "gated":
        choice = GatedConvolutions()
        return choice.encoder(shape, LATENTS, seed=0), choice.decoder(LATENTS, shape, seed=1)
    return residual_encoder(shape), residual_decoder(shape)


def residual_encoder(shape: tuple[int, int, int]) -> keras.Model:
    images = keras.Input(shape, dtype="uint8")
    values = layers.Rescaling(1.0 / 255.0)(images)
    for channels in CHANNELS:
        values = block(convolution(space_to_depth(values), channels))
    values = layers.Flatten()(layers.Activation("relu")(values))
    return keras.Model(images, [layers.Dense(LATENTS)(values), layers.Dense(LATENTS)(values)])


def residual_decoder(shape: tuple[int, int, int]) -> keras.Model:
    codes = keras.Input((LATENTS,))
    height, width = (size >> len(CHANNELS) for size in shape[:2])
    values = layers.Dense(height * width * CHANNELS[-1])(codes)
    values = layers.Reshape((height, width, CHANNELS[-1]))(values)
    for channels in (*reversed(CHANNELS[:-1]), shape[2]):
        values = depth_to_space(convolution(block(values), 4 * channels))
    return keras.Model(codes, values)


def convolution(values: keras.KerasTensor, channels: int) -> keras.KerasTensor:
    return layers.Conv2D(channels, 3, padding="same")(values)


def block(values: keras.KerasTensor) -> keras.KerasTensor:
    """A residual block: values + convolution(relu(convolution(relu(values)))) (He et al. 2016)."""
    channels = values.shape[-1]
    inner = convolution(layers.Activation("relu")(values), channels)
    return layers.Add()([values, convolution(layers.Activation("relu")(inner), channels)])


def space_to_depth(values: keras.KerasTensor) -> keras.KerasTensor:
    """(image, h, w, c) -> (image, h / 2, w / 2, 4 c)."""
    height, width, channels = values.shape[1:]
    values = layers.Reshape((height // 2, 2, width // 2, 2, channels))(values)
    return layers.Reshape((height // 2, width // 2, 4 * channels))(layers.Permute((1, 3, 2, 4, 5))(values))


def depth_to_space(values: keras.KerasTensor) -> keras.KerasTensor:
    """(image, h, w, 4 c) -> (image, 2 h, 2 w, c)."""
    height, width, channels = values.shape[1:]
    values = layers.Reshape((height, width, 2, 2, channels // 4))(values)
    return layers.Reshape((2 * height, 2 * width, channels // 4))(layers.Permute((1, 3, 2, 4, 5))(values))
