"""The run folder: its file names, what state it is in, and who may write to it."""

import csv
import io
import json
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from filelock import FileLock, Timeout

from freyvae.errors import BadInput
from freyvae.files import cannot_write, replacing, write_whole
from freyvae.recipe import Recipe, load_recipe

if TYPE_CHECKING:
    from freyvae.model import VAE

METRICS_FORMAT = 1
# keys that every run's recipe.toml has had since the first: the first and the last line of it among them
KEYS_OF_RECIPE = ("format", "name", "data", "seed")
# what training itself measures, and every finished run has
METRICS_OF_TRAINING = (
    "val_free_energy_nats",
    "val_rate_nats",
    "val_distortion_nats",
    "val_loss",
    "val_rmse_grey_levels",
    "epochs",
    "seconds",
    "compile_seconds",
    "images_per_second",
    "seed",
    "data",
    "data_sha256",
    "split",
    "backend",
)


class Run:
    """A folder that holds one training and all that was made of it.

    Args:
        folder: where it is; nothing is read or written yet.
    """

    def __init__(self, folder: str | Path):
        self.folder = Path(folder)
        self.recipe_path = self.folder / "recipe.toml"
        self.model_path = self.folder / "model.keras"
        self.checkpoint_path = self.folder / "checkpoint" / "state.npz"
        self.history_path = self.folder / "history.csv"
        self.metrics_path = self.folder / "metrics.json"
        self.measured_path = self.folder / "measured.npz"
        self.pictures_path = self.folder / "pictures"
        self.report_path = self.folder / "report.html"
        self.explorer_path = self.folder / "explorer" / "index.html"

    def __repr__(self) -> str:
        return f"Run({str(self.folder)!r})"

    @classmethod
    def open(cls, folder: str | Path) -> "Run":
        """A run that is there and finished.

        Raises:
            BadInput: there is no such folder, it is no run, or its training has not finished.
        """
        run = cls(folder)
        if not run.folder.is_dir():
            raise BadInput(f"no run at {run.folder}: `freyvae train --out {run.folder}` makes one")
        if not run.recipe_path.is_file():
            raise BadInput(f"{run.folder} is not a run folder: it holds no recipe.toml")
        if not run.is_finished:
            raise BadInput(f"the run {run.folder} has no trained model yet: `freyvae train --out {run.folder}` goes on")
        return run

    @property
    def is_finished(self) -> bool:
        """Whether training is done: the metrics are written last."""
        return self.model_path.is_file() and self.metrics_path.is_file()

    @property
    def recipe(self) -> Recipe:
        """The recipe the run was made with. Raises `BadInput` when it cannot be read."""
        return load_recipe(self.recipe_path, required=KEYS_OF_RECIPE)

    @property
    def parts(self) -> tuple[Path, ...]:
        """The files that the run consists of, which can't be made again of one another."""
        return (
            self.recipe_path,
            self.model_path,
            self.checkpoint_path,
            self.history_path,
            self.metrics_path,
            self.measured_path,
        )

    @contextmanager
    def lock(self) -> Iterator[None]:
        """Hold the run for writing, making its folder first. The system lets go of it when the process ends, however.

        A folder in which nothing was written is gone again afterwards.

        Raises:
            BadInput: another process holds it, the folder is another thing's, or it cannot be written.
        """
        self._refuse_strangers()
        lock = FileLock(self.folder / ".lock", timeout=0)
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            lock.acquire()
        except Timeout as error:
            raise BadInput(f"another process is working on {self.folder}: wait, or choose another --out") from error
        except OSError as error:
            raise cannot_write(self.folder, error) from error
        try:
            yield
        finally:
            if not any(self._contents()):
                Path(lock.lock_file).unlink(missing_ok=True)
                with suppress(OSError):
                    self.folder.rmdir()
            lock.release()

    def _refuse_strangers(self) -> None:
        """Never write to a folder that is something else, whatever its files are called."""
        if not self.folder.exists():
            return
        if not self.folder.is_dir() or (not self.recipe_path.exists() and any(self._contents())):
            raise BadInput(f"{self.folder} exists and is not a run folder: choose another with --out")
        if self.recipe_path.exists():
            try:
                _ = self.recipe
            except BadInput as error:
                raise BadInput(f"{self.folder} is not a run of ours: {error}; choose another with --out") from None
        for file in (*self.parts, self.report_path, self.explorer_path):
            if file.is_dir():
                raise BadInput(f"{file} is a folder, where the run has a file: remove it, or choose another --out")
        for folder in (self.checkpoint_path.parent, self.pictures_path, self.explorer_path.parent):
            if folder.exists() and not folder.is_dir():
                raise BadInput(f"{folder} is a file, where the run has a folder: remove it, or choose another --out")

    def _contents(self) -> Iterator[Path]:
        return (entry for entry in self.folder.iterdir() if entry.name != ".lock")

    def clear(self) -> None:
        """Remove what was made of a training, and nothing else that somebody put there."""
        for path in (self.metrics_path, self.model_path, self.checkpoint_path, self.history_path, self.report_path):
            path.unlink(missing_ok=True)
        self.measured_path.unlink(missing_ok=True)
        self.explorer_path.unlink(missing_ok=True)
        for picture in self.pictures_path.glob("*.png"):
            picture.unlink()

    def save_model(self, model: Any) -> None:
        """Write `model.keras`, whole or not at all."""
        with replacing(self.model_path) as path:
            model.save(path)

    def load_model(self) -> "VAE":
        """The trained `VAE`, in Keras's safe mode.

        Raises:
            BadInput: the file is truncated, of another program, holds code or unknown classes, or is another shape's.
        """
        from freyvae.model import load_vae

        return load_vae(self.model_path)

    def write_history(self, rows: list[dict[str, float]]) -> None:
        """Write `history.csv`, one row an epoch."""
        text = io.StringIO()
        if rows:
            writer = csv.DictWriter(text, fieldnames=list(rows[0]), lineterminator="\n")
            writer.writeheader()
            writer.writerows(rows)
        write_whole(self.history_path, text.getvalue())

    def read_history(self) -> dict[str, list[float]]:
        """The columns of `history.csv`, epochs counted from 1; empty when there is none.

        Raises `BadInput` when it cannot be read.
        """
        if not self.history_path.is_file():
            return {}
        try:
            with self.history_path.open(newline="", encoding="utf-8") as file:
                rows = list(csv.DictReader(file, strict=True))
            return {name: [float(row[name]) for row in rows] for name in (rows[0] if rows else {})}
        except (OSError, ValueError, TypeError, csv.Error) as error:
            raise BadInput(f"cannot read {self.history_path}: {error}; train again with --fresh") from error

    def read_metrics(self) -> dict[str, Any]:
        """What was measured so far. Raises `BadInput` when it cannot be read or is of a newer version."""
        try:
            metrics: dict[str, Any] = json.loads(self.metrics_path.read_text(encoding="utf-8"))
            version = metrics.get("format", METRICS_FORMAT)
        except (OSError, ValueError, AttributeError) as error:
            raise BadInput(f"cannot read {self.metrics_path}: {error}") from error
        if type(version) is not int or version > METRICS_FORMAT:
            raise BadInput(
                f"{self.metrics_path} has format {version}; this freyvae reads up to {METRICS_FORMAT}: update freyvae"
            )
        missing = [name for name in METRICS_OF_TRAINING if name not in metrics]
        if missing:
            raise BadInput(f"{self.metrics_path} lacks {', '.join(missing)}: train again with --fresh")
        return metrics

    def write_metrics(self, metrics: dict[str, Any]) -> None:
        """Write `metrics.json`; its keys end in their unit."""
        write_whole(self.metrics_path, json.dumps({"format": METRICS_FORMAT, **metrics}, indent=2) + "\n")


def check_output(path: Path, *inputs: str | Path | None) -> None:
    """Refuse a place to write to where a command would destroy what it reads, or a part of a run.

    Args:
        path: of the file to be written.
        inputs: files and folders that are read; names of data sets among them are no matter.

    Raises:
        BadInput: a file is there, and is one of the inputs, in a folder that is, or a part of a run.
    """
    if not path.is_file():
        return
    from freyvae.data.array_file import split_array

    target = path.resolve()
    for source in inputs:
        read = None if source is None else split_array(source)[0].resolve()
        if read == target or read in target.parents:
            raise BadInput(f"{path} is read here, and would be lost: choose another --out")
    # a checkpoint lies a folder deeper
    for run in map(Run, target.parents[:2]):
        if run.recipe_path.is_file() and target in run.parts:
            raise BadInput(f"{path} is a part of the run {run.folder}, and would be lost: choose another --out")
