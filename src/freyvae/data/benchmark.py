"""Published sets of images by which papers compare, in files that a person brings."""

from __future__ import annotations

import math
import os
from abc import abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, NamedTuple

import numpy as np
import numpy.typing as npt

from freyvae.console import printable
from freyvae.data.image_size import fit_images, parse_image_size
from freyvae.data.images import ImageSet, convert
from freyvae.data.pixels import Images
from freyvae.data.source import Source
from freyvae.errors import BadInput
from freyvae.files import as_path
from freyvae.memory import check_fits

# in the code of Tomczak & Welling 2018, which draws the validation images first
_SEED_OF_DRAWS = 777


class Contents(NamedTuple):
    """What files hold: uint8 images (image, height, width, channel), and a label for each or None."""

    images: Images
    labels: tuple[str, ...] | None = None


@dataclass(frozen=True)
class Benchmark(Source):
    """A published set in files that a person brings: training images, then those for validation, then those to test on.

    They lie in a folder of the set's name, in `$FREYVAE_DATA` or in the user's cache. They are not downloaded.
    """

    by_name = True
    has_parts = True

    file_names: ClassVar[tuple[tuple[str, ...], ...]]
    """The files; of each the names that it may have, the first being the one that messages say."""
    image_shape: ClassVar[tuple[int, int, int]] = (28, 28, 1)
    """(height, width, channel)."""
    parts: ClassVar[tuple[int, int, int]]
    """The numbers of training, validation and test images."""

    @abstractmethod
    def read(self, paths: Sequence[Path]) -> Contents:
        """Read the files. Raises `BadInput` where one is damaged, or holds another number or size of images."""

    def load(self, source: Any, *, image_size: Any, grey: bool, levels: Any, **others: Any) -> Any:
        """As `Source.load`. Raises `BadInput` too where a file is missing."""
        size, paths = parse_image_size(image_size), self.paths()
        check_fits(2 * sum(self.parts) * math.prod(self.image_shape), self.name, "close other programs")
        contents = self.read(paths)
        images, _, used, _ = convert(contents.images, name=self.name, levels=levels)
        fitted = fit_images(images, size, grey=grey)
        return ImageSet(fitted, self.name, is_video=False, labels=contents.labels, levels=used, parts=self.parts)

    def paths(self) -> list[Path]:
        """The paths of its files, in the order of `file_names`. Raises `BadInput` where one is missing."""
        import pooch

        own = os.environ.get("FREYVAE_DATA")
        places = [*([as_path("FREYVAE_DATA", own)] if own else []), Path(pooch.os_cache("freyvae"))]
        folders = [place / self.name for place in places]
        folder = next((folder for folder in folders if folder.is_dir()), folders[0])
        found = [
            next((folder / name for name in names if (folder / name).is_file()), None) for names in self.file_names
        ]
        missing = [names[0] for names, path in zip(self.file_names, found, strict=True) if path is None]
        if missing:
            raise BadInput(
                f"{self.name}: bring {self.files_in_words()}: there is no {missing[0]} in {printable(folder)}, a "
                "folder in $FREYVAE_DATA or in the cache"
            )
        return [path for path in found if path is not None]

    def files_in_words(self) -> str:
        """What a person has to bring: `the files a, b`."""
        return f"the file{'s' * (len(self.file_names) > 1)} {', '.join(names[0] for names in self.file_names)}"

    def checked(self, values: npt.NDArray[Any], count: int, path: Path) -> npt.NDArray[Any]:
        """Values of `count` images, (image, height, width, channel); given flat, or in any shape of as many rows.

        Raises:
            BadInput: they are of another number or size of images.
        """
        if values.shape[:1] != (count,) or values.size != count * math.prod(self.image_shape):
            size = " x ".join(map(str, self.image_shape))
            raise BadInput(
                f"{printable(path)}: an array of shape {values.shape}, where {self.name} has {count:,} images of {size}"
            )
        return values.reshape(count, *self.image_shape)


def transposed(images: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """Images (image, height, width, channel) whose pixels MATLAB wrote by columns."""
    return np.swapaxes(images, 1, 2)


def black_or_white(is_white: npt.NDArray[Any]) -> Images:
    """Pixels of any shape, uint8: 255 where they are white, and 0."""
    return is_white.astype(np.uint8) * np.uint8(255)


def drawn(white: npt.NDArray[Any], held_out: npt.NDArray[Any]) -> Images:
    """Training images in grey levels, then held-out images in black and white.

    A training step draws the former (`training.binarize`). The latter are drawn once, so that every figure is of the
    same images: by `RandomState(777)`, as in the code of Tomczak & Welling 2018.

    Args:
        white: probabilities of white of the training images, float (image, height, width, channel).
        held_out: those of the validation images, then of the test images, likewise.

    Returns:
        uint8 (image, height, width, channel), 0 to 255 and then 0 or 255.
    """
    # float32 as there: numpy draws by what it is given
    is_white = np.random.RandomState(_SEED_OF_DRAWS).binomial(1, held_out.astype(np.float32))
    return np.concatenate([np.rint(255 * white).astype(np.uint8), black_or_white(is_white)])
