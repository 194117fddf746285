"""Training in one process and in two, each on a core of its own; and a model of the cost, fitted to that.

The model of a step of B images on each of P devices, G bytes of gradients: t = B a + 2 (P - 1) (l + G / (P b)). One
image takes a; a message takes l, and a link carries b bytes a second: gradients are added up around a ring (Patarasuk &
Yuan 2009). It knows nothing of slow devices, nor of a link that several share.
"""

import json
import shutil
import sys
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
from scipy.optimize import nnls

from freyvae.cores import cores
from studies.shared.markdown import markdown_table, number
from studies.shared.process import HERE, run_child

# recipe, size of the drawn images, images in a step
NETWORKS = {
    "dense, 28 x 20 grey": (["--recipe", "frey-faces", "--split", "random"], (28, 20, 1), 100),
    "convolutional, 64 x 64 in colour": (
        ["--recipe", "images", "--likelihood.thinning", "8", "--patience", "0", "--minutes", "0"],
        (64, 64, 3),
        32,
    ),
}
DEVICES = (8, 64, 512)
# bytes a second, and seconds a message, of links that the table asks about
LINKS = {"1 Gbit/s, 0.1 ms": (1.25e8, 1e-4), "25 Gbit/s, 0.02 ms": (3.1e9, 2e-5)}
QUICK = {"images": {"dense, 28 x 20 grey": 240}, "epochs": 2}


def run(images: dict[str, int] | None = None, epochs: int = 4) -> dict[str, Any]:
    """A row for each network: images a second in one process and in two, bytes of gradients, and the model's fit."""
    counts = images or {"dense, 28 x 20 grey": 20000, "convolutional, 64 x 64 in colour": 800}
    rows = [_row(name, count, epochs) for name, count in counts.items()]
    return {"rounds": 1, "cores": cores(), "rows": rows}


def _row(name: str, count: int, epochs: int) -> dict[str, Any]:
    flags, shape, batch = NETWORKS[name]
    found: dict[str, Any] = {"network": name, "batch": batch, "images": count}
    with tempfile.TemporaryDirectory() as folder:
        np.save(Path(folder, "images.npy"), _drawn(count, shape))
        for processes in (1, 2):
            print(f"{name}: {processes} process{'es' * (processes > 1)}", file=sys.stderr)
            out = Path(folder, f"run-{processes}")
            command = [HERE, "-m", "freyvae", "train", str(Path(folder, "images.npy")), *flags, "--out", str(out)]
            command += ["--batch-size", str(batch * processes), "--epochs", str(epochs), "--seed", "1", "-q"]
            alone = [shutil.which("taskset") or "taskset", "-c", "0"]
            shared = ["--processes", str(processes)]
            ended = run_child([*alone, *command] if processes == 1 else [*command, *shared])
            if ended.failure:
                raise RuntimeError(ended.failure)
            found[f"a_second_{processes}"] = json.loads((out / "metrics.json").read_text())["images_per_second"]
        found["gradient_bytes"] = _bytes_of_weights(out)
    return found


def _drawn(count: int, shape: tuple[int, int, int]) -> np.ndarray:
    """Noise on gradients of its own: what is learned is no matter here."""
    random = np.random.default_rng(0)
    slopes = random.uniform(-1, 1, (count, 1, 1, shape[2]))
    ramp = np.linspace(-100, 100, shape[0])[None, :, None, None]
    noise = random.normal(0, 10, (count, *shape)).astype("float32")
    return np.clip(128 + slopes * ramp + noise, 0, 255).astype("uint8")


def _bytes_of_weights(run: Path) -> int:
    """Of the gradients of all trained weights, float32."""
    from freyvae import load

    return 4 * sum(int(np.prod(weight.shape)) for weight in load(run).trainable_variables)


def _link(rows: list[dict[str, Any]]) -> dict[str, float]:
    """Latency and bandwidth of this machine's loopback, from how much longer the steps of two processes take.

    Neither is below 0, and of one row alone all is latency.
    """
    more = [2 * row["batch"] / row["a_second_2"] - row["batch"] / row["a_second_1"] for row in rows]
    # 2 (P - 1) (l + G / (P b)) for P = 2
    matrix = np.array([[2.0, row["gradient_bytes"] if len(rows) > 1 else 0.0] for row in rows])
    (latency, slope), _ = nnls(matrix, np.array(more))
    return {"seconds_a_message": float(latency), "bytes_a_second": float(1.0 / slope) if slope > 0 else float("inf")}


def efficiency(row: dict[str, Any], devices: int, bytes_a_second: float, seconds_a_message: float) -> float:
    """The share of a device's own speed that the model predicts, with the images of each device's step kept."""
    alone = row["batch"] / row["a_second_1"]
    shared = 2 * (devices - 1) * (seconds_a_message + row["gradient_bytes"] / (devices * bytes_a_second))
    return alone / (alone + shared)


def table(found: dict[str, Any]) -> str:
    """Markdown tables: what was measured, and what the model says."""
    heads = [
        "network",
        "images a step and process",
        "gradients, MiB",
        "1 process, images a second",
        "2 processes",
        "ratio",
    ]
    measured = [
        [
            row["network"],
            number(row["batch"], 0),
            number(row["gradient_bytes"] / 2**20, 2),
            number(row["a_second_1"], 0),
            number(row["a_second_2"], 0),
            number(row["a_second_2"] / row["a_second_1"], 2),
        ]
        for row in found["rows"]
    ]
    link = _link(found["rows"])
    links = {"as here": (link["bytes_a_second"], link["seconds_a_message"]), **LINKS}
    model = [
        [row["network"], name, *(f"{100 * efficiency(row, devices, *figures):.0f} %" for devices in DEVICES)]
        for row in found["rows"]
        for name, figures in links.items()
    ]
    milliseconds = 1000 * link["seconds_a_message"]
    said = (
        f"A model, not a measurement: the share of each device's own speed that is left on so many devices, by "
        f"t = B a + 2 (P - 1) (l + G / (P b)), fitted to the rows above: l = {milliseconds:.2f} ms, "
        f"b = {link['bytes_a_second'] / 2**20:.0f} MiB a second here, where two processes also take memory and caches "
        "from each other, which the model counts as the link's."
    )
    heads_of_model = ["network", "link", *(f"{devices} devices" for devices in DEVICES)]
    return f"{markdown_table(heads, measured)}\n\n{said}\n\n{markdown_table(heads_of_model, model, words=(0, 1))}"
