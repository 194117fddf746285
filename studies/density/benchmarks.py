"""Rows of the page for benchmark sets: trained and measured where their files are, and otherwise without a figure."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from freyvae.data.benchmark import Benchmark
from freyvae.data.sources import SOURCES
from freyvae.errors import BadInput
from freyvae.run import Run
from studies.density.published import BENCHMARKS as PUBLISHED
from studies.shared.jobs import is_measured, is_row_of, is_trained, machine_of
from studies.shared.machine import in_words
from studies.shared.markdown import markdown_table
from studies.shared.plan import Job, Plan, Split, System

GIVEN = Split("given")
SETS = {name: source for name, source in SOURCES.items() if isinstance(source, Benchmark)}
# each sample of an autoregressive likelihood takes a pass over all pixels
SAMPLES = {"images-density": 10}

Row = dict[str, Any]


def benchmark_plan() -> Plan:
    """The recipe of each set, on its published split."""
    systems = [
        System(name, name, source.recipe, (GIVEN,), {"data": name}, samples=SAMPLES.get(source.recipe))
        for name, source in SETS.items()
    ]
    return Plan(tuple(systems), validation=None, test=None)


def is_here(name: str) -> bool:
    """Whether the files of a set are on this machine."""
    try:
        SETS[name].paths()
    except BadInput:
        return False
    return True


def benchmark_rows(plan: Plan, runs: Path, before: Sequence[Row] = ()) -> list[Row]:
    """A row for each set, with figures where its model is trained and measured.

    One whose run is not here has those of `before`, if the recipe is still the same.
    """
    known = {row["set"]: row for row in before}
    return [_row(job, runs, known.get(job.system.name, {})) for job in plan.jobs()]


def _row(job: Job, runs: Path, before: Mapping[str, Any]) -> Row:
    train, measure = job.in_words()
    is_of_bytes = job.recipe.likelihood.is_probability_of_bytes
    row: Row = {
        "set": job.system.name,
        "recipe": job.system.recipe,
        "files": SETS[job.system.name].files_in_words(),
        "unit": "bits per dimension" if is_of_bytes else "nats",
        "train_command": train,
        "measure_command": measure,
        "figures": None,
    }
    if is_trained(job, runs) and is_measured(job, runs):
        run = Run(runs / job.name)
        training, measured = run.training, run.measurement
        assert measured is not None, "is_measured"
        unit = "bits_per_dim" if is_of_bytes else "nats"
        row["figures"] = {
            "nll": getattr(measured, f"nll_{unit}"),
            "nll_se": getattr(measured, f"nll_{unit}_se"),
            "free_energy": getattr(measured, f"free_energy_{unit}"),
            "samples": measured.nll_samples,
            "test_images": measured.images,
            "data_sha256": training.data_sha256,
            "epochs": training.epochs,
            "seconds": training.seconds,
            "machine": machine_of(run),
        }
        row["recipe_toml"] = run.recipe.to_toml()
    elif before and not is_trained(job, runs) and is_row_of(before, job):
        row |= {name: before[name] for name in ("figures", "recipe_toml")}
    return row


def benchmark_part(rows: Sequence[Row]) -> str:
    """The part of the page in Markdown; nothing where the plan has no such sets."""
    if not rows:
        return ""
    figures = [_cells(row) for row in rows]
    heads = ["set", "recipe", "unit", "NLL", "free energy", ""]
    published = [[one.set, one.label, one.unit, f"{one.nll:.2f}", one.source] for one in PUBLISHED]
    commands = "\n".join(f"{row['train_command']}\n{row['measure_command']}" for row in rows)
    return f"""## Benchmark sets

The other sets by which papers compare, on their published splits ([files and protocols](benchmark-sets.md)). They are
not downloaded: `make results` trains and measures a set where its files are. NLL and free energy are of the test
images, in the unit in which papers report them.

{markdown_table(heads, figures, words=(0, 1, 2, 5))}

Published figures. None is of our runs, and all are from memory: the papers were not available.

{markdown_table(["set", "model", "unit", "NLL", ""], published, words=(0, 1, 2, 4))}

```text
{commands}
```
"""


def _cells(row: Row) -> list[str]:
    of = [row["set"], f"`{row['recipe']}`", row["unit"]]
    found = row["figures"]
    if found is None:
        return [*of, "", "", f"bring {row['files']}"]
    digits = 3 if row["unit"] == "bits per dimension" else 2
    nll = f"{found['nll']:.{digits}f} ± {found['nll_se']:.{digits}f}"
    place = "" if found["machine"] is None else f", {in_words(found['machine'])}"
    said = (
        f"{found['samples']} samples, {found['test_images']} images, {found['epochs']} epochs in "
        f"{found['seconds']:.0f} s{place}; SHA-256 of all pixels {found['data_sha256'][:16]}…"
    )
    return [*of, nll, f"{found['free_energy']:.{digits}f}", said]
