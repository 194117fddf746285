"""The free energy, and beside it what the code alone says of the image."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any

from msgspec import Meta

from freyvae.choice import NotNegative
from freyvae.errors import BadInput
from freyvae.late import ops
from freyvae.model.estimate import Estimate
from freyvae.model.likelihood import Likelihood
from freyvae.model.objectives.free_energy import FreeEnergy
from freyvae.model.posterior import Posterior
from freyvae.model.prior import Prior

Tensor = Any


@dataclass(frozen=True)
class AuxiliaryGuided(FreeEnergy):
    """The free energy + guidance * E[-log p(x | the code alone)] (Lucas & Verbeek 2018, eq. 5).

    For an autoregressive likelihood, to which the pixels before say so much of each pixel that the code is left with
    little to say, and the decoder with nothing to draw from it. The second term asks of the decoder an image of its
    own, as if its pixels were independent given the code. What is reported is the free energy, without it.

    Args:
        guidance: weight of the second term.
    """

    name = "auxiliary-guided"
    guidance: Annotated[
        NotNegative,
        Meta(description="weight in the loss of what the image costs by the code alone, without the pixels before"),
    ] = 0.1

    def check(self, posterior: Posterior, prior: Prior, likelihood: Likelihood) -> None:
        """As `Objective.check`: without pixels before, the code is alone anyway."""
        super().check(posterior, prior, likelihood)
        if not likelihood.is_autoregressive:
            raise BadInput(
                f"objective {self.name} is for an autoregressive likelihood, and {likelihood.name} is none as it is "
                "here: choose free-energy, or autoregressive=True"
            )

    def parts(self, images: Tensor, log_weights: Tensor, found: Estimate) -> dict[str, Tensor]:
        """Also `distortion_of_code` (image,), in nats."""
        of_code = -found.likelihood.of_code.log_prob(images)
        return {**super().parts(images, log_weights, found), "distortion_of_code": of_code}

    def loss(self, outputs: dict[str, Tensor], *, beta: Tensor, steps: Tensor | None, values: int) -> Tensor:
        """As `Objective.loss`."""
        loss = super().loss(outputs, beta=beta, steps=steps, values=values)
        averaged = values if self.average_distortion else 1.0
        return loss + self.guidance * ops.mean(outputs["distortion_of_code"]) / averaged
