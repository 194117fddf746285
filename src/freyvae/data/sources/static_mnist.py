"""MNIST in black and white, binarized once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from freyvae.console import printable
from freyvae.data.benchmark import Benchmark, Contents, black_or_white
from freyvae.data.other_formats import damaged
from freyvae.data.pixels import Images
from freyvae.memory import check_fits


@dataclass(frozen=True)
class StaticMnist(Benchmark):
    """MNIST, binarized once by Larochelle & Murray 2011: text files of a row of 784 numbers 0 or 1 for each image."""

    name = "static-mnist"
    recipe = "vamp-vae-2018"
    file_names = tuple((f"binarized_mnist_{part}.amat",) for part in ("train", "valid", "test"))
    parts = (50_000, 10_000, 10_000)

    def read(self, paths: Sequence[Path]) -> Contents:
        """As `Benchmark.read`."""
        return Contents(
            np.concatenate([self._images(path, count) for path, count in zip(paths, self.parts, strict=True)])
        )

    def _images(self, path: Path, count: int) -> Images:
        check_fits(2 * path.stat().st_size, printable(path), "close other programs")
        lines = path.read_bytes().splitlines()
        rows = [np.frombuffer(line.translate(None, b" \t"), np.uint8) for line in lines if line.strip()]
        digits = np.stack(rows) if len({len(row) for row in rows}) == 1 else np.empty(0, np.uint8)
        if not digits.size or not np.isin(digits, (ord("0"), ord("1"))).all():
            raise damaged(path, "rows of 784 numbers 0 or 1")
        return black_or_white(self.checked(digits, count, path) == ord("1"))
