"""Measures the time and the rate of one kind of work.

    python -m studies.speed.contenders.throughput_work NAME AMOUNT...

The models are not trained, since the time does not depend on the values of the weights.
"""

import json
import statistics
import sys
import time
from collections.abc import Callable
from typing import Any

import keras
import numpy as np

import freyvae
from freyvae.metrics import importance_sampled
from freyvae.training import build_vae
from freyvae.training.building import BATCH_SIZE

FACE = (28, 20, 1)
REPEATS = 5


def noise(count: int, *shape: int) -> np.ndarray:
    """Random images, uint8."""
    return np.random.default_rng(0).integers(0, 256, (count, *shape), dtype=np.uint8)


def default_model() -> freyvae.VAE:
    return freyvae.VAE(FACE, 2, seed=0)


def likelihood(images: int, samples: int) -> dict[str, Any]:
    """The importance-sampled likelihood, as in `freyvae measure`, with its compilation."""
    model, data = default_model(), noise(images, *FACE)
    began = time.perf_counter()
    importance_sampled(model, data, samples=samples)
    seconds = time.perf_counter() - began
    return {"seconds": seconds, "a_second": images * samples / seconds, "unit": "image samples"}


def encode(images: int) -> dict[str, Any]:
    """Encoding, after a first call."""
    return _repeated(default_model().encode, noise(images, *FACE))


def decode(images: int) -> dict[str, Any]:
    """Decoding, after a first call."""
    codes = np.random.default_rng(0).normal(size=(images, 2)).astype("float32")
    return _repeated(default_model().decode, codes)


def colour_training(images: int, epochs: int) -> dict[str, Any]:
    """An epoch of the shipped recipe `images` on images of 64 x 64 in colour, without compilation."""
    recipe = freyvae.load_recipe("images").replace(batch_size=BATCH_SIZE)
    data = noise(images, 64, 64, 3)
    vae = build_vae(recipe, data)
    clock = EpochClock()
    vae.fit(data, epochs=epochs, batch_size=recipe.training.batch_size, callbacks=[clock], verbose=0)
    seconds = clock.median()
    return {"seconds": seconds, "a_second": images / seconds, "unit": "images"}


class EpochClock(keras.callbacks.Callback):
    """Records the time of each epoch, and stops the training `enough` seconds after the first.

    In the first, Keras's own `fit` compiles.
    """

    def __init__(self, enough: float = float("inf")):
        super().__init__()
        self.enough = enough
        self.seconds: list[float] = []

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
        self._began = time.perf_counter()

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        self.seconds.append(time.perf_counter() - self._began)
        self.model.stop_training = len(self.seconds) > 1 and sum(self.seconds[1:]) >= self.enough

    def median(self) -> float:
        """The median without the first epoch, which also warms the memory, unless it is the only one."""
        return statistics.median(self.seconds[1:] or self.seconds)


def _repeated(function: Callable[[np.ndarray], np.ndarray], values: np.ndarray) -> dict[str, Any]:
    """The median of several calls after the first."""
    times = []
    for _ in range(REPEATS + 1):
        began = time.perf_counter()
        function(values)
        times.append(time.perf_counter() - began)
    seconds = statistics.median(times[1:])
    return {"seconds": seconds, "a_second": len(values) / seconds, "unit": "images"}


WORK = {"likelihood": likelihood, "encode": encode, "decode": decode, "colour_training": colour_training}

if __name__ == "__main__":
    print(json.dumps(WORK[sys.argv[1]](*map(int, sys.argv[2:]))))
