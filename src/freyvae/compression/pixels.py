"""Codes the pixels of an image on a stack of bits, given its latents."""

from typing import Any

import numpy as np
from keras import ops

from freyvae.engine.programs import Program
from freyvae.errors import BadInput
from freyvae.model import VAE
from freyvae.model.autoregression import Autoregression
from freyvae.model.channel_palette import ChannelPalette, ends_of, next_place, palettes_of, places_of, pooled
from freyvae.model.neighbourhood import AROUND, BEFORE, Seen

LEVELS = 256


class Pixels:
    """Codes pixels by p(x | z). They are independent given the latents, so one program gives all their probabilities.

    Latents are those of all groups side by side.

    Raises:
        BadInput: the likelihood is not a probability of bytes, or couples channels.
    """

    def __init__(self, vae: VAE, constriction: Any):
        if not vae.pixel_likelihood.is_probability_of_bytes:
            raise BadInput(
                f"the likelihood {vae.pixel_likelihood.name} is not a probability of bytes, so it cannot code images: "
                'train with likelihood="discretized-logistic"'
            )
        if vae.pixel_likelihood.is_coupled:
            raise BadInput(
                "compression does not code coupled channels: train without coupled=..., or with autoregressive=True"
            )
        self.shape = vae.image_shape
        # the coder gives every level a probability of at least 2**-24, so it can code every image
        self._categorical = constriction.stream.model.Categorical(perfect=False)
        self._palettes = (
            None if vae.channel_palette is None else Palettes(vae.channel_palette, vae.image_shape[2], constriction)
        )
        self._program = Program(vae, lambda latents: (_probabilities(vae, vae.decoded_from_all(latents)),))

    def push(self, stack: Any, image: np.ndarray, latents: np.ndarray) -> None:
        """Put an image, uint8 (height, width, channel), onto the stack, given its latents, float32 (latent,)."""
        palette = None if self._palettes is None else palettes_of(image[None])[0]
        self._push_values(stack, image, latents, palette)
        if self._palettes is not None and palette is not None:
            self._palettes.push(stack, palette)

    def pop(self, stack: Any, latents: np.ndarray) -> np.ndarray:
        """Take an image, uint8 (height, width, channel), off the stack, given its latents, float32 (latent,)."""
        palette = None if self._palettes is None else self._palettes.pop(stack)
        return self._pop_values(stack, latents, palette)

    def _push_values(self, stack: Any, image: np.ndarray, latents: np.ndarray, palette: np.ndarray | None) -> None:
        """As `push`, given the levels that occur, bool (channel, 256), where these are told."""
        self._push(stack, image, self._all(latents, palette))

    def _pop_values(self, stack: Any, latents: np.ndarray, palette: np.ndarray | None) -> np.ndarray:
        return self._pop(stack, self._all(latents, palette)).astype(np.uint8).reshape(self.shape)

    def _all(self, latents: np.ndarray, palette: np.ndarray | None) -> np.ndarray:
        return given_palette(self._program(latents[None])[0], palette)

    def _push(self, stack: Any, levels: np.ndarray, probabilities: np.ndarray) -> None:
        # in reverse, so that they are popped in order
        stack.encode_reverse(levels.reshape(-1).astype(np.int32), self._categorical, _in_rows(probabilities))

    def _pop(self, stack: Any, probabilities: np.ndarray) -> np.ndarray:
        levels: np.ndarray = stack.decode(self._categorical, _in_rows(probabilities))
        return levels


class AutoregressivePixels(Pixels):
    """Codes pixels in raster order by p(x | z) = prod_i p(x_i | x_<i, z).

    The parameters of pixel i do not depend on pixels i, i + 1, ...: these are multiplied by zero, which changes no bit
    of a sum. So the same program of the whole image serves both directions. To push, it runs once, since the image is
    known; to pop, it runs once for each pixel. A program of one pixel computes the 256 probabilities of each value.
    """

    def __init__(self, vae: VAE, constriction: Any):
        super().__init__(vae, constriction)
        autoregression: Any = vae.autoregression
        height, width, channels = vae.image_shape
        parameters = vae.pixel_likelihood.parameters_per_value
        self._decoder = Program(vae, lambda latents: (vae.decoded_from_all(latents),))
        self._given_before = Program(
            vae,
            lambda decoded, latents, image: (
                ops.reshape(
                    autoregression(decoded, latents[:, : vae.latent_dim], image),
                    (height * width, channels * parameters),
                ),
            ),
        )
        self._pixel = Program(
            vae, lambda given: (_probabilities(vae, ops.reshape(given, (1, 1, 1, channels * parameters))),)
        )

    def _push_values(self, stack: Any, image: np.ndarray, latents: np.ndarray, palette: np.ndarray | None) -> None:
        (decoded,) = self._decoder(latents[None])
        (given,) = self._given_before(decoded, latents[None], image[None])
        self._push(stack, image, given_palette(np.concatenate([self._pixel(pixel)[0] for pixel in given]), palette))

    def _pop_values(self, stack: Any, latents: np.ndarray, palette: np.ndarray | None) -> np.ndarray:
        (decoded,) = self._decoder(latents[None])
        image = np.zeros(self.shape, np.uint8)
        pixels = image.reshape(-1, self.shape[2])
        for index in range(len(pixels)):
            (given,) = self._given_before(decoded, latents[None], image[None])
            pixels[index] = self._pop(stack, given_palette(self._pixel(given[index])[0], palette))
        return image


class NeighbourhoodPixels(Pixels):
    """p(x | z) = prod_i p(x_i | x_<i, z), each value given those nearby, which a decoder has before.

    A pixel depends on those up to three to the right in the rows above. So all pixels (row, column) of the same
    column + 4 row are coded together: each depends on those of smaller ones alone. One program of as many pixels serves
    all of them, in both directions, so that the probabilities are the same to the last bit.
    """

    def __init__(self, vae: VAE, constriction: Any):
        super().__init__(vae, constriction)
        height, width, channels = self.shape
        reach = max(right for down, right in BEFORE)
        rows, columns = np.indices((height, width))
        steps = columns + (reach + 1) * rows
        self._steps = [np.nonzero(steps == step) for step in range(int(steps.max()) + 1)]
        self._rows = max(len(step[0]) for step in self._steps)
        self._before = _Gathering(BEFORE)
        self._around = _Gathering(AROUND)
        self._inside = self._before.padded(np.ones((height, width, 1), np.float32))
        numbers = channels * vae.pixel_likelihood.parameters_per_value
        layer: Any = vae.autoregression

        def decode(latents: Any) -> tuple[Any, ...]:
            decoded = vae.decoded_from_all(latents)
            return decoded[0], ops.sigmoid(decoded[0, ..., :channels])

        def given(
            values: Any, inside: Any, locations: Any, here: Any, parameters: Any, latents: Any
        ) -> tuple[Any, ...]:
            seen = Seen(ops.cast(values, "float32") / 255.0, inside, locations, ops.cast(here, "float32") / 255.0)
            made = layer.of_seen(seen, parameters, latents[:, : vae.latent_dim])
            return (_probabilities(vae, ops.reshape(made, (self._rows, 1, 1, numbers))),)

        self._decode, self._given = Program(vae, decode), Program(vae, given)

    def _push_values(self, stack: Any, image: np.ndarray, latents: np.ndarray, palette: np.ndarray | None) -> None:
        decoded = self._decoded(latents)
        padded = self._before.padded(image)
        levels, probabilities = [], []
        for rows, columns in self._steps:
            found = self._probabilities_of(rows, columns, image, padded, decoded, latents, palette)
            # a channel after the other, as they can be taken off
            levels.append(image[rows, columns].T.ravel())
            probabilities.append(found.transpose(1, 0, 2).reshape(-1, LEVELS))
        self._push(stack, np.concatenate(levels), np.concatenate(probabilities))

    def _pop_values(self, stack: Any, latents: np.ndarray, palette: np.ndarray | None) -> np.ndarray:
        decoded = self._decoded(latents)
        image = np.zeros(self.shape, np.uint8)
        for rows, columns in self._steps:
            for channel in range(self.shape[2]):
                padded = self._before.padded(image)
                found = self._probabilities_of(rows, columns, image, padded, decoded, latents, palette)
                image[rows, columns, channel] = self._pop(stack, found[:, channel])
        return image

    def _decoded(self, latents: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """The decoder's parameters, (height, width, n), and its locations with a border that offsets may reach."""
        parameters, locations = self._decode(latents[None])
        return parameters, self._around.padded(locations)

    def _probabilities_of(
        self,
        rows: np.ndarray,
        columns: np.ndarray,
        image: np.ndarray,
        padded: np.ndarray,
        decoded: tuple[np.ndarray, ...],
        latents: np.ndarray,
        palette: np.ndarray | None,
    ) -> np.ndarray:
        """Of the values of these pixels all levels: (pixel, channel, 256). A channel depends on those before it."""
        count = len(rows)
        # always as many pixels: the first one stands for those that are missing
        rows, columns = (np.concatenate([own, np.repeat(own[:1], self._rows - count)]) for own in (rows, columns))
        parameters, locations = decoded
        (found,) = self._given(
            self._before(padded, rows, columns),
            self._before(self._inside, rows, columns),
            self._around(locations, rows, columns),
            image[rows, columns][None],
            parameters[rows, columns][None],
            latents[None],
        )
        found = found.reshape(self._rows * self.shape[2], LEVELS)
        return given_palette(found, palette).reshape(self._rows, self.shape[2], LEVELS)[:count]


class Palettes:
    """Codes which levels occur in each channel of an image: the darkest, the lightest, then one after the other."""

    def __init__(self, palette: ChannelPalette, channels: int, constriction: Any):
        self._darkest, self._lightest, self._chances = (
            np.asarray(ops.convert_to_numpy(weight), np.float64)
            for weight in (palette.darkest, palette.lightest, palette.chances)
        )
        self._channels = channels
        self._categorical = constriction.stream.model.Categorical(perfect=False)

    def push(self, stack: Any, palette: np.ndarray) -> None:
        """Put a palette, bool (channel, 256), onto the stack."""
        for channel in palette[::-1]:
            darkest, lightest = ends_of(channel)
            between = slice(darkest + 1, lightest)
            chances = self._chances[places_of(channel)[between]]
            self._push(stack, channel[between], _of_two(chances))
            self._push(stack, [lightest - darkest], self._lightest[None, darkest:])
            self._push(stack, [darkest], self._darkest[None])

    def pop(self, stack: Any) -> np.ndarray:
        """Take a palette off the stack."""
        palette = np.zeros((self._channels, LEVELS), bool)
        for channel in palette:
            darkest = self._pop(stack, self._darkest[None])
            lightest = darkest + self._pop(stack, self._lightest[None, darkest:])
            channel[[darkest, lightest]] = True
            place = 1
            for level in range(darkest + 1, lightest):
                channel[level] = self._pop(stack, _of_two(self._chances[[place]]))
                place = next_place(place, channel[level])
        return palette

    def _push(self, stack: Any, symbols: Any, probabilities: np.ndarray) -> None:
        # of one symbol there is nothing to code
        if len(symbols) and probabilities.shape[1] > 1:
            stack.encode_reverse(np.asarray(symbols, np.int32), self._categorical, _in_rows(probabilities))

    def _pop(self, stack: Any, probabilities: np.ndarray) -> int:
        if probabilities.shape[1] == 1:
            return 0
        return int(stack.decode(self._categorical, _in_rows(probabilities))[0])


class _Gathering:
    """Takes what lies at some offsets, (down, right), from pixels; outside of the image there are zeros."""

    def __init__(self, offsets: list[tuple[int, int]]):
        self._down, self._right = np.array(offsets).T
        self._reach = int(np.abs(offsets).max())

    def padded(self, values: np.ndarray) -> np.ndarray:
        """Values (height, width, n) with a border that offsets may reach."""
        return np.pad(values, [(self._reach, self._reach)] * 2 + [(0, 0)])

    def __call__(self, padded: np.ndarray, rows: np.ndarray, columns: np.ndarray) -> np.ndarray:
        """Of each pixel what lies at each offset, (1, pixel, offset, n)."""
        found: np.ndarray = padded[
            rows[:, None] + self._down + self._reach, columns[:, None] + self._right + self._reach
        ]
        return found[None]


def pixels_of(vae: VAE, constriction: Any) -> Pixels:
    """The coder of the pixels of this model. Raises `BadInput` as `Pixels` does."""
    if vae.autoregression is None:
        return Pixels(vae, constriction)
    of_all = isinstance(vae.autoregression, Autoregression)
    return AutoregressivePixels(vae, constriction) if of_all else NeighbourhoodPixels(vae, constriction)


def given_palette(probabilities: np.ndarray, palette: np.ndarray | None) -> np.ndarray:
    """Probabilities of all levels, (value, 256), channels innermost, given those that occur, bool (channel, 256)."""
    if palette is None:
        return probabilities
    found = np.array(probabilities, np.float64)
    for channel, levels in enumerate(palette):
        found[channel :: len(palette)] = pooled(found[channel :: len(palette)], levels)
    return found


def _of_two(chances: np.ndarray) -> np.ndarray:
    return np.stack([1.0 - chances, chances], axis=-1)


def _in_rows(probabilities: np.ndarray) -> np.ndarray:
    """Probabilities contiguous in memory, row by row: the coder ignores the strides that arrays of torch may have."""
    return np.ascontiguousarray(probabilities, np.float64)


def _probabilities(vae: VAE, parameters: Any) -> Any:
    """Probabilities of the 256 levels of each value of an image, channels innermost: float32 (value, 256)."""
    return ops.reshape(ops.exp(vae.pixel_likelihood(parameters).log_probabilities()), (-1, LEVELS))
