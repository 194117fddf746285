"""What a picture of a run is: its name, its words, its place among the others, and how it is drawn."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from freyvae.errors import BadInput
from freyvae.mosaic import Array

if TYPE_CHECKING:
    from freyvae.model import VAE


@dataclass(frozen=True)
class PicturedRun:
    """What the pictures of a run are drawn from.

    Attributes:
        vae: the model.
        parts: part -> its images, uint8 (image, height, width, channel), the training part first.
        history: of the training, by epoch.
        means: codes of some training images, (image, latent).
        latents: the two whose codes vary most, or the one that there is.
        latent_names: as a recipe has them.
        is_video: whether the order of the images is time.
        frames: part -> the places of its images in time.
        labels: part -> the labels of its images; None where they have none.
    """

    vae: VAE
    parts: Mapping[str, Array]
    history: Mapping[str, Sequence[float]]
    means: Array
    latents: tuple[int, ...]
    latent_names: Sequence[str] | None
    is_video: bool
    frames: Mapping[str, Array] | None
    labels: Mapping[str, Sequence[str]] | None

    @property
    def train(self) -> Array:
        """The training images."""
        return next(iter(self.parts.values()))

    @property
    def held_out(self) -> Array:
        """The images of the second part, where there is one, else the training images."""
        return list(self.parts.values())[1] if len(self.parts) > 1 else self.train

    @property
    def apart(self) -> Array:
        """The images of the second part. Raises `BadInput` where there is none."""
        if len(self.parts) < 2:
            raise BadInput("there are no held-out images")
        return self.held_out


@dataclass(frozen=True)
class Picture:
    """A picture of a run. A module of this package lists its own as `PICTURES`: there is no other list of them.

    Attributes:
        name: of the file, without `.png`.
        caption: what it shows, a sentence or two.
        place: among the others, in the report too.
        draw: makes the PNG's bytes. Raises `BadInput` where it cannot be drawn.
        is_first: whether the report shows it before all details.
        suits: whether it shows anything of such a run; if not, it is left out without a word.
        runs_model: whether it asks the model for anything that has to be compiled; others are drawn meanwhile.
    """

    name: str
    caption: str
    place: int
    draw: Callable[[PicturedRun], bytes]
    is_first: bool = False
    suits: Callable[[PicturedRun], bool] = lambda run: True
    runs_model: bool = True
