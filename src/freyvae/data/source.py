"""What a source of images is: a kind of thing that a person can name, or give the path of."""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from freyvae.choice import Choice

if TYPE_CHECKING:
    from freyvae.console import Progress
    from freyvae.data.image_size import ImageSize
    from freyvae.data.images import ImageSet
    from freyvae.data.levels import Levels


@dataclass(frozen=True)
class Source(Choice):
    """A source of images. It is asked for by its `name`, or where `by_name` is False, by paths that it accepts."""

    by_name: ClassVar[bool] = False

    def accepts(self, source: str | Path) -> bool:
        """Whether it is what is asked for. One source at most may accept a path."""
        return self.by_name and isinstance(source, str) and source == self.name

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
        """The images; arguments as for `load_images`, and their errors."""
