"""Letters of many alphabets, binarized anew at every step of training."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from freyvae.console import printable
from freyvae.data.array_file import read_matlab
from freyvae.data.benchmark import Benchmark, Contents, drawn, transposed
from freyvae.errors import BadInput

# in the code of Burda et al. 2016
_SEED_OF_SPLIT = 123


@dataclass(frozen=True)
class Omniglot(Benchmark):
    """OMNIGLOT at 28 x 28 (Burda et al. 2016): probabilities of white, drawn once for validation and test."""

    name = "omniglot"
    recipe = "vamp-vae-2018"
    file_names = (("chardata.mat",),)
    parts = (23_000, 1_345, 8_070)

    def read(self, paths: Sequence[Path]) -> Contents:
        """As `Benchmark.read`. The validation images are the last of a permutation by `RandomState(123)`."""
        (path,) = paths
        train, validation, test = self.parts
        white = self._white(path, "data", train + validation)
        white = white[np.random.RandomState(_SEED_OF_SPLIT).permutation(len(white))]
        held_out = np.concatenate([white[train:], self._white(path, "testdata", test)])
        return Contents(drawn(white[:train], held_out))

    def _white(self, path: Path, variable: str, count: int) -> npt.NDArray[Any]:
        """The probabilities of white, which lie as (pixel, image) in the file."""
        values = transposed(self.checked(read_matlab(path, variable).T, count, path))
        if not (values >= 0).all() or not (values <= 1).all():
            raise BadInput(f"{printable(path)}: {variable} holds other numbers than probabilities, 0 to 1")
        return values
