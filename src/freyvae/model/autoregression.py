"""Each pixel given those before it: what the latents leave over is predicted from the pixels already seen.

With it p(x | z) = prod_i p(x_i | x_<i, z), pixels in raster order: an exact likelihood, and every pixel of known images
at once.
"""

from typing import Any

import keras
import numpy as np
from keras import ops

from freyvae.errors import BadInput
from freyvae.model.products import repeated, times
from freyvae.model.windows import Rows, square, windows

Tensor = Any
# its matrix has the square of this many numbers
MOST_PIXELS = 64 * 64
# share of the diagonal in the covariance to begin with, which has more numbers than there are images to tell them
SHRINKAGE = 0.03
# units of the local network's two hidden layers, where the mixture does not say
WIDTH = 64
# where it looks, (down, right) from a pixel: at pixels before it, and at locations all around
BEFORE = [(down, right) for down in range(-3, 1) for right in range(-3, 4) if (down, right) < (0, 0)]
AROUND = [(down, right) for down in range(-2, 3) for right in range(-2, 3)]


class Autoregression(keras.layers.Layer):
    """Moves and reshapes the mixture of logistics of each pixel x_i, given the pixels x_<i before it.

    In two steps. f being the decoder's locations and w its scales, the first is linear,

        m_i = f_i + sum_{j<i} B_ij (x_j - f_j),  B learned and strictly lower triangular,

    and 0 beyond the mixture's `reach`. The second is local: a small network, the same for every pixel, sees of the
    pixels before within `BEFORE` the residual x_j - f_j, what the first step left of it, (x_j - m_j) / w_j, and the
    size of that; the decoder's locations all around; a learned vector of the pixel's own and the latents. It corrects
    location, offsets, log-scales and logits of the pixel's components. As in the contexts of lossless image coders (Wu
    & Memon 1997), a pixel is uncertain where its neighbours surprised.

    Args:
        mixture: the `MixtureOfLogistics` whose parameters it corrects.
        seed: of the initial weights.
    """

    def __init__(self, mixture: Any, *, seed: int | None = None, **kwargs: Any):
        super().__init__(**kwargs)
        self.mixture = mixture
        self.width = mixture.context_width or WIDTH
        self.seed = seed

    @staticmethod
    def is_possible(image_shape: tuple[int, ...]) -> bool:
        """Whether images are grey, and small enough for a matrix of all pixels against all."""
        height, width, channels = image_shape
        return channels == 1 and height * width <= MOST_PIXELS

    def build(
        self, parameters_shape: tuple[Any, ...], latents_shape: tuple[Any, ...], images_shape: tuple[Any, ...]
    ) -> None:
        """Make the weights. Raises `BadInput` for colour images, and for large ones."""
        height, width, parameters = parameters_shape[1:]
        pixels = height * width
        if not self.is_possible(images_shape[1:]):
            raise BadInput(
                f'context="image" is for grey images of at most {MOST_PIXELS} pixels, not for {height} x {width} and '
                f'{images_shape[-1]} channels: choose context="neighbourhood"'
            )
        seeds = iter(keras.random.randint((4,), 0, 2**31 - 1, seed=keras.random.SeedGenerator(self.seed)))

        def matrix(name: str, *shape: int, scale: float = 1.0) -> Any:
            initializer = keras.initializers.VarianceScaling(scale, seed=int(next(seeds)))
            return self.add_weight(shape=shape, initializer=initializer, name=name)

        def constants(name: str, *shape: int, value: float = 0.0, trainable: bool = True) -> Any:
            initializer = keras.initializers.Constant(value)
            return self.add_weight(shape=shape, initializer=initializer, trainable=trainable, name=name)

        self.mean_image = constants("usual", height, width, value=0.5, trainable=False)
        self.linear = constants("linear", pixels, pixels)
        self.from_windows = matrix("from_windows", 3 * len(BEFORE) + len(AROUND), self.width)
        self.from_latents = matrix("from_latents", latents_shape[-1], self.width, scale=0.1)
        self.of_pixel = matrix("of_pixel", pixels, self.width, scale=0.01 * pixels)
        self.hidden = matrix("hidden", self.width, self.width)
        self.hidden_bias = constants("hidden_bias", self.width)
        self.to_corrections = constants("to_corrections", self.width, parameters)
        self.corrections = constants("corrections", parameters)

    def values_of_pixel(self, channels: int) -> int:
        """How many values a training step keeps of each pixel that it takes, for an estimate of its memory."""
        of_pixel: int = 3 * len(BEFORE) + len(AROUND) + 4 * self.width + 2 * self.mixture.parameters_per_value
        return of_pixel

    def start_at(self, decoder: keras.Model, images: np.ndarray) -> None:
        """Let the linear part begin at the Gaussian of uint8 images (image, height, width, 1), and the scales with it.

        With L the Cholesky factor of their covariance and d its diagonal, each pixel given those before has the mean
        mu_i + sum_{j<i} B_ij (x_j - mu_j), B = I - diag(d) L^-1, and the deviation d_i. Where it has a reach, the
        linear part begins at 0, and only the scales there: else codes leave to it what they would learn to say. A
        decoder of convolutions has no number of a pixel's own that the scales could begin at.
        """
        pixels = images.reshape(len(images), -1) / 255.0
        # one image has none, one pixel a variance
        covariance = np.atleast_2d(np.cov(pixels.T, bias=len(pixels) == 1))
        variance = np.diag(covariance) + 1e-5
        covariance = (1.0 - SHRINKAGE) * covariance + SHRINKAGE * np.diag(variance)
        factor = np.linalg.cholesky(covariance)
        deviation = np.diag(factor)
        self.mean_image.assign(images.mean(axis=0)[..., 0] / 255.0)
        if not self.mixture.reach:
            self.linear.assign(np.tril(np.eye(len(deviation)) - deviation[:, None] * np.linalg.inv(factor), -1))
        others = next((layer for layer in decoder.layers if layer.name == "others"), None)
        if others is None:
            return
        # a logistic of scale w has the deviation w pi / sqrt(3)
        log_scale = np.log(deviation * np.sqrt(3.0) / np.pi / self.mixture.start_scale)
        count = self.mixture.components
        values = np.zeros((len(deviation), self.mixture.parameters_per_value - 1))
        values[:, count - 1 : 2 * count - 1] = log_scale[:, None]
        others.bias.assign(values.ravel())

    def _linear(self) -> Tensor:
        """B, (pixel, pixel): 0 for what does not come before, and beyond reach."""
        weights = ops.tril(self.linear, -1)
        if not self.mixture.reach:
            return weights
        height, width = self.mean_image.shape
        place = ops.arange(height * width, dtype="int32")
        near = [ops.abs(ops.expand_dims(of, 1) - of) <= self.mixture.reach for of in (place // width, place % width)]
        return weights * ops.cast(ops.logical_and(*near), weights.dtype)

    def call(self, parameters: Tensor, latents: Tensor, images: Tensor, pixel: Any = None) -> Tensor:
        """What the pixels before make of each pixel's distribution.

        Args:
            parameters: the decoder's, (image, height, width, n).
            latents: (image, latent).
            images: uint8 (image, height, width, 1); of pixel i, only those before it are looked at.
            pixel: the one that is asked for, an integer in raster order; by default all are.

        Returns:
            The parameters of `MixtureOfLogistics` for each pixel given those before, (image, height, width, n), or of
            the one pixel, (image, 1, 1, n).
        """
        return self._given(parameters, latents, images, pixel=pixel)

    def of_rows(self, parameters: Tensor, latents: Tensor, images: Tensor, rows: Rows) -> Tensor:
        """As `call`, of some rows: (image, row, width, n)."""
        return self._given(parameters, latents, images, rows=rows)

    def _given(
        self, parameters: Tensor, latents: Tensor, images: Tensor, *, pixel: Any = None, rows: Rows | None = None
    ) -> Tensor:
        height, width = parameters.shape[1:3]
        place = None if pixel is None else (pixel // width, pixel % width)
        location = ops.sigmoid(parameters[..., :1])
        scale = ops.stop_gradient(ops.exp(self.mixture.components_of(parameters)[1][0]))
        scale = ops.reshape(scale, (-1, height, width, 1))
        residual = ops.cast(images, location.dtype) / 255.0 - location
        linear = ops.matmul(ops.reshape(residual, (-1, height * width)), ops.transpose(self._linear()))
        linear = ops.reshape(linear, (-1, height, width, 1))
        surprise = (residual - linear) / scale
        # one matrix product of all windows, what is seen brought to about the same size; a convolution would read
        # better, but is several times slower on XLA's CPU
        around = [
            *windows(surprise, BEFORE, place, rows),
            *windows(ops.abs(surprise), BEFORE, place, rows),
            *windows(16.0 * residual, BEFORE, place, rows),
            *windows(8.0 * (location - ops.expand_dims(self.mean_image, -1)), AROUND, place, rows),
        ]
        of_pixel = self.of_pixel
        if place is not None:
            of_pixel = ops.expand_dims(of_pixel[pixel], 0)
            parameters, location, linear, scale = (
                square(values, place, 1) for values in (parameters, location, linear, scale)
            )
        if rows is not None:
            of_pixel = ops.reshape(rows.of(ops.reshape(of_pixel, (1, height, width, -1))), (-1, self.width))
            parameters, location, linear, scale = map(rows.of, (parameters, location, linear, scale))
        # a sum over images would take a fifth of a training step
        vector = repeated(of_pixel, ops.shape(latents)[0])
        hidden = times(ops.concatenate(around, axis=-1), self.from_windows)
        hidden = hidden + vector + ops.expand_dims(ops.matmul(latents, self.from_latents), 1)
        hidden = ops.silu(hidden)
        hidden = ops.silu(hidden + times(hidden, self.hidden) + self.hidden_bias)
        corrections = times(hidden, self.to_corrections) + self.corrections
        corrections = ops.reshape(corrections, (-1, *parameters.shape[1:3], corrections.shape[-1]))
        moved = ops.clip(location + linear + scale * corrections[..., :1], 1e-4, 1.0 - 1e-4)
        logit = ops.log(moved) - ops.log1p(-moved)  # the likelihood squashes it again
        return ops.concatenate([logit, parameters[..., 1:] + corrections[..., 1:]], axis=-1)
