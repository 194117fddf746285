"""Residual blocks of convolutions with groups of latents between them: a hierarchy, from the code down to details."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Annotated, Any

from msgspec import Meta

from freyvae.choice import Positive
from freyvae.late import keras, layers
from freyvae.model.networks.convolutional import Convolutional

Tensor = Any
# of the code's posterior: beyond it a step of training that goes too far would make an infinite variance
_LARGEST_LOG_VARIANCE = 20.0


@dataclass(frozen=True)
class Hierarchical(Convolutional):
    """The network `convolutional`, its decoder with a spatial group of latents before each residual block.

    A top-down hierarchy (Sonderby et al. 2016, Ladder VAE; Child 2021, VDVAE; Hazami et al. 2022, Efficient-VDVAE),
    under the code as its top group. Each group's latents are drawn given all those above, and add details to what
    these have made, at their size: `freyvae.model.details`. With latents of 0 there, the mean of their prior, the
    decoder is that of `convolutional`: it is what sliders, map and exported networks show. There is no group at full
    size, whose pixels the last convolution makes of patches.

    Args:
        detail_channels: number of latents of a pixel in each spatial group.
    """

    name = "hierarchical"
    detail_channels: Annotated[Positive, Meta(description="latents of a pixel in each group below the code")] = 4

    def encoder(self, image_shape: tuple[int, int, int], latent_dim: int, **arguments: Any) -> keras.Model:
        """As `Network.encoder`; the log-variance is softly bounded."""
        network = super().encoder(image_shape, latent_dim, **arguments)
        mean, log_variance, *others = network.outputs
        # of plain layers, which the page and ONNX read
        scale = {"dtype": "float32", "offset": 0.0}
        bounded = layers.Rescaling(1.0 / _LARGEST_LOG_VARIANCE, name="log_variance_scaled", **scale)(log_variance)
        bounded = layers.Activation("tanh", dtype="float32", name="log_variance_squashed")(bounded)
        bounded = layers.Rescaling(_LARGEST_LOG_VARIANCE, name="log_variance_bounded", **scale)(bounded)
        return keras.Model(network.inputs[0], [mean, bounded, *others], name=network.name)

    def notes(self) -> list[str]:
        """As `Network.notes`."""
        return [
            "Manifold and explorer show the top group of latents, the code, and leave out the details that the groups "
            "below it draw. Reconstructions, samples and numbers are of all groups."
        ]

    def in_words(self, image_shape: tuple[int, int, int], latent_dim: int) -> str:
        """As `Network.in_words`."""
        sizes = self.sizes(image_shape)[1:]
        latents = sum(math.prod(size) for size in sizes) * self.blocks * self.detail_channels
        groups = f"{len(sizes) * self.blocks} spatial group{'s' if len(sizes) * self.blocks > 1 else ''}"
        return f"{super().in_words(image_shape, latent_dim)}, with {latents:,} latents in {groups} below the code"

    def _before_block(self, values: Tensor, seeds: Iterator[int], *, stage: int, name: str) -> Tensor:
        from freyvae.model.details import Details

        details = Details(
            self.detail_channels,
            features=f"encoder_{stage}_block_{self.blocks}",
            feature_channels=self.channels(stage),
            activation=self.activation,
            seed=next(seeds),
            name=f"{name}_details",
        )
        return details(values)
