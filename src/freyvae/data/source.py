"""The base class of sources of images. A source is chosen by its name or by a path."""

from __future__ import annotations

from abc import abstractmethod
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from freyvae.choice import Choice

if TYPE_CHECKING:
    from freyvae.console import Progress
    from freyvae.data.image_size import ImageSize
    from freyvae.data.images import ImageSet
    from freyvae.data.levels import Levels
    from freyvae.data.picture_files import PictureFiles


@dataclass(frozen=True)
class Source(Choice):
    """A source of images. It is chosen by its `name`, or if `by_name` is False, by a path that it accepts."""

    by_name: ClassVar[bool] = False
    takes_the_rest: ClassVar[bool] = False
    """Whether it also accepts paths that another source accepts, and is meant only where there is no other."""

    recipe: ClassVar[str] = "images"
    """The name of the shipped recipe that suits it."""
    has_parts: ClassVar[bool] = False
    """Whether its images have a published split, `ImageSet.parts`."""

    def accepts(self, source: str | Path) -> bool:
        """Whether this source is meant by `source`. At most one that does not take the rest may accept a path."""
        return self.by_name and isinstance(source, str) and source == self.name

    def files(self, source: str | Path, *, progress: bool | Progress) -> AbstractContextManager[PictureFiles] | None:
        """Its files of pictures, for who reads them one after the other; None where it is not of such files.

        They are there until the end of the block. Raises `BadInput` as `load`.
        """
        return None

    @abstractmethod
    def load(
        self,
        source: str | Path,
        *,
        image_size: ImageSize,
        grey: bool,
        strict: bool,
        levels: Levels,
        seed: int,
        progress: bool | Progress,
    ) -> ImageSet:
        """Load the images. The arguments and errors are those of `load_images`."""
