"""A column of a person's own table, by which the page of a run colours and sorts its images."""

import math
from pathlib import Path

import numpy as np

from freyvae.data.labels import most_frequent, read_labels
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
        table: a .csv or .tsv file as `read_labels` takes it, with the column's name after a colon, `cells.csv:stage`.

    Raises:
        BadInput: the table cannot be read, has no such column or not a value for each image; or the run's images are
            gone, or another process works on it.
    """
    from freyvae.evaluation import load_measured_data

    data = load_measured_data(run)
    images = data.images
    values = read_labels(table, count=len(images.images), files=images.files)
    name = _name_of_column(table)
    with run.lock():
        numbers = _as_numbers(values)
        if numbers is not None:
            found = {"format": SCORES_FORMAT, "by": name, "scores": numbers}
            keep_for_page(run, run.scores_path, vae=run.load_model(), data=data, **found)
            return
        names, groups = most_frequent(values, _MOST_GROUPS)
        found = {"format": GROUPS_FORMAT, "by": name, "names": np.array(names), "groups": groups}
        keep_for_page(run, run.groups_path, vae=run.load_model(), data=data, **found)


def _name_of_column(table: str | Path) -> str:
    """The column that is named after a colon, or the table's own name."""
    _, _, column = str(table).rpartition(":")
    return column if column and not Path(table).exists() else Path(table).stem


def _as_numbers(values: tuple[str, ...]) -> np.ndarray | None:
    """Values as numbers, float64 (image,), if all of them are finite ones."""
    try:
        numbers = [float(value) for value in values]
    except ValueError:
        return None
    return np.array(numbers) if all(map(math.isfinite, numbers)) else None
