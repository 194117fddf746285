"""A prior that is a mixture of posteriors of learned images."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any

from msgspec import Meta

from freyvae.choice import Positive
from freyvae.engine.memory import check_memory
from freyvae.errors import BadInput
from freyvae.late import keras, np, ops
from freyvae.model.distributions import MixtureOfNormals, without_overflow
from freyvae.model.prior import Encode, Prior

Tensor = Any


@dataclass(frozen=True)
class Vamp(Prior):
    """The variational mixture of posteriors (Tomczak & Welling 2018, eq. 9): p(z) = 1/K sum_k q(z | u_k).

    The pseudo-inputs u_k are learned images. They are held as logits, u = 255 sigmoid(logit): always within the range
    of pixels, as the paper's hard tanh keeps them, but with a gradient everywhere. A flow on top of the posterior has
    no density at a point that it did not draw: q(z | u_k) is then the normal that the flow begins with.

    Args:
        components: number of pseudo-inputs, K.
    """

    name = "vamp"
    uses_encoder = True
    components: Annotated[Positive, Meta(description="number of normals that a learned prior mixes")] = 50

    def add_weights(self, weights: Any, *, latent_dim: int, image_shape: tuple[int, int, int], seed: int) -> None:
        """The pseudo-inputs, noise before `start_at`. Raises `BadInput` where memory does not hold them."""
        check_memory("components of the prior", (self.components, *image_shape), "float32")
        weights.add(
            "pseudo_inputs",
            (self.components, *image_shape),
            keras.initializers.RandomNormal(stddev=1.0, seed=seed),
        )

    def least_weights(self, latent_dim: int) -> int:
        """As `Prior.least_weights`."""
        return self.components

    def start_at(self, weights: Any, images: np.ndarray) -> None:
        """Begin with training images, evenly spaced: no two may be the same, for they would stay so.

        Raises:
            BadInput: there are fewer images than components.
        """
        from freyvae.data.pixels import evenly_chosen

        if self.components > len(images):
            raise BadInput(
                f"components of the prior, {self.components}, are more than the {len(images)} training images that "
                "they start at"
            )
        chosen = evenly_chosen(images, self.components)
        levels = np.clip(chosen.astype("float32"), 1.0, 254.0) / 255.0
        weights["pseudo_inputs"].assign(np.log(levels / (1.0 - levels)))

    def images(self, weights: Any) -> Tensor:
        """The pseudo-inputs as grey levels in [0, 255], float32 (component, height, width, channel)."""
        return 255.0 * ops.sigmoid(ops.convert_to_tensor(weights["pseudo_inputs"]))

    def distribution(self, weights: Any, *, latent_dim: int, encode: Encode) -> MixtureOfNormals:
        """The mixture of the present weights: those of the encoder, and the pseudo-inputs."""
        means, log_variances = encode(self.images(weights))
        return MixtureOfNormals(ops.zeros_like(means[:, 0]), means, without_overflow(log_variances))
