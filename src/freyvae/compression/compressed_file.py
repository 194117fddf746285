"""The file of compressed images: a header that says how to read it, and the stream."""

import hashlib
import importlib
import math
import platform
import struct
import zlib
from dataclasses import dataclass
from pathlib import Path

import keras
import numpy as np
from keras import ops

from freyvae.compression.bits_back import Stream
from freyvae.errors import BadInput
from freyvae.model import VAE
from freyvae.version import __version__

FORMAT = 2  # format 1 drew codes in another way
MAGIC = b"freyvae\0"
_BEGINNING = struct.Struct("<8sHI")  # magic, format, CRC-32 of all that follows
# A level has probability 1 - 255 / 2**24 at most, since every other level has 2**-24 at least. This bounds the values
# that a bit can code. The limit here is twice that bound, since codes may return some bits.
MOST_VALUES_OF_BIT = -2.0 / math.log2(1.0 - 255 / 2**24)
_HEADER = struct.Struct("<8sHHBIIB")  # model, height, width, channels, images, first words, length of the writer


@dataclass(frozen=True, eq=False)
class CompressedFile:
    """A stream of images, and which model and program it was written with.

    Attributes:
        model: the `fingerprint` of the model.
        image_shape: (height, width, channel).
        writer: the versions and the machine that wrote the file, in words.
        stream: the images.
    """

    model: bytes
    image_shape: tuple[int, int, int]
    writer: str
    stream: Stream

    @property
    def header_bytes(self) -> int:
        """Number of bytes before the stream."""
        return _BEGINNING.size + _HEADER.size + len(self.writer.encode())

    def to_bytes(self) -> bytes:
        """The content of the file."""
        writer, stream = self.writer.encode(), self.stream
        header = _HEADER.pack(self.model, *self.image_shape, stream.count, stream.first_words, len(writer))
        rest = header + writer + stream.words.astype("<u4").tobytes()
        return _BEGINNING.pack(MAGIC, FORMAT, zlib.crc32(rest)) + rest


def read_compressed_file(path: Path) -> CompressedFile:
    """Read a file that `CompressedFile.to_bytes` made.

    Raises:
        BadInput: there is no such file, or it is of another kind or format, damaged, cut short, or too short for the
            images that its header claims.
    """
    try:
        if path.exists() and not path.is_file():
            raise BadInput(f"cannot read {path}: it is not a file")
        with path.open("rb") as file:
            content = file.read(len(MAGIC))
            # the rest of a file of another kind could be larger than memory
            content += file.read() if content == MAGIC else b""
    except OSError as error:
        raise BadInput(f"cannot read {path}: {error.strerror or error}") from error
    if not content.startswith(MAGIC):
        raise BadInput(f"{path} is not a file of `freyvae compress`")
    beginning, rest = content[: _BEGINNING.size], content[_BEGINNING.size :]
    damaged = BadInput(f"{path} is damaged or cut short: its checksum is wrong")
    if len(beginning) < _BEGINNING.size:
        raise damaged
    _, format, crc = _BEGINNING.unpack(beginning)
    if format != FORMAT:
        remedy = "update freyvae" if format > FORMAT else "compress the images again"
        raise BadInput(f"{path} has format {format}; this freyvae reads {FORMAT}: {remedy}")
    if zlib.crc32(rest) != crc or len(rest) < _HEADER.size:
        raise damaged
    model, height, width, channels, count, first_words, length = _HEADER.unpack(rest[: _HEADER.size])
    writer, words = rest[_HEADER.size : _HEADER.size + length], rest[_HEADER.size + length :]
    if len(words) % 4 or first_words > len(words) // 4 or not count:
        raise damaged
    if count * height * width * channels > MOST_VALUES_OF_BIT * 8 * len(words):
        raise BadInput(
            f"{path} is damaged: its header claims {count:,} images of {height} x {width} x {channels} values, but "
            f"{len(words):,} bytes are too few for them"
        )
    stream = Stream(np.frombuffer(words, "<u4").astype(np.uint32), count, first_words)
    return CompressedFile(model, (height, width, channels), writer.decode(errors="replace"), stream)


def fingerprint(vae: VAE) -> bytes:
    """8 bytes that identify a model: the first of the SHA-256 of its likelihood, shapes and weights."""
    digest = hashlib.sha256(f"{vae.pixel_likelihood.name} {vae.image_shape} {vae.latent_dim}".encode())
    for weight in vae.weights:
        if weight.name == "beta":  # only training uses it, and before version 0.2 it was not a weight
            continue
        values = np.asarray(ops.convert_to_numpy(weight))
        if weight.name == "training_steps":  # as earlier versions had it
            values = values.astype(np.float32)
        digest.update(f"{values.shape} {values.dtype}".encode() + values.tobytes())
    return digest.digest()[:8]


def this_writer() -> str:
    """The versions and the machine in use, in words. With others, probabilities may differ in the last bit."""
    backend = keras.backend.backend()
    of_backend = importlib.import_module(backend).__version__
    return f"freyvae {__version__}, {backend} {of_backend}, {platform.machine()}"
