"""A flow of autoregressive networks."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from freyvae.late import keras, np, ops
from freyvae.model.posterior import Flow

Tensor = Any
# of the autoregressive networks: hidden units, and numbers that tell them of the image
UNITS, CONTEXT = 64, 32
# s begins here, so that the gate sigmoid(s) begins almost open (Kingma et al. 2016, section 4)
GATE_BIAS = 2.0


@dataclass(frozen=True)
class InverseAutoregressive(Flow):
    """z' = sigmoid(s) z + (1 - sigmoid(s)) m, s_i and m_i of the latents before i alone (Kingma et al. 2016, eq. 14).

    s and m are given by a masked network a step (Germain et al. 2015) with one hidden layer; the encoder's numbers
    tell it of the image. The order of the latents turns around from step to step. At the start s is `GATE_BIAS` and m
    is 0, whatever the image: each step then only scales by sigmoid(2) = 0.88.
    """

    name = "inverse-autoregressive"

    def add_weights(self, weights: Any, *, latent_dim: int, seed: int) -> None:
        """The masked network of each step."""
        units = _units(latent_dim)
        seeds = keras.random.SeedGenerator(seed)
        shapes = {
            "from_latents": (latent_dim, units),
            "from_context": (CONTEXT, units),
            "hidden_bias": (units,),
            "to_gate_and_mean": (units, 2 * latent_dim),
            "gate_and_mean_bias": (2 * latent_dim,),
        }
        for number in range(self.length):
            for name, shape in shapes.items():
                weights.add(f"{name}_{number}", shape, _glorot(seeds) if name.startswith("from") else "zeros")

    def parameters_per_image(self, latent_dim: int) -> int:
        """As `Posterior.parameters_per_image`: one context for all steps."""
        return CONTEXT

    def values_of_draw(self, latent_dim: int) -> int:
        """As `Posterior.values_of_draw`: also the hidden units of each step, before and after their activation."""
        return super().values_of_draw(latent_dim) + self.length * 2 * _units(latent_dim)

    def transform(self, latents: Tensor, parameters: Tensor, weights: Any) -> tuple[Tensor, Tensor]:
        """As `Flow.transform`."""
        log_determinant = 0.0
        for number in range(self.length):
            mask_in, mask_out = _masks(latents.shape[-1], number)
            hidden = ops.elu(
                ops.matmul(latents, weights[f"from_latents_{number}"] * mask_in)
                + ops.matmul(parameters, weights[f"from_context_{number}"])
                + weights[f"hidden_bias_{number}"]
            )
            out = (
                ops.matmul(hidden, weights[f"to_gate_and_mean_{number}"] * mask_out)
                + weights[f"gate_and_mean_bias_{number}"]
            )
            gate, mean = ops.split(out, 2, axis=-1)
            gate = gate + GATE_BIAS
            kept = ops.sigmoid(gate)
            latents = kept * latents + (1.0 - kept) * mean
            # a triangular Jacobian, with the gates on its diagonal: eq. 11
            log_determinant += ops.sum(ops.log_sigmoid(gate), axis=-1)
        return latents, log_determinant


def _units(latent_dim: int) -> int:
    return max(UNITS, 2 * latent_dim)


def _masks(latent_dim: int, number: int) -> tuple[np.ndarray, np.ndarray]:
    """Of a step's two matrices: unit k sees the latents before the place k mod latents, place i the units up to i."""
    order = np.arange(latent_dim)[:: -1 if number % 2 else 1]
    degrees = np.arange(_units(latent_dim)) % latent_dim
    return (
        (order[:, None] < degrees[None, :]).astype("float32"),
        np.tile(degrees[:, None] <= order[None, :], 2).astype("float32"),
    )


def _glorot(seeds: keras.random.SeedGenerator) -> Any:
    return keras.initializers.GlorotUniform(seed=int(keras.random.randint((), 0, 2**31 - 1, seed=seeds)))
