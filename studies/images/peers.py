"""Other models of the same pictures, each trained for the processor time that ours took; gathers what they reach."""

import json
import tempfile
from collections.abc import Iterator, Mapping, Sequence
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


def compare(row: Mapping[str, Any], job: Job, asked: Sequence[Peer]) -> Iterator[dict[str, Any]]:
    """Peers of a model, of which this is the row: each trained on its images for its processor time, one at a time."""
    data = load_training_data(job.recipe)
    images = data.images.images
    with tempfile.TemporaryDirectory() as folder:
        parts = {"train": data.split.train, "validation": data.split.validation, "test": data.split.test}
        for name, part in parts.items():
            np.save(Path(folder) / f"{name}.npy", images[part])
        for peer in asked:
            told = peer.arguments[job.system.name]
            command = [TORCH, "-m", peer.script, folder, row["processor_seconds"], *told]
            ended = run_child(command, missing=peer.needs)
            figures = {} if ended.failure else ended.said()
            yield {
                "system": job.system.name,
                "peer": peer.name,
                "seconds": row["processor_seconds"],
                "failure": ended.failure,
                **figures,
            }


def gather(
    models: Sequence[Mapping[str, Any]], jobs: Sequence[Job], runs: Path, before: Sequence[Mapping[str, Any]]
) -> list[Mapping[str, Any]]:
    """A row for each peer of each model that has some, compared now if its job is among `jobs`.

    What was compared for the time that ours took is kept, in `runs` or as it was before. What failed is done again.
    """
    asked = {job.system.name: job for job in jobs}
    found: list[Mapping[str, Any]] = []
    for model in (model for model in models if model["system"] in PIXELCNN and model["processor_seconds"]):
        system, kept = model["system"], runs / f"peers-{model['system']}.json"
        rows = [*before, *(json.loads(kept.read_text(encoding="utf-8")) if kept.is_file() else [])]
        known = {
            row["peer"]: row
            for row in rows
            if row["system"] == system and row["seconds"] == model["processor_seconds"] and not row["failure"]
        }
        missing = [peer for peer in PEERS if peer.name not in known]
        if system in asked and missing:
            for row in compare(model, asked[system], missing):
                known[row["peer"]] = row
                write_whole(kept, json.dumps(list(known.values())) + "\n")
        found += known.values()
    return found
