"""Collects the figures of the study from run folders, the peer, and samples of both."""

import json
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from freyvae.records import Measurement
from freyvae.run import Run
from freyvae.training.data import load_training_data
from studies.images.plan import GOALS, Goal
from studies.images.quality import quality
from studies.shared.jobs import is_measured, is_trained, machine_of
from studies.shared.plan import Job, Plan
from studies.shared.process import TORCH, run_child

FORMAT = 1
BASELINES = ("png_mosaic", "webp_mosaic", "jpeg_xl_mosaic", "jpeg_xl_files")
PEER = "peer"
# steps by which codes are refined
REFINE = 100
# processor time of its training
PEER_SECONDS = 300.0


def gather(plans: Sequence[Plan], runs: Path, before: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """All that is trained and measured so far. A model whose run is not here has the row of `before`."""
    known = {row["train_command"]: row for row in (before or {}).get("models", [])}
    rows = []
    for job in (job for plan in plans for job in plan.jobs()):
        if is_trained(job, runs) and is_measured(job, runs):
            rows.append(_row(job, Run(runs / job.name)))
        elif job.in_words()[0] in known:
            rows.append(known[job.in_words()[0]])
    return {"format": FORMAT, "models": rows}


def _row(job: Job, run: Run) -> dict[str, Any]:
    training, measured, recipe = run.training, run.measurement, run.recipe
    assert measured is not None, "is_measured"
    train, measure = job.in_words()
    goals = [goal for goal in GOALS if goal.system == job.system.name]
    return {
        "system": job.system.name,
        "label": job.system.label,
        "set": Path(recipe.data.source).stem,
        "split": recipe.split.name,
        "train_images": training.train_images,
        "images": measured.images,
        "latent_dim": recipe.latent_dim,
        "likelihood": recipe.likelihood.name,
        "rmse_grey_levels": measured.rmse_grey_levels,
        "rmse_refined_grey_levels": _refined(run) if goals and goals[0].figure == "rmse_grey_levels" else None,
        "free_energy_bits_per_dim": measured.free_energy_bits_per_dim,
        "nll_bits_per_dim": measured.nll_bits_per_dim,
        "nll_bits_per_dim_se": measured.nll_bits_per_dim_se,
        "nll_samples": measured.nll_samples,
        "baselines": {key: measured.baselines[key].bits_per_dim for key in BASELINES if key in measured.baselines},
        "goals": [_reached(goal, measured) for goal in goals],
        "epochs": training.epochs,
        "seconds": training.seconds,
        "processor_seconds": training.processor_seconds,
        "machine": machine_of(run),
        "train_command": train,
        "measure_command": measure,
    }


def _refined(run: Run) -> float:
    """The test images' RMSE where their codes are refined, as `freyvae encode --refine` does."""
    data = load_training_data(run.recipe)
    test = data.images.images[data.split.test]
    vae = run.load_model()
    return float(np.sqrt(np.mean((255.0 * vae.decode(vae.encode(test, refine=REFINE)) - test) ** 2)))


def _reached(goal: Goal, measured: Measurement) -> dict[str, Any]:
    """The goal as a number, and whether the test images' figure is that or less."""
    of = measured.baselines[goal.of].bits_per_dim if goal.of else 1.0
    found = getattr(measured, goal.figure)
    if of is None or found is None:
        return {**asdict(goal), "number": None, "is_reached": None}
    return {**asdict(goal), "number": goal.most * of, "is_reached": bool(found <= goal.most * of)}


def samples(job: Job, runs: Path, out: Path) -> dict[str, Any]:
    """A run's samples and the peer's, trained on the same images for its time, beside the run's test images.

    Writes both, as many as there are test images, to `out`: samples-ours.npy and samples-peer.npy.
    """
    run = Run(runs / job.name)
    data = load_training_data(run.recipe)
    train, test = data.train, data.images.images[data.split.test]
    means = run.load_model().sample_means(len(test), seed=0)
    ours, theirs = out / "samples-ours.npy", out / f"samples-{PEER}.npy"
    np.save(ours, np.round(255.0 * means).astype("uint8"))
    found: dict[str, Any] = {"system": job.system.name, "ours": asdict(quality(train, test, np.load(ours)))}
    with tempfile.TemporaryDirectory() as temporary:
        paths = [Path(temporary) / f"{name}.npy" for name in ("train", "test")]
        for path, part in zip(paths, (train, test), strict=True):
            np.save(path, part)
        command = [TORCH, "-m", "studies.images.peer", *paths, theirs.resolve(), str(PEER_SECONDS), str(len(test))]
        ended = run_child(command, missing="torch")
    if ended.failure:
        return {**found, PEER: None, "peer_failure": ended.failure}
    of_peer = json.loads(ended.output.splitlines()[-1])
    return {**found, PEER: {**of_peer, **asdict(quality(train, test, np.load(theirs)))}}
