"""What a person calls with NumPy arrays: encode, decode, sample, and the free energy of images."""

import math
import warnings
from collections.abc import Callable, Sequence
from functools import cached_property
from typing import Any

import keras
import numpy as np
from keras import ops

from freyvae.arguments import several, whole
from freyvae.choice import LARGEST_SEED
from freyvae.engine.descent import Descent
from freyvae.engine.memory import check_memory
from freyvae.engine.programs import Program, eagerly
from freyvae.errors import BadInput, few_words
from freyvae.model.details import Details, details_of
from freyvae.model.distributions import Conditional, Marginal
from freyvae.model.drawing import draw_in_raster_order
from freyvae.model.estimate import Estimate
from freyvae.model.expected_pixels import ExpectedPixels
from freyvae.model.feeding import FedWithImages
from freyvae.model.free_energy import FreeEnergy
from freyvae.model.groups import Encoded
from freyvae.model.likelihood import Bound, Likelihood

Tensor = Any
# how many images the methods hand to a network at once, and where gradients are kept
CHUNK, FEW = 1024, 128
# and numbers of these images; fewer where each operation's result is kept until the last one
VALUES, VALUES_OF_FEW = 2**24, 2**21


class OnArrays(FedWithImages):
    """The methods of a `VAE` on NumPy arrays, in chunks of at most 1024: memory does not grow with the data."""

    latent_dim: int
    decoder: keras.Model
    pixel_likelihood: Likelihood
    autoregression: Any
    posterior: Callable[..., Conditional]
    likelihood: Callable[..., Bound]
    likelihood_of: Callable[..., Bound]
    decoded_at_means: Callable[..., tuple[Tensor, Tensor]]
    encoded: Callable[..., Encoded]
    drawn_from_prior: Callable[..., Tensor]
    estimate: Callable[..., Estimate]

    @property
    def prior(self) -> Marginal:
        """p(z)."""
        raise NotImplementedError

    @property
    def groups_below(self) -> list[Details]:
        """The groups of latents below the top one, from the top down: none with most networks."""
        return details_of(self.decoder)

    @property
    def generator(self) -> keras.Model:
        """Latents (image, latent) -> expected pixels in [0, 1]: the decoder's own weights, with nothing copied."""
        latents = keras.Input((self.latent_dim,), name="latents")
        pixels = ExpectedPixels(self.pixel_likelihood)(self.decoder(latents))
        return keras.Model(latents, pixels, name="generator")

    def encode(self, images: Any, *, refine: int = 0) -> np.ndarray:
        """The codes of images, the same at every call: (image, latent) float32.

        They are posterior means; with a flow, what it makes of the mean that it begins with. An encoder knows the
        images that it was trained on better than others (the amortization gap: Cremer et al. 2018). With `refine` each
        code then moves so many steps of gradient descent to a higher density p(x | z) p(z), and the best is kept.

        Args:
            images: whatever `as_images` takes.
            refine: steps; 50 to 100 are enough for most.

        Raises:
            BadInput: what `as_images` refuses, images of another shape than the model's, `refine` is below 0, or codes
                are to be refined on another backend than JAX.
        """
        refine, images = whole("refine", refine, at_least=0), self._images(images)
        codes = in_chunks(self._codes, images, most=self._rows_at_once)
        if not refine:
            return codes
        few = min(FEW, self._few_at_once)
        return in_chunks(lambda *chunk: (self._descent(*chunk, steps=refine),), codes, images, most=few)

    def posterior_deviations(self, images: Any) -> np.ndarray:
        """The standard deviations of the posteriors about the codes of images: (image, latent) float32.

        Raises as `encode` does.
        """
        return in_chunks(self._deviations, self._images(images), most=self._rows_at_once)

    def decode(self, latents: Any) -> np.ndarray:
        """Expected pixels in [0, 1] of latents (image, latent): (image, height, width, channel) float32.

        They are of the top group. Groups below it stay at 0, the mean of their prior: no details are drawn.

        Raises:
            BadInput: the latents have another shape, there are none, they are not finite, or memory does not hold the
                images.
        """
        latents = self._latent_gate(latents)
        check_memory("images", (len(latents), *self.image_shape), "float32")
        return in_chunks(self._expected_pixels, latents, most=self._rows_at_once)

    @property
    def _rows_at_once(self) -> int:
        """How many images a compiled program is given."""
        return rows_at_once(math.prod(self.image_shape), VALUES)

    @property
    def _few_at_once(self) -> int:
        """How many, where each operation's result is kept until the last one."""
        return rows_at_once(math.prod(self.image_shape), VALUES_OF_FEW)

    def prepare(self, *, encode: Sequence[int] = (), decode: Sequence[int] = ()) -> None:
        """Compile `encode` and `decode` for so many images and latents at a time, as their first call would.

        Nothing is computed. A compilation works outside of Python's lock, so that a thread can see to it.
        """
        for count in several("encode", encode):
            rows = _rows(min(whole("encode", count, at_least=1), self._rows_at_once))
            self._codes.prepare(np.broadcast_to(np.uint8(0), (rows, *self.image_shape)))
        for count in several("decode", decode):
            rows = _rows(min(whole("decode", count, at_least=1), self._rows_at_once))
            self._expected_pixels.prepare(np.broadcast_to(np.float32(0), (rows, self.latent_dim)))

    def reconstruct(self, images: Any) -> np.ndarray:
        """Images encoded and decoded again, without noise: (image, height, width, channel) float32 in [0, 1].

        All groups of latents are at the means of their posteriors. `decode(encode(images))` has the top one alone.

        Raises as `encode` does.
        """
        if not self.groups_below:
            return self.decode(self.encode(images))
        return in_chunks(self._reconstructions, self._images(images), most=self._rows_at_once)

    def sample(self, count_or_latents: Any, *, seed: int = 0) -> np.ndarray:
        """Draw images from the model: codes from the prior p(z), then every pixel from the likelihood p(x | z).

        Groups of latents below the codes are drawn too, each given those above it.

        With an autoregressive decoder pixel by pixel, each given those drawn before it.

        Args:
            count_or_latents: how many images, or the codes of all of them, (image, latent).
            seed: of codes and pixels. `sample(n, seed=s)` is `sample(sample_latents(n, seed=s), seed=s)`.

        Returns:
            uint8 (image, height, width, channel). With the likelihood bernoulli they are black or white.

        Raises:
            BadInput: the count is below 1, memory does not hold so many, or the codes have another shape or are not
                finite.
        """
        count, given = self._count_or_codes(count_or_latents)
        check_memory("images", (count, *self.image_shape), "uint8")
        noise = _noise(seed)
        # drawn where there are codes, too: the pixels' noise is then never that of the codes
        codes = self._codes_of_prior(count, noise)

        def draw(chunk: np.ndarray) -> tuple[np.ndarray, ...]:
            if self.autoregression is None:
                return eagerly(lambda latents: (self._drawn_likelihood(latents, noise).sample(noise),))(chunk)
            images, state = self._draw_pixels(chunk, noise.state.value)
            noise.state.assign(state)
            return (images,)

        most = self._few_at_once if self.autoregression is None else self._rows_at_once
        return in_chunks(draw, codes if given is None else given, most=most)

    def sample_means(self, count: Any, *, seed: int = 0) -> np.ndarray:
        """Expected pixels of codes drawn from the prior: (image, height, width, channel) float32 in [0, 1].

        They are the means of the pixels that `sample` draws; with one group of latents, what `decode` makes of the
        codes. Groups below the codes are drawn too.

        Args:
            count: how many images, or the codes of all of them, (image, latent).
            seed: of codes and details. `sample_means(n, seed=s)` is `sample_means(sample_latents(n, seed=s), seed=s)`.

        Raises:
            BadInput: the count is below 1, memory does not hold so many, or the codes have another shape or are not
                finite.
        """
        count_of_images, given = self._count_or_codes(count)
        check_memory("images", (count_of_images, *self.image_shape), "float32")
        noise = _noise(seed)
        # drawn where there are codes, too: details are then the same as those of the codes that a count draws
        drawn = self._codes_of_prior(count_of_images, noise)
        latents = drawn if given is None else given
        if not self.groups_below:
            return self.decode(latents)
        means = eagerly(lambda chunk: (self._drawn_likelihood(chunk, noise).mean(),))
        return in_chunks(means, latents, most=self._few_at_once)

    def draw_images(self, count_or_latents: Any, *, seed: int = 0) -> np.ndarray:
        """`sample`, by the name that it had before version 0.2; it goes with the next."""
        warnings.warn("draw_images is now called sample", DeprecationWarning, stacklevel=2)
        return self.sample(count_or_latents, seed=seed)

    def sample_latents(self, count: int, *, seed: int = 0) -> np.ndarray:
        """Codes drawn from the prior: (count, latent) float32. Raises as `sample` does."""
        return self._codes_of_prior(whole("count", count, at_least=1), _noise(seed))

    # compiled at a shape's first call, each as a whole: operation by operation is several times as much to compile

    @cached_property
    def _codes(self) -> Program:
        return Program(self, lambda images: (self.posterior(images).mean,))

    @cached_property
    def _deviations(self) -> Program:
        return Program(self, lambda images: (self.posterior(images).deviation,))

    @cached_property
    def _expected_pixels(self) -> Program:
        return Program(self, lambda latents: (self.likelihood(latents).mean(),))

    @cached_property
    def _reconstructions(self) -> Program:
        return Program(self, lambda images: (self.likelihood_of(*self.decoded_at_means(images)).mean(),))

    def _drawn_likelihood(self, latents: Tensor, noise: keras.random.SeedGenerator) -> Bound:
        """p(x | z) for latents of the top group, those below drawn from the prior."""
        return self.likelihood_of(self.drawn_from_prior(latents, noise), latents)

    @cached_property
    def _descent(self) -> Descent:
        """Codes and images -> codes of a higher density, by what the code alone says of an image."""

        def cost(codes: Tensor, images: Tensor) -> Tensor:
            return -self.likelihood(codes).log_prob(images) - self.prior.log_prob(codes)

        return Descent(self, cost)

    @cached_property
    def _draw_pixels(self) -> Program:
        """(latents, state of the noise) -> (images, state), pixel by pixel."""
        autoregression: Any = self.autoregression
        noise = keras.random.SeedGenerator(0)

        def draw(latents: Tensor, state: Tensor) -> tuple[Tensor, Tensor]:
            # where the weights are given by a scope, a scope within it knows nothing of them
            weights = [(weight, weight.value) for weight in self.decoder.weights]
            with keras.StatelessScope(state_mapping=[*weights, (noise.state, state)]) as scope:
                decoded = self.drawn_from_prior(latents, noise)
                state = scope.get_current_value(noise.state)
            return draw_in_raster_order(
                autoregression, self.pixel_likelihood, decoded, latents, noise, state, self.channel_palette
            )

        return Program(self, draw)

    def _count_or_codes(self, given: Any) -> tuple[int, np.ndarray | None]:
        """How many images are asked for, and their codes where these were given. Raises `BadInput`."""
        is_count = not hasattr(given, "__len__") or getattr(given, "shape", None) == ()
        codes = None if is_count else self._latent_gate(given)
        return whole("count", given, at_least=1) if codes is None else len(codes), codes

    def _codes_of_prior(self, count: int, noise: keras.random.SeedGenerator) -> np.ndarray:
        check_memory("codes", (count, self.latent_dim), "float32")
        latents: np.ndarray = ops.convert_to_numpy(self.prior.sample(count, noise))
        return latents

    def free_energy(self, images: Any, *, samples: int = 1, seed: int = 0) -> FreeEnergy:
        """The free energy of each image, in nats, its expectation estimated with `samples` draws from the posterior.

        The distribution is the model's own: whatever `noise_scale` it was trained with, draws have the posterior's
        deviation.

        Args:
            images: whatever `as_images` takes.
            samples: draws of each image; more make the estimate less noisy, and none of them biased.
            seed: of the draws.

        Returns:
            distortion, rate and their sum, numpy float32 (image,), and the rate of each group (image, group).

        Raises:
            BadInput: `samples` is below 1, or as `encode` does.
        """
        samples, noise = whole("samples", samples, at_least=1), _noise(seed)

        def parts(chunk: Tensor) -> tuple[Tensor]:
            encoded = self.encoded(chunk)
            draws = [self.estimate(chunk, encoded, noise).parts for _ in range(samples)]
            distortion, rates = sum(draw.distortion for draw in draws), sum(draw.rates for draw in draws)
            return (ops.concatenate([ops.expand_dims(distortion, -1), rates], axis=-1) / samples,)

        found = in_chunks(eagerly(parts), self._images(images), most=self._few_at_once)
        return FreeEnergy(distortion=found[:, 0], rates=found[:, 1:])

    def _latent_gate(self, latents: Any) -> np.ndarray:
        """Latents as float32 (image, latent). Raises `BadInput` for another shape, none, a NaN or an infinity."""
        try:
            with np.errstate(over="ignore"):  # what is too large for a float32 is refused below
                array: np.ndarray = np.asarray(latents, dtype="float32")
        except (ValueError, TypeError) as error:
            raise BadInput(f"latents must be numbers of shape (image, {self.latent_dim}): {few_words(error)}") from None
        if array.ndim != 2 or array.shape[1] != self.latent_dim:
            raise BadInput(f"latents must have the shape (image, {self.latent_dim}), not {array.shape}")
        if not len(array):
            raise BadInput("there are no latents in an empty array: give at least one row")
        if not np.isfinite(array).all():
            raise BadInput("latents must be finite: there is a NaN or an infinity among them")
        return array


def _noise(seed: Any) -> keras.random.SeedGenerator:
    return keras.random.SeedGenerator(whole("seed", seed, at_least=0, at_most=LARGEST_SEED))


def rows_at_once(values_of_image: int, values: int, most: int | None = None) -> int:
    """How many images have so many values: a power of two, to which chunks are filled, up to `most` or `CHUNK`."""
    return 1 << (min(max(values // values_of_image, 1), most or CHUNK).bit_length() - 1)


def in_chunks(function: Callable[..., tuple[np.ndarray, ...]], *arrays: np.ndarray, most: int = 0) -> np.ndarray:
    """The first result of function(*arrays), `most` rows at a time, so that memory does not grow with the data."""
    chunks, most = [], most or CHUNK
    for start in range(0, len(arrays[0]), most):
        chunk = [array[start : start + most] for array in arrays]
        count = len(chunk[0])
        filled = [np.pad(part, [(0, _rows(count) - count)] + [(0, 0)] * (part.ndim - 1)) for part in chunk]
        chunks.append(function(*filled)[0][:count])
        if not np.isfinite(chunks[-1]).all():
            raise BadInput(
                "the model returns numbers that are not finite: its weights are lost (a training that diverged, say); "
                "train anew, with a lower learning rate"
            )
    return np.concatenate(chunks)


def _rows(count: int) -> int:
    """Rows that a chunk of so many is filled up to: every new shape costs a compilation, many times the work itself."""
    return 1 << (count - 1).bit_length()
