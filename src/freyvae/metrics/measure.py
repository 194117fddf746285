"""What a measure of a model on images is: one number with a name and a unit."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np


@dataclass(frozen=True)
class Seen:
    """What a measure is made of.

    Attributes:
        vae: the model.
        images: that it is measured on, uint8 (image, height, width, channel).
        train: those that it was trained on.
        codes: of the images, float32 (image, latent).
        history: of the training, name -> a number an epoch; empty where it is not known.
    """

    vae: Any
    images: np.ndarray
    train: np.ndarray
    codes: np.ndarray
    history: Mapping[str, Sequence[float]] = field(default_factory=dict)


@dataclass(frozen=True)
class Measure:
    """A number that `freyvae measure` adds to those that it has always had.

    Attributes:
        label: what it is, for tables.
        unit: of the number, "" for none.
        of: the number; None where it is not defined.
    """

    label: str
    unit: str
    of: Callable[[Seen], float | None]
