"""`python -m studies.images`: train and measure the missing models on other pictures; write their part of the page."""

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from freyvae.errors import BadInput
from freyvae.files import write_whole
from freyvae.run import Run
from freyvae.training.data import load_training_data
from studies.density.__main__ import write as write_page
from studies.images import peers
from studies.images.picture import write_picture
from studies.images.pictures import prepare
from studies.images.plan import PICTURES, RUNS, plans
from studies.images.rows import PEER, gather, samples
from studies.shared.command import exit_code, parser_of_runs
from studies.shared.jobs import Start, is_trained, measure_missing, start_process, train_missing
from studies.shared.plan import Job, Plan
from studies.shared.process import ROOT

# whose samples are compared
SAMPLED = "emoji-16"


def main(arguments: Sequence[str] | None = None, *, start: Start = start_process) -> int:
    """Run the command line; returns the exit code."""
    chosen = parser_of_runs("images", __doc__).parse_args(arguments)
    return exit_code(lambda: _full(chosen, start), name="images", interrupted="the same command continues")


def _full(chosen: argparse.Namespace, start: Start) -> int:
    everything = plans()
    jobs = [job for plan in everything for job in plan.jobs(chosen.only)]
    unknown = set(chosen.only).difference(*({job.name, job.system.name} for job in jobs))
    if unknown:
        raise BadInput(f"no system and no run {', '.join(sorted(unknown))}: see `python -m studies.images --list`")
    if chosen.list:
        for job in jobs:
            print("\n".join(job.in_words()))
        return 0
    prepare(PICTURES)
    return make(everything, jobs, RUNS, ROOT / "docs", train=not chosen.no_training, start=start)


def make(plans: Sequence[Plan], jobs: Sequence[Job], runs: Path, out: Path, *, train: bool, start: Start) -> int:
    """Train, measure and write. Returns 1 if something failed."""
    failed = train_missing(jobs, runs, start) if train else []
    failed += measure_missing(jobs, runs, start)
    path = out / "images.json"
    before = json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}
    found = gather(plans, runs, before)
    if "samples" in before:
        found["samples"] = before["samples"]
    found["peers"] = peers.gather(found["models"], jobs if train else [], runs, before.get("peers", []))
    failed += [f"{row['peer']} beside {row['system']} ({row['failure']})" for row in found["peers"] if row["failure"]]
    job = next(job for plan in plans for job in plan.jobs() if job.system.name == SAMPLED)
    if is_trained(job, runs):
        # compared once, as the peer trains for minutes; to do it again, remove the file
        compared = runs / "samples.json"
        if compared.is_file():
            found["samples"] = json.loads(compared.read_text(encoding="utf-8"))
        else:
            found["samples"] = samples(job, runs, runs)
            if found["samples"][PEER] is not None:
                write_whole(compared, json.dumps(found["samples"]) + "\n")
        _draw(job, runs, out / "pictures" / "samples.png")
    write_whole(path, json.dumps(found, indent=2) + "\n")
    results = out / "results.json"
    if results.is_file():
        write_page(json.loads(results.read_text(encoding="utf-8")), out)
    for name in failed:
        print(f"images: {name} failed", file=sys.stderr)
    return int(bool(failed))


def _draw(job: Job, runs: Path, path: Path) -> None:
    data = load_training_data(Run(runs / job.name).recipe)
    kinds: dict[str, Any] = {"test images": data.images.images[data.split.test]}
    for name, label in {"ours": f"freyvae, {job.recipe.latent_dim} latents", PEER: "a plain VAE in PyTorch"}.items():
        drawn = runs / f"samples-{name}.npy"
        if drawn.is_file():
            kinds[label] = np.load(drawn)
    write_picture(kinds, path)


if __name__ == "__main__":
    sys.exit(main())
