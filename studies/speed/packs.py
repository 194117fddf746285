"""Packs: how fast pictures are packed, what opening and training on one costs, and how well a sorted set is mixed.

The folders are temporary: `TMPDIR` says on which disk, which needs 14 GB. On a file system in memory the figures mean
nothing.
"""

import json
import statistics
import sys
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from freyvae.cores import cores
from studies.shared.markdown import absent, markdown_table, number, table_of_rows
from studies.shared.process import HERE, Ended, run_child

QUICK = {"rounds": 1, "pictures": 60, "images": 200, "side": 16, "steps": 2, "epochs": 2, "mixed": 3200}
JPEG_SIDE = 32
JPEGS_IN_FOLDER = 1000
LABELS = 10
BATCH = 32
OURS, PILLOW = "freyvae data pack", "Pillow in a pool of processes"
DISK, MEMORY = "from the pack", "in memory"
WORK = "studies.speed.contenders.pack_work"


def run(
    rounds: int = 1,
    pictures: int = 60_000,
    images: int = 1_000_000,
    side: int = 64,
    steps: int = 120,
    epochs: int = 3,
    mixed: int = 100_000,
) -> dict[str, Any]:
    """Measure the four tables.

    Args:
        rounds: of packing and training, each side in turns.
        pictures: JPEGs that are packed.
        images: of the pack that is opened and trained on.
        side: their height and width.
        steps: of a training in an epoch.
        epochs: of a training.
        mixed: images of the set that is sorted by label.
    """
    with tempfile.TemporaryDirectory() as folder:
        decoding = decode(Path(folder), pictures, rounds)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "images.pack"
        opening = open_pack(path, images, side)
        training = train(path, steps, epochs, rounds)
    return {
        "rounds": rounds,
        "decoding": decoding,
        "opening": opening,
        "training": training,
        "mixing": mix(mixed),
    }


def decode(folder: Path, pictures: int, rounds: int) -> dict[str, Any]:
    """Pack a folder of JPEGs, and decode the same files with Pillow alone, on as many processes."""
    say(f"{pictures:,} JPEGs")
    jpegs, processes = folder / "jpegs", cores()
    write_jpegs(jpegs, pictures)
    turns: dict[str, list[Ended]] = {OURS: [], PILLOW: []}
    for turn in range(rounds):
        say(f"round {turn + 1} of {rounds}: packing")
        out = folder / f"{turn}.pack"
        turns[OURS].append(run_child([HERE, "-m", "freyvae", "data", "pack", jpegs, "--out", out]))
        pool = [HERE, "-m", "studies.speed.contenders.pillow_pool", jpegs, str(processes)]
        turns[PILLOW].append(run_child(pool))
    rows = [_row(name, ended) for name, ended in turns.items()]
    for row in rows:
        if not row["absent"]:
            row["a_second"] = pictures / row["seconds"]
    return {"pictures": pictures, "side": JPEG_SIDE, "processes": processes, "rows": rows}


def open_pack(path: Path, images: int, side: int) -> dict[str, Any]:
    """Make a pack of noise, open it, and show it, each in a process of its own."""
    rows = []
    for name, command in {
        "packed, from a source in Python": ["-m", WORK, "make", path, str(images), str(side)],
        "imports of freyvae.data alone": ["-m", WORK, "imports_of_data"],
        "opened, and one image read": ["-m", WORK, "open", path],
        "freyvae data show": ["-m", "freyvae", "data", "show", path, "--out", path.with_suffix(".png")],
    }.items():
        say(f"a pack of {images:,}: {name}")
        rows.append(_row(name, [run_child([HERE, *command])]))
    return {"images": images, "side": side, "rows": rows}


def train(path: Path, steps: int, epochs: int, rounds: int) -> dict[str, Any]:
    """Train on images from all over a pack whose pages are dropped before each epoch, and on the same in memory."""
    imports = run_child([HERE, "-m", WORK, "imports_of_training"])
    turns: dict[str, list[Ended]] = {DISK: [], MEMORY: []}
    for turn in range(rounds):
        for name, ended in turns.items():
            say(f"round {turn + 1} of {rounds}: training {name}")
            where = "disk" if name == DISK else "memory"
            ended.append(run_child([HERE, "-m", WORK, "train", path, str(steps * BATCH), str(epochs), where]))
    rows = [_row(name, ended) for name, ended in turns.items()]
    return {"steps": steps, "batch": BATCH, "imports_mib": imports.peak_mib, "rows": rows}


def mix(images: int) -> dict[str, Any]:
    """How even the batches of an epoch are, of a set that is sorted by label. No time is taken."""
    say(f"mixing {images:,}")
    ended = run_child([HERE, "-m", WORK, "mix", str(images), str(LABELS), str(BATCH)])
    found = {"images": images, "labels": LABELS, "batch": BATCH, "absent": ended.failure}
    return found if ended.failure else found | ended.said()


def table(found: dict[str, Any]) -> str:
    """Markdown tables: packing, opening, training, mixing."""
    parts = (("decoding", _decoding), ("opening", _opening), ("training", _training), ("mixing", _mixing))
    return "\n\n".join(of(found[name]) for name, of in parts)


def _decoding(found: dict[str, Any]) -> str:
    heads = [f"{found['pictures']:,} JPEGs of {found['side']} x {found['side']}, {found['processes']} processes"]
    heads += ["seconds", "pictures a second", "this / Pillow", "largest process, MiB"]
    theirs = next((row.get("seconds") for row in found["rows"] if row["name"] == PILLOW), None)
    return table_of_rows(
        heads,
        found["rows"],
        lambda row: [
            row["name"],
            number(row["seconds"]),
            number(row["a_second"], 0),
            number(theirs and theirs / row["seconds"]),
            number(row["peak_mib"], 0),
        ],
        name="name",
    )


def _opening(found: dict[str, Any]) -> str:
    heads = [f"a pack of {found['images']:,} images of {found['side']} x {found['side']} in colour"]
    heads += ["seconds", "peak memory, MiB"]
    return table_of_rows(
        heads, found["rows"], lambda row: [row["name"], number(row["seconds"]), number(row["peak_mib"], 0)], name="name"
    )


def _training(found: dict[str, Any]) -> str:
    heads = [f"an epoch of {found['steps']} steps of `images`, {found['batch']} images each"]
    heads += ["images a second", "this / in memory", "peak memory, MiB", "above imports"]
    shown = found["steps"] * found["batch"]
    in_memory = next((row.get("seconds") for row in found["rows"] if row["name"] == MEMORY), None)
    return table_of_rows(
        heads,
        found["rows"],
        lambda row: [
            row["name"],
            number(shown / row["seconds"], 1),
            number(in_memory and in_memory / row["seconds"]),
            number(row["peak_mib"], 0),
            number(row["peak_mib"] - found["imports_mib"], 0),
        ],
        name="name",
    )


def _mixing(found: dict[str, Any]) -> str:
    heads = [f"{found['images']:,} images sorted by {found['labels']} labels, batches of {found['batch']}"]
    heads += ["share of a batch's most frequent label"]
    if found["absent"]:
        return markdown_table(heads, [absent("mixing", found["absent"], len(heads))])
    mean, deviation = found["uniform"], found["uniform_deviation"]
    rows = [
        ["in the order of the set", number(found["in_order"], 4)],
        ["the first epoch of a training", number(found["epoch"], 4)],
        ["uniform permutations, mean and deviation of an epoch", f"{number(mean, 4)} ± {number(deviation, 4)}"],
    ]
    return markdown_table(heads, rows)


def _row(name: str, turns: list[Ended]) -> dict[str, Any]:
    """The medians of some turns: of what they measured themselves, or else of the whole process."""
    failure = next((ended.failure for ended in turns if ended.failure), "")
    if failure:
        return {"name": name, "absent": failure}
    rounds = [{"seconds": ended.seconds, "peak_mib": ended.peak_mib} | _said(ended) for ended in turns]
    medians = {key: statistics.median(turn[key] for turn in rounds) for key in ("seconds", "peak_mib")}
    return {"name": name, "absent": "", **medians, "rounds": rounds}


def _said(ended: Ended) -> dict[str, Any]:
    """The figures that a contender of ours printed; none of what prints lines for people."""
    try:
        found = ended.said()
    except (json.JSONDecodeError, IndexError):
        return {}
    return found if isinstance(found, dict) else {}


def write_jpegs(folder: Path, count: int) -> None:
    """JPEGs of smooth colours, in sub-folders."""
    rng = np.random.default_rng(0)
    for first in range(0, count, JPEGS_IN_FOLDER):
        place = folder / str(first // JPEGS_IN_FOLDER)
        place.mkdir(parents=True)
        coarse = rng.integers(0, 256, (min(JPEGS_IN_FOLDER, count - first), 8, 8, 3), dtype=np.uint8)
        for number_of, pixels in enumerate(coarse, start=first):
            picture = Image.fromarray(pixels).resize((JPEG_SIDE, JPEG_SIDE), Image.Resampling.BICUBIC)
            picture.save(place / f"{number_of}.jpg", quality=90)


def say(line: str) -> None:
    print(line, file=sys.stderr)
