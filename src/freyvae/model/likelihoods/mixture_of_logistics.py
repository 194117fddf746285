"""Several logistic distributions for each value: a probability of bytes with more than one hill."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, Any, ClassVar, Literal

from msgspec import Meta

from freyvae.choice import Positive
from freyvae.errors import BadInput
from freyvae.late import keras, np, ops
from freyvae.model.likelihood import PROBABILITY_OF_BYTES, Likelihood, Tensor
from freyvae.model.likelihoods.discretized_logistic import DiscretizedLogistic
from freyvae.model.logistic import bounded_log_scale, draw_logistic, logistic_log_mass, share_at_bound, without_overflow

# of the same pixel, how many channels before it a coupled channel sees
CHANNELS_BEFORE = 2


@dataclass(frozen=True)
class MixtureOfLogistics(Likelihood):
    """Logistic distributions cut into the 256 grey levels, and mixed (Salimans et al. 2017, eq. 1 and 2).

    Each value has a location m, squashed, where its first
    component lies, and which moves all of them; the components have a log-scale log w_k and a logit each, and all but
    the first an offset o_k from m, in units of their own scale: m_k = m + w_k o_k. Parameters of zero are equal
    components of the starting scale at m, m - w, m + w, m - 2 w, ...: apart, or they would learn the same.

    With `coupled` a channel's locations all move with the actual values of the channels before it in the same pixel
    (their section 2.2): by sum_d tanh(a_d) (x_{c-d} - E x_{c-d}), d up to `CHANNELS_BEFORE`, which of three colours are
    all that are before. One set of coefficients a pixel serves all components. Taken from their expectation, the values
    before leave that of the channel as it is, so that `mean` is the same.

    Args:
        components: how many are mixed.
        scale_per: what scales, offsets and logits depend on; with `autoregressive` always the code, but for the context
            `neighbourhood`, where that is named.
        autoregressive: whether each value depends on those before it too, beside the code.
        coupled: whether a channel depends on those before it in the same pixel; of grey images it changes nothing. Not
            with `autoregressive`, which has that already.
        context: of an autoregressive one: `image`, all pixels before, by a matrix of all pixels against all and a
            network (`Autoregression`; small grey images); `neighbourhood`, those nearby (`Neighbourhood`; any images).
            `automatic` is the first where that is possible.
        reach: with the context `image`, the linear prediction sees the pixels before within so many rows and columns;
            0 is all of them, which for few images is too many to learn from.
        context_width: units of the hidden layers of the network that looks at the pixels before; 0 is the context's
            default, 64 for `image` and 96 for `neighbourhood`.
        thinning: of an autoregressive one, a training step takes every so manieth row of an image for all of them,
            from another one at each step: the free energy is then the same on average. The network of the context
            `neighbourhood` is small and the same for all pixels, so that it learns as well from fewer of them; with
            `image` a step saves less time and teaches less. An importance-weighted bound of several draws takes all
            rows.
        channel_palette: with `image`, the grey levels that occur in an image are told first, and its pixels have none
            but these (`ChannelPalette`): for images whose contrast was stretched, which leaves gaps between the levels.
            `automatic` is `image` where `train` finds the training images to be such, and `none` elsewhere.
    """

    name = "mixture-of-logistics"
    kind = PROBABILITY_OF_BYTES
    components: Annotated[Positive, Meta(description="number of logistics that are mixed")] = 3
    scale_per: Annotated[
        Literal["image", "channel", "pixel", "code"],
        Meta(description="learned scales: one for the image, one per channel, one per pixel, or made from the code"),
    ] = "pixel"
    autoregressive: Annotated[
        bool, Meta(description="let each value depend on those before it too, beside the code")
    ] = False
    context: Annotated[
        Literal["automatic", "image", "neighbourhood"],
        Meta(
            description="what an autoregressive value depends on: all pixels before (image: small grey images), or "
            "those nearby (neighbourhood); automatic is the first where that is possible"
        ),
    ] = "automatic"
    reach: Annotated[
        int,
        Meta(
            ge=0,
            description="with the context image, how many rows and columns away the linear prediction from the pixels "
            "before looks; 0: at all of them",
        ),
    ] = 0
    context_width: Annotated[
        int,
        Meta(
            ge=0,
            description="units of the hidden layers of the network that looks at the pixels before; 0: 64 for the "
            "context image, 96 for neighbourhood",
        ),
    ] = 0
    thinning: Annotated[
        Positive,
        Meta(
            description="in a training step, the likelihood of every so manieth row of an image stands for all of them"
        ),
    ] = 1
    coupled: Annotated[bool, Meta(description="each channel's location moves with those before it")] = False
    channel_palette: Annotated[
        Literal["none", "image", "automatic"],
        Meta(
            description="tell first which grey levels occur in an image, for images whose contrast was stretched: "
            "automatic asks the training images"
        ),
    ] = "none"
    start_scale: ClassVar[float] = DiscretizedLogistic.start_scale
    smallest_scale: ClassVar[float] = DiscretizedLogistic.smallest_scale

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.coupled and self.autoregressive:
            raise BadInput("an autoregressive likelihood couples channels already: leave out coupled=...")

    @property
    def parameters_per_value(self) -> int:
        """A location, components - 1 offsets, then log-scales and logits; if coupled, coefficients."""
        return 3 * self.components + CHANNELS_BEFORE * self.coupled

    @property
    def is_coupled(self) -> bool:
        """As `Likelihood.is_coupled`."""
        return self.coupled

    @property
    def shape_per(self) -> str:
        """As `Likelihood.shape_per`: what `Autoregression` corrects differs from code to code."""
        return "code" if self.autoregressive and self.context != "neighbourhood" else self.scale_per

    @property
    def is_autoregressive(self) -> bool:
        """As `Likelihood.is_autoregressive`."""
        return self.autoregressive

    def given_pixels_before(self, image_shape: tuple[int, int, int], *, seed: int) -> Any:
        """As `Likelihood.given_pixels_before`."""
        if not self.autoregressive:
            return None
        from freyvae.engine.memory import check_memory
        from freyvae.model.autoregression import Autoregression
        from freyvae.model.neighbourhood import Neighbourhood

        # of its largest matrix, since XLA ends the process where one is far too large
        check_memory("weights", (self.context_width**2,), "float32", "choose a smaller context_width=...")
        is_possible = Autoregression.is_possible(image_shape)
        if self.context == "image" or (self.context == "automatic" and is_possible):
            return Autoregression(self, seed=seed, name="autoregression")
        return Neighbourhood(self, seed=seed, name="autoregression")

    @property
    def start_offsets(self) -> np.ndarray:
        """Of all but the first component: -1, 1, -2, 2, ... float32 (components - 1,)."""
        order = np.arange(1, self.components)
        return np.where(order % 2, -1.0, 1.0).astype("float32") * ((order + 1) // 2)

    def components_of(self, parameters: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Locations, log-scales and logits, each (component, image, value)."""
        count = self.components
        location, *others = self.apart(parameters)
        offsets, log_scales, logits = (
            others[: count - 1],
            others[count - 1 : 2 * count - 1],
            others[2 * count - 1 : 3 * count - 1],
        )
        log_scale = bounded_log_scale(ops.stack(log_scales), start=self.start_scale, smallest=self.smallest_scale)
        offsets = [offset + float(start) for offset, start in zip(offsets, self.start_offsets, strict=True)]
        offset = ops.stack([ops.zeros_like(location), *offsets])
        return ops.sigmoid(location) + ops.exp(log_scale) * offset, log_scale, ops.stack(logits)

    def for_images(self, images: np.ndarray) -> MixtureOfLogistics:
        """As `Likelihood.for_images`."""
        if self.channel_palette != "automatic":
            return self
        from freyvae.data.stretched import missing_levels

        return dataclasses.replace(self, channel_palette="image" if missing_levels(images).is_stretched else "none")

    def as_settled(self, before: Likelihood) -> Likelihood:
        """As `Likelihood.as_settled`."""
        if self.channel_palette != "automatic" or not isinstance(before, MixtureOfLogistics):
            return self
        return dataclasses.replace(self, channel_palette=before.channel_palette)

    @property
    def tells_palette(self) -> bool:
        """As `Likelihood.tells_palette`."""
        return self.channel_palette == "image"

    def log_prob_of_values(self, parameters: Tensor, levels: Tensor) -> Tensor:
        """As `Likelihood.log_prob_of_values`."""
        return self._log_prob(parameters, levels, levels)

    def log_prob_of_runs(self, parameters: Tensor, levels: Tensor, first: Tensor, last: Tensor) -> Tensor:
        """As `Likelihood.log_prob_of_runs`."""
        return self._log_prob(parameters, levels, first, ops.expand_dims(last, -3))

    def _log_prob(self, parameters: Tensor, levels: Tensor, first: Tensor, last: Tensor = None) -> Tensor:
        location, log_scale, logits = self.components_of(parameters)
        if self.coupled:
            location = location + self._moves(parameters, levels / 255.0 - _expectation(location, logits))
        log_masses = logistic_log_mass(ops.expand_dims(first, -3), location, log_scale, last)
        return ops.logsumexp(ops.log_softmax(logits, axis=0) + log_masses, axis=-3)

    def share_at_bound(self, parameters: Tensor) -> Tensor | None:
        """As `Likelihood.share_at_bound`, each component counted by its weight."""
        _, log_scale, logits = self.components_of(parameters)
        return share_at_bound(log_scale, self.smallest_scale, weights=ops.softmax(logits, axis=0))

    def mean(self, parameters: Tensor) -> Tensor:
        """The mixture's mean: the mean, but for what the first and last grey level cut off the tails."""
        count, values = self.components, self.by_parameter(parameters)
        location = ops.sigmoid(values[:, :, :, 0])
        if count == 1:
            return location
        # sum_k p_k m_k = m + sum over all but the first of p_k w_k o_k
        weights = ops.softmax(values[:, :, :, 2 * count : 3 * count], axis=3)[:, :, :, 1:]
        scales = ops.exp(without_overflow(values[:, :, :, count + 1 : 2 * count])) * self.start_scale
        scales = ops.maximum(scales, self.smallest_scale)
        offsets = ops.add(values[:, :, :, 1:count], self.start_offsets.reshape(-1, 1))
        return ops.clip(location + ops.sum(weights * scales * offsets, axis=3), 0.0, 1.0)

    def sample(self, parameters: Tensor, seed: keras.random.SeedGenerator) -> Tensor:
        """As `Likelihood.sample`."""
        return self.sample_of_levels(parameters, seed, lambda images: images)

    def sample_of_levels(
        self, parameters: Tensor, seed: keras.random.SeedGenerator, nearest: Callable[[Tensor], Tensor]
    ) -> Tensor:
        """As `Likelihood.sample_of_levels`: of coupled channels each is told what the ones before it are brought to."""
        locations, log_scales, logits = self.components_of(parameters)
        # the largest of logits plus Gumbel noise: each component with its probability
        uniform = keras.random.uniform(ops.shape(logits), 1e-6, 1.0 - 1e-6, seed=seed)
        chosen = ops.argmax(logits - ops.log(-ops.log(uniform)), axis=0)
        chosen = ops.one_hot(chosen, self.components, axis=0)
        location, log_scale = (ops.sum(chosen * values, axis=0) for values in (locations, log_scales))
        image_shape = self.image_shape(parameters)

        def brought(values: Tensor) -> Tensor:
            return nearest(ops.cast(ops.reshape(values, (-1, *image_shape)), "uint8"))

        if not self.coupled:
            return brought(draw_logistic(location, log_scale, seed))
        # a channel after the other, each given those that are drawn
        expected = _expectation(locations, logits)
        drawn = ops.zeros_like(expected)
        of_channel = np.tile(np.arange(image_shape[2]), image_shape[0] * image_shape[1])
        for channel in range(image_shape[2]):
            moved = location + self._moves(parameters, drawn / 255.0 - expected)
            found = ops.cast(draw_logistic(moved, log_scale, seed), drawn.dtype)
            drawn = ops.where(of_channel == channel, found, drawn)
            drawn = ops.cast(ops.reshape(brought(drawn), ops.shape(drawn)), drawn.dtype)
        return ops.cast(ops.reshape(drawn, (-1, *image_shape)), "uint8")

    def _moves(self, parameters: Tensor, residuals: Tensor) -> Tensor:
        """How far the channels before move each location, of x - E x of all values: both (image, value)."""
        channels = self.image_shape(parameters)[2]
        by_channel = ops.reshape(residuals, (-1, residuals.shape[-1] // channels, channels))
        moves = ops.zeros_like(residuals)
        for before, coefficient in enumerate(self.apart(parameters)[3 * self.components :], start=1):
            if before < channels:
                none = ops.zeros_like(by_channel[:, :, :before])
                seen = ops.concatenate([none, by_channel[:, :, :-before]], axis=-1)
                moves = moves + ops.tanh(coefficient) * ops.reshape(seen, (-1, residuals.shape[-1]))
        return moves


def _expectation(location: Tensor, logits: Tensor) -> Tensor:
    """The mixture's mean, without what black and white cut off: (image, value), of (component, image, value)."""
    if len(location) == 1:  # of which Keras warns
        return location[0]
    return ops.sum(ops.softmax(logits, axis=0) * location, axis=0)
