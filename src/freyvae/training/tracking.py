"""A training followed elsewhere: curves, reconstructions and samples for TensorBoard."""

from pathlib import Path
from typing import Any

import keras
import numpy as np

from freyvae.errors import BadInput
from freyvae.model import VAE
from freyvae.mosaic import in_colour, mosaic, to_bytes
from freyvae.training.callbacks import Recorder
from freyvae.training.data import TrainingData

TRACKERS = ("tensorboard",)
# images are written after the first epoch, each so many, and the last
EPOCHS_BETWEEN_IMAGES = 10
SHOWN = 8


class Follower(keras.callbacks.Callback):
    """A callback that is told before the training begins what is trained on."""

    def follow(self, data: TrainingData, recorder: Recorder) -> None:
        """Take note of the images, and of who keeps the history."""


class TensorBoardLog(keras.callbacks.Callback):
    """Writes event files that TensorBoard reads: every epoch's numbers, and some images.

    Args:
        folder: where the files are written.
        images: held out, uint8 (image, height, width, channel); some are shown beside their reconstructions.

    Raises:
        BadInput: tensorboardX is not installed.
    """

    def __init__(self, folder: Path, images: np.ndarray):
        super().__init__()
        try:
            from tensorboardX import SummaryWriter
        except ImportError as error:
            raise BadInput(
                'log="tensorboard" needs tensorboardX: pip install "freyvae[tensorboard]" installs it'
            ) from error
        self._open, self._folder, self._images = SummaryWriter, folder, images[:SHOWN]
        self._writer: Any = None
        self._epoch = 0

    def on_epoch_end(self, epoch: int, logs: dict[str, float] | None = None) -> None:
        """Write the numbers, and now and then the images."""
        self._epoch = epoch + 1
        if self._writer is None:  # what an earlier part of this training wrote after this epoch is void
            self._writer = self._open(str(self._folder), purge_step=self._epoch)
        for name, value in (logs or {}).items():
            part = "validation" if name.startswith("val_") else "training"
            self._writer.add_scalar(f"{name.removeprefix('val_')}/{part}", float(value), self._epoch)
        if epoch % EPOCHS_BETWEEN_IMAGES == 0:
            self._write_images()
        self._writer.flush()

    def on_train_end(self, logs: dict[str, float] | None = None) -> None:
        """Write the images of the last epoch."""
        if self._writer is not None:
            self._write_images()
            self._writer.close()
            self._writer = None

    def _write_images(self) -> None:
        vae: VAE = self.model
        rows = np.concatenate([in_colour(self._images), to_bytes(vae.reconstruct(self._images))])
        self._write("reconstructions", rows, len(self._images))
        if not vae.has_to_draw:
            self._write("samples", to_bytes(vae.sample_means(2 * SHOWN)), SHOWN)

    def _write(self, name: str, tiles: np.ndarray, columns: int) -> None:
        self._writer.add_image(name, mosaic(tiles, columns=columns), self._epoch, dataformats="HWC")
