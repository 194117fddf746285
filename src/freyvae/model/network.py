"""What a network is: a choice of an encoder and a decoder that suit each other."""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass
from typing import Any

from freyvae.choice import Choice
from freyvae.late import keras, np
from freyvae.model.likelihood import Likelihood

Tensor = Any


@dataclass(frozen=True)
class Network(Choice):
    """Encoder and decoder. A subclass is a frozen dataclass: its fields are choices.

    Raises:
        BadInput: a field is out of range.
    """

    def for_images(self, image_shape: tuple[int, int, int]) -> Network:
        """The network that is built for images of this shape: itself, or the one that it stands for."""
        return self

    @property
    def starts_at_mean(self) -> bool:
        """Whether `start_at` lets the decoder begin at the mean image."""
        return False

    @abstractmethod
    def encoder(
        self,
        image_shape: tuple[int, int, int],
        latent_dim: int,
        *,
        parameters_per_image: int = 0,
        seed: int | None = None,
    ) -> keras.Model:
        """The recognition model R: uint8 images -> [mean, log_variance], each (image, latent) float32.

        Args:
            image_shape: (height, width, channel).
            latent_dim: number of latents.
            parameters_per_image: how many numbers a third output has of each image, (image, number) float32, for a
                posterior with a flow; 0: there is none.
            seed: of the initial weights and the dropout; None draws one.

        Raises:
            BadInput: the network does not suit these images, or the weights are more than memory holds.
        """

    @abstractmethod
    def decoder(
        self,
        latent_dim: int,
        image_shape: tuple[int, int, int],
        *,
        parameters_per_value: int = 1,
        seed: int | None = None,
    ) -> keras.Model:
        """The generative model G: latents (image, latent) -> a likelihood's parameters, before their squashing.

        The output's shape is (image, height, width, channel * parameters_per_value).

        Args:
            latent_dim: number of latents.
            image_shape: (height, width, channel).
            parameters_per_value: how many numbers of each value depend on the code.
            seed: of the initial weights and the dropout; None draws one.

        Raises:
            BadInput: as `encoder`.
        """

    def start_at(self, encoder: keras.Model, decoder: keras.Model, images: np.ndarray, likelihood: Likelihood) -> None:
        """Let networks that these fields made begin at what uint8 images (image, height, width, channel) are like."""

    def notes(self) -> list[str]:
        """Sentences that a reader of a model's pictures and numbers needs."""
        return []

    @abstractmethod
    def in_words(self, image_shape: tuple[int, int, int], latent_dim: int) -> str:
        """What it is for such images, as a report says it."""
