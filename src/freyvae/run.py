"""The run folder: its file names, what state it is in, and who may write to it.

`metrics.json` is the record that the other files belong to: it holds the SHA-256 of each as it was written, and of
itself. A file that was damaged, edited or exchanged since is refused where it is read.
"""

import csv
import hashlib
import io
import itertools
import json
import os
import re
import shlex
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from filelock import FileLock

from freyvae.errors import BadInput, few_words
from freyvae.files import (
    as_path,
    cannot_write,
    is_temporary,
    read_small,
    remove,
    replacing,
    sha256_of,
    write_whole,
)
from freyvae.folder_lock import NAME as NAME_OF_LOCK
from freyvae.folder_lock import locked
from freyvae.notebook import Drawn, card
from freyvae.recipe import Recipe, load_recipe
from freyvae.records import Measurement, TrainingRecord, from_json, quantities

if TYPE_CHECKING:
    from freyvae.model import VAE

HUB = "hf://"
METRICS_FORMAT = 2  # since 2, with its own SHA-256 and that of the files it is about
MOST_BYTES_OF_METRICS = 64 * 2**20
# pictures that a notebook shows of a run
_ON_CARD = ("reconstructions", "samples")
# numbers of the training beside those that were measured
_OF_TRAINING = ("epochs", "best_epoch", "seconds", "train_images")
_OLD_TEMPORARY = re.compile(r"\.recipe-[a-z0-9_]{8}\.toml")


class Run:
    """A folder that holds one training and all that was made of it.

    Args:
        folder: where it is; nothing is read or written yet.
    """

    def __init__(self, folder: str | Path):
        self._lock: FileLock | None = None
        self._locked_file: os.stat_result | None = None
        self._place(as_path("folder", folder))

    def _place(self, folder: Path) -> None:
        self.folder = folder
        self.recipe_path = self.folder / "recipe.toml"
        self.model_path = self.folder / "model.keras"
        self.checkpoint_path = self.folder / "checkpoint" / "state.npz"
        self.history_path = self.folder / "history.csv"
        self.metrics_path = self.folder / "metrics.json"
        self.measured_path = self.folder / "measured.npz"
        self.projection_path = self.folder / "projection.npz"
        self.groups_path = self.folder / "groups.npz"
        self.scores_path = self.folder / "scores.npz"
        self.pictures_path = self.folder / "pictures"
        self.tensorboard_path = self.folder / "tensorboard"
        self.report_path = self.folder / "report.html"
        self.explorer_path = self.folder / "explorer" / "index.html"
        self.beside_path = self.folder / "explorer" / "beside.html"
        self.points_path = self.folder / "explorer" / "points.bin"

    def __repr__(self) -> str:
        return f"Run({str(self.folder)!r})"

    def _repr_html_(self) -> str:
        """What a notebook shows: its numbers, and its pictures where they are drawn."""
        try:
            return self._card()
        except BadInput as reason:
            return card(f"Run {self.folder}", [str(reason)])

    def _card(self) -> str:
        if not self.is_finished:
            return card(f"Run {self.folder}", ["It has no trained model yet."])
        training, measured = self.training, self.measurement
        numbers = quantities(training)
        if measured is not None:  # then that, and of the training how long it was
            of_measured = quantities(measured).items()
            numbers = {
                name: replace(each, title=f"{each.title}, {measured.measured_split}") for name, each in of_measured
            } | {name: numbers[name] for name in _OF_TRAINING if name in numbers}
        rows = [(each.title, f"{each.value:.5g} {each.unit}".strip()) for each in numbers.values()]
        said = [f"{self.recipe.name}, trained on {training.data}", *([] if measured is None else [measured.verdict])]
        pages = (("report", self.report_path), ("explorer", self.explorer_path))
        rows += [(name, str(path)) for name, path in pages if path.is_file()]
        return card(f"Run {self.folder}", said, rows, self._drawn_for_card())

    def _drawn_for_card(self) -> Iterator[Drawn]:
        for name in _ON_CARD:
            path = self.pictures_path / f"{name}.png"
            if path.name in self.drawn and path.is_file():
                content = path.read_bytes()
                width = int.from_bytes(content[16:20], "big") // 2  # as a PNG begins
                yield Drawn(content, width, alt=name)

    @classmethod
    def open(cls, folder: str | Path) -> "Run":
        """A run that is there and finished.

        Raises:
            BadInput: there is no such folder, it is no run, or its training has not finished.
        """
        run = cls(folder)
        if run.folder.is_file():
            parent = cls(run.folder.parent)
            here = f"give {parent.folder}" if parent.recipe_path.is_file() else "give what `train --out` made"
            raise BadInput(f"{run.folder} is a file, and a run is a folder: {here}")
        if not run.folder.is_dir():
            raise BadInput(f"no run at {run.folder}: `freyvae train --out {run.folder}` makes one")
        if not run.recipe_path.is_file():
            seeds = sorted(path.parent for path in run.folder.glob("seed-*/recipe.toml"))
            hint = f", but those of several seeds: give one, such as {seeds[0]}" if seeds else ""
            raise BadInput(f"{run.folder} is not a run folder: it holds no recipe.toml{hint}")
        if not run.is_finished:
            command = shlex.join(["freyvae", "train", "--recipe", str(run.recipe_path), "--out", str(run.folder)])
            raise BadInput(
                f"the run {run.folder} has no trained model yet: wait where it is being trained, else `{command}` goes "
                "on"
            )
        return run

    @property
    def is_finished(self) -> bool:
        """Whether training is done: the metrics are written last."""
        return self.model_path.is_file() and self.metrics_path.is_file()

    @property
    def recipe(self) -> Recipe:
        """The recipe the run was made with. Raises `BadInput` when it cannot be read, or was edited since."""
        recipe = self._recipe_as_it_stands()
        self.check_unchanged(self.recipe_path)
        return recipe

    def _recipe_as_it_stands(self) -> Recipe:
        return load_recipe(self.recipe_path, of_run=True)

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
        self._refuse_unknown_files()
        self._lock = self._locked()
        try:
            yield
        finally:
            lock, self._lock = self._lock, None
            if self.folder.is_dir() and not any(self._contents()):
                Path(lock.lock_file).unlink(missing_ok=True)
                with suppress(OSError):
                    self.folder.rmdir()
            lock.release()

    def _locked(self) -> FileLock:
        lock = locked(self.folder)
        self._locked_file = os.stat(lock.lock_file)
        return lock

    @property
    def is_lost(self) -> bool:
        """Whether the folder that is locked is not in its place any more: it was removed, renamed or exchanged."""
        if self._lock is None or self._locked_file is None:
            return False
        try:
            return not os.path.samestat(os.stat(self._lock.lock_file), self._locked_file)
        except OSError:
            return True

    def move_beside(self) -> None:
        """Go on in a new folder beside a place that is lost, locked as the old one was. Raises as `lock` does."""
        old, name = self._lock, self.folder.name
        places = (self.folder.with_name(f"{name}-{number}") for number in itertools.count(2))
        self._place(next(place for place in places if not place.exists()))
        self._lock = self._locked()
        if old is not None:
            old.release()

    def _refuse_unknown_files(self) -> None:
        """Never write to a folder that is something else, whatever its files are called."""
        if not self.folder.exists():
            return
        if not self.folder.is_dir() or (not self.recipe_path.exists() and any(self._contents())):
            raise BadInput(f"{self.folder} exists and is not a run folder: choose another with out=...")
        if self.recipe_path.exists():
            try:
                self._recipe_as_it_stands()
            except BadInput as error:
                raise BadInput(f"{self.folder} is not a run of ours: {error}; choose another with out=...") from None
        for file in (*self.parts, *self._found, *self._pages):
            if file.is_dir():
                raise BadInput(f"{file} is a folder, where the run has a file: remove it, or choose another out=...")
        for folder in self._folders:
            if folder.is_symlink():
                raise BadInput(
                    f"{folder} is a link, and what it leads to may be somebody's: remove it, or choose another out=..."
                )
            if folder.exists() and not folder.is_dir():
                raise BadInput(f"{folder} is a file, where the run has a folder: remove it, or choose another out=...")

    @property
    def _found(self) -> tuple[Path, ...]:
        """What commands found of each of its images."""
        return self.projection_path, self.groups_path, self.scores_path

    @property
    def _pages(self) -> tuple[Path, ...]:
        return self.report_path, self.explorer_path, self.beside_path, self.points_path

    @property
    def _folders(self) -> tuple[Path, ...]:
        return self.checkpoint_path.parent, self.pictures_path, self.explorer_path.parent

    def _contents(self) -> Iterator[Path]:
        """What somebody put here: not the lock, and not what a process left that was killed before it wrote anything.

        Versions before 0.2 called that one `.recipe-xxxxxxxx.toml`.
        """
        for entry in self.folder.iterdir():
            if entry.name != NAME_OF_LOCK and not is_temporary(entry) and not _OLD_TEMPORARY.fullmatch(entry.name):
                yield entry

    def clear(self) -> None:
        """Remove what was made of a training, and nothing else that somebody put there. Raises `BadInput`."""
        pictures = [self.pictures_path / name for name in self.drawn]
        try:
            # the metrics first: without them the run is not finished, whatever else is left
            drawn = (*self._found, *self._pages, *pictures, self._drawn_path)
            made = (self.metrics_path, *self.parts, *drawn)
            for path in made:
                if path != self.recipe_path and not path.parent.is_symlink():
                    remove(path)
        except OSError as error:
            raise cannot_write(self.folder, error) from error

    def remove_checkpoint(self) -> None:
        """Remove the state that an interrupted training goes on from, and its folder if nothing else is in it."""
        with suppress(OSError):
            remove(self.checkpoint_path)
            self.checkpoint_path.parent.rmdir()

    @property
    def _drawn_path(self) -> Path:
        return self.pictures_path / ".drawn"

    @property
    def drawn(self) -> tuple[str, ...]:
        """The names of the pictures that were drawn for this run; others in that folder are somebody's."""
        if self.pictures_path.is_symlink() or not self._drawn_path.is_file():
            return ()
        names = read_small(self._drawn_path, most_bytes=2**20).splitlines()
        return tuple(name for name in names if name and Path(name).name == name)

    def write_drawn(self, names: Sequence[str]) -> None:
        """Record which pictures were drawn; remove those that were drawn before and are not any more."""
        for name in set(self.drawn).difference(names):
            remove(self.pictures_path / name)
        write_whole(self._drawn_path, "".join(f"{name}\n" for name in names))

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

        vae = load_vae(self.model_path)
        self.check_unchanged(self.model_path)
        return vae

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
            history = {name: [float(row[name]) for row in rows] for name in (rows[0] if rows else {})}
        except (OSError, ValueError, TypeError, csv.Error) as error:
            raise BadInput(f"cannot read {self.history_path}: {error}; train again with fresh=True") from error
        self.check_unchanged(self.history_path)
        return history

    @property
    def training(self) -> TrainingRecord:
        """What training itself knows. Raises `BadInput` as `read_metrics` does."""
        return self._training(self.read_metrics())

    @property
    def measurement(self) -> Measurement | None:
        """What measuring found; None where it is not measured.

        Raises `BadInput` as `read_metrics` does, and where measuring again mends what was damaged.
        """
        metrics = self.read_metrics()
        if "nll_nats" not in metrics:
            return None
        try:
            return from_json(Measurement, metrics)
        except BadInput as error:
            raise BadInput(f"{self.metrics_path} {error}: `freyvae measure {self.folder}` again") from error

    def _training(self, metrics: dict[str, Any]) -> TrainingRecord:
        try:
            return from_json(TrainingRecord, metrics)
        except BadInput as error:
            raise BadInput(f"{self.metrics_path} {error}: train again with fresh=True") from error

    def read_metrics(self) -> dict[str, Any]:
        """What `metrics.json` holds of training and measuring, its keys as `freyvae.records` has them.

        Raises:
            BadInput: it cannot be read, was damaged or edited, or is of a newer version.
        """
        metrics = self._read_record()
        metrics.pop("files_sha256", None)
        self._training(metrics)
        return metrics

    def write_metrics(self, metrics: dict[str, Any], *, changed: Path | None = None) -> None:
        """Write `metrics.json`; its keys end in their unit. It goes on record for the other files as they are now.

        Args:
            metrics: what it is to hold.
            changed: the only file that was written since; what is on record of the others stays, so that one which is
                damaged is still known to be.
        """
        known = {} if changed is None else self._read_record().get("files_sha256", {})
        now = [path for path in self._recorded if path.is_file() and (path == changed or path.name not in known)]
        self._write_metrics(metrics, known | {path.name: sha256_of(path) for path in now})

    def _write_metrics(self, metrics: dict[str, Any], files: dict[str, str]) -> None:
        record = {"format": METRICS_FORMAT} | metrics | {"format": METRICS_FORMAT, "files_sha256": files}
        write_whole(self.metrics_path, json.dumps(record | {"sha256": _digest(record)}, indent=2) + "\n")

    @property
    def _recorded(self) -> tuple[Path, ...]:
        """The files whose SHA-256 `metrics.json` holds."""
        return self.recipe_path, self.model_path, self.history_path, self.measured_path, *self._found

    def check_outputs(self, *written: Path | None) -> None:
        """Refuse to write where the run's own images or labels lie, or a part of a run. Raises `BadInput`.

        A new picture among its images is refused too: it would be one of them.
        """
        for path in written:
            if path is not None:
                check_output(path, self.recipe.data.source, self.recipe.data.labels)

    def record_again(self, changed: Path) -> None:
        """Have `metrics.json` hold the SHA-256 of a file of `_found` that was written beside it.

        What it holds of others stays, so that one which is damaged is still known to be.
        """
        self.write_metrics(self.read_metrics(), changed=changed)

    def is_unchanged(self, path: Path) -> bool:
        """Whether a file of a finished run is the one that the record is about.

        Of a run that is not finished, or that a version before 0.2 wrote, there is no record: nothing is known to have
        changed. Raises `BadInput` when the record cannot be read.
        """
        if not self.metrics_path.is_file() or not path.is_file():
            return True
        recorded = self._read_record().get("files_sha256", {}).get(path.name)
        return recorded is None or sha256_of(path) == recorded

    def check_unchanged(self, path: Path) -> None:
        """Refuse a file that was damaged, edited or exchanged since. Raises `BadInput`."""
        if not self.is_unchanged(path):
            raise BadInput(
                f"{path} is not the file that {self.metrics_path.name} is about: it was damaged, edited or exchanged "
                "since; put the old one back, or train again with fresh=True"
            )

    def _read_record(self) -> dict[str, Any]:
        try:
            record: dict[str, Any] = json.loads(read_small(self.metrics_path, most_bytes=MOST_BYTES_OF_METRICS))
            version, sha256 = record.get("format", 1), record.pop("sha256", None)
            record.get("files_sha256", {}).get("")  # an object, as it was written
        except BadInput:
            raise
        except (ValueError, AttributeError, RecursionError) as error:
            reason = "it is nested too deeply" if isinstance(error, RecursionError) else error
            raise BadInput(f"cannot read {self.metrics_path}: {reason}; train again with fresh=True") from error
        if type(version) is not int:
            raise BadInput(
                f"{self.metrics_path} has the format {version!r}, which is none: train again with fresh=True"
            )
        if version > METRICS_FORMAT:
            raise BadInput(
                f"{self.metrics_path} has format {version}; this freyvae reads up to {METRICS_FORMAT}: update freyvae"
            )
        if (version > 1 or sha256 is not None) and sha256 != _digest(record):
            raise BadInput(
                f"{self.metrics_path} was damaged or edited since it was written: its SHA-256 is another; put the old "
                "one back, or train again with fresh=True"
            )
        return record


def _digest(record: dict[str, Any]) -> str:
    """SHA-256 of a record, whatever the order of its keys and the white space between them."""
    text = json.dumps(record, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


def load(path: str | Path) -> "VAE":
    """A trained model, from a run folder or a `.keras` file, in Keras's safe mode: no code in it is run.

    Args:
        path: the folder or the file, or `hf://USER/NAME`: model.keras of a repository of the Hugging Face Hub.

    Raises:
        BadInput: there is none, the run is not finished, or the file is damaged, holds code, or is of something else.
    """
    from freyvae.model import load_vae

    if isinstance(path, str) and path.startswith(HUB):
        return load_vae(_from_hub(path))
    path = as_path("path", path)
    return Run.open(path).load_model() if path.is_dir() else load_vae(path)


def _from_hub(address: str) -> Path:
    """The model file of a repository of the Hub, downloaded once."""
    try:
        from huggingface_hub import hf_hub_download
    except ImportError as error:
        raise BadInput(f'{address} needs huggingface-hub: pip install "freyvae[hub]" installs it') from error
    repository = address.removeprefix(HUB).strip("/")
    if repository.count("/") != 1:
        raise BadInput(f"{address} must be {HUB}USER/NAME")
    try:
        return Path(hf_hub_download(repo_id=repository, filename="model.keras"))
    except (OSError, ValueError) as error:  # the hub's own errors are of these
        raise BadInput(f"cannot have {address}: {few_words(error)}") from error


def opened(run: Run | str | Path, *written: Path | None) -> Run:
    """A run, given as such or by its folder.

    Args:
        run: the run.
        written: files that a command is to write, which the run's own images and labels must not be.

    Raises `BadInput` as `Run.open` does, where it is neither, and as `check_output` does.
    """
    run = run if isinstance(run, Run) else Run.open(as_path("run", run))
    run.check_outputs(*written)
    return run


def check_output(path: Path, *inputs: str | Path | None) -> None:
    """Refuse a place to write to where a command would destroy what it reads, or a part of a run.

    Args:
        path: of the file to be written.
        inputs: files and folders that are read; names of data sets among them are no matter.

    Raises:
        BadInput: a file is there, and is one of the inputs, in a folder that is, or a part of a run; or it would be a
            new picture in a folder that is read.
    """
    from freyvae.data.array_file import split_array
    from freyvae.data.labels import split_column
    from freyvae.data.picture_file import SUFFIXES

    target, is_there = path.resolve(), path.is_file()
    if not is_there and path.suffix.lower() not in SUFFIXES:
        return
    for source in inputs:
        read = set() if source is None else {split(source)[0].resolve() for split in (split_array, split_column)}
        if read & {target, *target.parents}:
            why = "is read here, and would be lost" if is_there else f"would be one of the pictures in {source}"
            raise BadInput(f"{path} {why}: choose another out=...")
    if not is_there:
        return
    # a checkpoint lies a folder deeper
    for run in map(Run, target.parents[:2]):
        if run.recipe_path.is_file() and target in run.parts:
            raise BadInput(f"{path} is a part of the run {run.folder}, and would be lost: choose another out=...")
