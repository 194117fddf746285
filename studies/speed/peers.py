"""The post's training by several contenders, each in a separate process, in turns; medians of several rounds.

The final loss of each contender is listed with its time, to show that all do the same work. Peers that are not
installed are listed as absent. All run on the CPU.
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
    """A program in the comparison, and how it is started."""

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
        """Why it has no figures. Empty if it failed only in a later round, since earlier rounds have figures."""
        return "" if self.runs else self.failure

    def run(self, images: Path, seed: int, epochs: int) -> None:
        """Run once in a separate process; keep the printed figures, or the reason of a failure."""
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
        """The medians over the rounds, and every round; or the reason why it is absent."""
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
    """Run every contender once in each round, in turns."""
    return take_turns(contenders(), rounds, epochs)


def take_turns(everybody: Sequence[Contender], rounds: int, epochs: int) -> dict[str, Any]:
    """A row for each contender, with the ratio of the first contender's time to its time."""
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
    """Markdown table: medians, the fastest and the slowest round, and the ratio of our median to each."""
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
    """The median; None if a value is missing, as for the losses of the limit."""
    known = [value for value in values if value is not None]
    return statistics.median(known) if len(known) == len(values) else None
