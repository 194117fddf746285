"""Throughput of likelihoods, encoding, decoding, and training on colour images.

Each is measured in a separate process, so that its peak memory is measured too.
"""

import sys
from typing import Any

from studies.shared.markdown import number, table_of_rows
from studies.shared.process import HERE, run_child

# the amount of each kind of work: images and samples, images, codes, images and epochs
AMOUNTS: dict[str, tuple[int, ...]] = {
    "likelihood": (200, 5000),
    "encode": (20_000,),
    "decode": (20_000,),
    "colour_training": (1024, 3),
}
QUICK = {
    "amounts": {"likelihood": (4, 10), "encode": (50,), "decode": (50,), "colour_training": (64, 2)},
}
LABELS = {
    "likelihood": "importance-sampled likelihood, {:,} images of {:,} samples",
    "encode": "encode {:,} images",
    "decode": "decode {:,} codes",
    "colour_training": "an epoch of `images` on {:,} images of 64 x 64 in colour",
}


def run(amounts: dict[str, tuple[int, ...]] | None = None) -> dict[str, Any]:
    """A row for each kind of work."""
    rows = []
    for name, amount in (amounts or AMOUNTS).items():
        label = LABELS[name].format(*amount)
        print(label, file=sys.stderr)
        ended = run_child([HERE, "-m", "studies.speed.contenders.throughput_work", name, *map(str, amount)])
        row: dict[str, Any] = {"name": name, "label": label, "absent": ended.failure}
        rows.append(row if ended.failure else row | ended.said() | {"peak_mib": ended.peak_mib})
    return {"work": rows}


def table(found: dict[str, Any]) -> str:
    """Markdown table: seconds, the rate with its unit, and peak memory."""
    heads = ["work", "seconds", "a second", "peak memory, MiB"]
    return table_of_rows(
        heads,
        found["work"],
        lambda row: [
            row["label"],
            number(row["seconds"]),
            f"{number(row['a_second'], 0)} {row['unit']}",
            number(row["peak_mib"], 0),
        ],
        name="label",
    )
