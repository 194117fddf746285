"""What an objective is: a choice of the loss that a training lowers, made of a free energy's two parts."""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass
from typing import Any

from freyvae.choice import Choice
from freyvae.model.estimate import Estimate
from freyvae.model.posterior import Posterior
from freyvae.model.prior import Prior

Tensor = Any


@dataclass(frozen=True)
class Objective(Choice):
    """A loss. A subclass is a frozen dataclass: its fields are choices.

    Raises:
        BadInput: a field is out of range.
    """

    @property
    def guides_decoder(self) -> bool:
        """Whether the decoder of an autoregressive model learns to draw an image of its own."""
        return False

    @property
    def beta_to_begin_with(self) -> float:
        """Weight of the rate in the loss; the model holds it in a variable."""
        return 1.0

    @property
    def draws(self) -> int:
        """How many codes of each image a step draws."""
        return 1

    @property
    def is_mean_over_images(self) -> bool:
        """Whether the loss of a batch is the mean of what it is for each image alone."""
        return False

    @property
    def standard_deviation_of_noise(self) -> float:
        """Of the reparametrization noise, in training."""
        return 1.0

    def check(self, posterior: Posterior, prior: Prior) -> None:
        """Refuse distributions that it is not defined for. Raises `BadInput`."""

    def parts(self, images: Tensor, log_weights: Tensor, found: Estimate) -> dict[str, Tensor]:
        """What the loss needs beside distortion and rate, by name.

        Args:
            images: uint8 (draw * image, height, width, channel), the batch `draws` times, one after another.
            log_weights: log p(x, z) - log q(z | x) of each draw, (draw, image), in nats.
            found: of these images.
        """
        return {}

    def notes(self, values: int) -> list[str]:
        """Sentences that a reader of a training's numbers needs, of images that have so many values."""
        return []

    @abstractmethod
    def loss(self, outputs: dict[str, Tensor], *, beta: Tensor, steps: Tensor | None, values: int) -> Tensor:
        """The loss of a batch, a scalar.

        Args:
            outputs: `distortion` and `rate`, (image,) in nats, and what `parts` returned.
            beta: the present weight of the rate.
            steps: how many training steps there were; None where it is not training.
            values: how many values an image has.
        """
