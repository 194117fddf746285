"""Which grey levels occur in an image, told before its pixels: for images whose contrast was stretched.

Stretched to the whole range, an image has regular gaps between its levels, each image others. With S the levels that
occur in a channel of an image, p(x | z) >= p(S) p(x | z, S), S being that of x. p(S) tells the darkest level, the
lightest one, and those in between by a Markov chain; p(x | z, S) gives the probability of a level that does not occur
to the nearest one that does, of two the darker. So a log-probability is a lower bound, by what x gets from larger S.
"""

from typing import Any

import keras
import numpy as np
from keras import ops

Tensor = Any

LEVELS = 256
# how many levels before it a level's chance to occur depends on: as many as the chances' 256 places are for
ORDER = 8


class ChannelPalette(keras.layers.Layer):
    """p(S) of the levels S of an image, and what follows from them.

    A palette is 0 or 1 for each channel and level, float (image, channel, 256). Its probabilities are counted over the
    training images, and not trained.

    Attributes:
        darkest: probability of each level to be the darkest that occurs, (256,).
        lightest: to be the lightest, (256,), but for levels below the darkest.
        chances: that a level between them occurs, by which of those before it do, (256,).
    """

    def build(self, images_shape: tuple[Any, ...]) -> None:
        """Make the probabilities: all the same, before `start_at`."""

        def constants(name: str, count: int, value: float) -> Any:
            initializer = keras.initializers.Constant(value)
            return self.add_weight(shape=(count,), initializer=initializer, trainable=False, name=name)

        self.darkest, self.lightest = (constants(name, LEVELS, 1.0 / LEVELS) for name in ("darkest", "lightest"))
        self.chances = constants("chances", 2**ORDER, 0.5)

    def start_at(self, images: np.ndarray) -> None:
        """Count how often levels occur in images uint8 (image, ..., channel); nothing is impossible."""
        palettes = palettes_of(images).reshape(-1, LEVELS)
        darkest, lightest = ends_of(palettes)
        for weight, ends in ((self.darkest, darkest), (self.lightest, lightest)):
            counts = np.bincount(ends, minlength=LEVELS) + 1.0 / LEVELS
            weight.assign(counts / counts.sum())
        levels = np.arange(LEVELS)
        between = (levels > darkest[:, None]) & (levels < lightest[:, None])
        place = places_of(palettes)
        times = np.bincount(place[between], minlength=2**ORDER)
        occurred = np.bincount(place[between & palettes], minlength=2**ORDER)
        self.chances.assign((occurred + 0.5) / (times + 1.0))

    def of(self, images: Tensor) -> Tensor:
        """The palettes of images, uint8 (image, height, width, channel)."""
        channels = images.shape[-1]
        rows = _by_channel(images)
        count = ops.shape(rows)[0]
        places = ops.reshape(ops.expand_dims(LEVELS * ops.arange(count), 1) + rows, (-1, 1))
        times = ops.scatter(places, ops.ones_like(places[:, 0], dtype="float32"), (count * LEVELS,))
        return ops.reshape(ops.cast(times > 0.0, "float32"), (-1, channels, LEVELS))

    def log_prob(self, palettes: Tensor) -> Tensor:
        """Log p(S) of palettes, in nats, all channels together: (image,)."""
        before = ops.pad(palettes, ((0, 0), (0, 0), (ORDER, 0)))
        place = sum(2 ** (lag - 1) * before[:, :, ORDER - lag : LEVELS + ORDER - lag] for lag in _LAGS)
        chances = ops.take(self.chances, ops.cast(place, "int32"))
        each = ops.log(ops.where(palettes > 0.0, chances, 1.0 - chances))
        darkest = ops.argmax(palettes, axis=-1)
        lightest = LEVELS - 1 - ops.argmax(ops.flip(palettes, axis=-1), axis=-1)
        levels = ops.arange(LEVELS)
        between = ops.logical_and(levels > ops.expand_dims(darkest, -1), levels < ops.expand_dims(lightest, -1))
        inside = ops.sum(ops.where(between, each, 0.0), axis=-1)
        ends = ops.take(self.darkest, darkest) * ops.take(self.lightest, lightest) / self._from(darkest)
        return ops.sum(ops.log(ends) + inside, axis=-1)

    def _from(self, darkest: Tensor) -> Tensor:
        """The probability that the lightest level is not below the darkest."""
        from_each = ops.flip(ops.cumsum(ops.flip(ops.convert_to_tensor(self.lightest))))
        return ops.take(from_each, darkest)

    def runs(self, palettes: Tensor, images: Tensor) -> tuple[Tensor, Tensor]:
        """The first and the last level whose probability each value of images has, of their own palettes.

        Both are floats of the images' shape (image, height, width, channel).
        """
        others = ops.arange(LEVELS, dtype="int32")
        own = ops.expand_dims(others, 1)
        occurs = ops.expand_dims(palettes > 0.0, 2)
        darker = ops.max(ops.where(ops.logical_and(occurs, others < own), others, -1), axis=-1)
        lighter = ops.min(ops.where(ops.logical_and(occurs, others > own), others, LEVELS), axis=-1)
        first = ops.where(darker < 0, 0, (darker + others) // 2 + 1)
        last = ops.where(lighter == LEVELS, LEVELS - 1, (others + lighter) // 2)
        return _looked_up(first, images, "float32"), _looked_up(last, images, "float32")

    def nearest(self, palettes: Tensor, images: Tensor) -> Tensor:
        """Images whose values are the nearest that occur: uint8 (image, height, width, channel)."""
        others = ops.arange(LEVELS, dtype="int32")
        own = ops.expand_dims(others, 1)
        distance = ops.cast(ops.abs(own - others), "float32") + 0.5 * ops.cast(others > own, "float32")
        missing = 2.0 * LEVELS * ops.expand_dims(1.0 - palettes, 2)
        return _looked_up(ops.argmin(distance + missing, axis=-1), images, "uint8")

    def draw(self, count: Any, channels: int, seed: keras.random.SeedGenerator) -> Tensor:
        """Palettes drawn from p(S)."""
        uniform = keras.random.uniform((count, channels, LEVELS + 2), 1e-6, 1.0 - 1e-6, seed=seed)
        chances, levels = ops.convert_to_tensor(self.chances), ops.arange(LEVELS)

        def drawn_from(probabilities: Tensor, least: Tensor, number: Tensor) -> Tensor:
            """Where the cumulative probability passes a uniform number, from the least level on."""
            up_to = ops.cumsum(probabilities)
            below = ops.take(up_to - probabilities, least)
            passed = up_to >= below + number * (up_to[-1] - below)
            return ops.maximum(ops.argmax(passed, axis=-1, keepdims=True), least)

        none = ops.zeros((count, channels, 1), dtype="int32")
        darkest = drawn_from(ops.convert_to_tensor(self.darkest), none, uniform[..., -2:-1])
        lightest = drawn_from(ops.convert_to_tensor(self.lightest), darkest, uniform[..., -1:])

        def next_level(level: Any, drawn: tuple[Tensor, Tensor]) -> tuple[Tensor, Tensor]:
            place, palettes = drawn
            here = ops.cast(ops.equal(levels, level), "float32")
            occurs = ops.sum(here * uniform[..., :LEVELS], axis=-1, keepdims=True) < ops.take(chances, place)
            occurs = ops.logical_and(occurs, ops.logical_and(level > darkest, level < lightest))
            occurs = ops.logical_or(occurs, ops.logical_or(ops.equal(level, darkest), ops.equal(level, lightest)))
            place = next_place(place, ops.cast(occurs, "int32"))
            return place, palettes + here * ops.cast(occurs, "float32")

        start = (none, ops.zeros((count, channels, LEVELS)))
        _, palettes = ops.fori_loop(0, LEVELS, next_level, start)
        return palettes


_LAGS = range(1, ORDER + 1)


def palettes_of(images: np.ndarray) -> np.ndarray:
    """Which levels occur, of uint8 images (image, ..., channel): bool (image, channel, 256)."""
    count, channels = len(images), images.shape[-1]
    palettes = np.zeros((count, channels, LEVELS), bool)
    rows = np.moveaxis(images.reshape(count, -1, channels), 2, 1)
    palettes[np.arange(count)[:, None, None], np.arange(channels)[:, None], rows] = True
    return palettes


def ends_of(palettes: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The darkest and the lightest level of palettes, bool (..., 256), each int (...)."""
    return palettes.argmax(axis=-1), LEVELS - 1 - palettes[..., ::-1].argmax(axis=-1)


def places_of(palettes: np.ndarray) -> np.ndarray:
    """Which of the chances tells of each level, by those before it: int (..., 256), of palettes bool (..., 256)."""
    before = np.pad(palettes.astype(int), [(0, 0)] * (palettes.ndim - 1) + [(ORDER, 0)])
    places: np.ndarray = np.sum([before[..., ORDER - lag : LEVELS + ORDER - lag] << lag - 1 for lag in _LAGS], axis=0)
    return places


def next_place(place: Any, occurs: Any) -> Any:
    """The place of the next level, after one that occurs (1) or not (0)."""
    return (2 * place + occurs) % 2**ORDER


def pooled(probabilities: np.ndarray, palette: np.ndarray) -> np.ndarray:
    """Probabilities (..., 256) of all levels, given to those that occur by a palette, bool (256,)."""
    if not palette.any():  # as of a damaged file
        return probabilities
    places = np.nonzero(palette)[0]
    ends = (places[:-1] + places[1:]) // 2 + 1
    found = np.zeros_like(probabilities)
    found[..., places] = np.add.reduceat(probabilities, np.concatenate([[0], ends]), axis=-1)
    return found


def _by_channel(images: Tensor) -> Tensor:
    """Images (image, height, width, channel) as int32 (image * channel, value)."""
    channels = images.shape[-1]
    values = ops.reshape(ops.cast(images, "int32"), (-1, int(np.prod(images.shape[1:-1])), channels))
    return ops.reshape(ops.transpose(values, (0, 2, 1)), (-1, values.shape[1]))


def _looked_up(tables: Tensor, images: Tensor, dtype: str) -> Tensor:
    """What tables (image, channel, 256) have of each value of images, of the images' shape."""
    height, width, channels = images.shape[1:]
    tables = ops.reshape(ops.cast(tables, "int32"), (-1, LEVELS))
    found = ops.take_along_axis(tables, _by_channel(images), axis=1)
    found = ops.transpose(ops.reshape(found, (-1, channels, height * width)), (0, 2, 1))
    return ops.cast(ops.reshape(found, (-1, height, width, channels)), dtype)
