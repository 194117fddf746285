"""The post's training, side by side: each contender in a process of its own, in turns, several rounds, medians.

Each contender's final loss stands beside its time, so that nobody wins by doing less. One that is not installed is
named as absent.
"""

import json
import os
import statistics
import subprocess
import sys
import tempfile
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

ROOT = Path(__file__).parent.parent
HERE, TORCH, TENSORFLOW = (ROOT / name / "bin" / "python" for name in (".venv", ".venv-torch", ".venv-tensorflow"))


@dataclass
class Contender:
    """Who, and how to start them."""

    name: str
    python: Path
    script: str
    needs: str
    arguments: tuple[str, ...] = ()
    backend: str = "jax"
    runs: list[dict[str, float]] = field(default_factory=list)
    absent: str = ""

    def run(self, images: Path, seed: int) -> None:
        """One run in a process of its own; remembers what it printed, or why it is absent."""
        environment = {**os.environ, "KERAS_BACKEND": self.backend, "PYTHONPATH": str(ROOT)}
        command = [str(self.python), "-m", f"benchmarks.contenders.{self.script}", str(images), str(seed)]
        try:
            done = subprocess.run(
                [*command, *self.arguments], env=environment, cwd=ROOT, capture_output=True, text=True, check=False
            )
        except OSError:
            self.absent = f"no {self.python.parent.parent.name} (make test-backends sets it up)"
            return
        if done.returncode:
            missing = f"No module named '{self.needs}'" in done.stderr
            self.absent = f"{self.needs} is not installed" if missing else done.stderr.strip().splitlines()[-1]
            return
        self.runs.append(json.loads(done.stdout.splitlines()[-1]))

    def median(self, key: str) -> float:
        """The median of a number over the rounds."""
        values = [run[key] for run in self.runs]
        return float("nan") if None in values else statistics.median(values)


def contenders() -> list[Contender]:
    """Everybody who is asked; ours first, the limit last."""
    return [
        Contender("freyvae", HERE, "ours", "freyvae"),
        Contender("JAX scan by hand, optax", HERE, "jax_scan", "optax"),
        Contender("Keras fit on JAX", HERE, "keras_fit", "keras"),
        Contender("Keras fit on torch", TORCH, "keras_fit", "torch", backend="torch"),
        Contender("Keras fit on TensorFlow", TENSORFLOW, "keras_fit", "tensorflow", backend="tensorflow"),
        Contender("PyTorch loop", TORCH, "torch_loop", "torch"),
        Contender("PyTorch loop, torch.compile", TORCH, "torch_loop", "torch", ("compile",)),
        Contender("limit: the matrix products alone", HERE, "gemm_limit", "jax"),
    ]


def run(rounds: int = 3) -> list[Contender]:
    """Every contender, once a round, in turns."""
    from freyvae import load_images

    try:
        images = load_images("frey-faces", progress=False).images
    except Exception:  # the time does not depend on whose faces they are
        images = load_images("synthetic-faces").images
    everybody = contenders()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "images.npy"
        np.save(path, images.reshape(len(images), -1))
        for seed in range(rounds):
            for contender in everybody:
                if not contender.absent:
                    print(f"round {seed + 1} of {rounds}: {contender.name}", file=sys.stderr)
                    contender.run(path, seed)
    return everybody


def table(everybody: list[Contender]) -> str:
    """Markdown: medians, and the ratio of ours to each."""
    ours = everybody[0].median("seconds")
    lines = [
        "| contender | seconds, 100 epochs | ours / theirs | first compilation, s | loss | validation loss |",
        "|---|---:|---:|---:|---:|---:|",
    ]
    for contender in everybody:
        if contender.absent:
            lines.append(f"| {contender.name} | absent: {contender.absent} | | | | |")
            continue
        seconds, first, loss, val_loss = map(contender.median, ("seconds", "compile_seconds", "loss", "val_loss"))
        losses = " | |" if np.isnan(loss) else f" {loss:.4f} | {val_loss:.4f} |"
        lines.append(f"| {contender.name} | {seconds:.2f} | {ours / seconds:.2f} | {first:.2f} |{losses}")
    return "\n".join(lines)


if __name__ == "__main__":
    results = run(int(sys.argv[1]) if len(sys.argv) > 1 else 3)
    print(table(results))
