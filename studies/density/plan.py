"""The plan of the study: which recipes are trained and measured, on which splits, with which seeds and commands."""

import shlex
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from freyvae.recipe import Recipe, load_recipe, recipe_names

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


# the seeds in the code of van den Berg et al. 2018
RANDOM = tuple(Split("random", seed) for seed in (123, 321, 231))
BLOCKED = Split("blocked")


@dataclass(frozen=True)
class System:
    """A recipe that is trained on some splits, with some seeds.

    Attributes:
        name: name in run folders and for `--only`.
        label: name in the tables.
        recipe: name of a shipped recipe.
        changes: changed fields of the recipe.
        splits: splits of the images.
        seeds: seeds of the training. With several, their ensemble is measured too.
        backend: Keras's backend.
        samples: importance samples for each test image; by default the plan's.
    """

    name: str
    label: str
    recipe: str
    changes: Mapping[str, Any] = field(default_factory=dict)
    splits: tuple[Split, ...] = (*RANDOM, BLOCKED)
    seeds: tuple[int, ...] = (0,)
    backend: str = "jax"
    samples: int | None = None


@dataclass(frozen=True)
class Plan:
    """All systems. The text of the page is about the first one.

    Attributes:
        systems: the systems to train.
        samples: importance samples for each test image.
        validation: number of validation images, for choices.
        test: number of test images.
    """

    systems: tuple[System, ...]
    samples: int = 5000
    validation: int = 200
    test: int = 200

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
        return {**self.system.changes, **self.split.changes, **held_out, "seed": self.seed}

    @property
    def recipe(self) -> Recipe:
        return load_recipe(self.system.recipe).replace(**self.changes)

    def train_command(self, runs: Path = RUNS) -> list[str]:
        flags = [word for name, value in self.changes.items() for word in _flag(name, value)]
        return ["freyvae", "train", "--recipe", self.system.recipe, *flags, "--out", str(runs / self.name)]

    def measure_command(self, runs: Path = RUNS) -> list[str]:
        return ["freyvae", "measure", str(runs / self.name), "--samples", str(self.samples)]

    def in_words(self) -> tuple[str, str]:
        """The two commands, as they would be typed."""
        chosen = {} if self.system.backend == "jax" else environment_of(self.system.backend)
        before = "".join(f"{name}={value} " for name, value in chosen.items())
        train, measure = (before + shlex.join(words) for words in (self.train_command(), self.measure_command()))
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


def _first_shipped(*names: str) -> str:
    return next(name for name in names if name in recipe_names())


def plan() -> Plan:
    """The plan of the page."""
    density = _first_shipped("frey-density", "frey-faces")
    systems = [
        System("density", f"`{density}`", density, seeds=(0, 1)),
        System("sixteen-latents", "`frey-faces` with 16 latents", "frey-faces", {"latent_dim": 16, "latent_names": ()}),
    ]
    if "sylvester-vae-2018" in recipe_names():
        # Convolutions are much faster on torch than on XLA's CPU, and in bfloat16 than in float32. Even so an epoch
        # takes 15 s of a core, and 500 samples of 200 images take 24 minutes.
        systems += [
            System(
                "sylvester-vae-800",
                "`sylvester-vae-2018`, 800 epochs, split 123",
                "sylvester-vae-2018",
                {"precision": "bfloat16", "epochs": 800},
                splits=RANDOM[:1],
                backend="torch",
                samples=500,
            ),
            System(
                "sylvester-vae",
                "`sylvester-vae-2018`, 2000 epochs",
                "sylvester-vae-2018",
                {"precision": "bfloat16"},
                splits=RANDOM,
                backend="torch",
            ),
        ]
    return Plan(tuple(systems))


def small_plan(images: Path) -> Plan:
    """A miniature of the plan: smallest networks, epochs and samples, on an .npy file of at least 60 images."""
    changes = {"data": str(images), "epochs": 2, "hidden": (8,), "batch_size": 10}
    systems = (
        System("density", "`frey-faces`", "frey-faces", changes, splits=(*RANDOM[:2], BLOCKED), seeds=(0, 1)),
        # no shift: with so few pixels in an image, a shift takes the values of pixels far outside their ranges
        System(
            "autoregressive",
            "`frey-density`",
            "frey-density",
            changes | {"hidden": (8, 8), "shift": 0.0},
            splits=RANDOM[:1],
        ),
    )
    return Plan(systems, samples=10, validation=15, test=15)
