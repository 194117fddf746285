"""Collects how well each method tells odd pictures from a model's own test pictures."""

from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from freyvae.evaluation import load_measured_data
from freyvae.evaluation.oddness import SCORES, Oddness
from freyvae.metrics.detection import area_under_roc, average_precision
from freyvae.model import VAE
from freyvae.run import Run
from studies.odd.methods import baselines, detectors
from studies.odd.pictures import DEFECTS, digits, with_defects
from studies.shared.jobs import is_trained, machine_of
from studies.shared.plan import Job

FORMAT = 1
# of each kind of picture
MOST = 600


def gather(jobs: list[Job], runs: Path) -> dict[str, Any]:
    """Rows of all that is trained so far."""
    done = [job for job in jobs if is_trained(job, runs)]
    return {"format": FORMAT, "tasks": [row for job in done for row in _rows(job, Run(runs / job.name))]}


def _rows(job: Job, run: Run) -> Iterator[dict[str, Any]]:
    vae, data = run.load_model(), load_measured_data(run)
    oddness = Oddness(vae, data.train, data.validation)
    ordinary = _some(data.images.images[data.split.test])
    of_ordinary = _all_scores(vae, data.train, oddness, ordinary)
    for name, odd, where in odd_pictures(job.system.name, ordinary, Path(run.recipe.data.source).parent):
        of_odd = _all_scores(vae, data.train, oddness, odd)
        is_odd = np.repeat([False, True], [len(ordinary), len(odd)])
        methods = {
            method: {
                "area_under_roc": asdict(area_under_roc(both, is_odd)),
                "average_precision": asdict(average_precision(both, is_odd)),
            }
            for method, scores in of_odd.items()
            for both in [np.concatenate([of_ordinary[method], scores])]
        }
        yield {
            "system": job.system.name,
            "model": job.system.label,
            "odd": name,
            "ordinary_images": len(ordinary),
            "odd_images": len(odd),
            "methods": methods,
            "pixels": None if where is None else _of_pixels(vae, oddness, odd, where),
            "train_command": job.in_words()[0],
            "seconds": run.training.seconds,
            "machine": machine_of(run),
        }


def odd_pictures(system: str, ordinary: np.ndarray, pictures: Path) -> Iterator[tuple[str, np.ndarray, Any]]:
    """What is odd to a model: a name, the pictures, and where in them, bool (image, height, width), or None."""
    kind, _, digit = system.partition("-")
    if kind == "digits":
        yield f"the digit {digit}", digits(is_in=lambda label: label == int(digit)), None
    elif kind == "photos":
        yield "emoji", _some(np.load(pictures / "emoji.npy")), None
    elif kind == "emoji":
        yield "photos", _some(np.load(pictures / "photos.npy")[-2000:]), None
    else:
        for defect in DEFECTS:
            yield f"a square, {defect}", *with_defects(ordinary, defect)


def _all_scores(vae: VAE, train: np.ndarray, oddness: Oddness, images: np.ndarray) -> dict[str, np.ndarray]:
    scores = oddness.scores_of(images)
    errors = scores.pop(SCORES["error"])
    ours = {f"freyvae {name}": scores[column] for name, column in SCORES.items() if column in scores}
    others = dict(detectors(vae.encode(train), vae.encode(images)))
    return {**ours, **baselines(vae, train, images, errors), **others}


def _of_pixels(vae: VAE, oddness: Oddness, odd: np.ndarray, where: np.ndarray) -> dict[str, float]:
    """The area under the ROC curve of pixels: of the bits, of the deviations, of the reconstruction's error."""
    chunks = list(oddness.of(odd))
    errors = np.square(255.0 * vae.reconstruct(odd) - odd).mean(axis=3)
    maps = {
        "bits a pixel": np.concatenate([chunk.bits for chunk in chunks]),
        "deviations": np.concatenate([chunk.deviations for chunk in chunks]),
        "reconstruction error": errors,
    }
    return {name: area_under_roc(found.ravel(), where.ravel()).value for name, found in maps.items()}


def _some(images: np.ndarray) -> np.ndarray:
    return images[np.linspace(0, len(images) - 1, min(len(images), MOST)).round().astype(int)]
