"""A flow of one-layer networks whose determinants are cheap."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from freyvae.late import np, ops
from freyvae.model.posterior import Flow

Tensor = Any
# as in `posteriors.planar`
TINY = 1e-12
# where both diagonals are at a float's -1 and 1 a determinant may round to 0, whose logarithm has no gradient
SMALLEST_DETERMINANT = 1e-6
# with as many Householder reflections as latents any rotation can be reached; few serve (van den Berg et al. 2018)
MOST_REFLECTIONS = 8


@dataclass(frozen=True)
class Sylvester(Flow):
    """z' = z + Q R tanh(S Q^T z + b), with Q, R, S and b of each image (van den Berg et al. 2018, eq. 13).

    R and S are upper triangular, with diagonals in (-1, 1), which makes it invertible (theorem 2). Q is a product of
    Householder reflections, the paper's H-SNF: orthogonal by construction. Parameters of zero make it the identity.
    """

    name = "sylvester"

    def parameters_per_image(self, latent_dim: int) -> int:
        """As `Posterior.parameters_per_image`: of each step both triangles, b and the reflections' vectors."""
        return self.length * latent_dim * (latent_dim + 2 + _reflections(latent_dim))

    def transform(self, latents: Tensor, parameters: Tensor, weights: Any) -> tuple[Tensor, Tensor]:
        """As `Flow.transform`."""
        size = latents.shape[-1]
        above = ops.convert_to_tensor(np.triu(np.ones((size, size), "float32"), 1))
        diagonal = ops.convert_to_tensor(np.eye(size, dtype="float32"))
        log_determinant = 0.0
        for step in ops.split(parameters, self.length, axis=-1):
            square, of_s, b, vectors = ops.split(step, [size**2, size**2 + size, size**2 + 2 * size], axis=-1)
            reflections = ops.split(vectors, _reflections(size), axis=-1)
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


def _reflections(latent_dim: int) -> int:
    return min(latent_dim, MOST_REFLECTIONS)


def _times(matrices: Tensor, vectors: Tensor) -> Tensor:
    """Matrices (image, row, column) times vectors (image, column)."""
    return ops.matmul(matrices, ops.expand_dims(vectors, -1))[..., 0]


def _reflect(vectors: Tensor, normals: list[Tensor]) -> Tensor:
    """Reflect vectors (image, latent) at the planes of these normals (image, latent), the last one first."""
    for normal in normals[::-1]:
        share = ops.sum(normal * vectors, axis=-1, keepdims=True)
        vectors = vectors - 2.0 * normal * share / (ops.sum(ops.square(normal), axis=-1, keepdims=True) + TINY)
    return vectors
