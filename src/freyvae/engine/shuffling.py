"""The order in which an epoch shows the images: it follows from the seed and the step.

Each backend of Keras shuffles arrays from a global generator of its own, whose state is not saved. This order depends
on what a checkpoint holds, so that an interrupted training goes on with the very batches it would have had.
"""

from typing import Any

import keras
import numpy as np

from freyvae.data.pixels import Images, Pixels
from freyvae.engine.keras_internals import steps_variable


def order_of_epoch(key: Any, steps: Any, count: int) -> Any:
    """The order of an epoch's images on JAX, int32 (image,), whoever runs the epoch.

    Args:
        key: of the seed; None leaves them in order.
        steps: the optimizer's count when the epoch begins, int32 or so. It is saved with the optimizer.
        count: number of images.
    """
    import jax
    import jax.numpy as jnp

    order = jnp.arange(count)
    return order if key is None else jax.random.permutation(jax.random.fold_in(key, steps), order)


class Batches(keras.utils.PyDataset):
    """Batches for Keras's own methods: of uint8 images (image, height, width, channel), in their order.

    The last batch may be smaller.
    """

    def __init__(self, images: Images | Pixels, *, batch_size: int):
        super().__init__()
        self.images, self.batch_size = images, batch_size
        self.order = np.arange(len(images))

    def __len__(self) -> int:
        """Number of batches in an epoch."""
        return -(-len(self.images) // self.batch_size)

    def __getitem__(self, number: int) -> tuple[Any]:
        """One batch of the epoch."""
        return (self.images[self.order[number * self.batch_size : (number + 1) * self.batch_size]],)


def fed_by_keras(images: Any, batch_size: int | None) -> Any:
    """Images as Keras's methods take them: those that are read when they are asked for in batches."""
    return Batches(images, batch_size=batch_size or 32) if isinstance(images, Pixels) else images


class ShuffledBatches(Batches):
    """Batches for Keras's own `fit`, in a new order every epoch."""

    def __init__(self, model: keras.Model, images: Images | Pixels, *, batch_size: int, seed: int):
        super().__init__(images, batch_size=batch_size)
        self.model, self.seed = model, seed

    def on_epoch_begin(self) -> None:
        """Shuffle for the epoch that begins at the optimizer's present step."""
        steps = int(keras.ops.convert_to_numpy(steps_variable(self.model.optimizer).value))
        if keras.backend.backend() == "jax":
            import jax

            self.order = np.asarray(order_of_epoch(jax.random.key(self.seed), steps, len(self.images)))
        else:
            self.order = np.random.default_rng([self.seed, steps]).permutation(len(self.images))
