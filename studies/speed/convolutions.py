"""Training of networks with convolutions on a CPU: images per second of freyvae's ways to train, and of others.

Each contender runs in a separate process, in turns. The table also has the loss of the first epoch and the number of
weights, which show that all do the same work. Only PyTorch has other initial weights.
"""

import statistics
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from studies.shared.markdown import absent, markdown_table, number
from studies.shared.process import HERE, TORCH, run_child

QUICK = {"images": 4, "batch": 2, "enough": 0.01}
NETWORKS = {
    "residual": "residual blocks, 64 x 64 in colour",
    "gated": "gated convolutions, 28 x 20 grey",
}
OURS = "freyvae: a program a step"
CONTENDERS = {
    OURS: (HERE, "convolutions_keras", "stepped"),
    "freyvae's scan: a program an epoch": (HERE, "convolutions_keras", "scanned"),
    "Keras fit on JAX": (HERE, "convolutions_keras", "keras"),
    "PyTorch loop": (TORCH, "convolutions_torch"),
}


def run(rounds: int = 1, images: int = 320, batch: int = 16, enough: float = 8.0) -> dict[str, Any]:
    """A row for each network and contender. Epochs are repeated until they took `enough` seconds.

    The scan takes a quarter of a second for each image, so it gets a tenth of the images, and at least two steps, so
    that there is a loop. All results are in images per second.
    """
    commands: dict[tuple[str, str], list[str | Path]] = {}
    for network in NETWORKS:
        for name, (python, script, *way) in CONTENDERS.items():
            count = max(images // 10, 2 * batch) if way == ["scanned"] else images
            arguments = [network, *way, *map(str, (count, batch, enough))]
            commands[network, name] = [python, "-m", f"studies.speed.contenders.{script}", *arguments]
    return {"rounds": rounds, "images": images, "batch": batch, "rows": take_turns(commands, rounds)}


def take_turns(
    commands: Mapping[tuple[str, str], Sequence[str | Path]], rounds: int, *, gpu: bool = False
) -> list[dict[str, Any]]:
    """A row for each network and contender, with the ratio of the rate of the network's first contender to its rate."""
    found: dict[tuple[str, str], list[dict[str, float]]] = {row: [] for row in commands}
    failures: dict[tuple[str, str], str] = {}
    for turn in range(rounds):
        for row, command in commands.items():
            if row in failures:
                continue
            print(f"round {turn + 1} of {rounds}: {', '.join(row)}", file=sys.stderr)
            ended = run_child(command, gpu=gpu, missing="torch")
            if ended.failure:
                failures[row] = ended.failure
            else:
                found[row].append(ended.said() | {"peak_mib": ended.peak_mib})
    rows = [_row(*row, runs, failures.get(row, "")) for row, runs in found.items()]
    for row in rows:
        ours = next(one for one in rows if one["network"] == row["network"])
        both = not (row["absent"] or ours["absent"])
        row["ours_over_theirs"] = ours["a_second"] / row["a_second"] if both else None
    return rows


def table(found: dict[str, Any]) -> str:
    """Markdown table: images per second, the ratio of ours to each, and figures that show that the work is equal."""
    heads = ["network", "contender", f"images a second, {found['batch']} a step", "ours / theirs"]
    heads += ["weights", "loss of the first epoch", "peak memory, MiB"]
    rows = []
    for row in found["rows"]:
        network = NETWORKS.get(row["network"], row["network"])
        if row["absent"]:
            rows.append([network, *absent(row["name"], row["absent"], len(heads) - 1)])
            continue
        cells = [number(row["a_second"], 1), number(row["ours_over_theirs"]), number(row["weights"], 0)]
        rows.append([network, row["name"], *cells, number(row["loss"], 1), number(row["peak_mib"], 0)])
    return markdown_table(heads, rows, words=(0, 1))


def _row(network: str, name: str, runs: list[dict[str, float]], failure: str) -> dict[str, Any]:
    if not runs:
        return {"network": network, "name": name, "absent": failure}
    medians = {key: statistics.median(run[key] for run in runs) for key in runs[0]}
    return {"network": network, "name": name, "absent": "", **medians, "rounds": runs}
