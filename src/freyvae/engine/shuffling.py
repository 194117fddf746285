"""Batches in an order that follows from the seed and the step, for Keras's own `fit`.

Each backend of Keras shuffles arrays from a global generator of its own, whose state nobody saves. This order depends
on what a checkpoint holds, so that an interrupted training goes on with the very batches it would have had.
"""

from typing import Any

import keras
import numpy as np

from freyvae.engine.keras_internals import steps_variable


class ShuffledBatches(keras.utils.PyDataset):
    """uint8 images (image, height, width, channel), a new order every epoch, the last batch perhaps smaller."""

    def __init__(self, model: keras.Model, images: np.ndarray, *, batch_size: int, seed: int):
        super().__init__()
        self.model, self.images, self.batch_size, self.seed = model, images, batch_size, seed
        self.order = np.arange(len(images))

    def __len__(self) -> int:
        """Number of batches in an epoch."""
        return -(-len(self.images) // self.batch_size)

    def __getitem__(self, number: int) -> tuple[Any]:
        """One batch of the epoch."""
        return (self.images[self.order[number * self.batch_size : (number + 1) * self.batch_size]],)

    def on_epoch_begin(self) -> None:
        """Shuffle for the epoch that begins at the optimizer's present step."""
        steps = int(keras.ops.convert_to_numpy(steps_variable(self.model.optimizer).value))
        self.order = np.random.default_rng([self.seed, steps]).permutation(len(self.images))
