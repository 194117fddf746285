"""Lossless compression of images with a trained model. The file's size confirms the model's bits per dimension."""

from freyvae.compression.bits_back import BitsBack, Stream, WrongImages
from freyvae.compression.compress import Compressed, compress, decompress

__all__ = ["BitsBack", "Compressed", "Stream", "WrongImages", "compress", "decompress"]
