"""The work of every contender, and the line in which it reports its results.

It is the training of the post: 1800 training images of 560 pixels and 100 held-out images; batches of 100; 100 epochs
with validation after each; the networks 560-256-2+2 and 2-256-560; as loss the cross-entropy averaged over pixels plus
the summed KL, with noise of deviation 0.01; Adam. The images are the Frey faces, or drawn faces if those are not
available. The time is the same for both.
"""

import json
import os
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

# fewer in miniature
EPOCHS = int(os.environ.get("BENCHMARK_EPOCHS", "100"))
BATCH, TRAIN, HELD_OUT = 100, 1800, 100
PIXELS, HIDDEN, LATENTS = 560, 256, 2
NOISE = 0.01
LEARNING_RATE = 1e-3
ADAM_EPSILON = 1e-7  # the default of Keras


def faces() -> tuple[np.ndarray, str]:
    """The faces, uint8 (image, 28, 20, 1), and their name for `freyvae train`."""
    from freyvae import load_images
    from freyvae.data import DataUnavailable

    try:
        return load_images("frey-faces", progress=False).images, "frey-faces"
    except DataUnavailable:  # the time does not depend on the values of the pixels
        return load_images("synthetic-faces").images, "synthetic-faces"


def save_faces(folder: Path) -> tuple[Path, str]:
    """Save the pixels of the faces for `load`; return the file, and the name of the faces."""
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
    """Time the first epoch, which includes compilation, and the others; print both times with the final losses."""
    began = time.perf_counter()
    first_epoch()
    compiled = time.perf_counter()
    rest()
    say(compiled - began, time.perf_counter() - compiled, *losses())


def say(first_seconds: float, other_seconds: float, loss: float, val_loss: float) -> None:
    """Print the time of the training and of the compilation, and the final losses.

    The time of the training without compilation is that of the other epochs, scaled to all epochs.
    """
    seconds = other_seconds * EPOCHS / (EPOCHS - 1)
    compilation = first_seconds - seconds / EPOCHS
    print(json.dumps({"seconds": seconds, "compile_seconds": compilation, "loss": loss, "val_loss": val_loss}))
