"""The work that every contender does, and the line in which it says what came of it.

The post's: 1800 training images of 560 pixels, 100 held out, batches of 100, 100 epochs, validation after each; the
network 560-256-2+2, 2-256-560; cross-entropy averaged over pixels plus the summed KL, noise of deviation 0.01; Adam.
The images are the Frey faces where they can be had, else drawn ones: the time is the same.
"""

import json
import os
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

# in miniature there are fewer
EPOCHS = int(os.environ.get("BENCHMARK_EPOCHS", "100"))
BATCH, TRAIN, HELD_OUT = 100, 1800, 100
PIXELS, HIDDEN, LATENTS = 560, 256, 2
NOISE = 0.01
LEARNING_RATE = 1e-3
ADAM_EPSILON = 1e-7  # Keras's


def faces() -> tuple[np.ndarray, str]:
    """The faces, uint8 (image, 28, 20, 1), and the name by which `freyvae train` knows them."""
    from freyvae import load_images
    from freyvae.data import DataUnavailable

    try:
        return load_images("frey-faces", progress=False).images, "frey-faces"
    except DataUnavailable:  # the time does not depend on whose faces they are
        return load_images("synthetic-faces").images, "synthetic-faces"


def save_faces(folder: Path) -> tuple[Path, str]:
    """The file of the faces' pixels that contenders `load`, and the faces' name."""
    images, name = faces()
    path = folder / "images.npy"
    np.save(path, images.reshape(len(images), -1))
    return path, name


def load(path: str) -> tuple[np.ndarray, np.ndarray]:
    """Training and held-out pixels, uint8 (image, 560), from the file of `save_faces`."""
    images = np.load(Path(path))
    return images[:TRAIN], images[TRAIN : TRAIN + HELD_OUT]


def report(
    first_epoch: Callable[[], object], rest: Callable[[], object], losses: Callable[[], tuple[float, float]]
) -> None:
    """Time a first epoch, compilation included, and the others; print both with the final losses."""
    began = time.perf_counter()
    first_epoch()
    compiled = time.perf_counter()
    rest()
    say(compiled - began, time.perf_counter() - compiled, *losses())


def say(first_seconds: float, other_seconds: float, loss: float, val_loss: float) -> None:
    """Print the time of the first epoch and of the others, and the final losses.

    The time of the whole training without compilation is that of the other epochs, scaled to all.
    """
    seconds = other_seconds * EPOCHS / (EPOCHS - 1)
    compilation = first_seconds - seconds / EPOCHS
    print(json.dumps({"seconds": seconds, "compile_seconds": compilation, "loss": loss, "val_loss": val_loss}))
