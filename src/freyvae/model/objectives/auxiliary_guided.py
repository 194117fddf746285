"""The free energy, and beside it what the code alone says of the image."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any

from msgspec import Meta

from freyvae.choice import NotNegative
from freyvae.late import ops
from freyvae.model.estimate import Estimate
from freyvae.model.objectives.free_energy import FreeEnergy

Tensor = Any


@dataclass(frozen=True)
class AuxiliaryGuided(FreeEnergy):
    """The free energy + guidance * E[-log p(x | the code alone)] (Lucas & Verbeek 2018, eq. 5).

    For an autoregressive likelihood, to which the pixels before say so much of each pixel that the code is left with
    little to say, and the decoder with nothing to draw from it. The second term asks of the decoder an image of its
    own, as if its pixels were independent given the code. What is reported is the free energy, without it. Where pixels
    are independent given the code, there is no second term.

    Args:
        guidance: weight of the second term.
    """

    name = "auxiliary-guided"
    guidance: Annotated[
        NotNegative,
        Meta(description="weight in the loss of what the image costs by the code alone, without the pixels before"),
    ] = 0.1

    @property
    def guides_decoder(self) -> bool:
        """As `Objective.guides_decoder`."""
        return self.guidance > 0

    def parts(self, images: Tensor, log_weights: Tensor, found: Estimate) -> dict[str, Tensor]:
        """Also `distortion_of_code` (image,), in nats, where the distortion is another."""
        parts = super().parts(images, log_weights, found)
        of_code = found.likelihood.of_code
        return parts if of_code is found.likelihood else {**parts, "distortion_of_code": -of_code.log_prob(images)}

    def loss(self, outputs: dict[str, Tensor], *, beta: Tensor, steps: Tensor | None, values: int) -> Tensor:
        """As `Objective.loss`."""
        loss = super().loss(outputs, beta=beta, steps=steps, values=values)
        if "distortion_of_code" not in outputs:
            return loss
        averaged = values if self.average_distortion else 1.0
        return loss + self.guidance * ops.mean(outputs["distortion_of_code"]) / averaged
