"""What a command found of each image of a run, and left in the run's folder for the page."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from freyvae.errors import BadInput
from freyvae.run import Run


def read_kept(
    run: Run, path: Path, column: str, shape: tuple[int, ...], dtype: npt.DTypeLike, *, newest: int, by: str
) -> Mapping[str, npt.NDArray[Any]] | None:
    """The arrays of a file of a run, one of them a row for each image; None where there is no file.

    Args:
        run: the run.
        path: the file.
        column: the name of the array that has a row for each image.
        shape: that it must have.
        dtype: likewise.
        newest: the highest format that is read.
        by: the command that writes the file, in words of the shell.

    Raises:
        BadInput: the file was damaged or exchanged, or is of a newer version.
    """
    if not path.is_file():
        return None
    again = f"`{by}` writes it again"
    try:
        with path.open("rb") as file, np.load(file, allow_pickle=False) as saved:
            arrays = {name: np.asarray(saved[name]) for name in saved.files}
        version, found = int(arrays["format"]), arrays[column]
    except Exception as error:  # damaged files make zipfile and numpy raise almost anything
        raise BadInput(f"{path} is damaged: {again}") from error
    if version > newest:
        raise BadInput(f"{path} has format {version}; this freyvae reads up to {newest}: update freyvae")
    if found.shape != shape or found.dtype != dtype or not run.is_unchanged(path):
        raise BadInput(f"{path} is not the one that was written for this run: {again}")
    return arrays
