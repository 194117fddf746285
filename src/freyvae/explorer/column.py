"""A column of a person's own table, by which the page of a run colours and sorts its images."""

import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from freyvae.data.labels import most_frequent, read_column
from freyvae.errors import BadInput
from freyvae.explorer.groups import GROUPS_FORMAT
from freyvae.explorer.page import keep_for_page
from freyvae.explorer.scores import SCORES_FORMAT
from freyvae.run import Run

# groups have a byte
_MOST_GROUPS = 256


def keep_column(run: Run, table: str | Path) -> None:
    """Keep a column of a table of a run's images in its folder, and write its page again.

    Numbers take the place of the scores that `freyvae score` keeps there, words that of the groups of
    `freyvae cluster`.

    Args:
        run: the run.
        table: a .csv or .tsv file as `read_column` takes it, with the column's name after a colon, `cells.csv:stage`.

    Raises:
        BadInput: the table cannot be read, has no such column, not a value for each image, or a number that is not
            finite; or the run's images are gone, or another process works on it.
    """
    from freyvae.evaluation import load_measured_data

    data = load_measured_data(run)
    name, values = read_column(table, count=len(data.images), files=data.images.files)
    found: dict[str, Any] = {"by": name, "images_sha256": data.images.fingerprint}
    numbers = _as_numbers(name, values)
    if numbers is not None:
        path = run.scores_path
        found |= {"format": SCORES_FORMAT, "scores": numbers}
    else:
        path, (names, groups) = run.groups_path, most_frequent(values, _MOST_GROUPS)
        found |= {"format": GROUPS_FORMAT, "names": np.array(names), "groups": groups}
    with run.lock():
        keep_for_page(run, path, vae=run.load_model(), data=data, **found)


def _as_numbers(name: str, values: Sequence[str]) -> np.ndarray | None:
    """Values as numbers, float64 (image,), if they are numbers. Raises `BadInput` where one of these is not finite."""
    try:
        numbers = [float(value) for value in values]
    except ValueError:
        return None
    without = next((at for at, number in enumerate(numbers, start=1) if not math.isfinite(number)), None)
    if without is not None:
        raise BadInput(f"{name} of image {without} is {values[without - 1]}: give every image a number, or all a word")
    return np.array(numbers)
