"""The state that an interrupted training goes on from, bit for bit.

Keras's `BackupAndRestore` saves weights, which leave the state of the `SeedGenerator`s out; this saves every variable.
"""

import json
import zipfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import keras
import numpy as np

from freyvae.errors import BadInput
from freyvae.files import replacing


@dataclass(frozen=True)
class Progress:
    """How far a training is.

    Attributes:
        rows: the history so far, a row an epoch.
        seconds: time spent in epochs so far.
        data_sha256: of the pixels it trains on.
        kept: with patience, the weights of the best epoch so far, as `Recorder` keeps them.
    """

    rows: list[dict[str, float]]
    seconds: float
    data_sha256: str
    kept: list[np.ndarray] = field(default_factory=list)


def _variables(model: keras.Model) -> list[Any]:
    """Weights, generators of noise, dropout and shifts, optimizer: all but the metrics, which every epoch resets."""
    model.optimizer.build(model.trainable_variables)
    return [*model.trainable_variables, *model.non_trainable_variables, *model.optimizer.variables]


def save(path: Path, model: keras.Model, progress: Progress) -> None:
    """Write every variable and the progress to one file, whole or not at all."""
    arrays = {
        f"{number:04d}": keras.ops.convert_to_numpy(variable.value) for number, variable in enumerate(_variables(model))
    }
    arrays |= {f"kept-{number:04d}": array for number, array in enumerate(progress.kept)}
    note = json.dumps({"rows": progress.rows, "seconds": progress.seconds, "data_sha256": progress.data_sha256})
    with replacing(path) as temporary:
        np.savez(temporary, note=np.array(note), **arrays)


def restore(path: Path, model: keras.Model) -> Progress:
    """Set every variable as it was saved, and say how far the training was.

    Raises:
        BadInput: the file is damaged, or of a model of other shapes.
    """
    variables = _variables(model)
    try:
        with path.open("rb") as file, np.load(file, allow_pickle=False) as saved:
            note = json.loads(str(saved["note"]))
            kept = [saved[name] for name in saved.files if name.startswith("kept-")]
            arrays = [saved[f"{number:04d}"] for number in range(len(saved.files) - len(kept) - 1)]
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile) as error:
        raise BadInput(f"{path} is damaged: {error}; `--fresh` trains anew") from error
    if [array.shape for array in arrays] != [tuple(variable.shape) for variable in variables]:
        raise BadInput(f"{path} is of another model; `--fresh` trains anew")
    for variable, array in zip(variables, arrays, strict=True):
        variable.assign(array)
    return Progress(rows=note["rows"], seconds=note["seconds"], data_sha256=note["data_sha256"], kept=kept)
