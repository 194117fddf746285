"""Bits back with a stack: lossless coding of images with a latent variable model.

Townsend, Bird & Barber 2019, section 2.4. For each image x the encoder pops a code z ~ q(z | x) off the stack, which
removes -log q(z | x) bits. Then it pushes x by p(x | z), and z by p(z). The image has now added

    -log p(x | z) - log p(z) + log q(z | x)

to the stack, which is its free energy in expectation. The decoder reverses these steps, starting with the last image,
and recovers the bits that the codes were drawn with.

At the first image the stack is empty, so there are no bits to draw a code with. Bits of a checksum of all the images
are used instead, as many as necessary. After its last step the decoder finds this checksum, and verifies the images
with it.
"""

import hashlib
from dataclasses import dataclass
from typing import Any

import numpy as np

from freyvae.compression.latents import MOST_BITS_OF_LATENT, Latents
from freyvae.compression.pixels import pixels_of
from freyvae.console import Progress, each, shown
from freyvae.errors import BadInput, FreyvaeError
from freyvae.model import VAE

WORD_BITS = 32
# The checksum has at least 128 bits, even if the first image takes fewer.
LEAST_CHECKSUM_WORDS = 4
# The stack's state holds at least this many words after a code is popped: it is refilled from the words below.
LEAST_WORDS = 2


class WrongImages(FreyvaeError):
    """The decoded images are not those that were encoded: the checksum differs."""


@dataclass(frozen=True, eq=False)
class Stream:
    """Images as bits.

    Attributes:
        words: the stack, uint32 (word,).
        count: number of images.
        first_words: number of words of the checksum that the first image's code was drawn with.
    """

    words: np.ndarray
    count: int
    first_words: int


class BitsBack:
    """Encodes and decodes images with a model.

    Args:
        vae: a model whose likelihood is a probability of bytes and whose posterior is diagonal normal.

    Raises:
        BadInput: the model is of another kind, or the extra `compression` is not installed.
    """

    def __init__(self, vae: VAE):
        try:
            import constriction
        except ImportError as error:
            raise BadInput("compression needs the extra: pip install 'freyvae[compression]'") from error
        self.image_shape = vae.image_shape
        self._stack: Any = constriction.stream.stack.AnsCoder
        self._pixels = pixels_of(vae, constriction)
        self._latents = Latents(vae, constriction)

    def encode(self, images: np.ndarray, *, progress: bool | Progress = False) -> Stream:
        """Push images of the model's shape, uint8 (image, height, width, channel), onto a stack of bits.

        `progress` receives the number of images done.
        """
        # as many words as popping all the codes can take, so that the stack cannot run out
        supply = LEAST_CHECKSUM_WORDS + -(-len(images) * self._latents.count * MOST_BITS_OF_LATENT // WORD_BITS)
        stack = self._stack(_checksum(images, supply), True)
        untouched = supply - LEAST_CHECKSUM_WORDS
        with shown(progress) as told:
            for index in each(range(len(images)), told, "compressing"):
                code = self._latents.pop_from_posterior(stack, images[index], index)
                untouched = min(untouched, stack.pos()[0])
                self._pixels.push(stack, images[index], self._latents.values(code))
                self._latents.push_to_prior(stack, code)
        return Stream(stack.get_compressed()[untouched:], len(images), supply - untouched)

    def decode(self, stream: Stream, *, progress: bool | Progress = False) -> np.ndarray:
        """Decode the images of a stream, uint8 (image, height, width, channel), bit for bit.

        Raises:
            WrongImages: the checksum is wrong, or the stream ends before its images do. The stream is then of another
                model or damaged, or this machine does not compute the same probabilities as the one that wrote it.
        """
        stack = self._stack(stream.words)
        images = np.zeros((stream.count, *self.image_shape), np.uint8)
        with shown(progress) as told:
            for index in each(range(stream.count - 1, -1, -1), told, "decompressing"):
                code = self._latents.pop_from_prior(stack)
                images[index] = self._pixels.pop(stack, self._latents.values(code))
                # an empty stack would decode to images without end
                if stack.num_words() < LEAST_WORDS:
                    raise WrongImages(f"the stream is exhausted after {stream.count - index} images")
                self._latents.push_to_posterior(stack, code, images[index], index)
        at_first = self._stack(_checksum(images, stream.first_words), True)
        if not np.array_equal(stack.get_compressed(), at_first.get_compressed()):
            raise WrongImages("the checksum is wrong")
        return images


def _checksum(images: np.ndarray, words: int) -> np.ndarray:
    """SHAKE-128 of the images, uint32 (word,). The first word comes last, so it is at the top of the stack."""
    digest = hashlib.shake_128(np.ascontiguousarray(images).data).digest(words * WORD_BITS // 8)
    return np.frombuffer(digest, "<u4").astype(np.uint32)[::-1].copy()
