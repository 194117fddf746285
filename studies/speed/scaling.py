"""The time of an epoch as the work grows: with the images, the pixels, the latents, and the size of a batch.

The default model, of matrix products, and that of the recipe `images`, of convolutions, are trained on random images,
each point in a separate process. Along one axis, the other sizes stay at `BASE`, `COLOUR` or `CONVOLUTIONS`. The
exponent is the slope of time over size in log-log: 1 is linear, and less is better. Costs that do not grow make the
slope over all points smaller. So the slope between the two largest points is given too.
"""

import sys
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from studies.shared.markdown import absent, markdown_table, number
from studies.shared.process import HERE, run_child


class Work(NamedTuple):
    """Sizes of the images, the model and the batches of an epoch."""

    images: int = 10_000
    height: int = 28
    width: int = 20
    latents: int = 2
    batch: int = 100
    channels: int = 1
    recipe: str = "none"  # the default model


BASE = Work()
COLOUR = BASE._replace(images=1000, channels=3)
CONVOLUTIONS = Work(images=128, height=64, width=64, latents=32, batch=16, channels=3, recipe="images")
SIDES = (32, 64, 128, 256)
AXES: dict[str, tuple[Work, ...]] = {
    "images": tuple(BASE._replace(images=images) for images in (10**3, 10**4, 10**5, 10**6)),
    "pixels": tuple(BASE._replace(height=14 * times, width=10 * times) for times in (1, 2, 4, 8)),
    "latents": tuple(BASE._replace(latents=latents) for latents in (2, 8, 32, 128)),
    "batch": tuple(BASE._replace(batch=batch) for batch in (25, 100, 400, 1600)),
    "pixels in colour": tuple(COLOUR._replace(height=side, width=side) for side in SIDES),
    "pixels in colour, convolutions": tuple(CONVOLUTIONS._replace(height=side, width=side) for side in SIDES),
    "channels, convolutions": tuple(CONVOLUTIONS._replace(channels=channels) for channels in (1, 3, 10)),
}
SMALL = Work(images=60, batch=20)
QUICK = {
    "axes": {
        "images": (SMALL, SMALL._replace(images=120)),
        "pixels": (SMALL, SMALL._replace(height=56, width=40)),
        "latents": (SMALL, SMALL._replace(latents=4)),
        "batch": (SMALL, SMALL._replace(batch=40)),
        "channels, convolutions": (SMALL._replace(height=8, width=8, recipe="images"),),
    },
    "enough": 0.1,
}


def run(axes: Mapping[str, Sequence[Work]] | None = None, enough: float = 2.0) -> dict[str, Any]:
    """Measure the points of each axis. Epochs of a point are repeated until they took `enough` seconds."""
    measured: dict[Work, dict[str, Any]] = {}
    found = []
    for name, points in (axes or AXES).items():
        for point in points:
            # the base belongs to every axis, and is measured once
            if point not in measured:
                print(f"scaling: {point}", file=sys.stderr)
                measured[point] = _measure(point, enough)
        rows = [{"size": size(name, point), **point._asdict(), **measured[point]} for point in points]
        there = [row for row in rows if not row["absent"]]
        found.append({"name": name, "points": rows, "exponent": slope(there), "last_exponent": slope(there[-2:])})
    return {"axes": found}


def size(axis: str, point: Work) -> int:
    """The size of a point along an axis."""
    quantity = axis.split(maxsplit=1)[0].rstrip(",")
    return point.height * point.width if quantity == "pixels" else getattr(point, quantity)


def slope(points: Sequence[Mapping[str, Any]]) -> float | None:
    """The least-squares slope of log seconds over log size; None for fewer than two points."""
    if len(points) < 2:
        return None
    sizes, seconds = (np.log([point[key] for point in points]) for key in ("size", "seconds"))
    return float(np.polyfit(sizes, seconds, 1)[0])


def table(found: dict[str, Any]) -> str:
    """Markdown tables: every point, and the exponents of each axis."""
    heads = ["", "size", "seconds an epoch", "microseconds an image", "peak memory, MiB"]
    rows = []
    for axis in found["axes"]:
        for point in axis["points"]:
            name = axis["name"]
            if name.startswith("pixels"):
                name = f"{point['height']} x {point['width']} {name}"
            if point["absent"]:
                rows.append([name, *absent(f"{point['size']:,}", point["absent"], len(heads) - 1)])
                continue
            cells = [number(point["seconds"], 3), number(point["microseconds_an_image"], 1)]
            rows.append([name, f"{point['size']:,}", *cells, number(point["peak_mib"], 0)])
    exponents = [[axis["name"], number(axis["exponent"]), number(axis["last_exponent"])] for axis in found["axes"]]
    ends = ["time of an epoch grows with", "exponent, all sizes", "exponent, the two largest"]
    return f"{markdown_table(heads, rows)}\n\n{markdown_table(ends, exponents)}"


def _measure(point: Work, enough: float) -> dict[str, Any]:
    ended = run_child([HERE, "-m", "studies.speed.contenders.scaling_point", *map(str, point), str(enough)])
    if ended.failure:
        return {"absent": ended.failure}
    said = ended.said()
    each = said["seconds"] / point.images * 1e6
    return {"absent": "", **said, "microseconds_an_image": each, "peak_mib": ended.peak_mib}
