"""What a likelihood p(x | z) is: a choice, with everything that others need to know of it."""

from __future__ import annotations

import math
from abc import abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from freyvae.choice import Choice
from freyvae.errors import BadInput
from freyvae.late import keras, np, ops
from freyvae.model.windows import Rows

if TYPE_CHECKING:
    from freyvae.model.channel_palette import ChannelPalette

Tensor = Any  # a tensor of whichever backend Keras runs on

PROBABILITY_OF_BYTES = "probability of the bytes"


@dataclass(frozen=True)
class Likelihood(Choice):
    """p(x | z) of uint8 images, given what the decoder returned for z: `parameters_per_value` numbers for each value.

    They lie side by side in the last axis, (image, height, width, channel * parameters_per_value), first the first
    parameter of every channel, then the second. A subclass is a frozen dataclass: its fields are choices, its class
    attributes say what it is.

    `likelihood(parameters)` binds it to them: `log_prob(images)`, `mean()` and `sample(seed)` are then of these.

    Raises:
        BadInput: a field is out of range.
    """

    kind: ClassVar[str]
    """What exp(log_prob) is, in words; `PROBABILITY_OF_BYTES` where it sums to one over the 256 grey levels."""
    has_location: ClassVar[bool] = True
    """Whether the first parameter of a value is a squashed location; the others may then be the same for every code."""
    caution: ClassVar[str] = ""
    """What a reader of its numbers must know, or nothing; may speak of `{least:.1f}`, what `least_nats` says of the
    images that it was measured on, and of `{part}`, which images these are."""

    def __call__(self, parameters: Tensor) -> Bound:
        """The distributions of these parameters."""
        return Bound(self, parameters)

    @property
    @abstractmethod
    def parameters_per_value(self) -> int:
        """How many numbers the decoder returns for each value of an image."""

    @property
    def shape_per(self) -> str:
        """What the parameters beyond the location depend on.

        `code`, or learned constants per `pixel`, each value's own; per `channel`, the same in all pixels; per `image`,
        one for all values.
        """
        return "pixel" if self.has_location else "code"

    @property
    def shape_from_code(self) -> bool:
        """Whether all parameters depend on the code, not the location alone."""
        return self.shape_per == "code"

    @property
    def is_probability_of_bytes(self) -> bool:
        """Whether bits per dimension mean something."""
        return self.kind == PROBABILITY_OF_BYTES

    def for_images(self, images: np.ndarray) -> Likelihood:
        """Itself, or with what training images, uint8 (image, height, width, channel), decide."""
        return self

    def as_settled(self, before: Likelihood) -> Likelihood:
        """The likelihood with what images decided when a training with `before` began, where it leaves that open."""
        return self

    @property
    def tells_palette(self) -> bool:
        """Whether the levels that occur in an image are told first: `ChannelPalette`."""
        return False

    @abstractmethod
    def log_prob_of_values(self, parameters: Tensor, levels: Tensor) -> Tensor:
        """Log-probability of each value, in nats, for grey levels 0 to 255 as floats.

        The last axes are (image, value), of either of which the levels may have but one, unless `is_coupled`. Within,
        an image's values are one row (`apart`): over the short axes of an image a compiler's loops are too short to be
        vectors, and a training step takes a tenth to a fifth longer.
        """

    def log_prob_of_runs(self, parameters: Tensor, levels: Tensor, first: Tensor, last: Tensor) -> Tensor:
        """As `log_prob_of_values`, each of all levels from `first` to `last`; for whom `tells_palette`.

        Channels before, of who looks at them, have the values of `levels`.
        """
        raise NotImplementedError(f"{self.name} tells no palette")

    @abstractmethod
    def mean(self, parameters: Tensor) -> Tensor:
        """Expected pixels, in [0, 1], (image, height, width, channel).

        To be written in the operations of `keras.ops` that the page and the ONNX export run (`explorer.operations`),
        with the batch for the first axis.
        """

    @abstractmethod
    def sample(self, parameters: Tensor, seed: keras.random.SeedGenerator) -> Tensor:
        """Draw uint8 images (image, height, width, channel)."""

    def sample_of_levels(
        self, parameters: Tensor, seed: keras.random.SeedGenerator, nearest: Callable[[Tensor], Tensor]
    ) -> Tensor:
        """Draw uint8 images of the levels that occur: `nearest` brings uint8 images to these."""
        return nearest(self.sample(parameters, seed))

    def constant_nats(self, mean: np.ndarray, deviation: np.ndarray, levels: np.ndarray) -> np.ndarray | None:
        """What images cost without a model, by this kind of likelihood: float64 (image, value), in nats.

        None where nothing of the kind is defined; of a probability of bytes a discretized normal is taken. `mean` and
        `deviation` (value,) are the training images', `levels` (image, value), all in grey levels.
        """
        return None

    def least_nats(self, images: np.ndarray) -> float | None:
        """The least that these images can cost by this likelihood, in nats per image; None where it is not known."""
        return None

    @property
    def is_autoregressive(self) -> bool:
        """Whether each pixel depends on those before it too, beside the code."""
        return False

    @property
    def is_coupled(self) -> bool:
        """Whether a value depends on those of the channels before it in the same pixel, beside the code."""
        return False

    def given_pixels_before(self, image_shape: tuple[int, int, int], *, seed: int) -> Any:
        """A Keras layer that makes the likelihood one of each pixel given those before, as `Autoregression` does.

        None where pixels are independent given the code.
        """
        return None

    def start_bias(self, images: np.ndarray) -> list[np.ndarray]:
        """The biases of a decoder that answers with what uint8 images (image, height, width, channel) are on average.

        One (height * width * channel) of the location, each value's own; with `has_location` false one of the other
        parameters beside it.
        """
        mean = np.clip(images.mean(axis=0) / 255.0, 1e-3, 1.0 - 1e-3)
        return [np.log(mean / (1.0 - mean)).ravel()]

    def said_of(self, images: np.ndarray, part: str) -> list[str]:
        """The caution as a sentence on these images, the `part` images of a split; none where there is none."""
        return [self.caution.format(least=self.least_nats(images), part=part)] if self.caution else []

    def share_at_bound(self, parameters: Tensor) -> Tensor | None:
        """The share of scales, in [0, 1], that are the smallest that is allowed; None where there is no such bound."""
        return None

    # --- for subclasses ---

    def image_shape(self, parameters: Tensor) -> tuple[int, int, int]:
        """(height, width, channel) of the images that parameters are of."""
        height, width, numbers = parameters.shape[1:]
        return height, width, numbers // self.parameters_per_value

    def apart(self, parameters: Tensor) -> list[Tensor]:
        """The parameters, each (image, value)."""
        row = math.prod(self.image_shape(parameters))
        return [ops.reshape(part, (-1, row)) for part in ops.split(parameters, self.parameters_per_value, axis=-1)]

    def by_parameter(self, parameters: Tensor) -> Tensor:
        """The parameters as (image, height, width, parameter, channel)."""
        height, width, channels = self.image_shape(parameters)
        return ops.reshape(parameters, (-1, height, width, self.parameters_per_value, channels))


class Bound:
    """A likelihood and the parameters that a decoder returned: distributions of images.

    Attributes:
        likelihood: the choice.
        parameters: float tensor (image, height, width, channel * parameters_per_value).
        of_code: what the code alone says, without the pixels before: itself where it is not autoregressive.
        palette: of the levels that occur in an image, where these are told first.
    """

    def __init__(
        self,
        likelihood: Likelihood,
        parameters: Tensor,
        *,
        of_code: Bound | None = None,
        palette: ChannelPalette | None = None,
    ):
        self.likelihood, self.parameters, self.of_code = likelihood, parameters, of_code or self
        self.palette = palette
        self._shape = likelihood.image_shape(parameters)

    def log_prob(self, images: Tensor) -> Tensor:
        """Log-probability of uint8 images (image, height, width, channel), in nats per image, shape (image,)."""
        palettes = self._palettes(images)
        return ops.sum(self._of_values(images, palettes), axis=-1) + self._of_palettes(palettes)

    def log_prob_of_values(self, images: Tensor) -> Tensor:
        """Log-probability of each value, in nats, without that of its image's palette: (image, value)."""
        return self._of_values(images, self._palettes(images))

    def log_prob_of_pixels(self, images: Tensor) -> Tensor:
        """Log-probability of each pixel, its channels together, in nats: (image, height, width). Its sum is `log_prob`.

        Of an autoregressive likelihood that of a pixel given those before. All pixels bear an equal share of what their
        image's palette takes.
        """
        palettes = self._palettes(images)
        height, width, _ = self._shape
        share = ops.reshape(self._of_palettes(palettes), (-1, 1, 1)) / (height * width)
        return ops.sum(ops.reshape(self._of_values(images, palettes), (-1, *self._shape)), axis=-1) + share

    def _palettes(self, images: Tensor) -> Tensor:
        return None if self.palette is None else self.palette.of(images)

    def _of_palettes(self, palettes: Tensor) -> Tensor:
        """What telling the palettes takes of the log-probability, in nats: (image,), or 0 where none are told."""
        return 0.0 if self.palette is None else self.palette.log_prob(palettes)

    def _of_values(self, images: Tensor, palettes: Tensor, rows: Rows | None = None) -> Tensor:
        """Log-probability of each value, of images with these palettes, or of some of their rows: (image, value)."""

        def levels(of_images: Tensor) -> Tensor:
            of_images = of_images if rows is None else rows.of(of_images)
            return ops.cast(ops.reshape(of_images, (-1, math.prod(self._shape))), self.parameters.dtype)

        if self.palette is None:
            return self.likelihood.log_prob_of_values(self.parameters, levels(images))
        first, last = self.palette.runs(palettes, images)
        return self.likelihood.log_prob_of_runs(self.parameters, levels(images), levels(first), levels(last))

    def log_probabilities(self) -> Tensor:
        """Log-probability of every grey level, in nats: float tensor (image, height, width, channel, 256).

        That is 256 numbers for each value: 140 thousand for a grey image of 28 by 20 pixels. Before a palette is told.

        Raises:
            BadInput: the likelihood is no probability of bytes, or a value's depends on the channels before it.
        """
        if self.likelihood.is_coupled:
            raise BadInput("of coupled channels the probabilities of a value are those given the channels before it")
        if not self.likelihood.is_probability_of_bytes:
            raise BadInput(f"the likelihood {self.likelihood.name} is no probability of bytes")
        levels = ops.reshape(ops.arange(256, dtype=self.parameters.dtype), (256, 1, 1))
        each = self.likelihood.log_prob_of_values(self.parameters, levels)
        return ops.reshape(ops.moveaxis(each, 0, -1), (-1, *self._shape, 256))

    def mean(self) -> Tensor:
        """Expected pixels, in [0, 1], shape (image, height, width, channel)."""
        return self.likelihood.mean(self.parameters)

    def sample(self, seed: keras.random.SeedGenerator) -> Tensor:
        """Draw uint8 images (image, height, width, channel)."""
        palette = self.palette
        if palette is None:
            return self.likelihood.sample(self.parameters, seed)
        drawn = palette.draw(ops.shape(self.parameters)[0], self._shape[2], seed)
        return self.likelihood.sample_of_levels(self.parameters, seed, lambda images: palette.nearest(drawn, images))


class BoundOfRows(Bound):
    """The likelihood of some rows of images, for that of all of them: the same on average over the first one.

    Args:
        rows: which they are.
    """

    def __init__(
        self,
        likelihood: Likelihood,
        parameters: Tensor,
        *,
        of_code: Bound,
        rows: Rows,
        palette: ChannelPalette | None = None,
    ):
        super().__init__(likelihood, parameters, of_code=of_code, palette=palette)
        self.rows = rows

    def log_prob(self, images: Tensor) -> Tensor:
        """As `Bound.log_prob`, estimated."""
        count, width, channels = self._shape
        palettes = self._palettes(images)
        each = self._of_values(images, palettes, self.rows)
        by_row = ops.sum(ops.reshape(each, (-1, count, width * channels)), axis=-1)
        return self.rows.step * ops.sum(self.rows.inside * by_row, axis=-1) + self._of_palettes(palettes)


def as_bytes(fractions: Tensor) -> Tensor:
    """Pixels in [0, 1] as uint8; what lies beyond is black or white."""
    return ops.cast(ops.round(255.0 * ops.clip(fractions, 0.0, 1.0)), "uint8")
