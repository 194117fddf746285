"""The four files of MNIST, and of sets that take its place."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from freyvae.console import printable
from freyvae.data.benchmark import Benchmark, Contents
from freyvae.data.idx_file import labels_beside, read_idx
from freyvae.errors import BadInput


def _names(stem: str) -> tuple[str, ...]:
    return tuple(f"{stem}{mark}idx3-ubyte{suffix}" for mark in "-." for suffix in ("", ".gz"))


@dataclass(frozen=True)
class MnistFiles(Benchmark):
    """IDX files of 60,000 images to train on, of which the last 10,000 are for validation, and 10,000 to test on.

    Labels are those of the files beside them, where both are there.
    """

    file_names = (_names("train-images"), _names("t10k-images"))
    parts = (50_000, 10_000, 10_000)

    def read(self, paths: Sequence[Path]) -> Contents:
        """As `Benchmark.read`."""
        train, validation, test = self.parts
        images, labels = [], []
        for path, count in zip(paths, (train + validation, test), strict=True):
            values = self.checked(read_idx(path), count, path)
            if values.dtype != np.uint8:
                raise BadInput(f"{printable(path)}: {values.dtype.name} values, where {self.name} has bytes")
            images.append(values)
            labels.append(labels_beside(path, count))
        of_train, of_test = labels
        return Contents(np.concatenate(images), None if of_train is None or of_test is None else of_train + of_test)
