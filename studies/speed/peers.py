"""The post's training, side by side: each contender in a process of its own, in turns, several rounds, medians.

Each contender's final loss is given with its time, so that doing less work does not win. Peers that are not installed
are listed as absent. All are on the CPU.
"""

import statistics
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from studies.shared.markdown import absent, markdown_table, number
from studies.shared.process import HERE, TENSORFLOW, TORCH, run_child
from studies.speed.workload import save_faces

QUICK = {"rounds": 1, "epochs": 2}
MEDIANS = ("seconds", "compile_seconds", "loss", "val_loss", "peak_mib")


@dataclass
class Contender:
    """A program that is compared, and how it is started."""

    name: str
    python: Path
    script: str
    needs: str
    arguments: tuple[str, ...] = ()
    backend: str = "jax"
    gpu: bool = False
    runs: list[dict[str, float]] = field(default_factory=list)
    failure: str = ""

    @property
    def absent(self) -> str:
        """Why it has no figures: one that failed in a later round has those of the rounds before."""
        return "" if self.runs else self.failure

    def run(self, images: Path, seed: int, epochs: int) -> None:
        """One run in a process of its own; remembers what it printed, or why it is absent."""
        ended = run_child(
            [self.python, "-m", f"studies.speed.contenders.{self.script}", images, str(seed), *self.arguments],
            {"BENCHMARK_EPOCHS": str(epochs)},
            backend=self.backend,
            gpu=self.gpu,
            missing=self.needs,
        )
        self.failure = ended.failure
        if not ended.failure:
            self.runs.append(ended.said() | {"peak_mib": ended.peak_mib})

    def row(self) -> dict[str, Any]:
        """The medians over the rounds, and every round; or why it is absent."""
        if self.absent:
            return {"name": self.name, "absent": self.absent}
        medians = {key: _median([run[key] for run in self.runs]) for key in MEDIANS}
        return {"name": self.name, "absent": "", **medians, "failure": self.failure, "rounds": self.runs}


def contenders() -> list[Contender]:
    """All contenders, ours first, the limit last."""
    return [
        Contender("freyvae", HERE, "ours", "freyvae"),
        Contender("JAX scan by hand, optax", HERE, "jax_scan", "optax"),
        Contender("Keras fit on JAX", HERE, "keras_fit", "keras"),
        Contender("Keras fit on torch", TORCH, "keras_fit", "torch", backend="torch"),
        Contender("Keras fit on TensorFlow", TENSORFLOW, "keras_fit", "tensorflow", backend="tensorflow"),
        Contender("PyTorch loop", TORCH, "torch_loop", "torch"),
        Contender("PyTorch loop, torch.compile", TORCH, "torch_loop", "torch", ("compile",)),
        Contender("pythae", TORCH, "pythae_trainer", "pythae"),
        Contender("limit: the matrix products alone", HERE, "gemm_limit", "jax"),
    ]


def run(rounds: int = 5, epochs: int = 100) -> dict[str, Any]:
    """Every contender, once a round, in turns."""
    return take_turns(contenders(), rounds, epochs)


def take_turns(everybody: Sequence[Contender], rounds: int, epochs: int) -> dict[str, Any]:
    """A row for each contender, with the ratio of the first one's time to its own."""
    with tempfile.TemporaryDirectory() as folder:
        path, faces = save_faces(Path(folder))
        for seed in range(rounds):
            for contender in everybody:
                if not contender.failure:
                    print(f"round {seed + 1} of {rounds}: {contender.name}", file=sys.stderr)
                    contender.run(path, seed, epochs)
    rows = [contender.row() for contender in everybody]
    ours = rows[0].get("seconds")
    for row in rows:
        row["ours_over_theirs"] = ours / row["seconds"] if ours and not row["absent"] else None
    return {"rounds": rounds, "epochs": epochs, "faces": faces, "contenders": rows}


def table(found: dict[str, Any]) -> str:
    """Markdown: medians, the fastest and the slowest round, and the ratio of our median to each."""
    heads = ["contender", f"seconds, {found['epochs']} epochs", "rounds", "ours / theirs", "first compilation, s"]
    heads += ["loss", "validation loss", "peak memory, MiB"]
    rows = []
    for row in found["contenders"]:
        if row["absent"]:
            rows.append(absent(row["name"], row["absent"], len(heads)))
            continue
        rounds = [one["seconds"] for one in row["rounds"]]
        cells = [number(row["seconds"]), f"{min(rounds):.2f} to {max(rounds):.2f}"]
        cells += [number(row[key]) for key in ("ours_over_theirs", "compile_seconds")]
        cells += [number(row[key], 4) for key in ("loss", "val_loss")]
        rows.append([row["name"], *cells, number(row["peak_mib"], 0)])
    return markdown_table(heads, rows)


def _median(values: Sequence[float | None]) -> float | None:
    """The median; none where there is nothing to take it of, as of the limit's losses."""
    known = [value for value in values if value is not None]
    return statistics.median(known) if len(known) == len(values) else None
