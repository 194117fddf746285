"""What a measure of a model on images is: one number with a name and a unit."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
from keras import ops

from freyvae.data.pixels import evenly_chosen

# images whose likelihood is taken apart, value by value
FEW = 64


@dataclass(frozen=True)
class Seen:
    """What a measure is made of.

    Attributes:
        vae: the model.
        images: that it is measured on, uint8 (image, height, width, channel).
        train: those that it was trained on.
        codes: of the images, float32 (image, latent).
        history: of the training, name -> a number an epoch; empty where it is not known.
        is_held_out: whether the images took no part in the training.
        keeps_best: whether the model has the weights of the epoch with the lowest validation free energy.
    """

    vae: Any
    images: np.ndarray
    train: np.ndarray
    codes: np.ndarray
    history: Mapping[str, Sequence[float]] = field(default_factory=dict)
    is_held_out: bool = True
    keeps_best: bool = False

    @property
    def energies(self) -> np.ndarray:
        """The validation free energy of each epoch, float64 (epoch,)."""
        return np.array(self.history.get("val_free_energy", ()), np.float64)

    @cached_property
    def few(self) -> np.ndarray:
        """At most `FEW` of the images, at even distances."""
        return evenly_chosen(self.images, FEW)

    @cached_property
    def likelihood(self) -> Any:
        """p(x | z) of `few` images at the means of their latents, bound to the decoder's parameters."""
        images = ops.convert_to_tensor(self.few)
        return self.vae.likelihood_of(*self.vae.decoded_at_means(images), images)


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
