"""How is an image drawn of which each pixel depends on those before it? One pixel after the other."""

from typing import Any

import keras
from keras import ops

from freyvae.model.autoregression import Autoregression
from freyvae.model.likelihood import Likelihood

Tensor = Any


def draw_in_raster_order(
    autoregression: Autoregression,
    likelihood: Likelihood,
    parameters: Tensor,
    latents: Tensor,
    noise: keras.random.SeedGenerator,
    state: Tensor,
) -> tuple[Tensor, Tensor]:
    """Draw images from p(x | z) = prod_i p(x_i | x_<i, z), all of them at once, x_1 first.

    Args:
        autoregression: what the pixels before make of a pixel's distribution.
        likelihood: of the pixels.
        parameters: the decoder's, (image, height, width, 9).
        latents: (image, latent).
        noise: of the draws; its own state is left as it is.
        state: the noise's to begin with.

    Returns:
        images uint8 (image, height, width, 1), and the state after them.
    """
    count, height, width = parameters.shape[:3]
    places = ops.arange(height * width)
    # where the weights are given by a scope, a scope within it knows nothing of them
    weights = [(weight, weight.value) for weight in autoregression.weights]

    def draw_pixel(pixel: Any, drawn: tuple[Tensor, Tensor]) -> tuple[Tensor, Tensor]:
        state, images = drawn
        # JAX compiles the loop, in which no variable may change: the generator's state is carried along
        with keras.StatelessScope(state_mapping=[*weights, (noise.state, state)]) as scope:
            given = autoregression(parameters, latents, ops.reshape(images, (count, height, width, 1)), pixel=pixel)
            values = likelihood.sample(given, noise)
            state = scope.get_current_value(noise.state)
        return state, ops.where(places == pixel, ops.reshape(values, (count, 1)), images)

    start = (state, ops.zeros((count, height * width), dtype="uint8"))
    state, images = ops.fori_loop(0, height * width, draw_pixel, start)
    return ops.reshape(images, (count, height, width, 1)), state
