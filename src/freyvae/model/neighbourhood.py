"""Each value given those before it in its neighbourhood: for colour and images of any size, at a cost linear in pixels.

With it p(x | z) = prod_i p(x_i | x_<i, z), pixels in raster order and within a pixel its channels in order: an exact
likelihood, and every value of known images at once.
"""

from typing import Any, NamedTuple

import keras
import numpy as np
from keras import ops

from freyvae.model.logistic import bounded_log_scale
from freyvae.model.windows import Rows, square, windows

Tensor = Any
# units of the hidden layers, where the mixture does not say, and of one a channel
WIDTH, WIDTH_OF_CHANNEL = 96, 32
# where it looks, (down, right) from a pixel: at pixels before it, and at the decoder's locations around it
BEFORE = [(down, right) for down in range(-3, 1) for right in range(-3, 4) if (down, right) < (0, 0)]
AROUND = [(down, right) for down in range(-1, 2) for right in range(-1, 2)]
_LEFT, _ABOVE, _ABOVE_LEFT, _ABOVE_RIGHT = (BEFORE.index(at) for at in ((0, -1), (-1, 0), (-1, -1), (-1, 1)))
_FAR_LEFT, _FAR_ABOVE = (BEFORE.index(at) for at in ((0, -2), (-2, 0)))


class Seen(NamedTuple):
    """What is seen from each pixel, of values in [0, 1].

    Attributes:
        values: the pixels before, (image, pixel, place, channel), 0 outside of the image.
        inside: whether they are inside, 0 or 1, (1 or image, pixel, place, 1).
        locations: of the decoder around it, (image, pixel, place, channel).
        here: the pixel's own values, (image, pixel, channel), of which a channel is given those before it.
    """

    values: Tensor
    inside: Tensor
    locations: Tensor
    here: Tensor


class Neighbourhood(keras.layers.Layer):
    """Makes the mixture of logistics of each value x_i of what is before it nearby, of the code and of the decoder.

    Each component begins at a prediction as those of lossless image coders (Wu & Memon 1997): the value to the left,
    above, above left, above right, left + above - above left, the decoder's location; and left and above, corrected by
    how much the channel before differs there from here, for the first channel the values two to the left and two above.
    A network, the same for every pixel, moves them in units of their scale, and makes scales and logits. It sees the
    pixels within `BEFORE`, the decoder's locations within `AROUND`, the latents, and of the pixel itself the channels
    before. The decoder's parameters beyond the location are added to what it says.

    Args:
        mixture: the `MixtureOfLogistics` whose parameters it makes.
        seed: of the initial weights.
    """

    def __init__(self, mixture: Any, *, seed: int | None = None, **kwargs: Any):
        super().__init__(**kwargs)
        self.mixture = mixture
        self.width = mixture.context_width or WIDTH
        self.seed = seed

    def build(
        self, parameters_shape: tuple[Any, ...], latents_shape: tuple[Any, ...], images_shape: tuple[Any, ...]
    ) -> None:
        """Make the weights."""
        channels, numbers = images_shape[-1], self.mixture.parameters_per_value
        seeds = iter(keras.random.randint((5,), 0, 2**31 - 1, seed=keras.random.SeedGenerator(self.seed)))

        def matrix(name: str, *shape: int, scale: float = 1.0) -> Any:
            initializer = keras.initializers.VarianceScaling(scale, seed=int(next(seeds)))
            return self.add_weight(shape=shape, initializer=initializer, name=name)

        def constants(name: str, *shape: int) -> Any:
            return self.add_weight(shape=shape, initializer="zeros", name=name)

        inputs = len(BEFORE) * (channels + 1) + (len(AROUND) + 1) * channels
        self.from_windows = matrix("from_windows", inputs, self.width, scale=2.0)
        self.from_latents = matrix("from_latents", latents_shape[-1], self.width, scale=0.1)
        self.hidden, self.hidden_bias = matrix("hidden", self.width, self.width), constants("hidden_bias", self.width)
        self.to_channels = matrix("to_channels", self.width, channels * WIDTH_OF_CHANNEL, scale=2.0)
        self.from_channels = matrix("from_channels", 2 * channels, channels * WIDTH_OF_CHANNEL)
        self.of_channel = constants("of_channel", channels * WIDTH_OF_CHANNEL)
        self.to_parameters = constants("to_parameters", WIDTH_OF_CHANNEL, numbers)
        self.parameters_of_channel = constants("parameters_of_channel", channels, numbers)
        # values of an image in the largest tensor, for who divides a step's work
        self.largest_output = images_shape[1] * images_shape[2] * max(inputs, self.width) // self.mixture.thinning
        # of the pixel itself each channel sees those before: what it may not see is multiplied by zero
        seen = np.triu(np.ones((channels, channels), "float32"), 1)
        self._mask = np.repeat(np.concatenate([seen, seen]), WIDTH_OF_CHANNEL, axis=1)

    def values_of_pixel(self, channels: int) -> int:
        """How many values a training step keeps of each pixel that it takes, for an estimate of its memory."""
        of_pixel = len(BEFORE) * (channels + 1) + (len(AROUND) + 1) * channels + 4 * self.width
        of_channel: int = 2 * WIDTH_OF_CHANNEL + 4 * self.mixture.parameters_per_value
        return of_pixel + channels * of_channel

    def start_at(self, decoder: keras.Model, images: np.ndarray) -> None:
        """Begin at the neighbours, whatever the training images are."""

    def call(self, parameters: Tensor, latents: Tensor, images: Tensor, pixel: Any = None) -> Tensor:
        """The distribution of each value, given those before.

        Args:
            parameters: the decoder's, (image, height, width, n).
            latents: (image, latent).
            images: uint8 (image, height, width, channel); of value i, only those before it are looked at.
            pixel: the one that is asked for, an integer in raster order; by default all are.

        Returns:
            The parameters of `MixtureOfLogistics`, (image, height, width, n), or of the one pixel, (image, 1, 1, n).
        """
        seen = self._seen(parameters, images, pixel)
        if pixel is not None:
            width = parameters.shape[2]
            parameters = square(parameters, (pixel // width, pixel % width), 1)
        return self._of_rectangle(seen, parameters, latents)

    def of_rows(self, parameters: Tensor, latents: Tensor, images: Tensor, rows: Rows) -> Tensor:
        """As `call`, of some rows: (image, row, width, n)."""
        return self._of_rectangle(self._seen(parameters, images, None, rows), rows.of(parameters), latents)

    def _of_rectangle(self, seen: Seen, parameters: Tensor, latents: Tensor) -> Tensor:
        height, width = parameters.shape[1:3]
        made = self.of_seen(seen, ops.reshape(parameters, (-1, height * width, parameters.shape[-1])), latents)
        return ops.reshape(made, (-1, height, width, parameters.shape[-1]))

    def of_seen(self, seen: Seen, parameters: Tensor, latents: Tensor) -> Tensor:
        """The distribution of each value of some pixels, of what is seen from them.

        Args:
            seen: from each pixel.
            parameters: the decoder's, of each, (image, pixel, n).
            latents: (image, latent).

        Returns:
            The parameters of `MixtureOfLogistics`, (image, pixel, n).
        """
        pixels, channels = seen.here.shape[1:]
        left, above, others = _neighbours(seen)
        spoken = self._network(seen, left, above, latents)
        own = ops.reshape(parameters, (-1, pixels, spoken.shape[-1], channels))
        own = ops.concatenate([ops.zeros_like(own[:, :, :1]), own[:, :, 1:]], axis=2)
        spoken = spoken + ops.transpose(own, (0, 1, 3, 2))
        made = self._mixture(spoken, _anchors(seen, left, above, others))
        return ops.reshape(ops.transpose(made, (0, 1, 3, 2)), (-1, pixels, channels * spoken.shape[-1]))

    def _seen(self, parameters: Tensor, images: Tensor, pixel: Any, rows: Rows | None = None) -> Seen:
        channels = images.shape[-1]
        height, width = parameters.shape[1:3]
        place = None if pixel is None else (pixel // width, pixel % width)
        values = ops.cast(images, parameters.dtype) / 255.0
        ones = ops.ones((1, height, width, 1), parameters.dtype)
        locations = ops.sigmoid(parameters[..., :channels])
        here = values if place is None else square(values, place, 1)
        if rows is not None:
            here = rows.of(values)
        return Seen(
            ops.stack(windows(values, BEFORE, place, rows), axis=2),
            ops.stack(windows(ones, BEFORE, place, rows), axis=2),
            ops.stack(windows(locations, AROUND, place, rows), axis=2),
            ops.reshape(here, (-1, here.shape[1] * here.shape[2], channels)),
        )

    def _network(self, seen: Seen, left: Tensor, above: Tensor, latents: Tensor) -> Tensor:
        """What the network says of each value: (image, pixel, channel, number)."""
        pixels, channels = seen.here.shape[1:]
        level = 0.5 * (left + above)
        # seen from the level around, and brought to about the same size
        differences = 8.0 * seen.inside * (seen.values - ops.expand_dims(level, 2))
        around = 4.0 * (seen.locations - ops.expand_dims(level, 2))
        rows = ops.concatenate(
            [
                ops.reshape(differences, (-1, pixels, len(BEFORE) * channels)),
                ops.reshape(around, (-1, pixels, len(AROUND) * channels)),
                2.0 * level - 1.0,
            ],
            axis=-1,
        )
        of_inside, of_seen = self.from_windows[: len(BEFORE)], self.from_windows[len(BEFORE) :]
        hidden = ops.matmul(rows, of_seen)
        hidden = hidden + ops.matmul(ops.reshape(seen.inside, (1, pixels, len(BEFORE))), of_inside)
        hidden = ops.relu(hidden + ops.expand_dims(ops.matmul(latents, self.from_latents), 1))
        hidden = ops.relu(hidden + ops.matmul(hidden, self.hidden) + self.hidden_bias)
        before = 8.0 * ops.concatenate([seen.here - left, seen.here - above], axis=-1)
        of_channels = ops.matmul(hidden, self.to_channels) + ops.matmul(
            before, ops.multiply(self.from_channels, self._mask)
        )
        of_channels = ops.relu(of_channels + self.of_channel)
        of_channels = ops.reshape(of_channels, (-1, pixels, channels, WIDTH_OF_CHANNEL))
        return ops.matmul(of_channels, self.to_parameters) + self.parameters_of_channel

    def _mixture(self, spoken: Tensor, anchors: Tensor) -> Tensor:
        """Parameters of the mixture, (image, pixel, channel, number), whose components begin at (..., anchor)."""
        mixture, count = self.mixture, self.mixture.components
        moves, log_scales, logits = ops.split(spoken, [count, 2 * count], axis=-1)
        scales = ops.exp(bounded_log_scale(log_scales, start=mixture.start_scale, smallest=mixture.smallest_scale))
        repeats = -(-count // anchors.shape[-1])
        anchors = ops.concatenate([anchors] * repeats, axis=-1)[..., :count]
        locations = ops.clip(anchors + scales * moves, 1e-4, 1.0 - 1e-4)
        first = locations[..., :1]
        offsets = ops.subtract((locations[..., 1:] - first) / scales[..., 1:], mixture.start_offsets)
        # the likelihood squashes it again
        logit = ops.log(first) - ops.log1p(-first)
        return ops.concatenate([logit, offsets, log_scales, logits], axis=-1)


def _neighbours(seen: Seen) -> tuple[Tensor, Tensor, list[Tensor]]:
    """The values to the left, above, and the other places of the anchors; outside of the image, what is nearest."""
    middle = seen.locations[:, :, len(AROUND) // 2]

    def at(place: int, otherwise: Tensor) -> Tensor:
        inside = seen.inside[:, :, place]
        return inside * seen.values[:, :, place] + (1.0 - inside) * otherwise

    left = at(_LEFT, at(_ABOVE, middle))
    above = at(_ABOVE, left)
    others = [at(_ABOVE_LEFT, above), at(_ABOVE_RIGHT, above), at(_FAR_LEFT, left), at(_FAR_ABOVE, above)]
    return left, above, others


def _anchors(seen: Seen, left: Tensor, above: Tensor, others: list[Tensor]) -> Tensor:
    """Where components begin, (image, pixel, channel, anchor)."""
    above_left, above_right, far_left, far_above = others
    middle = seen.locations[:, :, len(AROUND) // 2]

    def corrected(neighbour: Tensor, of_first: Tensor) -> Tensor:
        """A neighbour, less what the channel before is there, more what it is here."""
        moved = neighbour[..., 1:] + seen.here[..., :-1] - neighbour[..., :-1]
        return ops.concatenate([of_first[..., :1], moved], axis=-1)

    return ops.stack(
        [
            left,
            above,
            corrected(left, far_left),
            corrected(above, far_above),
            left + above - above_left,
            above_right,
            above_left,
            middle,
        ],
        axis=-1,
    )
