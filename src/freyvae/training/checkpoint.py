"""The state that an interrupted training goes on from, bit for bit.

Keras's `BackupAndRestore` saves weights, which leave the state of the `SeedGenerator`s out; this saves every variable.
"""

import hashlib
import json
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import keras
import numpy as np

from freyvae.engine.training import Place
from freyvae.errors import BadInput, few_words
from freyvae.files import replacing

FORMAT = 3  # since 2, with a SHA-256; since 3, within an epoch too


@dataclass(frozen=True)
class Progress:
    """How far a training is.

    Attributes:
        rows: the history so far, a row an epoch.
        seconds: time spent in epochs so far.
        data_sha256: of the pixels it trains on.
        kept: with patience, the weights of the best epoch so far, as `Recorder` keeps them.
        processor_seconds: of all cores, in epochs so far; 0 from versions that did not count them.
        place: in the epoch after those of `rows`; None at its beginning.
    """

    rows: list[dict[str, float]]
    seconds: float
    data_sha256: str
    kept: list[np.ndarray] = field(default_factory=list)
    processor_seconds: float = 0.0
    place: Place | None = None


def other_variables(model: keras.Model) -> list[Any]:
    """Of a model those that no gradient moves: generators of noise, dropout and shifts, averages, the steps so far.

    Not beta, which a recipe says, and which checkpoints of versions before 0.2 do not hold.
    """
    return [variable for variable in model.non_trainable_variables if variable.name != "beta"]


def _variables(model: keras.Model) -> list[Any]:
    """Weights, generators and the optimizer: all but the metrics, which every epoch resets."""
    model.optimizer.build(model.trainable_variables)
    return [*model.trainable_variables, *other_variables(model), *model.optimizer.variables]


def save(path: Path, model: keras.Model, progress: Progress) -> None:
    """Write every variable and the progress to one file, whole or not at all."""
    arrays = {
        f"{number:04d}": keras.ops.convert_to_numpy(variable.value) for number, variable in enumerate(_variables(model))
    }
    arrays |= {f"kept-{number:04d}": array for number, array in enumerate(progress.kept)}
    place = progress.place
    if place is not None:
        arrays |= {f"metric-{number:04d}": array for number, array in enumerate(place.metrics)}
    note: dict[str, Any] = {
        "rows": progress.rows,
        "seconds": progress.seconds,
        "processor_seconds": progress.processor_seconds,
        "data_sha256": progress.data_sha256,
        "place": None if place is None else {"steps": place.steps, "shown": place.shown},
        "format": FORMAT,
    }
    note["sha256"] = _digest(note, arrays)
    with replacing(path) as temporary:
        np.savez(temporary, note=np.array(json.dumps(note)), **arrays)


def restore(path: Path, model: keras.Model) -> Progress:
    """Set every variable as it was saved, and say how far the training was.

    Raises:
        BadInput: the file is damaged, or of a model of other shapes.
    """
    variables = _variables(model)
    try:
        with path.open("rb") as file, np.load(file, allow_pickle=False) as saved:
            # the weights are there at most twice; what claims more is damaged, and would fill the memory
            claimed = sum(entry.file_size for entry in saved.zip.infolist())
            if claimed > _most_bytes(variables):
                raise BadInput(f"{path} is of another model, or damaged; `fresh=True` trains anew")
            note: dict[str, Any] = json.loads(str(saved["note"]))
            arrays = {name: saved[name] for name in saved.files if name != "note"}
            sha256 = note.pop("sha256", None)
            if ("format" in note or sha256 is not None) and sha256 != _digest(note, arrays):
                raise ValueError("its SHA-256 is another")
            if note.get("format", 0) > FORMAT:
                raise BadInput(f"{path} is of a newer freyvae: update it, or `fresh=True` trains anew")
            rows: list[dict[str, float]] = note["rows"]
            if not all(isinstance(value, (int, float)) for row in rows for value in row.values()):
                raise ValueError("its history holds no numbers")
            seconds, data_sha256 = float(note["seconds"]), str(note["data_sha256"])
            processor_seconds = float(note.get("processor_seconds", 0.0))
            kept = [arrays[name] for name in sorted(arrays) if name.startswith("kept-")]
            metrics = [arrays[name] for name in sorted(arrays) if name.startswith("metric-")]
            values = [arrays[f"{number:04d}"] for number in range(len(arrays) - len(kept) - len(metrics))]
            within = note.get("place")
            place = None if within is None else Place(int(within["steps"]), int(within["shown"]), metrics)
    except BadInput:
        raise
    except Exception as error:  # damaged files make zipfile and numpy raise almost anything
        raise BadInput(f"{path} is damaged: {few_words(error)}; `fresh=True` trains anew") from error
    shapes = [tuple(variable.shape) for variable in variables]
    kept_shapes = shapes[: len(shapes) - len(model.optimizer.variables)]
    if [array.shape for array in values] != shapes or [array.shape for array in kept] not in ([], kept_shapes):
        raise BadInput(f"{path} is of another model; `fresh=True` trains anew")
    for variable, array in zip(variables, values, strict=True):
        variable.assign(array)
    return Progress(rows, seconds, data_sha256, kept, processor_seconds, place)


def _digest(note: Mapping[str, Any], arrays: Mapping[str, np.ndarray]) -> str:
    """SHA-256 of all that a checkpoint says: zip's own checksums leave out names, order and shapes."""
    digest = hashlib.sha256(json.dumps(note, sort_keys=True).encode())
    for name in sorted(arrays):
        array = arrays[name]
        digest.update(f"{name} {array.dtype.str} {array.shape}".encode())
        digest.update(array.tobytes())
    return digest.hexdigest()


def _most_bytes(variables: list[Any]) -> int:
    # 16 bytes hold any number, twice; and the names, shapes and the history, an epoch of which takes 1.5 kB
    return 32 * sum(math.prod(map(int, variable.shape)) for variable in variables) + 1024 * len(variables) + 2**31
