"""What lies around each pixel of an image, which decoders look at that condition a pixel on others."""

from typing import Any, NamedTuple

from freyvae.late import ops

Tensor = Any


class Rows(NamedTuple):
    """Every `step`-th row of an image of `height`, from row `first` on, which is below the step and may be a tensor.

    They are so many for every first one: where the image ends before, rows below it are counted too.
    """

    first: Any
    step: int
    height: int

    @property
    def number(self) -> int:
        """How many they are."""
        return -(-self.height // self.step)

    @property
    def inside(self) -> Tensor:
        """Whether they are rows of the image, 0 or 1, float (row,)."""
        return ops.cast(self.first + self.step * ops.arange(self.number, dtype="int32") < self.height, "float32")

    def of(self, values: Tensor) -> Tensor:
        """They of values (image, height, width, n): (image, row, width, n)."""
        return self.with_all_between(values)[:, :: self.step]

    def with_all_between(self, values: Tensor, *, reach: int = 0) -> Tensor:
        """Of values (image, height + 2 reach, width, n) those from the first one on, as far as 2 reach below the last.

        Rows below what there is are 0.
        """
        size = self.step * (self.number - 1) + 1 + 2 * reach
        below = max(size + self.step - 1 - values.shape[1], 0)
        values = ops.pad(values, ((0, 0), (0, below), (0, 0), (0, 0)))
        return ops.slice(values, (0, self.first, 0, 0), (ops.shape(values)[0], size, *values.shape[2:]))


def rows_of_step(step: Tensor, thinning: int, height: int) -> Rows | None:
    """The rows that a training step uses: every `thinning`-th, from the next one on at each step; None means all."""
    every = min(thinning, height)
    return Rows(ops.cast(step, "int32") % every, every, height) if every > 1 else None


def windows(
    values: Tensor, offsets: list[tuple[int, int]], place: tuple[Any, Any] | None, rows: Rows | None = None
) -> list[Tensor]:
    """The values this far (down, right) of each pixel, 0 outside of the image: for each offset (image, pixel, n).

    One matrix product of them all does what a convolution would, which reads better, but is several times slower on
    XLA's CPU.

    Args:
        values: (image, height, width, n).
        offsets: (down, right).
        place: (row, column) where there is only the one pixel; None for all.
        rows: those of the pixels that are asked for; None for all.
    """
    height, width, numbers = values.shape[1:]
    reach = max(max(abs(down), abs(right)) for down, right in offsets)
    padded = ops.pad(values, ((0, 0), (reach, reach), (reach, reach), (0, 0)))
    if place is not None:
        padded, height, width = square(padded, place, 2 * reach + 1), 1, 1
    step = 1
    if rows is not None:
        padded, height, step = rows.with_all_between(padded, reach=reach), rows.number, rows.step
    return [
        ops.reshape(
            padded[
                :,
                reach + down : reach + down + step * (height - 1) + 1 : step,
                reach + right : reach + right + width,
            ],
            (-1, height * width, numbers),
        )
        for down, right in offsets
    ]


def square(values: Tensor, corner: tuple[Any, Any], side: int) -> Tensor:
    """Of values (image, height, width, n), the square below and right of (row, column): (image, side, side, n)."""
    return ops.slice(values, (0, *corner, 0), (values.shape[0], side, side, values.shape[-1]))
