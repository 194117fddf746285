"""Collects the rows of the page from run folders: models, ensembles, means over splits, baselines, published models."""

import math
import statistics
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from freyvae.data import split_indices
from freyvae.errors import BadInput
from freyvae.metrics import standard_error
from freyvae.records import Baseline, to_json
from freyvae.reporting import tables
from freyvae.run import Run
from studies.density.benchmarks import benchmark_rows
from studies.density.plan import BLOCKED, RANDOM
from studies.density.published import PUBLISHED
from studies.shared.jobs import is_measured, is_row_of, is_trained, machine_of
from studies.shared.plan import Job, Plan, Split, System

FORMAT = 1
FRAMES = 1965
BASELINES = ("full_gaussian", "png_files", "png_mosaic", "webp_files", "webp_mosaic", "jpeg_xl_files", "jpeg_xl_mosaic")

NO_BENCHMARKS = Plan(())

Row = dict[str, Any]


def gather(
    plan: Plan, runs: Path, benchmarks: Plan = NO_BENCHMARKS, before: Mapping[str, Any] | None = None
) -> dict[str, Any]:
    """All data of the page, from the models that are trained and measured so far.

    A model whose run is not here has the row of `before`, if it is of the recipe and the commands that the plan has
    now. So has an ensemble of such models, a baseline of splits that no run here has, and a benchmark set.
    """
    models, ensembles, baselines = [], [], {}
    before = before or {}
    images: dict[str, str] = {}
    for system in plan.systems:
        for split in system.splits:
            jobs = [Job(plan, system, split, seed) for seed in system.seeds]
            found = [job for job in jobs if is_trained(job, runs) and is_measured(job, runs)]
            measured = {job.seed: Measured(job, Run(runs / job.name)) for job in found}
            for one in measured.values():
                _same_images(images, split, one)
                baselines.setdefault(split.label, one.measured.baselines)
            gone = [job for job in jobs if not is_trained(job, runs)]
            kept = {job.seed: row for job in gone for row in before.get("models", []) if is_row_of(row, job)}
            models += [one.row() for one in measured.values()] + list(kept.values())
            if len(measured) > 1:
                ensembles.append(_ensemble_row(system, split, measured))
            elif not measured:
                known = find(before.get("ensembles", []), **_identity(system, split))
                ensembles += [known] if known and set(known["seeds"]) <= set(kept) else []
    return {
        "format": FORMAT,
        "protocol": _protocol(plan),
        "systems": [{"system": system.name, "label": system.label} for system in plan.systems],
        "models": models,
        "ensembles": ensembles,
        "means": [*_means(plan, "model", models), *_means(plan, "ensemble", ensembles)],
        "baselines": _baseline_rows(baselines, before.get("baselines", [])),
        "published": [published._asdict() for published in PUBLISHED],
        "benchmarks": benchmark_rows(benchmarks, runs, before.get("benchmarks", [])),
    }


class Measured:
    """A finished run that is measured: its metrics, and the NLL and free energy of each test image."""

    def __init__(self, job: Job, run: Run):
        self.job, self.run = job, run
        self.training, measured = run.training, run.measurement
        if measured is None or measured.bits_per_nat is None:
            raise BadInput(f"{run.folder} has no bits per dimension: its likelihood is not a probability of the bytes")
        self.measured, self.bits_per_nat = measured, measured.bits_per_nat
        with np.load(run.measured_path, allow_pickle=False) as saved:
            self.nll = np.asarray(saved["nll_nats"], np.float64)
            self.free_energy = np.asarray(saved["free_energy_nats"], np.float64)

    def row(self) -> Row:
        training, measured, recipe = self.training, self.measured, self.run.recipe
        train, measure = self.job.in_words()
        return {
            **_identity(self.job.system, self.job.split),
            "seed": self.job.seed,
            "recipe": self.job.system.recipe,
            "latent_dim": recipe.latent_dim,
            "likelihood": recipe.likelihood.name,
            **_costs(self.nll, self.free_energy, self.bits_per_nat),
            "rate_nats": measured.rate_nats,
            "samples": measured.nll_samples,
            **({} if measured.refined is None else {"refined": to_json(measured.refined)}),
            "images": measured.images,
            "val_free_energy_nats": training.val_free_energy_nats,
            "epochs": training.epochs,
            "kept_epoch": training.best_epoch or training.epochs,
            "seconds": training.seconds,
            "compile_seconds": training.compile_seconds,
            "backend": training.backend,
            "machine": machine_of(self.run),
            "train_command": train,
            "measure_command": measure,
            "recipe_toml": recipe.to_toml(),
        }


def average_of_probabilities(costs: Sequence[np.ndarray]) -> np.ndarray:
    """-log of the mean probability of each image, float64 (image,), in nats. `costs` are the -log p of each model."""
    together = np.logaddexp.reduce(-np.stack(costs), axis=0) - math.log(len(costs))
    return np.asarray(-together)


def _ensemble_row(system: System, split: Split, measured: dict[int, Measured]) -> Row:
    """The mixture of the models. Their free energies are averaged in the same way, and bound the mixture's -log p."""
    every = list(measured.values())
    nll, free_energy = (
        average_of_probabilities([getattr(one, name) for one in every]) for name in ("nll", "free_energy")
    )
    return {
        **_identity(system, split),
        "seeds": list(measured),
        **_costs(nll, free_energy, every[0].bits_per_nat),
        "samples": every[0].measured.nll_samples,
        "images": every[0].measured.images,
        "seconds": sum(one.training.seconds for one in every),
    }


def _identity(system: System, split: Split) -> Row:
    return {"system": system.name, "split": split.scheme, "split_seed": split.seed}


def _costs(nll: np.ndarray, free_energy: np.ndarray, bits_per_nat: float) -> Row:
    """Means over images and their standard errors, in nats per image and in bits per dimension."""
    row: Row = {}
    for name, costs in {"nll": nll, "free_energy": free_energy}.items():
        mean, error = float(costs.mean()), standard_error(costs)
        row |= {f"{name}_nats": mean, f"{name}_nats_se": error}
        in_bits = None if error is None else error * bits_per_nat
        row |= {f"{name}_bits_per_dim": mean * bits_per_nat, f"{name}_bits_per_dim_se": in_bits}
    return row


def _means(plan: Plan, of: str, rows: Iterable[Row]) -> list[Row]:
    """For each system, mean and standard deviation over its random splits of the split's mean over seeds."""
    means = []
    for system in plan.systems:
        ours = [row for row in rows if row["system"] == system.name and row["split"] == "random"]
        seeds = sorted({row["split_seed"] for row in ours})
        if not ours:
            continue

        def over_splits(key: str, ours: Sequence[Row] = ours, seeds: Sequence[int] = seeds) -> Row:
            by_split = [statistics.mean(row[key] for row in ours if row["split_seed"] == seed) for seed in seeds]
            deviation = statistics.stdev(by_split) if len(by_split) > 1 else None
            return {key: statistics.mean(by_split), f"{key}_sd_over_splits": deviation}

        complete = len(seeds) == sum(split.scheme == "random" for split in system.splits)
        trained = sorted({seed for row in ours for seed in row.get("seeds", [row.get("seed")])})
        means.append(
            {
                "system": system.name,
                "of": of,
                "split_seeds": seeds,
                "is_complete": complete,
                "seeds": trained,
                **over_splits("nll_bits_per_dim"),
                **over_splits("free_energy_bits_per_dim"),
            }
        )
    return means


def _baseline_rows(found: dict[str, dict[str, Baseline]], before: Sequence[Row]) -> list[Row]:
    """The cost of the same test images without a model: the mean over the random splits, and the blocked split.

    Each as `before` has it, where that is of more splits.
    """

    def cost(baseline: Baseline) -> float:
        bits = baseline.any_bits_per_dim
        return math.nan if bits is None else bits

    rows = []
    for key, label in ((key, tables.BASELINES[key]) for key in BASELINES):
        random = [cost(found[split.label][key]) for split in RANDOM if key in found.get(split.label, {})]
        blocked = found.get("blocked", {}).get(key)
        row: Row = {
            "baseline": key,
            "label": label,
            "random_bits_per_dim": statistics.mean(random) if random else None,
            "random_splits": len(random),
            "blocked_bits_per_dim": cost(blocked) if blocked else None,
        }
        known = find(before, baseline=key)
        if known and known["random_splits"] > len(random):
            row |= {name: known[name] for name in ("random_bits_per_dim", "random_splits")}
        if known and not blocked:
            row["blocked_bits_per_dim"] = known["blocked_bits_per_dim"]
        if row["random_splits"] or row["blocked_bits_per_dim"] is not None:
            rows.append(row)
    return rows


def _protocol(plan: Plan) -> Row:
    """Sizes of the splits, and two measures of how independent the test frames are.

    One is the share of test frames whose previous or next frame is a training frame. The other is the number of test
    frames that the recipe's choices used: the training and validation frames of the first random split.
    """
    parts_of = {
        split: split_indices(FRAMES, split.scheme, validation=200, test=200, seed=split.seed or 0)
        for split in (*RANDOM, BLOCKED)
    }
    chosen_on = parts_of[RANDOM[0]]

    def next_to_training(split: Split) -> float:
        parts = parts_of[split]
        return float(np.mean(np.isin(parts.test - 1, parts.train) | np.isin(parts.test + 1, parts.train)))

    return {
        "frames": FRAMES,
        "validation": plan.validation,
        "test": plan.test,
        "split_seeds": [split.seed for split in RANDOM],
        "samples": plan.samples,
        "test_frames_next_to_training_random": statistics.mean(map(next_to_training, RANDOM)),
        "test_frames_next_to_training_blocked": next_to_training(BLOCKED),
        "test_frames_that_choices_saw": {
            split.label: {
                "in_validation": int(np.isin(parts.test, chosen_on.validation).sum()),
                "in_training": int(np.isin(parts.test, chosen_on.train).sum()),
            }
            for split, parts in parts_of.items()
        },
    }


def _same_images(seen: dict[str, str], split: Split, one: Measured) -> None:
    """Refuse models of one split that were measured on different images."""
    sha256 = one.measured.images_sha256
    if seen.setdefault(split.label, sha256) != sha256:
        raise BadInput(f"{one.run.folder} was measured on other images than the other runs of the split {split.label}")


def find(rows: Iterable[Row], **wanted: Any) -> Row | None:
    """The first row with these values, or None."""
    return next((row for row in rows if all(row[key] == value for key, value in wanted.items())), None)
