"""Trains many seeds at once and in sequence, and compares the times. Compilation is included, imports are not.

Each side runs in a separate process, in turns. A sequence in one process compiles the program again for each model.
With JAX's cache, which the command line uses, it is compiled once; that sequence is measured too.
"""

import statistics
import sys
import tempfile
from pathlib import Path
from typing import Any

import numpy as np

from studies.shared.markdown import absent, markdown_table, number
from studies.shared.process import HERE, run_child
from studies.speed.workload import save_faces

QUICK = {"seeds": 2, "epochs": 2}
AT_ONCE, COMPILED_ONCE = "at once", "in sequence, compiled once"
SIDES = {AT_ONCE: "at-once", "in sequence": "sequence", COMPILED_ONCE: "sequence"}


def run(seeds: int = 16, rounds: int = 1, epochs: int = 100) -> dict[str, Any]:
    """Run every side once in each round, in turns."""
    runs: dict[str, list[dict]] = {side: [] for side in SIDES}
    failures: dict[str, str] = {}
    for turn in range(rounds):
        for side, way in SIDES.items():
            if side in failures:
                continue
            print(f"round {turn + 1} of {rounds}: {seeds} seeds {side}", file=sys.stderr)
            with tempfile.TemporaryDirectory() as folder:
                path, _ = save_faces(Path(folder))
                environment = {"BENCHMARK_EPOCHS": str(epochs)}
                if side == COMPILED_ONCE:
                    environment["JAX_COMPILATION_CACHE_DIR"] = folder
                    environment["JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS"] = "0"
                command = [HERE, "-m", "studies.speed.contenders.many_seeds", path, way, str(seeds)]
                ended = run_child(command, environment)
            if ended.failure:
                failures[side] = ended.failure
            else:
                runs[side].append(ended.said() | {"peak_mib": ended.peak_mib})
    rows = [_row(side, runs, failures.get(side, "")) for side in SIDES]
    return {"seeds": seeds, "rounds": rounds, "epochs": epochs, "sides": rows}


def table(found: dict[str, Any]) -> str:
    """Markdown table: median seconds, the ratio of all at once to them, and the largest difference of a seed's loss."""
    heads = [f"{found['seeds']} seeds", "seconds", "a model", "at once / this"]
    heads += ["validation loss", "largest difference of a seed", "peak memory, MiB"]
    at_once = found["sides"][0].get("seconds")
    rows = []
    for row in found["sides"]:
        if row["absent"]:
            rows.append(absent(row["name"], row["absent"], len(heads)))
            continue
        deviation = row["val_loss_deviation"]
        loss = number(row["val_loss"], 4) + (f" ± {deviation:.4f}" if deviation is not None else "")
        difference = row["largest_difference"]
        rows.append(
            [row["name"], number(row["seconds"], 1), number(row["seconds"] / found["seeds"])]
            + [number(at_once / row["seconds"]) if at_once else "", loss]
            + ["" if difference is None else f"{difference:.1e}", number(row["peak_mib"], 0)]
        )
    return markdown_table(heads, rows)


def _row(side: str, runs: dict[str, list[dict]], failure: str) -> dict[str, Any]:
    if failure:
        return {"name": side, "absent": failure}
    losses = np.array(runs[side][0]["val_losses"])
    first = np.array(runs[AT_ONCE][0]["val_losses"]) if runs[AT_ONCE] else None
    return {
        "name": side,
        "absent": "",
        "seconds": statistics.median(run["seconds"] for run in runs[side]),
        "peak_mib": statistics.median(run["peak_mib"] for run in runs[side]),
        "val_loss": float(losses.mean()),
        "val_loss_deviation": float(losses.std(ddof=1)) if len(losses) > 1 else None,
        "largest_difference": None if first is None else float(np.abs(losses - first).max()),
        "rounds": runs[side],
    }
