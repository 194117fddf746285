"""Many seeds at once against the same in sequence, compilation counted on both sides.

    python -m benchmarks.many [SEEDS] [ROUNDS]

Each side runs in a process of its own, in turns; imports are not counted. A sequence in one process compiles each
model's program anew. With JAX's cache, as the command line has it, only the first is: that sequence stands beside.
"""

import json
import os
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np

from benchmarks.peers import HERE, ROOT

SIDES = {"at once": "at-once", "in sequence": "sequence", "in sequence, compiled once": "sequence"}
SEEDS = 16


def load_faces() -> np.ndarray:
    from freyvae import load_images

    try:
        return load_images("frey-faces", progress=False).images
    except Exception:  # the time does not depend on whose faces they are
        return load_images("synthetic-faces").images


def run(seeds: int = SEEDS, rounds: int = 3) -> dict[str, list[dict]]:
    """What each side printed, once a round, in turns."""
    runs: dict[str, list[dict]] = {side: [] for side in SIDES}
    images = load_faces()
    for number in range(rounds):
        for side, way in SIDES.items():
            print(f"round {number + 1} of {rounds}: {seeds} seeds {side}", file=sys.stderr)
            with tempfile.TemporaryDirectory() as folder:
                path = Path(folder) / "images.npy"
                np.save(path, images.reshape(len(images), -1))
                environment = {**os.environ, "KERAS_BACKEND": "jax", "PYTHONPATH": str(ROOT)}
                environment.pop("JAX_COMPILATION_CACHE_DIR", None)
                if side.endswith("once") and way == "sequence":
                    environment["JAX_COMPILATION_CACHE_DIR"] = folder
                    environment["JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS"] = "0"
                command = [str(HERE), "-m", "benchmarks.contenders.many_seeds", str(path), way, str(seeds)]
                done = subprocess.run(command, env=environment, cwd=ROOT, capture_output=True, text=True, check=True)
            runs[side].append(json.loads(done.stdout.splitlines()[-1]))
    return runs


def table(runs: dict[str, list[dict]]) -> str:
    """Markdown: median seconds, the ratio to them of all at once, and how far the losses of each seed are apart."""
    seconds = {side: statistics.median(run["seconds"] for run in own) for side, own in runs.items()}
    losses = {side: np.array(own[0]["val_losses"]) for side, own in runs.items()}
    count = len(losses["at once"])
    lines = [
        f"| {count} seeds | seconds | a model | at once / this | validation loss | largest difference of a seed |",
        "|---|---:|---:|---:|---:|---:|",
    ]
    for side, own in losses.items():
        deviation = f" ± {own.std(ddof=1):.4f}" if count > 1 else ""
        lines.append(
            f"| {side} | {seconds[side]:.1f} | {seconds[side] / count:.2f} | {seconds['at once'] / seconds[side]:.2f} "
            f"| {own.mean():.4f}{deviation} | {np.abs(own - losses['at once']).max():.1e} |"
        )
    return "\n".join(lines)


if __name__ == "__main__":
    print(table(run(*map(int, sys.argv[1:3]))))
