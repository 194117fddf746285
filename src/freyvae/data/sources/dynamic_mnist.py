"""MNIST in black and white, binarized anew at every step of training."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from freyvae.data.benchmark import Contents, drawn
from freyvae.data.mnist_files import MnistFiles


@dataclass(frozen=True)
class DynamicMnist(MnistFiles):
    """MNIST in grey levels to be drawn from in training, and drawn once for validation and test."""

    name = "dynamic-mnist"
    recipe = "vamp-vae-2018"

    def read(self, paths: Sequence[Path]) -> Contents:
        """As `Benchmark.read`."""
        images, labels = super().read(paths)
        white = images.astype(np.float32) / 255
        return Contents(drawn(white[: self.parts[0]], white[self.parts[0] :]), labels)
