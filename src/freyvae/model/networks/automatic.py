"""The network that suits the images."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

from freyvae.late import keras, np
from freyvae.model.likelihood import Likelihood
from freyvae.model.network import Network
from freyvae.model.networks.convolutional import Convolutional
from freyvae.model.networks.dense import Dense

# of an image for which dense layers learn faster
_MOST_VALUES = 32 * 32


@dataclass(frozen=True)
class Automatic(Network):
    """Dense layers of 512 units for small grey images, up to 32 x 32, and residual convolutions for all others."""

    name = "automatic"
    gives_way = True

    def for_images(self, image_shape: tuple[int, int, int]) -> Network:
        """As `Network.for_images`."""
        return Dense(hidden=(512, 512)) if math.prod(image_shape) <= _MOST_VALUES else Convolutional()

    def encoder(self, image_shape: tuple[int, int, int], latent_dim: int, **arguments: Any) -> keras.Model:
        """As `Network.encoder`."""
        return self.for_images(image_shape).encoder(image_shape, latent_dim, **arguments)

    def decoder(self, latent_dim: int, image_shape: tuple[int, int, int], **arguments: Any) -> keras.Model:
        """As `Network.decoder`."""
        return self.for_images(image_shape).decoder(latent_dim, image_shape, **arguments)

    def start_at(self, encoder: keras.Model, decoder: keras.Model, images: np.ndarray, likelihood: Likelihood) -> None:
        """As `Network.start_at`."""
        self.for_images(images.shape[1:]).start_at(encoder, decoder, images, likelihood)

    def in_words(self, image_shape: tuple[int, int, int], latent_dim: int) -> str:
        """As `Network.in_words`."""
        return self.for_images(image_shape).in_words(image_shape, latent_dim)
