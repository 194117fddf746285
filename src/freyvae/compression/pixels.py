"""Codes the pixels of an image on a stack of bits, given its latents."""

from typing import Any

import numpy as np
from keras import ops

from freyvae.engine.programs import Program
from freyvae.errors import BadInput
from freyvae.model import VAE

LEVELS = 256


class Pixels:
    """Codes pixels by p(x | z). They are independent given the latents, so one program gives all their probabilities.

    Raises:
        BadInput: the likelihood is not a probability of bytes.
    """

    def __init__(self, vae: VAE, constriction: Any):
        if not vae.pixel_likelihood.is_probability_of_bytes:
            raise BadInput(
                f"the likelihood {vae.pixel_likelihood.name} is not a probability of bytes, so it cannot code images: "
                'train with likelihood="discretized-logistic"'
            )
        self.shape = vae.image_shape
        self.values = int(np.prod(vae.image_shape))
        # the coder gives every level a probability of at least 2**-24, so it can code every image
        self._categorical = constriction.stream.model.Categorical(perfect=False)
        self._program = Program(vae, lambda latents: (_probabilities(vae, vae.decoder(latents)),))

    def push(self, stack: Any, image: np.ndarray, latents: np.ndarray) -> None:
        """Put an image, uint8 (height, width, channel), onto the stack, given its latents, float32 (latent,)."""
        self._push(stack, image, self._program(latents[None])[0])

    def pop(self, stack: Any, latents: np.ndarray) -> np.ndarray:
        """Take an image, uint8 (height, width, channel), off the stack, given its latents, float32 (latent,)."""
        return self._pop(stack, self._program(latents[None])[0]).astype(np.uint8).reshape(self.shape)

    def _push(self, stack: Any, image: np.ndarray, probabilities: np.ndarray) -> None:
        # in reverse, so that they are popped in order
        stack.encode_reverse(image.reshape(-1).astype(np.int32), self._categorical, _in_rows(probabilities))

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
        self._decoder = Program(vae, lambda latents: (vae.decoder(latents),))
        self._given_before = Program(
            vae,
            lambda decoded, latents, image: (
                ops.reshape(autoregression(decoded, latents, image), (height * width, channels * parameters)),
            ),
        )
        self._pixel = Program(
            vae, lambda given: (_probabilities(vae, ops.reshape(given, (1, 1, 1, channels * parameters))),)
        )

    def push(self, stack: Any, image: np.ndarray, latents: np.ndarray) -> None:
        """Put an image onto the stack, as `Pixels.push`."""
        (decoded,) = self._decoder(latents[None])
        (given,) = self._given_before(decoded, latents[None], image[None])
        self._push(stack, image, np.concatenate([self._pixel(pixel)[0] for pixel in given]))

    def pop(self, stack: Any, latents: np.ndarray) -> np.ndarray:
        """Take an image off the stack, as `Pixels.pop`."""
        (decoded,) = self._decoder(latents[None])
        image = np.zeros(self.shape, np.uint8)
        pixels = image.reshape(-1, self.shape[2])
        for index in range(len(pixels)):
            (given,) = self._given_before(decoded, latents[None], image[None])
            pixels[index] = self._pop(stack, self._pixel(given[index])[0])
        return image


def pixels_of(vae: VAE, constriction: Any) -> Pixels:
    """The coder of the pixels of this model. Raises `BadInput` as `Pixels` does."""
    kind = Pixels if vae.autoregression is None else AutoregressivePixels
    return kind(vae, constriction)


def _in_rows(probabilities: np.ndarray) -> np.ndarray:
    """Probabilities contiguous in memory, row by row: the coder ignores the strides that arrays of torch may have."""
    return np.ascontiguousarray(probabilities, np.float64)


def _probabilities(vae: VAE, parameters: Any) -> Any:
    """Probabilities of the 256 levels of each value of an image, channels innermost: float32 (value, 256)."""
    return ops.reshape(ops.exp(vae.pixel_likelihood(parameters).log_probabilities()), (-1, LEVELS))
