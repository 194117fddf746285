"""Residual blocks of matrix products."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Annotated, Any

from msgspec import Meta

from freyvae.choice import Positive
from freyvae.errors import BadInput
from freyvae.late import keras, layers
from freyvae.model.networks.dense import Dense, dense_layer

Tensor = Any


@dataclass(frozen=True)
class Residual(Dense):
    """A dense layer, then blocks h + dense(activation(dense(activation(h)))), and an activation after the last.

    He et al. 2016, Identity Mappings in Deep Residual Networks, fig. 1b, in dense layers. Dropout is
    of each block's inner layer, and after the last block.

    Args:
        hidden: units of the first layer and of each block: two or more, all equal.

    Raises:
        BadInput: the widths are fewer than two, or differ.
    """

    name = "residual"
    hidden: Annotated[
        tuple[Positive, ...], Meta(description="units of the encoder's hidden layers; the decoder's are reversed")
    ] = (256, 256)

    def __post_init__(self) -> None:
        super().__post_init__()
        if len(self.hidden) < 2 or len(set(self.hidden)) > 1:
            raise BadInput(
                f"a residual network needs two hidden widths or more, all equal, not {list(self.hidden)}: "
                'give equal ones with hidden=..., or network="dense"'
            )

    def trunk(
        self,
        values: Tensor,
        hidden: Sequence[int],
        *,
        seeds: Iterator[int],
        name: str,
        first_dtype: str | None = None,
    ) -> Tensor:
        """A dense layer, then blocks that each add to what they are given: He et al. 2016, fig. 1b, in dense layers."""
        width = hidden[0]
        # its inputs may be 16 latents to 512 units: by Glorot they would start near zero, and the blocks linear
        initializer = keras.initializers.LecunUniform(seed=next(seeds))
        values = layers.Dense(width, kernel_initializer=initializer, name=f"{name}_1", dtype=first_dtype)(values)
        for number in range(2, len(hidden) + 1):
            block = f"{name}_{number}"
            inner = layers.Activation(self.activation, name=f"{block}_activation")(values)
            inner = dense_layer(width, seeds, activation=self.activation, name=f"{block}_inner")(inner)
            if self.dropout:
                inner = layers.Dropout(self.dropout, seed=next(seeds), name=f"{block}_dropout")(inner)
            inner = dense_layer(width, seeds, name=f"{block}_outer")(inner)
            values = layers.Add(name=block)([values, inner])
        values = layers.Activation(self.activation, name=f"{name}_activation")(values)
        return (
            layers.Dropout(self.dropout, seed=next(seeds), name=f"{name}_dropout")(values) if self.dropout else values
        )

    def in_words(self, image_shape: tuple[int, int, int], latent_dim: int) -> str:
        """As `Network.in_words`."""
        return f"{super().in_words(image_shape, latent_dim)} with residual layers"
