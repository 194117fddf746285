"""Runs the trainings and measurements that are still missing, each in a separate process.

Finished work is kept. After an interruption, the same call continues. All trainings come before the first measurement,
so that results on the test images cannot influence a training.
"""

import json
import os
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from freyvae.errors import BadInput
from freyvae.files import write_whole
from freyvae.recipe import parse_recipe
from freyvae.run import Run
from freyvae.training.train import differences
from studies.shared.machine import machine
from studies.shared.plan import Job, environment_of
from studies.shared.process import INTERPRETERS, not_set_up

MACHINE = "machine.json"

# runs a command on a backend: (words after `freyvae`, backend) -> exit code
Start = Callable[[Sequence[str], str], int]


def start_process(words: Sequence[str], backend: str) -> int:
    """Run a `freyvae` command in a separate process. After Ctrl-C it saves and ends, and then this function raises."""
    python = INTERPRETERS[backend]
    if not python.is_file():
        print(not_set_up(python), file=sys.stderr)
        return 2
    environment = {**os.environ, **environment_of(backend)}
    with subprocess.Popen([python, "-m", "freyvae", *words], env=environment, stdout=subprocess.DEVNULL) as process:
        try:
            return process.wait()
        except KeyboardInterrupt:
            process.wait()
            raise


def is_trained(job: Job, runs: Path) -> bool:
    """Whether the job's run is finished. Raises `BadInput` if its folder holds a run of another recipe."""
    run = Run(runs / job.name)
    if not run.is_finished:
        return False
    if differences(run.recipe, job.recipe.replace(name=run.recipe.name)):
        raise BadInput(f"{run.folder} holds a run of another recipe: remove it, or give another folder with --runs")
    return True


def is_measured(job: Job, runs: Path) -> bool:
    """Whether a trained run is measured on the test images, with the samples and the refinement in the plan."""
    run = Run(runs / job.name)
    found = run.measurement
    if found is None or not run.measured_path.is_file():
        return False
    refine = 0 if found.refined is None else found.refined.steps
    return (found.measured_split, found.nll_samples, refine) == ("test", job.samples, job.system.refine)


def is_row_of(row: Mapping[str, Any], job: Job) -> bool:
    """Whether a row of an earlier page is of this job: of its commands, and of its recipe as it is now."""
    if (row["train_command"], row["measure_command"]) != job.in_words() or "recipe_toml" not in row:
        return False
    return not differences(parse_recipe(row["recipe_toml"], "an earlier page", of_run=True), job.recipe)


def train_missing(jobs: Sequence[Job], runs: Path, start: Start = start_process) -> list[str]:
    """Train the models that are not trained yet; return the names of the jobs that failed."""
    missing = [job for job in jobs if not is_trained(job, runs)]
    failed = []
    for number, job in enumerate(missing, start=1):
        print(f"training {number} of {len(missing)}: {job.name}", file=sys.stderr)
        if start(job.train_command(runs)[1:], job.system.backend):
            failed.append(job.name)
        else:
            record_machine([job], runs)
    return failed


def measure_missing(jobs: Sequence[Job], runs: Path, start: Start = start_process) -> list[str]:
    """Measure the models that are trained but not measured yet; return the names of the jobs that failed."""
    missing = [job for job in jobs if is_trained(job, runs) and not is_measured(job, runs)]
    failed = []
    for number, job in enumerate(missing, start=1):
        print(f"measuring {number} of {len(missing)}: {job.name}", file=sys.stderr)
        if start([*job.measure_command(runs)[1:], "--quiet"], job.system.backend):
            failed.append(job.name)
    return failed


def record_machine(jobs: Sequence[Job], runs: Path) -> None:
    """Record this machine in the folders of trained runs that have no record of one."""
    for job in jobs:
        path = runs / job.name / MACHINE
        if is_trained(job, runs) and not path.exists():
            write_whole(path, json.dumps(machine()) + "\n")


def machine_of(run: Run) -> dict[str, Any] | None:
    """The machine that a run was trained on, or None if it was not recorded."""
    try:
        found: dict[str, Any] = json.loads((run.folder / MACHINE).read_text())
    except (OSError, ValueError):
        return None
    return found
