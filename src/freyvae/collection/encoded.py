"""Images with their posteriors: a run's own, or others that are made to fit its model."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from freyvae.console import Progress
from freyvae.data import ImageSet
from freyvae.evaluation import load_measured_data
from freyvae.inference.images import images_for
from freyvae.metrics.nearest import Posteriors
from freyvae.model import VAE
from freyvae.run import Run

PARTS = ("training", "validation", "test")


@dataclass(frozen=True, eq=False)
class Encoded:
    """Images, and what a model makes of them.

    Attributes:
        images: uint8 (image, height, width, channel).
        posteriors: of their codes.
        names: the file of each image, or its number, from 0.
        labels: of each image, or None.
        parts: training, validation or test, of each image of the run's own; None for others.
    """

    images: np.ndarray
    posteriors: Posteriors
    names: tuple[str, ...]
    labels: tuple[str, ...] | None
    parts: tuple[str, ...] | None

    def __len__(self) -> int:
        return len(self.images)


def encoded_run(run: Run, vae: VAE) -> Encoded:
    """A run's own images, training and held-out, in their order.

    Raises `BadInput` when they are gone, or others now.
    """
    data = load_measured_data(run)
    parts = np.empty(len(data.images.images), dtype=object)
    for name, indices in zip(PARTS, (data.split.train, data.split.validation, data.split.test), strict=True):
        parts[indices] = name
    return _encoded(vae, data.images, tuple(parts))


def encoded_data(
    run: Run,
    vae: VAE,
    data: str | Path,
    *,
    levels: str | None = None,
    labels: str | Path | None = None,
    progress: bool | Progress = False,
    say: Callable[[str], None],
) -> Encoded:
    """Other images, brought to the model's size. Arguments and errors are those of `images_for`."""
    return _encoded(vae, images_for(run, vae, data, levels=levels, labels=labels, progress=progress, say=say), None)


def _encoded(vae: VAE, images: ImageSet, parts: tuple[str, ...] | None) -> Encoded:
    count = len(images.images)
    return Encoded(
        images=images.images,
        posteriors=Posteriors(vae.encode(images.images), vae.posterior_deviations(images.images)),
        names=tuple(map(str, range(count))) if images.files is None else images.files,
        labels=images.labels,
        parts=parts,
    )
