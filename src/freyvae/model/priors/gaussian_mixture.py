"""A prior that is a mixture of normals, all of them learned."""

from dataclasses import dataclass
from typing import Annotated, Any

from msgspec import Meta

from freyvae.choice import Positive
from freyvae.engine.memory import check_memory
from freyvae.late import keras, ops
from freyvae.model.distributions import MixtureOfNormals
from freyvae.model.prior import Encode, Prior


@dataclass(frozen=True)
class GaussianMixture(Prior):
    """A mixture of normals with diagonal covariances.

    It starts with equal probabilities, unit variances and means drawn from N(0, I), which tells the components apart.

    Args:
        components: number of normals.
    """

    name = "gaussian-mixture"
    components: Annotated[Positive, Meta(description="number of normals that a learned prior mixes")] = 50

    def add_weights(self, weights: Any, *, latent_dim: int, image_shape: tuple[int, int, int], seed: int) -> None:
        """Logits, means and log-variances. Raises `BadInput` where memory does not hold them."""
        shape = (self.components, latent_dim)
        check_memory("components of the prior", (self.components, 2, latent_dim), "float32")  # and their noise
        weights.add("logits", (self.components,), "zeros")
        weights.add("means", shape, keras.initializers.RandomNormal(stddev=1.0, seed=seed))
        weights.add("log_variances", shape, "zeros")

    def least_weights(self, latent_dim: int) -> int:
        """As `Prior.least_weights`."""
        return self.components * latent_dim

    def distribution(self, weights: Any, *, latent_dim: int, encode: Encode) -> MixtureOfNormals:
        """The mixture of the present weights."""
        names = ("logits", "means", "log_variances")
        return MixtureOfNormals(*(ops.convert_to_tensor(weights[name]) for name in names))
