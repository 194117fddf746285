"""Small photographs in colour."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from freyvae.console import printable
from freyvae.data.array_file import read_matlab
from freyvae.data.benchmark import Benchmark, Contents
from freyvae.data.other_formats import damaged
from freyvae.errors import BadInput


@dataclass(frozen=True)
class Cifar10(Benchmark):
    """CIFAR-10 (Krizhevsky 2009), its binary or MATLAB version; the fifth training file is for validation."""

    name = "cifar-10"
    recipe = "images-density"
    file_names = tuple(
        (f"{name}.bin", f"{name}.mat") for name in (*(f"data_batch_{number}" for number in range(1, 6)), "test_batch")
    )
    image_shape = (32, 32, 3)
    parts = (40_000, 10_000, 10_000)

    def read(self, paths: Sequence[Path]) -> Contents:
        """As `Benchmark.read`. Labels are the numbers of the classes."""
        read = [self._of_file(path, sum(self.parts) // len(self.file_names)) for path in paths]
        return Contents(
            np.concatenate([images for images, _ in read]),
            tuple(str(number) for _, labels in read for number in labels.tolist()),
        )

    def _of_file(self, path: Path, count: int) -> tuple[npt.NDArray[Any], npt.NDArray[Any]]:
        """The images, and the numbers of their classes (image,). A row has the pixels of red, then green, then blue."""
        if path.suffix == ".mat":
            pixels = read_matlab(path, "data")
            labels = read_matlab(path, "labels", vectors=True).ravel()
        else:
            # a record is the label, one byte, and the pixels
            records = np.fromfile(path, np.uint8)
            if len(records) != count * (1 + math.prod(self.image_shape)):
                raise damaged(path, f"{count:,} records of a label and 3,072 pixels")
            records = records.reshape(count, -1)
            pixels, labels = records[:, 1:], records[:, 0]
        by_channel = self.checked(pixels, count, path).reshape(count, 3, 32, 32)
        if by_channel.dtype != np.uint8 or len(labels) != count:
            raise BadInput(
                f"{printable(path)}: {by_channel.dtype} pixels and {len(labels)} labels, for {count:,} images"
            )
        return np.moveaxis(by_channel, 1, -1), labels
