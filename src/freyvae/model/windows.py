"""What lies around each pixel of an image, which decoders look at that condition a pixel on others."""

from typing import Any

from keras import ops

Tensor = Any


def windows(values: Tensor, offsets: list[tuple[int, int]], place: tuple[Any, Any] | None) -> list[Tensor]:
    """The values this far (down, right) of each pixel, 0 outside of the image: for each offset (image, pixel, n).

    One matrix product of them all does what a convolution would, which reads better, but is several times slower on
    XLA's CPU.

    Args:
        values: (image, height, width, n).
        offsets: (down, right).
        place: (row, column) where there is only the one pixel; None for all.
    """
    height, width, numbers = values.shape[1:]
    reach = max(max(abs(down), abs(right)) for down, right in offsets)
    padded = ops.pad(values, ((0, 0), (reach, reach), (reach, reach), (0, 0)))
    if place is not None:
        padded, height, width = square(padded, place, 2 * reach + 1), 1, 1
    return [
        ops.reshape(
            padded[:, reach + down : reach + down + height, reach + right : reach + right + width],
            (-1, height * width, numbers),
        )
        for down, right in offsets
    ]


def square(values: Tensor, corner: tuple[Any, Any], side: int) -> Tensor:
    """Of values (image, height, width, n), the square below and right of (row, column): (image, side, side, n)."""
    return ops.slice(values, (0, *corner, 0), (values.shape[0], side, side, values.shape[-1]))
