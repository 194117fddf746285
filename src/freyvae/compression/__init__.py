"""Lossless compression with a trained model: the proof that its bits are real."""

from freyvae.compression.bits_back import BitsBack, Stream, WrongImages
from freyvae.compression.compress import Compressed, compress, decompress

__all__ = ["BitsBack", "Compressed", "Stream", "WrongImages", "compress", "decompress"]
