"""Likelihoods with a location and a scale for each value."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, ClassVar, Literal

from msgspec import Meta

from freyvae.late import ops
from freyvae.model.likelihood import Likelihood, Tensor
from freyvae.model.logistic import bounded_log_scale, share_at_bound


@dataclass(frozen=True)
class LocationScale(Likelihood):
    """A likelihood of a location, squashed, and a scale, kept from vanishing.

    Args:
        scale_per: what the scale depends on. On Frey faces scales that depend on the code fit the training frames
            better and the held-out ones worse. One for the whole image: Rybkin et al. 2021, sigma-VAE.
    """

    scale_per: Annotated[
        Literal["image", "channel", "pixel", "code"],
        Meta(description="learned scales: one for the image, one per channel, one per pixel, or made from the code"),
    ] = "pixel"
    # a scale of 1 is all the range there is: beginning there would first have to be unlearned
    start_scale: ClassVar[float]
    smallest_scale: ClassVar[float]

    @property
    def parameters_per_value(self) -> int:
        """The location and the log-scale."""
        return 2

    @property
    def shape_per(self) -> str:
        """As `Likelihood.shape_per`."""
        return self.scale_per

    def location_and_log_scale(self, parameters: Tensor) -> tuple[Tensor, Tensor]:
        """Both, each (image, value), for pixels in [0, 1]."""
        location, log_scale = self.apart(parameters)
        bounded = bounded_log_scale(log_scale, start=self.start_scale, smallest=self.smallest_scale)
        return ops.sigmoid(location), bounded

    def share_at_bound(self, parameters: Tensor) -> Tensor | None:
        """As `Likelihood.share_at_bound`."""
        return share_at_bound(self.location_and_log_scale(parameters)[1], self.smallest_scale)

    def mean(self, parameters: Tensor) -> Tensor:
        """The location: the mean, but for what the first and last grey level cut off the tails."""
        return ops.sigmoid(self.by_parameter(parameters)[:, :, :, 0])
