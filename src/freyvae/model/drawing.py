"""How is an image drawn of which each value depends on those before it? One value after the other."""

from typing import Any

import keras
from keras import ops

from freyvae.model.autoregression import Autoregression
from freyvae.model.channel_palette import ChannelPalette
from freyvae.model.likelihood import Likelihood

Tensor = Any


def draw_in_raster_order(
    autoregression: Autoregression,
    likelihood: Likelihood,
    parameters: Tensor,
    latents: Tensor,
    noise: keras.random.SeedGenerator,
    state: Tensor,
    palette: ChannelPalette | None = None,
) -> tuple[Tensor, Tensor]:
    """Draw images from p(x | z) = prod_i p(x_i | x_<i, z), all of them at once, x_1 first, a pixel's channels in order.

    Args:
        autoregression: what the pixels before make of a pixel's distribution.
        likelihood: of the pixels.
        parameters: the decoder's, (image, height, width, channel * number).
        latents: (image, latent).
        noise: of the draws; its own state is left as it is.
        state: the noise's to begin with.
        palette: draws the levels of each image first, where these are told.

    Returns:
        images uint8 (image, height, width, channel), and the state after them.
    """
    count, height, width, numbers = parameters.shape
    channels = numbers // likelihood.parameters_per_value
    places = ops.arange(height * width * channels)
    # where the weights are given by a scope, a scope within it knows nothing of them
    weights = [(weight, weight.value) for weight in autoregression.weights]
    palettes = None
    if palette is not None:
        known = [(weight, weight.value) for weight in palette.weights]
        with keras.StatelessScope(state_mapping=[*known, (noise.state, state)]) as scope:
            palettes = palette.draw(count, channels, noise)
            state = scope.get_current_value(noise.state)

    def draw_value(place: Any, drawn: tuple[Tensor, Tensor]) -> tuple[Tensor, Tensor]:
        state, images = drawn
        shaped = ops.reshape(images, (count, height, width, channels))
        # JAX compiles the loop, in which no variable may change: the generator's state is carried along
        with keras.StatelessScope(state_mapping=[*weights, (noise.state, state)]) as scope:
            given = autoregression(parameters, latents, shaped, pixel=place // channels)
            # of all channels of the pixel; those after the one that is drawn do not have what they depend on yet
            values = likelihood.sample(given, noise)
            state = scope.get_current_value(noise.state)
        if palette is not None:
            values = palette.nearest(palettes, values)
        values = ops.tile(ops.reshape(values, (count, channels)), (1, height * width))
        return state, ops.where(places == place, values, images)

    start = (state, ops.zeros((count, height * width * channels), dtype="uint8"))
    state, images = ops.fori_loop(0, height * width * channels, draw_value, start)
    return ops.reshape(images, (count, height, width, channels)), state
