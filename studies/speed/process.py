"""Time from the shell to finished pictures: `freyvae train --recipe blog-2016` compared with the post's own script.

Both train on the post's images and draw the same pictures; freyvae also writes a report and the explorer. In a cold run
the folder of compiled programs is empty. In a warm run it has the programs of the cold run; the run folder is another.
"""

import json
import statistics
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from studies.shared.markdown import absent, markdown_table, number
from studies.shared.process import HERE, TENSORFLOW, Ended, run_child
from studies.speed.workload import save_faces

QUICK = {"rounds": 1, "epochs": 2}
COLD, WARM, POST = "freyvae, cold", "freyvae, warm", "the post's script, Keras on TensorFlow"
POST_ON_JAX = "the post's script, Keras on JAX"
# reads the libraries into the file cache before the measurements
IMPORTS = "import keras, matplotlib.pyplot"


def run(rounds: int = 2, epochs: int = 100) -> dict[str, Any]:
    """Run every side once in each round, in turns, cold before warm."""
    runs: dict[str, list[dict[str, float]]] = {}
    failures: dict[str, str] = {}
    for python, backend in ((HERE, "jax"), (TENSORFLOW, "tensorflow")):
        run_child([python, "-c", IMPORTS], backend=backend)
    for turn in range(rounds):
        with tempfile.TemporaryDirectory() as temporary:
            folder = Path(temporary)
            path, faces = save_faces(folder)
            for name, start in sides(folder, path, faces, epochs).items():
                runs.setdefault(name, [])
                if name in failures or (name == WARM and COLD in failures):
                    continue
                print(f"round {turn + 1} of {rounds}: {name}", file=sys.stderr)
                out = folder / str(len(list(folder.iterdir())))
                out.mkdir()
                ended = start(out)
                if ended.failure:
                    failures[name] = ended.failure
                    continue
                runs[name].append(_found(ended, out))
    rows = [_row(name, runs[name], failures.get(name, "")) for name in runs]
    return {"rounds": rounds, "epochs": epochs, "faces": faces, "sides": rows}


def sides(folder: Path, images: Path, faces: str, epochs: int) -> dict[str, Callable[[Path], Ended]]:
    """How each side is started, given the folder that it writes to."""
    kept = {
        "JAX_COMPILATION_CACHE_DIR": str(folder / "compiled"),
        # as `freyvae` sets it for the user's cache folder
        "JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS": "0",
    }

    def ours(out: Path) -> Ended:
        command = [HERE, "-m", "freyvae", "train", faces, "--recipe", "blog-2016", "--epochs", str(epochs)]
        return run_child([*command, "--out", out], kept)

    def post(python: Path, backend: str) -> Callable[[Path], Ended]:
        return lambda out: run_child(
            [python, "-m", "studies.speed.contenders.post_script", images, out],
            {"BENCHMARK_EPOCHS": str(epochs)},
            backend=backend,
            missing=backend,
        )

    return {COLD: ours, WARM: ours, POST: post(TENSORFLOW, "tensorflow"), POST_ON_JAX: post(HERE, "jax")}


def table(found: dict[str, Any]) -> str:
    """Markdown table: medians, and the ratios to the post's script and to our cold run.

    The processor's seconds, divided by its cores, are what no order of the same work can undercut.
    """
    seconds = {row["name"]: row.get("seconds") for row in found["sides"]}
    heads = ["from the shell to finished pictures", "seconds", "this / the post's", "this / ours cold"]
    heads += ["processor seconds", "peak memory, MiB", "pictures", "validation loss"]
    rows = []
    for row in found["sides"]:
        if row["absent"]:
            rows.append(absent(row["name"], row["absent"], len(heads)))
            continue
        ratios = [number(ratio(row["seconds"], seconds[other])) for other in (POST, COLD)]
        rows.append(
            [row["name"], number(row["seconds"], 1), *ratios, number(row["processor_seconds"], 1)]
            + [number(row["peak_mib"], 0), number(row["pictures"], 0), number(row["val_loss"], 4)]
        )
    return markdown_table(heads, rows)


def ratio(one: float | None, other: float | None) -> float | None:
    """The ratio of two times, or None if one is missing."""
    return one / other if one and other else None


def _found(ended: Ended, out: Path) -> dict[str, float]:
    """The time and memory of one run, the number of its pictures, and its loss."""
    metrics = out / "metrics.json"
    said = json.loads(metrics.read_text()) if metrics.is_file() else ended.said()
    return {
        "seconds": ended.seconds,
        "processor_seconds": ended.processor_seconds,
        "peak_mib": ended.peak_mib,
        "pictures": len(list(out.rglob("*.png"))),
        "val_loss": said["val_loss"],
    }


def _row(name: str, runs: list[dict[str, float]], failure: str) -> dict[str, Any]:
    if not runs:
        return {"name": name, "absent": failure or "no cold run before it"}
    medians = {key: statistics.median(run[key] for run in runs) for key in runs[0]}
    return {"name": name, "absent": "", **medians, "rounds": runs}
