"""Run folders of which one file is damaged: refused in a line, or all the same; never other numbers in silence."""

import shutil
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

from freyvae import Run
from fuzz.case import Case, Fault
from fuzz.damage import damage_file
from fuzz.oracle import command
from fuzz.world import World, numbers_of

Check = Callable[[World, Path], None]


def case(world: World, seed: int, number: int) -> Case:
    """Case `number` of a seed: a damage to a copy of a run, and what is done with that copy."""
    rng = np.random.default_rng([seed, number])
    whole = world.run.folder if rng.random() < 0.8 else world.unfinished_run.folder
    files = files_of(whole)
    file = files[int(rng.integers(len(files)))]
    checks = tuple(CHECKS) if whole == world.run.folder else ("train",)
    check = checks[int(rng.integers(len(checks)))]

    def run() -> None:
        copy = world.scratch / "run"
        shutil.copytree(whole, copy)
        done = damage_file(copy / file, [copy / other for other in files], rng)
        try:
            CHECKS[check](world, copy)
        except Fault as fault:
            raise Fault(f"{file} {done}: {fault}") from fault

    return Case(f"{check} of a run whose {file} is damaged", run)


def files_of(folder: Path) -> Sequence[str]:
    """The files of a run; those that it consists of stand there three times, for pictures are many."""
    names = sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())
    parts = [path.relative_to(folder).as_posix() for path in Run(folder).parts]
    return [*names, *(name for name in names if name in parts), *(name for name in names if name in parts)]


def encode(world: World, run: Path) -> None:
    """The same codes, or none."""
    if command(["encode", str(run), str(world.array_file), "--out", "codes.npy"]).code == 0:
        codes = np.load("codes.npy")
        if codes.shape != world.codes.shape or not np.allclose(codes, world.codes, atol=1e-5):
            raise Fault("other codes, in silence")


def measure(world: World, run: Path) -> None:
    """The same numbers, or none."""
    if command(["measure", str(run), "--samples", "2", "--quiet"]).code == 0:
        _refuse_others(world, run)


def compare(world: World, run: Path) -> None:
    """No difference to the run that it is a copy of, or no comparison."""
    whole = str(world.run.folder)
    ended = command(["compare", whole, str(run)])
    if ended.code == 0:
        said = [command(["compare", whole, whole]).output, ended.output]
        one, other = (" ".join(text.replace(str(run), whole).split()) for text in said)
        if sorted(_numbers(one)) != sorted(_numbers(other)):
            raise Fault(f"another comparison, in silence: {other!r:.300}")


def train(world: World, run: Path) -> None:
    """The run as it was or as it would have become, or nothing."""
    words = ["train", str(world.array_file), "--name", "tiny", "--split", "random", "--validation", "5", "--test", "5"]
    words += ["--recipe", "frey-faces", "--hidden", "4", "--batch-size", "10", "--epochs", "3", "--quiet"]
    if command([*words, "--out", str(run)]).code == 0:
        encode(world, run)


def sample(world: World, run: Path) -> None:
    """Samples, or none."""
    command(["sample", str(run), "--count", "3"])


def decode(world: World, run: Path) -> None:
    """An image, or none."""
    command(["decode", str(run), "0.5", "-0.5"])


def show(world: World, run: Path) -> None:
    """Pictures and a report, or none."""
    command(["show", str(run)])


def export(world: World, run: Path) -> None:
    """Weights, or none."""
    command(["export", str(run), "--format", "weights"])


CHECKS: dict[str, Check] = {
    check.__name__: check for check in (encode, measure, compare, train, sample, decode, show, export)
}


def _refuse_others(world: World, run: Path) -> None:
    """Raise `Fault` where the numbers of `metrics.json` are not those of the run before it was damaged."""
    found = numbers_of(Run(run))
    others = [
        name
        for name, value in world.measures.items()
        if isinstance(value, float) and not np.isclose(found.get(name, np.nan), value, rtol=1e-4)
    ]
    if others:
        raise Fault(f"other numbers, in silence: {', '.join(others)}")


def _numbers(text: str) -> list[str]:
    return [word for word in text.split() if any(character.isdigit() for character in word) and "/" not in word]
