"""Silhouettes of objects."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from freyvae.console import printable
from freyvae.data.array_file import read_matlab
from freyvae.data.benchmark import Benchmark, Contents, black_or_white, transposed
from freyvae.errors import BadInput


@dataclass(frozen=True)
class CaltechSilhouettes(Benchmark):
    """Caltech 101 Silhouettes at 28 x 28 (Marlin et al. 2010), in black and white, the objects black.

    As in the code of Tomczak & Welling 2018, which takes each value from 1.
    """

    name = "caltech-silhouettes"
    recipe = "vamp-vae-2018"
    file_names = (("caltech101_silhouettes_28_split1.mat",),)
    parts = (4_100, 2_264, 2_307)

    def read(self, paths: Sequence[Path]) -> Contents:
        """As `Benchmark.read`. Labels are the numbers of the classes."""
        (path,) = paths
        images, labels = [], list[str]()
        for part, count in zip(("train", "val", "test"), self.parts, strict=True):
            values = transposed(self.checked(read_matlab(path, f"{part}_data"), count, path))
            if not np.isin(values, (0, 1)).all():
                raise BadInput(f"{printable(path)}: {part}_data holds other numbers than 0 and 1")
            images.append(black_or_white(values == 0))
            classes = read_matlab(path, f"{part}_labels", vectors=True)
            if classes.size != count:
                raise BadInput(f"{printable(path)}: {part}_labels holds {classes.size} labels of {count:,} images")
            labels += (str(int(number)) for number in classes.ravel())
        return Contents(np.concatenate(images), tuple(labels))
