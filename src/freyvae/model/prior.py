"""What a prior p(z) is: a choice of what is known of the latents before an image is seen."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, ClassVar

from freyvae.choice import Choice
from freyvae.late import np
from freyvae.model.distributions import Marginal

Tensor = Any
# float32 images (image, height, width, channel), grey levels -> means and log-variances, each (image, latent)
Encode = Callable[[Tensor], tuple[Tensor, Tensor]]


@dataclass(frozen=True)
class Prior(Choice):
    """p(z). A subclass is a frozen dataclass: its fields are choices, and a learned one says what weights it has.

    Raises:
        BadInput: a field is out of range.
    """

    is_standard_normal: ClassVar[bool] = False
    """Whether it is N(0, I), against which rates have a closed form."""

    uses_encoder: ClassVar[bool] = False
    """Whether it asks for codes of images."""

    def add_weights(self, weights: Any, *, latent_dim: int, image_shape: tuple[int, int, int], seed: int) -> None:
        """Make the weights that are learned, in a `Weights`; by default there are none."""

    def least_weights(self, latent_dim: int) -> int:
        """How many weights `add_weights` makes, at the least: a file that claims more than it has bytes is refused."""
        return 0

    def start_at(self, weights: Any, images: np.ndarray) -> None:
        """Begin at training images, uint8 (image, height, width, channel), where the prior is made of images."""

    @abstractmethod
    def distribution(self, weights: Any, *, latent_dim: int, encode: Encode) -> Marginal:
        """The distribution of the present weights; `encode` is the VAE's own encoder, on floats."""
