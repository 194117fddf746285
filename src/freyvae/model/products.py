"""Products with a matrix, in the form that XLA's compiler for the CPU computes fast: their gradients above all."""

from typing import Any

from freyvae.late import ops

Tensor = Any


def times(values: Tensor, matrix: Tensor) -> Tensor:
    """`values @ matrix`, of values (..., n) and a matrix (n, m): (..., m).

    As one product of two axes. The gradient of the matrix is else a sum over several axes, and begins with a transposed
    copy of all values.
    """
    rows = ops.matmul(ops.reshape(values, (-1, values.shape[-1])), matrix)
    return ops.reshape(rows, (-1, *values.shape[1:-1], matrix.shape[-1]))


def repeated(values: Tensor, count: Any) -> Tensor:
    """So many copies of values, (count, ...), as a product with ones.

    The gradient of a broadcast is a sum over the copies, which XLA gives to one core, with all that leads to its terms.
    """
    ones = ops.ones((count, 1), dtype=values.dtype)
    return ops.reshape(ops.matmul(ones, ops.reshape(values, (1, -1))), (count, *values.shape))
