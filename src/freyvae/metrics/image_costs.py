"""What each image costs, and where: its distortion a pixel, its rate and its code, a chunk of images at a time."""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import keras
import numpy as np

from freyvae.arguments import whole
from freyvae.choice import LARGEST_SEED
from freyvae.data.pixels import Images, Pixels
from freyvae.engine.programs import Program
from freyvae.errors import BadInput
from freyvae.metrics.decoding import decoded_values
from freyvae.model import VAE
from freyvae.model.arrays import rows_at_once

Tensor = Any
# draws of each image's latents; of fewer the free energy is noisier, and never biased
SAMPLES = 4
# decoded values that a program holds: what bounds the memory, and still keeps a processor busy
VALUES_AT_ONCE = 2**21
MOST_AT_ONCE = 256


@dataclass(frozen=True, eq=False)
class ImageCosts:
    """What some images cost under a model, float32, averaged over the draws of their latents.

    Attributes:
        distortion: -E log p(x | z) of each pixel, its channels together, (image, height, width), in nats; of an
            autoregressive decoder given the pixels before, too.
        distortion_of_code: the same given the code alone; of a decoder that is not autoregressive, itself.
        error: of the reconstruction without noise, root mean square over the channels, (image, height, width), in grey
            levels of 255.
        rate: KL(q(z | x) || p(z)) of all groups of latents together, (image,), in nats.
        codes: means of the top group's posteriors, (image, latent).
        deviations: of the top group's posteriors about them, likewise.
        noise: the state of the noise after these draws, which those of the next images begin with.
    """

    distortion: np.ndarray
    distortion_of_code: np.ndarray
    error: np.ndarray
    rate: np.ndarray
    codes: np.ndarray
    deviations: np.ndarray
    noise: np.ndarray


def image_costs(
    vae: VAE,
    images: Images | Pixels,
    *,
    samples: int = SAMPLES,
    seed: int = 0,
    first: int = 0,
    noise_before: np.ndarray | None = None,
) -> Iterator[ImageCosts]:
    """The costs of images, chunk by chunk in their order: memory does not grow with their number.

    Args:
        vae: the model.
        images: uint8 (image, height, width, channel), of the model's shape.
        samples: draws of each image's latents.
        seed: of the draws.
        first: the image to begin with, the first one after a chunk.
        noise_before: the state of the noise after that chunk, where there was one.

    Raises:
        BadInput: an argument is out of range, or the model returns what is no number.
    """
    samples = whole("samples", samples, at_least=1)
    at_once = min(_images_at_once(vae), 1 << (len(images) - 1).bit_length())
    noise = keras.random.SeedGenerator(whole("seed", seed, at_least=0, at_most=LARGEST_SEED))
    if noise_before is not None:
        noise.state.assign(noise_before)
    drawn = Program(vae, lambda chunk: _of_a_draw(vae, chunk, noise), noise=noise)
    still = Program(vae, lambda chunk: _without_noise(vae, chunk))
    for start in range(first, len(images), at_once):
        chunk = images[start : start + at_once]
        # one shape, compiled once
        filled = np.concatenate([chunk, np.repeat(chunk[-1:], at_once - len(chunk), axis=0)])
        draws = (drawn(filled) for _ in range(samples))
        means = [np.mean(parts, axis=0) for parts in zip(*draws, strict=True)]
        found = [values[: len(chunk)] for values in (*means, *still(filled))]
        if not all(np.isfinite(values).all() for values in found):
            raise BadInput(
                "the model returns numbers that are not finite: its weights are lost (a training that diverged, say), "
                "or an image has no probability at all; train anew, with a lower learning rate"
            )
        distortion, of_code, rate, reconstruction, codes, deviations = found
        error = np.sqrt(np.square(255.0 * reconstruction - chunk).mean(axis=3))
        state = keras.ops.convert_to_numpy(noise.state)
        yield ImageCosts(distortion, of_code, error, rate, codes, deviations, state)


def cost_maps(vae: VAE, images: Any, *, samples: int = SAMPLES, seed: int = 0) -> np.ndarray:
    """Where an image is odd: what each pixel costs given the code, float32 (image, height, width), in bits.

    Of a likelihood that is a density or a cross-entropy they are bits of that, and may be negative. An autoregressive
    decoder is asked what the code alone says: given the pixels before, only the edge of a defect is odd.

    Args:
        vae: the model.
        images: whatever `as_images` takes, of the model's shape.
        samples: draws of each image's latents.
        seed: of the draws.

    Raises:
        BadInput: what `as_images` refuses, images of another shape, or as `image_costs` does.
    """
    pixels = vae._images(images)
    found = [costs.distortion_of_code for costs in image_costs(vae, pixels, samples=samples, seed=seed)]
    return np.concatenate(found) / np.float32(math.log(2.0))


def _images_at_once(vae: VAE) -> int:
    return rows_at_once(decoded_values(vae), VALUES_AT_ONCE, MOST_AT_ONCE)


def _of_a_draw(vae: VAE, images: Tensor, noise: keras.random.SeedGenerator) -> tuple[Tensor, ...]:
    """Distortion of each pixel, given all and given the code alone; and the rate."""
    found = vae.estimate(images, vae.encoded(images), noise)
    distortion = -found.likelihood.log_prob_of_pixels(images)
    alone = found.likelihood.of_code
    of_code = distortion if alone is found.likelihood else -alone.log_prob_of_pixels(images)
    return distortion, of_code, found.parts.rate


def _without_noise(vae: VAE, images: Tensor) -> tuple[Tensor, ...]:
    """Reconstructions, codes, and the posteriors' deviations about them."""
    posterior = vae.posterior(images)
    return vae.likelihood_of(*vae.decoded_at_means(images)).mean(), posterior.mean, posterior.deviation
