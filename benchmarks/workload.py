"""The work that every contender does, and the line in which it says what came of it.

The post's: 1800 training images of 560 pixels, 100 held out, batches of 100, 100 epochs, validation after each; the
network 560-256-2+2, 2-256-560; cross-entropy averaged over pixels plus the summed KL, noise of deviation 0.01; Adam.
The images are the Frey faces where `FREYVAE_DATA` has them, else drawn ones: the time is the same.
"""

import json
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

EPOCHS, BATCH, TRAIN, HELD_OUT = 100, 100, 1800, 100
PIXELS, HIDDEN, LATENTS = 560, 256, 2
NOISE = 0.01
LEARNING_RATE = 1e-3


def load(path: str) -> tuple[np.ndarray, np.ndarray]:
    """Training and held-out pixels, uint8 (image, 560), from the file that `peers` wrote."""
    images = np.load(Path(path))
    return images[:TRAIN], images[TRAIN : TRAIN + HELD_OUT]


def report(
    first_epoch: Callable[[], object], rest: Callable[[], object], losses: Callable[[], tuple[float, float]]
) -> None:
    """Time a first epoch, compilation included, and the others; print both with the final losses.

    The time of the whole training without compilation is that of the other epochs, scaled to all.
    """
    began = time.perf_counter()
    first_epoch()
    compiled = time.perf_counter()
    rest()
    ended = time.perf_counter()
    seconds = (ended - compiled) * EPOCHS / (EPOCHS - 1)
    loss, val_loss = losses()
    first = compiled - began - seconds / EPOCHS
    print(json.dumps({"seconds": seconds, "compile_seconds": first, "loss": loss, "val_loss": val_loss}))
