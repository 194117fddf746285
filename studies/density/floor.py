"""What no model of the Frey faces can go under, estimated in two ways; writes docs/floor.json.

    python -m studies.density.floor

First, the noise of the camera. Between frames that are most alike, each and its nearest other one, the differences are
noise and a little motion. A second difference over a square of four pixels takes out what varies smoothly, and leaves
white noise at its own deviation. The entropy of a normal of that deviation is the estimate, in bits per value.

Second, what a pixel costs given the frames before and after, and the pixels before it in its own frame: a network is
trained to say its mixture of logistics, and measured on test frames. A model does not see the frames beside; but it has
learned from all others, so that it may know more.
"""

import argparse
import json
import math
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import keras
import numpy as np
from keras import layers, ops

from freyvae.data import load_frey_faces
from freyvae.files import write_whole
from freyvae.model.autoregression import AROUND, BEFORE
from freyvae.model.logistic import logistic_log_mass
from studies.shared.command import exit_code
from studies.shared.process import ROOT

FILE = "floor.json"
# pairs of frames that are most alike
PAIRS = 200
# the pixel itself among `AROUND`
HERE = AROUND.index((0, 0))
COMPONENTS, UNITS, HIDDEN_LAYERS, BATCH, EPOCHS = 4, 128, 3, 2048, 8
LEARNING_RATE, WEIGHT_DECAY = 2e-3, 0.01
SPLITS = {"random 123": np.random.RandomState(123).permutation, "blocked": np.arange}
VALIDATION, TEST = 200, 200


def noise(images: np.ndarray, pairs: int = PAIRS) -> dict[str, float]:
    """The white noise of the most alike pairs of images, uint8 (image, height, width, 1): deviation and bits."""
    values = images.reshape(len(images), -1).astype(np.float64)
    squares = np.square(values).sum(axis=1)
    distances = squares[:, None] + squares - 2.0 * values @ values.T
    np.fill_diagonal(distances, np.inf)
    first = np.argsort(distances.min(axis=1))[:pairs]
    differences = (values[first] - values[distances[first].argmin(axis=1)]).reshape(-1, *images.shape[1:3])
    corners = differences[:, :-1, :-1] - differences[:, 1:, :-1] - differences[:, :-1, 1:] + differences[:, 1:, 1:]
    # of four values, each the difference of two frames
    deviation = float(corners.std() / math.sqrt(8.0))
    return {"pairs": len(first), "deviation": deviation, "bits": math.log2(deviation * math.sqrt(2 * math.pi * math.e))}


def seen(images: np.ndarray, frames: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """What is seen from each value of these frames, uint8 (value, feature), and the levels, float32 (value,).

    Features: the frames before and after around the pixel, the pixels before it in its own frame, its place. Where a
    pixel before lies outside of the frame, the value of the frame before at the pixel stands for it.
    """
    height, width = images.shape[1:3]
    padded = np.pad(images[..., 0], ((0, 0), (3, 3), (3, 3)), mode="edge")
    rows, columns = np.indices((height, width))

    def at(shift: int, down: int, right: int) -> np.ndarray:
        return padded[frames + shift, 3 + down : 3 + down + height, 3 + right : 3 + right + width]

    found = [at(shift, *place) for shift in (-1, 1) for place in AROUND]
    for down, right in BEFORE:
        inside = (rows + down >= 0) & (columns + right >= 0) & (columns + right < width)
        found.append(np.where(inside, at(0, down, right), at(-1, 0, 0)))
    places = [np.broadcast_to(255 * place // place.max(), found[0].shape) for place in (rows, columns)]
    features = np.stack([*found, *places], axis=-1).astype(np.uint8)
    return features.reshape(-1, features.shape[-1]), images[frames].reshape(-1).astype("float32")


def network() -> keras.Model:
    """Features uint8 (value, feature) -> locations, log-scales and logits, (value, 3 * component)."""
    features = keras.Input((2 * len(AROUND) + len(BEFORE) + 2,), dtype="uint8")
    values = ops.cast(features, "float32")
    before, after = values[:, HERE : HERE + 1], values[:, len(AROUND) + HERE : len(AROUND) + HERE + 1]
    middle = 0.5 * (before + after)
    hidden = ops.concatenate([(values[:, :-2] - middle) / 16.0, values[:, -2:] / 255.0, middle / 255.0], axis=-1)
    for _ in range(HIDDEN_LAYERS):
        hidden = layers.Dense(UNITS, activation="silu")(hidden)
    made = layers.Dense(3 * COMPONENTS, kernel_initializer="zeros")(hidden)
    apart = np.linspace(-1.0, 1.0, COMPONENTS).astype("float32")
    locations = middle / 255.0 + 0.02 * (made[:, :COMPONENTS] + apart)
    return keras.Model(features, ops.concatenate([locations, made[:, COMPONENTS:]], axis=-1))


def bits(levels: Any, parameters: Any) -> Any:
    """What levels cost, in bits: (value,)."""
    log_scales = ops.maximum(parameters[:, COMPONENTS : 2 * COMPONENTS] - 4.0, -7.0)
    masses = logistic_log_mass(ops.reshape(levels, (-1, 1)), parameters[:, :COMPONENTS], log_scales)
    logits = ops.log_softmax(parameters[:, 2 * COMPONENTS :], axis=-1)
    return -ops.logsumexp(masses + logits, axis=-1) / math.log(2.0)


def given_beside(images: np.ndarray, split: str, *, epochs: int = EPOCHS, held_out: int = TEST) -> dict[str, float]:
    """What a pixel of a test frame costs given the frames before and after: bits, and how many frames."""
    keras.utils.set_random_seed(0)
    order = SPLITS[split](len(images))
    order = [part[(part > 0) & (part < len(images) - 1)] for part in np.split(order, [-2 * held_out, -held_out])]
    train, _, test = (seen(images, part) for part in order)
    model = network()
    steps = epochs * max(1, len(train[0]) // BATCH)
    rate = keras.optimizers.schedules.CosineDecay(LEARNING_RATE, steps)
    model.compile(keras.optimizers.AdamW(rate, weight_decay=WEIGHT_DECAY), loss=bits)
    model.fit(*train, epochs=epochs, batch_size=BATCH, verbose=0)
    return {"frames": len(order[2]), "bits": float(model.evaluate(*test, batch_size=2 * BATCH, verbose=0))}


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; returns the exit code."""
    parser = argparse.ArgumentParser(prog="density.floor", description=__doc__)
    parser.add_argument("--out", type=Path, default=ROOT / "docs", help="folder to write to (default: docs)")
    chosen = parser.parse_args(arguments)

    def work() -> int:
        images = load_frey_faces()
        found = {"noise": noise(images), "given_beside": {split: given_beside(images, split) for split in SPLITS}}
        write_whole(chosen.out / FILE, json.dumps(found, indent=2) + "\n")
        return 0

    return exit_code(work, name="density", interrupted="nothing is written")


if __name__ == "__main__":
    sys.exit(main())
