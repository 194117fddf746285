"""Which device computes, and what suits it."""

import keras

from freyvae.engine.keras_internals import all_layers

CONVOLUTIONS = (
    keras.layers.Conv1D,
    keras.layers.Conv2D,
    keras.layers.Conv3D,
    keras.layers.Conv1DTranspose,
    keras.layers.Conv2DTranspose,
    keras.layers.Conv3DTranspose,
    keras.layers.DepthwiseConv1D,
    keras.layers.DepthwiseConv2D,
    keras.layers.SeparableConv1D,
    keras.layers.SeparableConv2D,
)


def is_cpu_of_jax() -> bool:
    """Whether Keras computes with JAX, and that on a CPU."""
    if keras.backend.backend() != "jax":
        return False
    import jax

    return bool(jax.default_backend() == "cpu")


def is_stepped(model: keras.Model) -> bool:
    """Whether a program on JAX is a step of a training, not an epoch."""
    # XLA's CPU compiler has a fast convolution, but not within a loop, which a scan is. On two cores, 16 images a step:
    # the network of gated convolutions, 28 x 20 pixels, learns from 11 images a second scanned and from 225 stepped,
    # residual blocks on 64 x 64 in colour from 4 and 193 (`python -m studies.speed --only convolutions`)
    return is_cpu_of_jax() and has_convolutions(model)


def has_convolutions(model: keras.Model) -> bool:
    """Whether there is a convolution among a model's layers, or within them."""
    return any(isinstance(layer, CONVOLUTIONS) for layer in all_layers(model))
