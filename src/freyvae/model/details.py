"""Groups of latents below the top one: spatial, each added to what a decoder has made of the groups above it."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

import keras
from keras import layers, ops

from freyvae.model.distributions import IndependentNormals

Tensor = Any
# log-variances of a posterior stay within these of the prior's, and log-deviations of the prior within these of 0.
# Without a bound one large step of training makes a deviation infinite, and the loss NaN
LARGEST_LOG_VARIANCE = 8.0
LARGEST_LOG_DEVIATION = 3.0
# the variance of what a group adds at first, of that of a layer by He et al. 2015
_SCALE_OF_ADDITION = 0.1
# that of mean and log-variance at first: the posterior is nearly the prior
_SCALE_OF_POSTERIOR = 0.01

# what is called with a group's layer and the state above it, for the group's latents
Choose = Callable[["Details", Tensor], Tensor]
_choose: ContextVar[Choose | None] = ContextVar("choose", default=None)


@contextmanager
def details_chosen(choose: Choose) -> Iterator[None]:
    """Have decoders ask `choose` for the latents of each group below the code; without it they are 0, their mean.

    `choose` is called with the `Details` of a group and the state (image, height, width, channel) that the groups above
    have made, the groups in their order; it returns latents (image, `latents`).
    """
    token = _choose.set(choose)
    try:
        yield
    finally:
        _choose.reset(token)


def details_of(decoder: keras.Model) -> list["Details"]:
    """The groups below the code of a decoder, from the top down: none in most networks."""
    return [layer for layer in decoder.layers if isinstance(layer, Details)]


def soft_bound(values: Tensor, largest: float) -> Tensor:
    """Values about as they are near 0, and never beyond `largest`; the gradient falls to 0 smoothly."""
    return largest * ops.tanh(ops.cast(values, "float32") / largest)


@keras.saving.register_keras_serializable("freyvae")
class Details(layers.Layer):
    """A group of latents u at each pixel of a decoder's state h: h + W (sigma(h) u), with p(u | h) = N(0, I).

    It is z = sigma(h) u ~ N(0, sigma(h)^2) of a ladder of latents (Sonderby et al. 2016; Child 2021, fig. 3), whose
    KL is the same in u. The mean of p(z | h) is left to the decoder's own layers, of which h comes, so that a decoder
    whose latents below the code are 0 is an ordinary network: called as it is, it is that, and this layer changes
    nothing. The posterior q(u | x, h) is a diagonal normal, made of h and of the features that the encoder has of the
    image at this size.

    Args:
        channels: number of latents of a pixel.
        features: name of the encoder's layer whose outputs, of the state's height and width, the posterior is made of.
        feature_channels: their channels.
        activation: of the hidden layers, as Keras names it.
        seed: of the initial weights; None draws one.
    """

    def __init__(
        self,
        channels: int,
        features: str,
        feature_channels: int,
        activation: str = "relu",
        seed: int | None = None,
        **kwargs: Any,
    ):
        super().__init__(**kwargs)
        self.channels, self.features, self.feature_channels = channels, features, feature_channels
        self.activation = keras.activations.get(activation)
        self.seed = seed

    def build(self, input_shape: tuple[Any, ...]) -> None:
        """Make the weights."""
        height, width, state = input_shape[1:]
        self.size = height, width
        self.latents = height * width * self.channels
        # values of an image in the largest tensor, for who divides a step's work
        self.largest_output = height * width * (2 * state + self.feature_channels)
        # what a step of training keeps: what the posterior is made of, twice, its hidden layer, what is added
        self.values_of_image = height * width * (6 * state + 2 * self.feature_channels + 6 * self.channels)
        seeds = iter(keras.random.randint((3,), 0, 2**31 - 1, seed=keras.random.SeedGenerator(self.seed)))

        def convolution(name: str, inputs: int, outputs: int, kernel: int, scale: float, **more: Any) -> Any:
            initializer = (
                keras.initializers.VarianceScaling(scale, mode="fan_in", seed=int(next(seeds))) if scale else "zeros"
            )
            made = layers.Conv2D(
                outputs,
                kernel,
                padding="same",
                kernel_initializer=initializer,
                dtype=self.dtype_policy,
                name=name,
                **more,
            )
            made.build((None, height, width, inputs))
            return made

        self.deviation = convolution("deviation", state, self.channels, 1, 0.0)
        # without a bias, so that latents of 0 add nothing
        self.addition = convolution("addition", self.channels, state, 1, _SCALE_OF_ADDITION, use_bias=False)
        self.posterior_hidden = convolution("posterior_hidden", state + self.feature_channels, state, 3, 2.0)
        self.posterior_parameters = convolution(
            "posterior", 2 * state + self.feature_channels, 2 * self.channels, 1, _SCALE_OF_POSTERIOR
        )

    def call(self, state: Tensor) -> Tensor:
        """The state with what the latents add, both (image, height, width, channel)."""
        choose = _choose.get()
        if choose is None:
            return state
        latents = ops.reshape(choose(self, state), (-1, *self.size, self.channels))
        log_deviation = soft_bound(self.deviation(self.activation(state)), LARGEST_LOG_DEVIATION)
        added = self.addition(ops.cast(ops.exp(log_deviation) * latents, self.compute_dtype))
        return state + added

    def posterior(self, state: Tensor, features: Tensor) -> IndependentNormals:
        """q(u | x, h), of latents (image, latent), for a state and features (image, height, width, channel)."""
        both = ops.concatenate([ops.cast(each, self.compute_dtype) for each in (state, features)], axis=-1)
        hidden = self.activation(self.posterior_hidden(both))
        # past the hidden layer too: the best linear guess is features less state, of what is missing in the state
        made = self.posterior_parameters(ops.concatenate([both, hidden], axis=-1))
        mean, log_variance = ops.split(made, 2, axis=-1)
        return IndependentNormals(
            ops.cast(ops.reshape(mean, (-1, self.latents)), "float32"),
            soft_bound(ops.reshape(log_variance, (-1, self.latents)), LARGEST_LOG_VARIANCE),
        )

    def compute_output_shape(self, input_shape: tuple[Any, ...]) -> tuple[Any, ...]:
        """That of the state."""
        return input_shape

    def get_config(self) -> dict[str, Any]:
        """What `__init__` takes."""
        return {
            **super().get_config(),
            "channels": self.channels,
            "features": self.features,
            "feature_channels": self.feature_channels,
            "activation": keras.activations.serialize(self.activation),
            "seed": self.seed,
        }
