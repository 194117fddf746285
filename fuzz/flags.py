"""The command line, with one or two words of a right command exchanged for odd ones."""

import os
import shlex
from collections.abc import Callable
from typing import Any

import numpy as np

from freyvae.recipe.recipe import recipe_hints, short_name
from fuzz.case import Case
from fuzz.oracle import command
from fuzz.world import World

WORDS = (
    *("", " ", "x", "-1", "0", "1", "3", "1.5", "0.3", "1e999", "nan", "inf", "2147483648", "9" * 40, "true", "None"),
    *("--", "-", "-x", "--nothing", "--help", "-q=1", "0:255", "255:0", "auto", ":", "28x20", "0x0", "99999x99999"),
    *("\x1b[31mred", "a\nb", "a\tb", "é日本", "\u202eabc", "\udcff", "a" * 5000, "=1+1", "{x}", "%s", "$HOME"),
    *(".", "..", "no/such/place", "no/such/place.npy", "~nosuchuser/x", "~nosuchuser/x.png", "new.png", "new.npy"),
    *("new.csv", "new.txt", "new", "frey-faces", "synthetic-face", "bernoulli", "adam", "images", "blog-2016"),
)
# to be read only: as root, a program that writes there harms the machine
DEVICES = ("/dev/null", "/dev/full", "/dev/zero", "/proc/self/mem", "/proc/self/environ")
WRITTEN = ("--out", "-o")
# read to its end, whoever writes to it: where nobody does, that is waited for
WAITED_FOR = ("--from",)


def case(world: World, seed: int, number: int) -> Case:
    """Case `number` of a seed: one command."""
    rng = np.random.default_rng([seed, number])
    words = _right_command(world, rng)
    for _ in range(int(rng.integers(1, 3))):
        _make_odd(world, words, rng)
    return Case(f"freyvae {shlex.join(words)}".encode(errors="backslashreplace").decode(), lambda: run(world, words))


def run(world: World, words: list[str]) -> None:
    """Run a command beside some things that it can stumble over. Raises `Fault`."""
    os.mkfifo("pipe")
    os.symlink("loop", "loop")
    (world.scratch / "folder").mkdir()
    (world.scratch / "file").write_text("text")
    command(words)


def _right_command(world: World, rng: np.random.Generator) -> list[str]:
    run_folder, images = str(world.run.folder), str(world.array_file)
    flags = [
        f"--{name.replace('_', '-')}" for name in ("split", "validation", "test", "hidden", "batch_size", "epochs")
    ]
    values = ["random", "5", "5", "4", "10", "1"]
    quick = [word for pair in zip(flags, values, strict=True) for word in pair]
    commands = [
        ["train", images, *quick, "--out", "run", "--quiet"],
        ["train", images, *quick, "--out", "runs", "--quiet", "--seeds", "2"],
        ["train", str(world.picture_folder), *quick, "--image-size", "6x5", "--grey", "--out", "run", "--quiet"],
        ["measure", run_folder, "--samples", "2", "--quiet"],
        ["compare", run_folder, run_folder],
        ["sample", run_folder, "--count", "4", "--seed", "1", "--out", "new.png"],
        ["encode", run_folder, images, "--out", "new.csv"],
        ["decode", run_folder, "0.5", "-0.5", "--out", "new.png"],
        ["compress", run_folder, images, "--out", "new.freyvae", "--quiet"],
        ["decode", run_folder, "--codes", str(world.codes_file), "--out", "new.npy"],
        ["measure", run_folder, "--split", "validation", "--samples", "2", "--seed", "1", "--quiet"],
        ["encode", run_folder, str(world.picture_folder), "--levels", "0:255", "--out", "new.npy"],
        ["decompress", run_folder, "new.freyvae", "--out", "new.npy", "--quiet"],
        ["export", run_folder, "--format", "weights", "--out", "folder"],
        ["data", "show", images, "--count", "4", "--columns", "2", "--out", "new.png"],
        ["data", "fetch", "frey-faces", "--from", images],
        ["recipes", "print", "images"],
        ["recipes", "list"],
        ["show", run_folder],
    ]
    # a training takes as long as twenty of the others
    weights = np.array([0.2 if command[0] in ("train", "show", "measure", "compress") else 1.0 for command in commands])
    return list(commands[int(rng.choice(len(commands), p=weights / weights.sum()))])


def _make_odd(world: World, words: list[str], rng: np.random.Generator) -> None:
    changes: list[Callable[[], Any]] = [
        lambda: words.__setitem__(place, _odd_word(world, rng, before=words[place - 1])),
        lambda: words.__setitem__(place, _odd_word(world, rng, before=words[place - 1])),
        lambda: words.insert(place + 1, _odd_word(world, rng, before=words[place])),
        lambda: words.pop(place),
        lambda: words.extend([_flag(rng), _odd_word(world, rng, before="")]),
        lambda: words.append(_flag(rng)),
    ]
    # the command itself is the first word
    place = int(rng.integers(1, len(words))) if len(words) > 1 else 0
    changes[int(rng.integers(len(changes)))]()


def _odd_word(world: World, rng: np.random.Generator, *, before: str) -> str:
    places = ("loop", "folder", "file", str(world.array_file), str(world.picture_folder), str(world.run.folder))
    words = (*WORDS, *places, *(() if before in WRITTEN else DEVICES), *(() if before in WAITED_FOR else ("pipe",)))
    return words[int(rng.integers(len(words)))]


def _flag(rng: np.random.Generator) -> str:
    fields = [short_name(full) for full in recipe_hints() if full != "data.source"]
    name = fields[int(rng.integers(len(fields)))].replace("_", "-")
    return f"--{name}" if rng.random() < 0.8 else f"--no-{name}"
