"""The default objective: the variational free energy, its rate weighed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any

from msgspec import Meta

from freyvae.choice import NotNegative
from freyvae.errors import BadInput
from freyvae.late import ops
from freyvae.model.estimate import Estimate
from freyvae.model.groups import kl_of_all_latents
from freyvae.model.objective import Objective
from freyvae.model.posterior import Posterior
from freyvae.model.prior import Prior

Tensor = Any


@dataclass(frozen=True)
class FreeEnergy(Objective):
    """Distortion + beta * rate: for beta 1 the free energy (Kingma & Welling 2014, eq. 3; beta: Higgins et al. 2017).

    Args:
        beta: weight of the rate.
        free_bits: nats per latent below which its KL is not penalised (Kingma et al. 2016, appendix C.8). Only for
            latents that are independent: diagonal normal posterior, standard normal prior.
        noise_scale: standard deviation of the reparametrization noise. 1 is right; the post used 0.01.
        average_distortion: divide the distortion by the number of values of an image, as the post does: beta is then
            that number, 560 for Frey faces. The reported free energy does not change.
        warm_up_steps: number of training steps in which the weight of the rate grows linearly from 0 to `beta`. A
            recipe counts epochs, as `warm_up_epochs` of its training.
    """

    name = "free-energy"
    beta: Annotated[NotNegative, Meta(description="weight of the rate in the loss; 1 is the free energy")] = 1.0
    free_bits: Annotated[
        NotNegative,
        Meta(description="KL below this many nats per latent is not penalised (Kingma et al. 2016)"),
    ] = 0.0
    noise_scale: Annotated[
        NotNegative, Meta(description="standard deviation of the reparametrization noise; the post has 0.01")
    ] = 1.0
    average_distortion: Annotated[
        bool, Meta(description="average the distortion over pixels, as the post does; beta is then their number")
    ] = False
    warm_up_steps: NotNegative = 0.0

    @property
    def beta_to_begin_with(self) -> float:
        """As `Objective.beta_to_begin_with`."""
        return self.beta

    @property
    def is_mean_over_images(self) -> bool:
        """As `Objective.is_mean_over_images`: free bits are of the mean over a batch."""
        return not self.free_bits

    @property
    def standard_deviation_of_noise(self) -> float:
        """As `Objective.standard_deviation_of_noise`."""
        return self.noise_scale

    def check(self, posterior: Posterior, prior: Prior) -> None:
        """As `Objective.check`."""
        if posterior.is_diagonal_normal and prior.is_standard_normal:
            return
        # log q(z | x) of a draw is that of noise of deviation 1, and no estimate of a rate under other noise
        if self.noise_scale != 1:
            raise BadInput(
                "the rate of a flow or of a learned prior is estimated from the draws, whose noise_scale must then be "
                "1: only the posterior diagonal-normal with the prior standard-normal goes with others"
            )
        if self.free_bits:
            raise BadInput(
                "free_bits need a rate for each latent, which only the posterior diagonal-normal with the prior "
                "standard-normal has: leave them out, or choose these"
            )

    def parts(self, images: Tensor, log_weights: Tensor, found: Estimate) -> dict[str, Tensor]:
        """With free bits `kl_per_latent` (image, latent), in nats."""
        return {"kl_per_latent": kl_of_all_latents(found.groups)} if self.free_bits else {}

    def notes(self, values: int) -> list[str]:
        """As `Objective.notes`."""
        notes = []
        if self.average_distortion:
            notes.append(
                f"The loss averages the distortion over {values} values but sums the rate: the effective beta is "
                f"{values * self.beta:g}."
            )
        if self.noise_scale != 1.0:
            notes.append(
                f"Training drew its noise with deviation {self.noise_scale:g} where the rate assumes 1: the free "
                "energy that it reports is not that of this model."
            )
        return notes

    def loss(self, outputs: dict[str, Tensor], *, beta: Tensor, steps: Tensor | None, values: int) -> Tensor:
        """As `Objective.loss`: averaged over the batch."""
        distortion = outputs["distortion"] / (values if self.average_distortion else 1.0)
        if self.warm_up_steps and steps is not None:
            beta = beta * ops.minimum(1.0, ops.cast(steps, beta.dtype) / self.warm_up_steps)
        if self.free_bits:
            return ops.mean(distortion) + beta * rate_above_free_bits(outputs["kl_per_latent"], self.free_bits)
        return ops.mean(distortion + beta * outputs["rate"])


def rate_above_free_bits(kl: Tensor, free_bits: float) -> Tensor:
    """sum_i max(free_bits, mean over images of KL_i), a scalar in nats: Kingma et al. 2016, appendix C.8.

    A latent whose rate is below the floor costs the floor, and has no gradient that would push it lower. `kl` is
    (image, latent); each latent is a group of its own.
    """
    return ops.sum(ops.maximum(ops.mean(kl, axis=0), free_bits))
