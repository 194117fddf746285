"""One recipe with many seeds at once: a run folder for each, and what their numbers come to."""

import json
from collections.abc import Callable, Sequence
from contextlib import ExitStack, suppress
from pathlib import Path

import numpy as np

from freyvae.arguments import whole
from freyvae.console import silence
from freyvae.errors import BadInput, TrainingFailed
from freyvae.files import as_path, write_whole
from freyvae.model.many import bytes_of_state, fit_many, most_at_once
from freyvae.model.vae import VAE
from freyvae.recipe import Recipe
from freyvae.records import OverSeeds, SeedsRecord, TrainingRecord, names, to_json
from freyvae.run import Run
from freyvae.signals import StopRequest
from freyvae.training import checkpoint
from freyvae.training.building import build_vae
from freyvae.training.callbacks import Recorder
from freyvae.training.data import TrainingData
from freyvae.training.train import (
    Interrupted,
    checked,
    finish,
    first_callbacks,
    is_trained,
    load_data,
    refuse_itself,
    settled,
    start,
)

SUMMARY_FORMAT = 1
SUMMARY_NAME = "seeds.json"
# of a training, those that are of the model and not of the machine
NUMBERS = [name for name in names(TrainingRecord) if name.startswith("val_") or name in ("loss", "best_epoch")]
# each holds the lock of its run, an open file, of which some systems allow 256
MOST_SEEDS = 200


def train_seeds(
    recipe: Recipe,
    count: int,
    out: str | Path | None = None,
    *,
    fresh: bool = False,
    quiet: bool = False,
    say: Callable[[str], None] | None = None,
) -> SeedsRecord:
    """As `freyvae.train_seeds`, without its report."""
    recipe, fresh, say = checked(recipe, fresh=fresh, quiet=quiet, say=say)
    folder = folder_of_seeds(recipe, out)
    count = whole("seeds", count)
    if not 1 <= count <= MOST_SEEDS:
        raise BadInput(f"seeds must be from 1 to {MOST_SEEDS}, not {count}")
    if Run(folder).recipe_path.exists():
        raise BadInput(f"{folder} is a run itself: choose another folder for runs of many seeds with out=...")
    recipes = [recipe.replace(seed=recipe.training.seed + number) for number in range(count)]
    runs = [Run(folder / f"seed-{own.training.seed}") for own in recipes]
    with ExitStack() as locks, StopRequest().watched() as pressed:
        locks.callback(_remove_if_empty, folder)
        for run, own in zip(runs, recipes, strict=True):
            refuse_itself(run, own)
            locks.enter_context(run.lock())
        untrained = [
            (run, own) for run, own in zip(runs, recipes, strict=True) if fresh or not is_trained(run, own, say=silence)
        ]
        if len(untrained) < count:
            say(f"{folder}: {count - len(untrained)} of {count} seeds are trained: reloaded. `fresh=True` trains anew.")
        if untrained:
            data = load_data(recipe, quiet=quiet, say=say)
            begun = [run.recipe for run, _ in untrained if run.checkpoint_path.is_file() and not fresh]
            recipe = settled(recipe, data, before=begun[0] if begun else None, say=say)
            untrained = [(run, recipe.replace(seed=own.training.seed)) for run, own in untrained]
            # the models' variables, and as much again for the work on them
            size = bytes_of_state(build_vae(untrained[0][1], data.train, has_begun=bool(begun)))
            together = most_at_once(len(untrained), lambda models: 2 * models * size)
            # what cannot be built or held is refused by now, and nothing is lost
            for run, _ in untrained:
                if fresh:
                    run.clear()
            _train(untrained, together, data, pressed, say)
        summary = _summary(recipe, recipes, runs)
        write_whole(folder / SUMMARY_NAME, json.dumps(to_json(summary), indent=2) + "\n")
    return summary


def folder_of_seeds(recipe: Recipe, out: str | Path | None) -> Path:
    """Where the run folders of many seeds are. Raises `BadInput` for what is no path."""
    return Path("runs") / f"{recipe.name}-seeds" if out is None else as_path("out", out)


def _train(
    untrained: list[tuple[Run, Recipe]],
    together: int,
    data: TrainingData,
    pressed: StopRequest,
    say: Callable[[str], None],
) -> None:
    say(f"training {len(untrained)} seeds")
    failures: list[str] = []
    for place in range(0, len(untrained), together):
        if pressed.is_set():
            break
        members = []
        for run, recipe in untrained[place : place + together]:
            vae = build_vae(recipe, data.train, has_begun=run.checkpoint_path.is_file())
            progress = start(run, recipe, data, vae, say=say)
            members.append((vae, _Member(run, recipe, progress, data=data, pressed=pressed, say=say)))
        for vae, member in members:
            if member.is_over:
                finish(vae, member, data, say=say)
        members = [(vae, member) for vae, member in members if not member.is_over]
        if members:
            _fit(members, data)
        failures += [f"{member.run.folder}: {member.failure}" for _, member in members if member.failure]
    left = sum(not run.is_finished for run, _ in untrained) - len(failures)
    if left:
        line = f"stopped with {left} of {len(untrained)} seeds to train; the same command goes on"
        raise Interrupted(line, number=pressed.signal)
    if failures:
        raise TrainingFailed("; ".join(failures))


def _fit(members: Sequence[tuple[VAE, "_Member"]], data: TrainingData) -> None:
    recipe = members[0][1].recipe
    # raised by one that was about to begin: what is left to do is said when the others have stopped
    with suppress(Interrupted):
        fit_many(
            [vae for vae, _ in members],
            data.train,
            validation_data=data.validation,
            epochs=recipe.training.epochs,
            batch_size=recipe.training.batch_size,
            callbacks=[[*first_callbacks(member), member] for _, member in members],
            initial_epoch=[len(member.rows) for _, member in members],
        )


class _Member(Recorder):
    """Records one of several trainings: it writes its run when it ends, and neither it nor Ctrl-C stops the others.

    Args:
        run: where to write.
        recipe: how long to train, and with what patience.
        progress: what an earlier part of this training left.
        data: the images of all.
        pressed: set when Ctrl-C was.
        say: how to say a line.
    """

    def __init__(
        self,
        run: Run,
        recipe: Recipe,
        progress: checkpoint.Progress,
        *,
        data: TrainingData,
        pressed: StopRequest,
        say: Callable[[str], None],
    ):
        super().__init__(run, recipe, progress, say=say)
        self.data, self.pressed = data, pressed
        self.failure = ""

    def on_train_begin(self, logs: dict[str, float] | None = None) -> None:
        """Do not begin once Ctrl-C was pressed."""
        super().on_train_begin(logs)
        if self.pressed.is_set():
            raise Interrupted

    def on_epoch_end(self, epoch: int, logs: dict[str, float] | None = None) -> None:
        """Record the epoch; stop alone when the loss is no number; save and stop when Ctrl-C was pressed."""
        try:
            super().on_epoch_end(epoch, logs)
        except TrainingFailed as failure:
            self.failure = str(failure)
            self.model.stop_training = True
            return
        if self.pressed.is_set() and not self.is_over:
            self.save()
            self.model.stop_training = True

    def on_train_end(self, logs: dict[str, float] | None = None) -> None:
        """Write the finished run, while the others go on."""
        if self.is_over and not self.failure:
            finish(self.model, self, self.data, say=self.say)
            last = self.rows[self.kept_epoch - 1]["val_free_energy"]
            self.say(f"{self.run.folder}: held out {last:.1f} nats per image after {len(self.rows)} epochs")


def _remove_if_empty(folder: Path) -> None:
    with suppress(OSError):
        folder.rmdir()


def _summary(recipe: Recipe, recipes: list[Recipe], runs: list[Run]) -> SeedsRecord:
    found = [run.training for run in runs]
    of_images = {own.data_sha256: run.folder for own, run in zip(found, runs, strict=True)}
    if len(of_images) > 1:
        one, other, *_ = of_images.values()
        raise BadInput(
            f"{one} and {other} were trained on different images: {recipe.data.source} has changed since; train all "
            "anew with fresh=True, or choose another out=..."
        )
    numbers = {}
    for name in NUMBERS:
        values = [getattr(own, name) for own in found]
        if None not in values:
            deviation = float(np.std(values, ddof=1)) if len(values) > 1 else None
            numbers[name] = OverSeeds(
                mean=float(np.mean(values)), deviation=deviation, values=tuple(map(float, values))
            )
    return SeedsRecord(
        format=SUMMARY_FORMAT,
        recipe=recipe.name,
        data=recipe.data.source,
        split=recipe.split.name,
        seeds=tuple(own.training.seed for own in recipes),
        numbers=numbers,
    )
