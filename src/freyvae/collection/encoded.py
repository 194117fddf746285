"""Images with their posteriors: a run's own, or others that are made to fit its model."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from freyvae.data import ImageSet, pixels_sha256
from freyvae.data.pixels import Images, Pixels
from freyvae.evaluation import load_measured_data
from freyvae.metrics.nearest import Posteriors
from freyvae.model import VAE
from freyvae.run import Run

PARTS = ("training", "validation", "test")


@dataclass(frozen=True, eq=False)
class Encoded:
    """Images, and what a model makes of them.

    Attributes:
        images: uint8 (image, height, width, channel), an array or read when they are asked for.
        posteriors: of their codes.
        names: the file of each image, or its number, from 0.
        labels: of each image, or None.
        parts: training, validation or test, of each image of the run's own; None for others.
    """

    images: Images | Pixels
    posteriors: Posteriors
    names: Sequence[str]
    labels: Sequence[str] | None
    parts: tuple[str, ...] | None

    def __len__(self) -> int:
        return len(self.images)

    @property
    def fingerprint(self) -> str:
        """A hash of all pixels."""
        return pixels_sha256(self.images)

    @property
    def known(self) -> dict[str, Sequence[str]]:
        """What is known of each image, as columns of a table: `part`, `label`, or none of them."""
        columns = {"part": self.parts, "label": self.labels}
        return {name: values for name, values in columns.items() if values is not None}


def encoded_run(run: Run, vae: VAE) -> Encoded:
    """A run's own images, training and held-out, in their order.

    Raises `BadInput` when they are gone, or others now.
    """
    data = load_measured_data(run)
    parts = np.empty(len(data.images.images), dtype=object)
    for name, indices in zip(PARTS, (data.split.train, data.split.validation, data.split.test), strict=True):
        parts[indices] = name
    return encoded(vae, data.images, tuple(parts))


def encoded(vae: VAE, images: ImageSet, parts: tuple[str, ...] | None = None) -> Encoded:
    """Images of a model's shape, encoded; `parts` where they are a run's own."""
    return Encoded(
        images=images.images,
        posteriors=Posteriors.of(vae, images.images),
        names=images.names,
        labels=images.labels,
        parts=parts,
    )
