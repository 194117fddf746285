"""One piece of work with a pack, in a process of its own.

python -m studies.speed.contenders.pack_work NAME ARGUMENT...
"""

import json
import os
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np

from freyvae.data import Pixels, load_images, pack
from freyvae.data.pixels import part_of

# permutations that the expectation is the mean of
PERMUTATIONS = 20
# of images that are mixed: an epoch of many has several blocks
MIXED_SHAPE = (64, 64, 1)


class Noise(Pixels):
    """Noise in colour, made as fast as a disk writes: some images again and again, each time with other levels."""

    def __init__(self, images: int, side: int) -> None:
        super().__init__((images, side, side, 3))
        self._some = np.random.default_rng(0).integers(0, 256, (min(images, 1021), side, side, 3), dtype=np.uint8)

    def rows(self, indices: np.ndarray) -> np.ndarray:
        turns, places = np.divmod(indices, len(self._some))
        return self._some[places] + (turns % 256).astype(np.uint8)[:, None, None, None]


class Noting(Pixels):
    """Black images that note which of them are read."""

    def __init__(self, images: int) -> None:
        super().__init__((images, *MIXED_SHAPE))
        self.read: list[np.ndarray] = []

    def rows(self, indices: np.ndarray) -> np.ndarray:
        self.read.append(np.array(indices))
        return np.zeros((len(indices), *MIXED_SHAPE), np.uint8)


def make(path: str, images: str, side: str) -> dict[str, Any]:
    """Pack noise."""
    began = time.perf_counter()
    pack(Noise(int(images), int(side)), path)
    return {"seconds": time.perf_counter() - began}


def open_it(path: str) -> dict[str, Any]:
    """Open a pack, and read its last image."""
    began = time.perf_counter()
    images = load_images(path)
    images[-1]
    return {"seconds": time.perf_counter() - began, "images": len(images)}


def imports_of_data() -> dict[str, Any]:
    """Nothing but what this file imports."""
    return {}


def imports_of_training() -> dict[str, Any]:
    """What a training imports, and JAX at its first work."""
    import jax.numpy as jnp

    from freyvae.training import build_vae  # noqa: F401

    jnp.zeros(1).block_until_ready()
    return {}


def train(path: str, images: str, epochs: str, where: str) -> dict[str, Any]:
    """Epochs of the recipe `images` on images from all over a pack: the median after the first, without compilation."""
    import keras
    from studies.speed.contenders.throughput_work import EpochClock

    from freyvae.training import build_vae

    class Dropped(keras.callbacks.Callback):
        def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
            drop_pages(Path(path) / "pixels.u8")

    pixels = load_images(path).images
    chosen = np.random.default_rng(0).permutation(len(pixels))[: int(images)]
    data, clock, own = part_of(pixels, chosen), EpochClock(), recipe()
    if where == "memory":
        data = data[:]
    vae = build_vae(own, data)
    vae.fit(
        data,
        epochs=int(epochs),
        batch_size=own.training.batch_size,
        callbacks=[Dropped(), clock],  # before the clock starts
        verbose=0,
    )
    return {"seconds": clock.median(), "epochs": clock.seconds}


def recipe() -> Any:
    """The one that is trained."""
    import freyvae
    from freyvae.training.building import BATCH_SIZE

    return freyvae.load_recipe("images").replace(batch_size=BATCH_SIZE)


def drop_pages(path: Path) -> None:
    """Have the system forget what it keeps of a file in memory, so that it is read from the disk again."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.posix_fadvise(handle, 0, 0, os.POSIX_FADV_DONTNEED)
    finally:
        os.close(handle)


def mix(images: str, labels: str, batch: str) -> dict[str, Any]:
    """The share of the most frequent label in a batch, of a set sorted by label, in the first epoch of a training."""
    import freyvae

    count, batch_size = int(images), int(batch)
    noting = Noting(count)
    vae = freyvae.VAE(MIXED_SHAPE, 1, hidden=(1,), likelihood="bernoulli", seed=0)
    vae.compile(optimizer="adam")
    vae.fit(noting, epochs=1, batch_size=batch_size, verbose=0)
    order = np.concatenate(noting.read)
    if sorted(order.tolist()) != list(range(count)):
        raise ValueError("an epoch does not read each image once")
    label = np.arange(count) * int(labels) // count
    rng = np.random.default_rng(0)
    uniform = [mean_share(label[rng.permutation(count)], batch_size) for _ in range(PERMUTATIONS)]
    return {
        "in_order": mean_share(label, batch_size),
        "epoch": mean_share(label[order], batch_size),
        "blocks": len(noting.read),
        "uniform": float(np.mean(uniform)),
        "uniform_deviation": float(np.std(uniform, ddof=1)),
    }


def mean_share(labels: np.ndarray, batch: int) -> float:
    """The mean over whole batches of the share of the most frequent label."""
    whole = labels[: len(labels) // batch * batch].reshape(-1, batch)
    counts = np.stack([(whole == label).sum(axis=1) for label in np.unique(labels)])
    return float(counts.max(axis=0).mean() / batch)


NAMES = {
    "make": make,
    "open": open_it,
    "imports_of_data": imports_of_data,
    "imports_of_training": imports_of_training,
    "train": train,
    "mix": mix,
}

if __name__ == "__main__":
    print(json.dumps(NAMES[sys.argv[1]](*sys.argv[2:])))
