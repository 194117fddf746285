"""What a study trains and measures: recipes on splits of images, with seeds, and the commands that do it."""

import shlex
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from freyvae.data.sources import NAMES
from freyvae.recipe import Recipe, load_recipe

# folder of the runs, in the project and in the commands that the page prints
RUNS = Path("runs/results")


@dataclass(frozen=True)
class Split:
    scheme: str
    seed: int | None = None

    @property
    def label(self) -> str:
        return self.scheme if self.seed is None else f"{self.scheme} {self.seed}"

    @property
    def changes(self) -> dict[str, Any]:
        return {"split": self.scheme} | ({} if self.seed is None else {"split_seed": self.seed})


@dataclass(frozen=True)
class System:
    """A recipe that is trained on some splits, with some seeds.

    Attributes:
        name: name in run folders and for `--only`.
        label: name in the tables.
        recipe: name of a shipped recipe.
        splits: splits of the images.
        changes: changed fields of the recipe.
        seeds: seeds of the training. With several, their ensemble is measured too.
        backend: Keras's backend.
        samples: importance samples for each test image; by default the plan's.
        refine: steps by which each test image's posterior is refined for a second estimate; 0 for none.
    """

    name: str
    label: str
    recipe: str
    splits: tuple[Split, ...]
    changes: Mapping[str, Any] = field(default_factory=dict)
    seeds: tuple[int, ...] = (0,)
    backend: str = "jax"
    samples: int | None = None
    refine: int = 0


@dataclass(frozen=True)
class Plan:
    """All systems on one set of images.

    Attributes:
        systems: the systems to train.
        samples: importance samples for each test image.
        validation: number of validation images, for choices; None where the split says it.
        test: number of test images; likewise.
        runs: folder of the runs in the commands that the page prints.
    """

    systems: tuple[System, ...]
    samples: int = 5000
    validation: int | None = 200
    test: int | None = 200
    runs: Path = RUNS

    def jobs(self, only: Sequence[str] = ()) -> Iterator["Job"]:
        """All jobs, or those whose own name or system's name is in `only`."""
        for system in self.systems:
            for split in system.splits:
                for seed in system.seeds:
                    job = Job(self, system, split, seed)
                    if not only or {system.name, job.name} & set(only):
                        yield job


@dataclass(frozen=True)
class Job:
    """One model: its training and its measurement."""

    plan: Plan
    system: System
    split: Split
    seed: int

    @property
    def name(self) -> str:
        return f"{self.system.name}-{self.split.label.replace(' ', '-')}-{self.seed}"

    @property
    def samples(self) -> int:
        return self.system.samples or self.plan.samples

    @property
    def changes(self) -> dict[str, Any]:
        held_out = {"validation": self.plan.validation, "test": self.plan.test}
        counts = {name: count for name, count in held_out.items() if count is not None}
        return {**self.system.changes, **self.split.changes, **counts, "seed": self.seed}

    @property
    def recipe(self) -> Recipe:
        changes = self.changes
        if "data" in changes and changes["data"] not in NAMES:
            changes["data"] = str(Path(changes["data"]).resolve())
        return load_recipe(self.system.recipe).replace(**changes)

    def train_command(self, runs: Path = RUNS) -> list[str]:
        flags = [word for name, value in self.changes.items() for word in _flag(name, value)]
        return ["freyvae", "train", "--recipe", self.system.recipe, *flags, "--out", str(runs / self.name)]

    def measure_command(self, runs: Path = RUNS) -> list[str]:
        refine = ["--refine", str(self.system.refine)] if self.system.refine else []
        return ["freyvae", "measure", str(runs / self.name), "--samples", str(self.samples), *refine]

    def in_words(self) -> tuple[str, str]:
        """The two commands, as they would be typed."""
        commands = self.train_command(self.plan.runs), self.measure_command(self.plan.runs)
        chosen = {} if self.system.backend == "jax" else environment_of(self.system.backend)
        before = "".join(f"{name}={value} " for name, value in chosen.items())
        train, measure = (before + shlex.join(words) for words in commands)
        return train, measure


def environment_of(backend: str) -> dict[str, str]:
    """The environment variables of a command on a backend."""
    environment = {"KERAS_BACKEND": backend}
    if backend == "torch":
        # without these, glibc returns the large arrays of each layer to the system, which takes 1.4 times as long
        environment |= {"MALLOC_MMAP_MAX_": "0", "MALLOC_TRIM_THRESHOLD_": str(2 * 10**11)}
    return environment


def _flag(name: str, value: Any) -> list[str]:
    flag = f"--{name.replace('_', '-')}"
    if isinstance(value, bool):
        return [flag if value else f"--no-{flag[2:]}"]
    if isinstance(value, tuple):
        return [flag, *map(str, value)] if value else [f"--no-{flag[2:]}"]
    return [value] if name == "data" else [flag, str(value)]
