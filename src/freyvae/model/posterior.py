"""What a posterior q(z | x) is: a choice of what the recognition model R can say of the latents of an image."""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass
from functools import partial
from typing import Annotated, Any, ClassVar

from msgspec import Meta

from freyvae.choice import Choice, Positive
from freyvae.model.distributions import Conditional, IndependentNormals, TransformedNormals

Tensor = Any


@dataclass(frozen=True)
class Posterior(Choice):
    """q(z | x), made of what the encoder returns: [mean, log_variance], and perhaps more numbers of each image.

    A subclass is a frozen dataclass: its fields are choices.

    Raises:
        BadInput: a field is out of range.
    """

    is_diagonal_normal: ClassVar[bool] = False
    """Whether mean and variance, as the encoder gives them, are all that it is: its density is known everywhere."""

    def parameters_per_image(self, latent_dim: int) -> int:
        """How many numbers the encoder's third output has of each image; 0: there is none."""
        return 0

    def values_of_draw(self, latent_dim: int) -> int:
        """How many values a training step keeps of each draw, beside what the encoder returns; roughly."""
        return 0

    def add_weights(self, weights: Any, *, latent_dim: int, seed: int) -> None:
        """Make the weights that all images share, in a `Weights`; by default there are none."""

    @abstractmethod
    def distribution(self, outputs: list[Tensor], weights: Any) -> Conditional:
        """The distributions for what the encoder returned for some images."""


@dataclass(frozen=True)
class Flow(Posterior):
    """A diagonal normal carried through invertible steps with tractable Jacobians.

    Args:
        length: number of steps, K.
    """

    length: Annotated[Positive, Meta(description="number of steps of the posterior's flow")] = 4

    def values_of_draw(self, latent_dim: int) -> int:
        """As `Posterior.values_of_draw`: of each step some vectors of the latents' size."""
        return self.length * 8 * latent_dim

    @abstractmethod
    def transform(self, latents: Tensor, parameters: Tensor, weights: Any) -> tuple[Tensor, Tensor]:
        """Carry latents (image, latent) through the flow of parameters (image, `parameters_per_image`).

        Returns:
            latents (image, latent), and log |det dz_K / dz_0| in nats, (image,).
        """

    def distribution(self, outputs: list[Tensor], weights: Any) -> TransformedNormals:
        """The normals of the first two outputs, carried through the flow of the third."""
        mean, log_variance, parameters = outputs
        transform = partial(self.transform, weights=weights)
        return TransformedNormals(IndependentNormals(mean, log_variance), transform, parameters)
