"""Normalizing flows: invertible maps with tractable Jacobians, that bend a normal posterior into another shape.

Each `Flow` is a chain of `length` steps. What differs from image to image, its parameters, comes from the encoder as
a third output (image, `Flow.parameters_per_image`).
"""

from typing import Any

import keras
import numpy as np
from keras import ops

Tensor = Any

# a vector of no length has no direction: the divisor's floor, far below the square of any other
TINY = 1e-12
# determinants are positive by construction, but for rounding
SMALLEST_DETERMINANT = 1e-6
# with as many Householder reflections as latents any rotation can be reached; few serve (van den Berg et al. 2018)
MOST_REFLECTIONS = 8
# of the autoregressive networks: hidden units, and numbers that tell them of the image
UNITS, CONTEXT = 64, 32
# s begins here, so that the gate sigmoid(s) begins almost open (Kingma et al. 2016, section 4)
GATE_BIAS = 2.0


class Flow(keras.layers.Layer):
    """z_0 -> z_K by `length` invertible steps; it holds the weights that all images share, if there are any.

    Args:
        latent_dim: number of latents.
        length: number of steps, K.
        seed: of the initial weights.
    """

    def __init__(self, latent_dim: int, length: int, *, seed: int):
        super().__init__(name="flow")
        self.latent_dim, self.length, self.seed = latent_dim, length, seed
        self.built = True

    @staticmethod
    def parameters_per_image(latent_dim: int, length: int) -> int:
        """How many numbers the encoder has to give for each image."""
        raise NotImplementedError

    def transform(self, latents: Tensor, parameters: Tensor) -> tuple[Tensor, Tensor]:
        """Carry latents (image, latent) through the flow of parameters (image, n).

        Returns:
            latents (image, latent), and log |det dz_K / dz_0| in nats, (image,).
        """
        raise NotImplementedError


class PlanarFlow(Flow):
    """z' = z + u tanh(w . z + b), with u, w and b of each image (Rezende & Mohamed 2015, eq. 10).

    Parameters of zero make it the identity.
    """

    @staticmethod
    def parameters_per_image(latent_dim: int, length: int) -> int:
        """See `Flow.parameters_per_image`: u, w and b of each step."""
        return length * (2 * latent_dim + 1)

    def transform(self, latents: Tensor, parameters: Tensor) -> tuple[Tensor, Tensor]:
        """See `Flow.transform`."""
        log_determinant = 0.0
        for step in ops.split(parameters, self.length, axis=-1):
            u, w, b = ops.split(step, [self.latent_dim, 2 * self.latent_dim], axis=-1)
            along = ops.sum(w * u, axis=-1, keepdims=True)
            # invertible where w . u > -1 (appendix A.1); the shift makes 0 of 0, so that small u are left alone
            allowed = ops.softplus(along + np.log(np.e - 1.0)) - 1.0
            u = u + (allowed - along) * w / (ops.sum(ops.square(w), axis=-1, keepdims=True) + TINY)
            bent = ops.tanh(ops.sum(w * latents, axis=-1, keepdims=True) + b)
            latents = latents + u * bent
            # eq. 12: det = 1 + u . w tanh'(w . z + b)
            determinant = 1.0 + ops.sum(u * w, axis=-1) * (1.0 - ops.square(bent[:, 0]))
            log_determinant += ops.log(ops.maximum(determinant, SMALLEST_DETERMINANT))
        return latents, log_determinant


class SylvesterFlow(Flow):
    """z' = z + Q R tanh(S Q^T z + b), with Q, R, S and b of each image (van den Berg et al. 2018, eq. 13).

    R and S are upper triangular, with diagonals in (-1, 1), which makes it invertible (theorem 2). Q is a product of
    Householder reflections, the paper's H-SNF: orthogonal by construction. Parameters of zero make it the identity.
    """

    @staticmethod
    def _reflections(latent_dim: int) -> int:
        return min(latent_dim, MOST_REFLECTIONS)

    @staticmethod
    def parameters_per_image(latent_dim: int, length: int) -> int:
        """See `Flow.parameters_per_image`: of each step both triangles, b and the reflections' vectors."""
        return length * latent_dim * (latent_dim + 2 + SylvesterFlow._reflections(latent_dim))

    def transform(self, latents: Tensor, parameters: Tensor) -> tuple[Tensor, Tensor]:
        """See `Flow.transform`."""
        size = self.latent_dim
        above = ops.convert_to_tensor(np.triu(np.ones((size, size), "float32"), 1))
        diagonal = ops.convert_to_tensor(np.eye(size, dtype="float32"))
        log_determinant = 0.0
        for step in ops.split(parameters, self.length, axis=-1):
            square, of_s, b, vectors = ops.split(step, [size**2, size**2 + size, size**2 + 2 * size], axis=-1)
            reflections = ops.split(vectors, self._reflections(size), axis=-1)
            # R lies in one square matrix with S, above the diagonal and below it; S has a diagonal of its own
            square = ops.reshape(square, (-1, size, size))
            of_r, of_s = ops.tanh(ops.sum(square * diagonal, axis=-1)), ops.tanh(of_s)
            r = square * above + ops.expand_dims(of_r, -1) * diagonal
            s = ops.transpose(square, (0, 2, 1)) * above + ops.expand_dims(of_s, -1) * diagonal
            turned = _reflect(latents, reflections[::-1])
            bent = ops.tanh(_times(s, turned) + b)
            latents = latents + _reflect(_times(r, bent), reflections)
            # Sylvester's identity: det = prod_i (1 + tanh'_i R_ii S_ii), eq. 10 and 14
            determinants = 1.0 + (1.0 - ops.square(bent)) * of_r * of_s
            log_determinant += ops.sum(ops.log(ops.maximum(determinants, SMALLEST_DETERMINANT)), axis=-1)
        return latents, log_determinant


class InverseAutoregressiveFlow(Flow):
    """z' = sigmoid(s) z + (1 - sigmoid(s)) m, s_i and m_i of the latents before i alone (Kingma et al. 2016, eq. 14).

    s and m are given by a masked network a step (Germain et al. 2015) with one hidden layer; the encoder's numbers
    tell it of the image. The order of the latents turns around from step to step. At the start s is `GATE_BIAS` and m
    is 0, whatever the image: each step then only scales by sigmoid(2) = 0.88.
    """

    def __init__(self, latent_dim: int, length: int, *, seed: int):
        super().__init__(latent_dim, length, seed=seed)
        units = max(UNITS, 2 * latent_dim)
        seeds = keras.random.SeedGenerator(seed)
        self.masks, self.networks = [], []
        for number in range(length):
            order = np.arange(latent_dim)[:: -1 if number % 2 else 1]
            degrees = np.arange(units) % latent_dim
            # hidden unit k sees the latents before the place degrees_k; what goes to place i sees units up to i
            self.masks.append(
                (
                    (order[:, None] < degrees[None, :]).astype("float32"),
                    np.tile(degrees[:, None] <= order[None, :], 2).astype("float32"),
                )
            )
            shapes = {
                "from_latents": (latent_dim, units),
                "from_context": (CONTEXT, units),
                "hidden_bias": (units,),
                "to_gate_and_mean": (units, 2 * latent_dim),
                "gate_and_mean_bias": (2 * latent_dim,),
            }
            self.networks.append(
                {
                    name: self.add_weight(
                        shape=shape,
                        initializer=_glorot(seeds) if name.startswith("from") else "zeros",
                        name=f"{name}_{number}",
                    )
                    for name, shape in shapes.items()
                }
            )

    @staticmethod
    def parameters_per_image(latent_dim: int, length: int) -> int:
        """See `Flow.parameters_per_image`: one context for all steps."""
        return CONTEXT

    def transform(self, latents: Tensor, parameters: Tensor) -> tuple[Tensor, Tensor]:
        """See `Flow.transform`."""
        log_determinant = 0.0
        for (mask_in, mask_out), weights in zip(self.masks, self.networks, strict=True):
            hidden = ops.elu(
                ops.matmul(latents, weights["from_latents"] * mask_in)
                + ops.matmul(parameters, weights["from_context"])
                + weights["hidden_bias"]
            )
            out = ops.matmul(hidden, weights["to_gate_and_mean"] * mask_out) + weights["gate_and_mean_bias"]
            gate, mean = ops.split(out, 2, axis=-1)
            gate = gate + GATE_BIAS
            kept = ops.sigmoid(gate)
            latents = kept * latents + (1.0 - kept) * mean
            # a triangular Jacobian, with the gates on its diagonal: eq. 11
            log_determinant += ops.sum(ops.log_sigmoid(gate), axis=-1)
        return latents, log_determinant


FLOWS: dict[str, type[Flow]] = {
    "planar": PlanarFlow,
    "sylvester": SylvesterFlow,
    "inverse-autoregressive": InverseAutoregressiveFlow,
}


def _glorot(seeds: keras.random.SeedGenerator) -> Any:
    return keras.initializers.GlorotUniform(seed=int(keras.random.randint((), 0, 2**31 - 1, seed=seeds)))


def _times(matrices: Tensor, vectors: Tensor) -> Tensor:
    """Matrices (image, row, column) times vectors (image, column)."""
    return ops.matmul(matrices, ops.expand_dims(vectors, -1))[..., 0]


def _reflect(vectors: Tensor, normals: list[Tensor]) -> Tensor:
    """Reflect vectors (image, latent) at the planes of these normals (image, latent), the last one first."""
    for normal in normals[::-1]:
        share = ops.sum(normal * vectors, axis=-1, keepdims=True)
        vectors = vectors - 2.0 * normal * share / (ops.sum(ops.square(normal), axis=-1, keepdims=True) + TINY)
    return vectors
