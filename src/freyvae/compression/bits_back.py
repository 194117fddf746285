"""Bits back with a stack: how a model of images with latents becomes a code of images.

Townsend, Bird & Barber 2019, section 2.4. For each image x the encoder pops a code z ~ q(z | x) off the stack, which
takes -log q(z | x) bits from it, pushes x by p(x | z), and pushes z by p(z). What the image then added to the stack is

    -log p(x | z) - log p(z) + log q(z | x),

in expectation its free energy. The decoder does the reverse, last image first, and gets back the bits that the codes
were drawn with. Only the first image finds no bits on the stack to draw its code with. It is given a checksum of all
the images, as many bits of it as it takes: after the last step the decoder finds it, and knows that all went well.
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
# of the checksum: 128 bits, where the first image takes fewer
LEAST_CHECKSUM_WORDS = 4
# wherever a code has just been taken off, the stack's state holds as many: more come from the supply below
LEAST_WORDS = 2


class WrongImages(FreyvaeError):
    """What was decoded is not what was encoded: the checksum is another."""


@dataclass(frozen=True, eq=False)
class Stream:
    """Images as bits.

    Attributes:
        words: the stack, uint32 (word,).
        count: number of images.
        first_words: how many of the words the first image's code was drawn with: the checksum.
    """

    words: np.ndarray
    count: int
    first_words: int


class BitsBack:
    """A model as a code of images, in both directions.

    Args:
        vae: its likelihood is a probability of bytes, its posterior diagonal normal.

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

        `progress` is told how many images are done.
        """
        # as many as popping all the codes can take: the stack cannot run dry
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
        """The images of a stream, uint8 (image, height, width, channel), bit for bit.

        Raises:
            WrongImages: the checksum is wrong, or the stream ends before its images do: it is another model's,
                damaged, or this machine does not compute the same probabilities as the one that wrote it.
        """
        stack = self._stack(stream.words)
        images = np.zeros((stream.count, *self.image_shape), np.uint8)
        with shown(progress) as told:
            for index in each(range(stream.count - 1, -1, -1), told, "decompressing"):
                code = self._latents.pop_from_prior(stack)
                images[index] = self._pixels.pop(stack, self._latents.values(code))
                # an empty stack gives images without end
                if stack.num_words() < LEAST_WORDS:
                    raise WrongImages(f"there is nothing left of the stream after {stream.count - index} images")
                self._latents.push_to_posterior(stack, code, images[index], index)
        at_first = self._stack(_checksum(images, stream.first_words), True)
        if not np.array_equal(stack.get_compressed(), at_first.get_compressed()):
            raise WrongImages("the checksum is wrong")
        return images


def _checksum(images: np.ndarray, words: int) -> np.ndarray:
    """So many words of SHAKE-128 of the images, the first on top of the stack, which is the end: uint32 (word,)."""
    digest = hashlib.shake_128(np.ascontiguousarray(images).data).digest(words * WORD_BITS // 8)
    return np.frombuffer(digest, "<u4").astype(np.uint32)[::-1].copy()
