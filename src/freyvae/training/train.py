"""From a recipe to a finished run: train, go on, or reload."""

import platform
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from importlib.metadata import version
from pathlib import Path
from typing import Any

import keras

from freyvae.arguments import function, instance, one_of, several, truth
from freyvae.console import say as to_stderr
from freyvae.console import silence
from freyvae.data.channels import channels_in_words
from freyvae.data.levels import SIXTEEN_BITS, levels_text
from freyvae.data.sources.pack import levels_of
from freyvae.engine import processes
from freyvae.engine.memory import check_training
from freyvae.errors import BadInput
from freyvae.files import as_path, write_whole
from freyvae.metrics import rmse_grey_levels
from freyvae.metrics.findings import first_amiss
from freyvae.metrics.measure import Seen
from freyvae.model import VAE, check_keras_file
from freyvae.recipe import Recipe
from freyvae.recipe.recipe import short_name
from freyvae.records import Finding, TrainingRecord, to_json
from freyvae.run import Run
from freyvae.signals import Stopped
from freyvae.training import checkpoint
from freyvae.training.building import BATCH_SIZE, build_vae, fitting_batch_size
from freyvae.training.callbacks import Annealing, ProgressBar, Recorder, StopOnInterrupt
from freyvae.training.data import TrainingData, load_training_data
from freyvae.training.stopping import is_over, is_within_warm_up
from freyvae.training.tracking import TRACKERS, Follower, TensorBoardLog
from freyvae.version import __version__


class Interrupted(Stopped):
    """Ctrl-C, or another signal that asks to stop, ended the training after an epoch, and its state is saved."""


def train(
    recipe: Recipe,
    out: str | Path | None = None,
    *,
    fresh: bool = False,
    quiet: bool = False,
    say: Callable[[str], None] | None = None,
    log: str | None = None,
    callbacks: Sequence[keras.callbacks.Callback] = (),
    folder: str | Path | None = None,
) -> Run:
    """Train a recipe in a run folder, go on with a training that was interrupted, or reload one that is finished.

    Args:
        recipe: every choice.
        out: the run folder; by default `runs/` and the recipe's name.
        fresh: train anew even where there is a run of this recipe.
        quiet: say nothing.
        say: how to say a line; by default to standard error.
        log: `tensorboard` writes event files to the run's `tensorboard/`: curves, reconstructions, samples.
        callbacks: of Keras, told of every epoch after the run's own.
        folder: `out`, by the name it had before.

    Raises:
        BadInput: the data or the folder cannot be used, or the folder holds a run of another recipe.
        TrainingFailed: the loss is no longer a number.
        Interrupted: Ctrl-C; the same call goes on.
    """
    place = folder if out is None else out
    return train_model(recipe, place, fresh=fresh, quiet=quiet, say=say, log=log, callbacks=callbacks)[0]


def train_model(
    recipe: Recipe,
    out: str | Path | None = None,
    *,
    fresh: bool = False,
    quiet: bool = False,
    say: Callable[[str], None] | None = None,
    log: str | None = None,
    callbacks: Sequence[keras.callbacks.Callback] = (),
) -> tuple[Run, VAE | None]:
    """As `train`, and with the run the model that was saved in it; none where the run was reloaded."""
    recipe, fresh, say = checked(recipe, fresh=fresh, quiet=quiet, say=say)
    if not processes.is_first():
        say, quiet = silence, True
    others = [instance("callbacks", callback, keras.callbacks.Callback) for callback in several("callbacks", callbacks)]
    if log is not None:
        one_of("log", log, TRACKERS)
    run = run_of(recipe, out)
    refuse_itself(run, recipe)
    if processes.is_one_of_several():
        processes.check_same("kind of device", _kind_of_device())
    processes.check_same("recipe", recipe.to_toml())
    with ExitStack() as locked:
        with processes.all_or_none():
            if processes.is_first():
                locked.enter_context(run.lock())
            is_done = processes.is_first() and not fresh and is_trained(run, recipe, say=say)
        if processes.any_of(is_done):
            processes.leave()
            return run, None
        with processes.all_or_none():
            data = load_data(recipe, quiet=quiet, say=say)
        processes.check_same("set of images", data.images.fingerprint)
        with processes.all_or_none():
            before = run.recipe if run.checkpoint_path.is_file() and not fresh else None
            recipe = settled(recipe, data, before=before, say=say)
            # refused, if it is, before anything is lost; a checkpoint has the weights of the run that it started from
            vae = build_vae(recipe, data.train, has_begun=before is not None)
            width = "width" if hasattr(recipe.network, "width") else "hidden"
            if log is not None and processes.is_first():
                others.append(TensorBoardLog(run.tensorboard_path, data.validation))
            check_training(vae, [data.train, data.validation], recipe.training.batch_size, width=width)
        with processes.all_or_none():
            if fresh and processes.is_first():
                run.clear()
        with processes.all_or_none():  # when all is cleared that another process would go on with
            progress = start(run, recipe, data, vae, say=say)
        began = f"{len(progress.rows)} {progress.place and progress.place.shown}"
        processes.check_same(f"state in {run.folder} (a folder that all see)", began)
        recorder = Recorder(run, recipe, progress, say=say)
        for callback in others:
            if isinstance(callback, Follower):
                callback.follow(data, recorder)
        signal = None
        if not recorder.is_over:
            with processes.blaming():
                signal = _fit_epochs(vae, recorder, data, others, quiet=quiet, say=say)
        if processes.is_first():
            finish(vae, recorder, data, say=say)
        processes.leave()
    if signal is not None:
        raise Interrupted(f"stopped when {run.folder} was trained: `freyvae show {run.folder}` draws it", number=signal)
    return run, vae


def _kind_of_device() -> str:
    import jax

    return str(jax.default_backend())


def run_of(recipe: Recipe, out: str | Path | None) -> Run:
    """The run of a recipe, by default in `runs/`. Raises `BadInput` for what is no path."""
    return Run(Path("runs") / recipe.name if out is None else as_path("out", out))


def checked(recipe: Any, *, fresh: Any, quiet: Any, say: Any) -> tuple[Recipe, bool, Callable[[str], None]]:
    """A recipe, whether to train anew, and how to say a line. Raises `BadInput` for what is none."""
    recipe = instance("recipe", recipe, Recipe, hint="freyvae.load_recipe(name) reads one")
    say = to_stderr if say is None else function("say", say)
    return recipe, truth("fresh", fresh), silence if truth("quiet", quiet) else say


def is_trained(run: Run, recipe: Recipe, *, say: Callable[[str], None]) -> bool:
    """Whether there is nothing left to do for a run, which is then said. Raises `BadInput` for another recipe's."""
    if not run.recipe_path.exists():
        return False
    _refuse_other_recipe(run, recipe)
    if run.is_finished:
        epochs = run.training.epochs
        run.read_history()
        check_keras_file(run.model_path)
        run.check_unchanged(run.model_path)
        told = "reloaded. `fresh=True` trains anew, on the images as they are now."
        say(f"{run.folder} is trained ({epochs} epochs): {told}")
    return run.is_finished


def load_data(recipe: Recipe, *, quiet: bool, say: Callable[[str], None]) -> TrainingData:
    """The images of a recipe, with what there is to say about them. Raises `BadInput` when they cannot be had."""
    data = load_training_data(recipe, progress=not quiet)
    for line in data.images.remarks:
        say(line)
    if data.split.note:
        say(f"note: {data.split.note}")
    for line in data.said_of_binarization(recipe.training.binarize):
        say(f"note: {line}")
    return data


def settled(recipe: Recipe, data: TrainingData, *, before: Recipe | None = None, say: Callable[[str], None]) -> Recipe:
    """The recipe with what the images decide, which is said: levels, the network that suits them, images in a step.

    The levels are those that `auto` found, or those of 16 bits. A run then reads all images by one rule, and is trained
    again the same way. One that is gone on with has as many images in a step as `before`, whatever the memory now.
    """
    shape = data.images.images.shape[1:]
    if recipe.data.levels in (None, "auto"):
        recipe = recipe.replace(levels=data.images.levels)
    network = recipe.network.for_images(shape)
    if network != recipe.network:
        recipe = recipe.replace(network=network)
        of = f"{shape[0]} x {shape[1]} {channels_in_words(shape[2])}"
        say(f"{of}: {network.in_words(shape, recipe.latent_dim)}, {network.name}")
    likelihood = recipe.likelihood.for_images(data.train)
    if likelihood != recipe.likelihood:
        recipe = recipe.replace(likelihood=likelihood)
        if likelihood.tells_palette:
            say("grey levels are missing between those that occur: each image's levels are told first")
    if not recipe.training.batch_size:
        size = (before and before.training.batch_size) or fitting_batch_size(recipe, data)
        # of several machines, the first one's memory says it
        recipe = recipe.replace(batch_size=int(processes.of_first(str(size))))
        if recipe.training.batch_size < BATCH_SIZE:
            say(f"{recipe.training.batch_size} images in a training step: there are no more, or memory holds no more")
    return recipe


def start(run: Run, recipe: Recipe, data: TrainingData, vae: VAE, *, say: Callable[[str], None]) -> checkpoint.Progress:
    """Where the training of a run that is locked begins: afresh, or with `vae` as an earlier part of it left it.

    Writes the recipe.
    """
    if processes.is_first():
        write_whole(run.recipe_path, recipe.to_toml())
    progress = checkpoint.Progress(rows=[], seconds=0.0, data_sha256=data.images.fingerprint)
    if run.checkpoint_path.exists():
        progress = _go_on(run, vae, progress, say)
    return progress


def finish(vae: VAE, recorder: Recorder, data: TrainingData, *, say: Callable[[str], None]) -> None:
    """Write the run of a training that is over: model, history and metrics, these last."""
    run, recipe = recorder.run, recorder.recipe
    recorder.finish(vae)
    recorder.keep_place()
    if len(recorder.rows) < recipe.training.epochs and is_over(recorder.rows, recipe):
        say(
            f"stopped after epoch {len(recorder.rows)} of {recipe.training.epochs}: none in "
            f"{recipe.training.patience} was better than "
            f"epoch {recorder.kept_epoch}, whose weights the model has"
        )
    elif len(recorder.rows) < recipe.training.epochs and not is_over(recorder.rows, recipe, recorder.seconds):
        say(f"a callback stopped it after epoch {len(recorder.rows)} of {recipe.training.epochs}")
    elif len(recorder.rows) < recipe.training.epochs:
        minutes = f"{recipe.training.minutes:g} minutes"
        say(f"stopped after epoch {len(recorder.rows)}: another would have exceeded the {minutes} that were given")
    if is_within_warm_up(len(recorder.rows), recipe):
        say("note: it ended within its warm-up; give more minutes=... or epochs=..., or fewer warm_up_epochs=...")
    run.write_history(recorder.rows)
    run.save_model(vae)
    run.write_metrics(to_json(_record(recipe, data, recorder, vae)))
    run.remove_checkpoint()


def _fit_epochs(
    vae: VAE,
    recorder: Recorder,
    data: TrainingData,
    others: Sequence[keras.callbacks.Callback],
    *,
    quiet: bool,
    say: Callable[[str], None],
) -> int | None:
    """Train all epochs that are left. Returns the signal that asked to stop in the last of them, if one did."""
    recipe, interrupt = recorder.recipe, StopOnInterrupt(recorder.save)
    bar = ProgressBar(recorder, say=say, images=data.validation)
    try:
        vae.fit(
            data.train,
            validation_data=data.validation,
            batch_size=recipe.training.batch_size,
            epochs=recipe.training.epochs,
            initial_epoch=len(recorder.rows),
            callbacks=[*first_callbacks(recorder), recorder, interrupt, *([] if quiet else [bar]), *others],
            verbose=0,
        )
    finally:
        interrupt.close()
        bar.close()
    if interrupt.is_stopped and not recorder.is_over:
        done, where = len(recorder.rows), "after"
        if recorder.is_within_epoch:
            done, where = done + 1, "within"
        line = f"stopped {where} epoch {done} of {recipe.training.epochs}; {how_to_go_on(recorder)}"
        raise Interrupted(line, number=interrupt.request.signal)
    return interrupt.request.signal if interrupt.is_stopped else None


def how_to_go_on(recorder: Recorder) -> str:
    """The end of the line that says that a training was stopped."""
    run = recorder.run
    return f'the same command with out="{run.folder}" goes on' if recorder.has_moved else "the same command goes on"


def first_callbacks(recorder: Recorder) -> list[keras.callbacks.Callback]:
    """The callbacks of a training that come before its recorder, which keeps the epoch's weights.

    With averages, the validation is of what the model will be.
    """
    recipe = recorder.recipe
    averages = [keras.callbacks.SwapEMAWeights()] if recipe.optimizer.ema_momentum else []
    is_annealed = recipe.optimizer.schedule == "cosine" and recipe.training.minutes
    return [*averages, *([Annealing(recorder)] if is_annealed else [])]


def _go_on(run: Run, vae: VAE, fresh: checkpoint.Progress, say: Callable[[str], None]) -> checkpoint.Progress:
    progress = checkpoint.restore(run.checkpoint_path, vae)
    if progress.data_sha256 != fresh.data_sha256:
        raise BadInput(f"the images are not those that {run.folder} began with: `fresh=True` trains anew on these")
    done, where = len(progress.rows), "after"
    if progress.place is not None:
        done, where = done + 1, f"{progress.place.shown:,} images into"
    say(f"going on with {run.folder} {where} epoch {done}")
    return progress


def _record(recipe: Recipe, data: TrainingData, recorder: Recorder, vae: VAE) -> TrainingRecord:
    kept = recorder.rows[recorder.kept_epoch - 1]
    return TrainingRecord(
        val_free_energy_nats=kept["val_free_energy"],
        val_rate_nats=kept["val_rate"],
        val_distortion_nats=kept["val_distortion"],
        val_loss=kept["val_loss"],
        val_bits_per_dim=kept.get("val_bits_per_dim"),
        val_rmse_grey_levels=rmse_grey_levels(vae, data.validation),
        loss=kept["loss"],
        epochs=len(recorder.rows),
        best_epoch=recorder.kept_epoch if recipe.training.patience else None,
        seconds=recorder.seconds,
        processor_seconds=recorder.processor_seconds,
        compile_seconds=recorder.compile_seconds,
        images_per_second=len(recorder.rows) * len(data.split.train) / recorder.seconds,
        seed=recipe.training.seed,
        data=recipe.data.source,
        data_sha256=recorder.data_sha256,
        split=recipe.split.name,
        train_images=len(data.split.train),
        validation_images=len(data.split.validation),
        test_images=len(data.split.test),
        backend=keras.backend.backend(),
        versions=_versions(),
        finding=_finding(recorder, data, vae),
    )


def _finding(recorder: Recorder, data: TrainingData, vae: VAE) -> Finding | None:
    rows = recorder.rows
    history = {name: [row[name] for row in rows] for name in rows[0]}
    seen = Seen(
        vae=vae,
        images=data.validation,
        train=data.train,
        codes=vae.encode(data.validation),
        history=history,
        keeps_best=bool(recorder.recipe.training.patience),
    )
    return first_amiss(seen)


def _versions() -> dict[str, str]:
    """Of the programs that a training's numbers depend on."""
    packages = {name: version(name) for name in ("keras", keras.backend.backend(), "numpy")}
    return {"freyvae": __version__, **packages, "python": platform.python_version()}


def refuse_itself(run: Run, recipe: Recipe) -> None:
    """Refuse to train a run from its own weights, which would be lost before there are others. Raises `BadInput`."""
    source = recipe.training.start_from
    if source is not None and Path(source).resolve() == run.folder.resolve():
        raise BadInput(f"{run.folder} can't be trained from itself: choose another folder with out=...")


def _refuse_other_recipe(run: Run, recipe: Recipe) -> None:
    different = differences(run.recipe, recipe)
    if different:
        raise BadInput(
            f"{run.folder} holds a run of another recipe ({'; '.join(different)}): "
            "choose another folder with out=..., or train anew with fresh=True"
        )


def differences(before: Recipe, recipe: Recipe) -> list[str]:
    """The fields by which a recipe is another than that of a run, in words, but for what the images decided."""
    if (
        recipe.data.levels == "auto" and before.data.levels is not None
    ):  # which are what auto was, when that training began
        recipe = recipe.replace(levels=before.data.levels)
    if recipe.data.levels is None and before.data.levels is not None:
        by_themselves = before.data.levels == levels_text(SIXTEEN_BITS)
        if by_themselves or before.data.levels == levels_of(recipe.data.source):  # as they were settled then
            recipe = recipe.replace(levels=before.data.levels)
    if recipe.network.gives_way:
        recipe = recipe.replace(network=before.network)
    recipe = recipe.replace(likelihood=recipe.likelihood.as_settled(before.likelihood))
    if not recipe.training.batch_size:
        recipe = recipe.replace(batch_size=before.training.batch_size)
    own, asked = before.fields(), recipe.fields()
    return [
        f"{short_name(name)} {own.get(name)!r}, not {asked.get(name)!r}"
        for name in dict.fromkeys([*own, *asked])
        if own.get(name) != asked.get(name)
        # earlier versions kept the names of another number of latents; names change no weight
        and (name != "latent_names" or recipe.latent_names)
    ]
