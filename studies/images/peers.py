"""Other models of the same pictures, each trained for the processor time that ours took; gathers what they reach."""

import json
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from freyvae.files import write_whole
from freyvae.training.data import load_training_data
from studies.shared.plan import Job
from studies.shared.process import TORCH, run_child

# importance samples for each test image, as of ours
SAMPLES = 10


@dataclass(frozen=True)
class Peer:
    """A program that trains and measures a model.

    Attributes:
        name: in the JSON.
        label: in the table.
        script: module that is run.
        needs: package that it needs.
        arguments: of each system's name, what it is told after the folder and the seconds.
    """

    name: str
    label: str
    script: str
    needs: str
    arguments: Mapping[str, tuple[Any, ...]]


# channels of the network and images in a step; 32 channels were worse on the validation images of the emoji after 200 s
# of training, 3.17 bits per dimension where 16 had 3.01
PIXELCNN = {"emoji-density": (16, 8), "photos-density": (16, 16), "olivetti-density": (16, 8)}
# mirrored where ours are
PEERS = (
    Peer(
        "pixelcnn",
        "after PixelCNN++",
        "studies.images.peer_pixelcnn",
        "torch",
        {name: (*of, "flips" if name == "olivetti-density" else "none") for name, of in PIXELCNN.items()},
    ),
    Peer(
        "pythae",
        "beta-VAE of pythae",
        "studies.images.peer_pythae",
        "pythae",
        {name: (SAMPLES, "flips" if name == "olivetti-density" else "none") for name in PIXELCNN},
    ),
)


def compare(row: Mapping[str, Any], job: Job) -> list[dict[str, Any]]:
    """The peers of a model, of which this is the row: each trained on its images for its processor time."""
    data = load_training_data(job.recipe)
    images = data.images.images
    found: list[dict[str, Any]] = []
    with tempfile.TemporaryDirectory() as folder:
        parts = {"train": data.split.train, "validation": data.split.validation, "test": data.split.test}
        for name, part in parts.items():
            np.save(Path(folder) / f"{name}.npy", images[part])
        for peer in PEERS:
            told = peer.arguments[job.system.name]
            command = [TORCH, "-m", peer.script, folder, row["processor_seconds"], *told]
            ended = run_child(command, missing=peer.needs)
            figures = {} if ended.failure else ended.said()
            found.append({"system": job.system.name, "peer": peer.name, "failure": ended.failure, **figures})
    return found


def gather(
    models: Sequence[Mapping[str, Any]], jobs: Sequence[Job], runs: Path, before: Sequence[Mapping[str, Any]]
) -> list[Mapping[str, Any]]:
    """A row for each peer of each model that has one. What was compared once is kept, in `runs` or as it was before."""
    rows = {row["system"]: row for row in models}
    asked = {job.system.name: job for job in jobs if job.system.name in PIXELCNN and job.system.name in rows}
    found: list[Mapping[str, Any]] = []
    for system in PIXELCNN:
        kept = runs / f"peers-{system}.json"
        known = [row for row in before if row["system"] == system]
        if kept.is_file():
            known = json.loads(kept.read_text(encoding="utf-8"))
        elif system in asked and not known:
            known = compare(rows[system], asked[system])
            write_whole(kept, json.dumps(known) + "\n")
        found += known
    return found
