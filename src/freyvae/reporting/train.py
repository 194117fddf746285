"""Train a run, and draw what it has to show."""

import importlib
import threading
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path

import keras

from freyvae import training
from freyvae.arguments import several, truth
from freyvae.console import end_waiting, wait_for
from freyvae.engine import processes
from freyvae.errors import BadInput
from freyvae.live import followed
from freyvae.model import VAE
from freyvae.recipe import Recipe
from freyvae.records import SeedsRecord
from freyvae.reporting import summary
from freyvae.reporting.seeds import write_seeds_report
from freyvae.run import Run
from freyvae.training.seeds import folder_of_seeds
from freyvae.training.train import checked, run_of


class _ImportAhead(keras.callbacks.Callback):
    """Imports what the pictures alone need, in a thread, while XLA trains outside of Python's lock."""

    def on_train_begin(self, logs: dict[str, float] | None = None) -> None:
        """Begin."""
        threading.Thread(target=self._import).start()

    def _import(self) -> None:
        with suppress(ImportError):  # an extra
            importlib.import_module("sklearn.mixture")


def train(
    recipe: Recipe,
    out: str | Path | None = None,
    *,
    fresh: bool = False,
    quiet: bool = False,
    pictures: bool = True,
    say: Callable[[str], None] | None = None,
    log: str | None = None,
    callbacks: Sequence[keras.callbacks.Callback] = (),
    folder: str | Path | None = None,
    live: bool = False,
    port: int | None = None,
    no_browser: bool = False,
) -> Run:
    """Train a recipe in a run folder, go on with a training that was interrupted, or reload one that is finished.

    Then its pictures, its report and its explorer page are drawn, where there is no report yet.

    Args:
        recipe: every choice.
        out: the run folder; by default `runs/` and the recipe's name.
        fresh: train anew even where there is a run of this recipe.
        quiet: say nothing.
        pictures: False to train only; `freyvae.show` draws later.
        say: how to say a line; by default to standard error.
        log: `tensorboard` writes event files to the run's `tensorboard/`: curves, reconstructions, samples.
        callbacks: of Keras, told of every epoch after the run's own.
        folder: `out`, by the name it had before.
        live: show the training in the browser while it lasts, and after it until Ctrl-C: curves, reconstructions,
            samples, and where the codes lie.
        port: with `live`: the port to listen on, at 127.0.0.1; by default 8765, or the next free one.
        no_browser: with `live`: only serve, without opening the browser.

    Raises:
        BadInput: the data or the folder cannot be used, the folder holds a run of another recipe, no port is free, or
            there is a choice for `live` without it.
        TrainingFailed: the loss is no longer a number.
        Interrupted: Ctrl-C; the same call goes on.
    """
    pictures, live = truth("pictures", pictures), truth("live", live)
    callbacks = several("callbacks", callbacks)
    if not live and (port is not None or truth("no_browser", no_browser)):
        raise BadInput("port=... and no_browser=True are of live=True: give that too, or leave them out")
    place = folder if out is None else out
    _, _, speak = checked(recipe, fresh=fresh, quiet=quiet, say=say)

    def trained(*others: keras.callbacks.Callback) -> Run:
        ahead = [_ImportAhead()] if pictures else []
        run, vae = training.train_model(
            recipe, place, fresh=fresh, quiet=quiet, say=say, log=log, callbacks=[*callbacks, *others, *ahead]
        )
        if pictures and processes.is_first() and (fresh or not run.report_path.is_file()):
            _draw(run, vae, quiet=quiet, say=speak)
        return run

    if not live or not processes.is_first():
        return trained()
    return followed(run_of(recipe, place), trained, title=recipe.name, port=port, browser=not no_browser, say=speak)


def _draw(run: Run, vae: VAE | None, *, quiet: bool, say: Callable[[str], None]) -> None:
    say("drawing the pictures and writing the report")
    if not quiet:
        wait_for("drawing")
    try:
        notes = summary.show(run, vae=vae)
    finally:
        end_waiting()
    for note in notes:
        say(f"note: {note}")


def train_seeds(
    recipe: Recipe,
    count: int,
    out: str | Path | None = None,
    *,
    fresh: bool = False,
    quiet: bool = False,
    say: Callable[[str], None] | None = None,
) -> SeedsRecord:
    """Train a recipe with its seed and the following ones, together; each run is what `train` alone would make of it.

    Runs that are finished are reloaded, those that were interrupted go on. When one seed's loss is no longer a number
    the others are trained all the same, before that is raised. Then `report.html` shows how far the numbers spread.

    Args:
        recipe: every choice, the first seed among them.
        count: number of seeds, at most 200.
        out: where the run folders are, `seed-0` and so on, `seeds.json` and `report.html`; by default `runs/`, the
            recipe's name and `-seeds`.
        fresh: train anew even where there are runs of this recipe.
        quiet: say nothing.
        say: how to say a line; by default to standard error. It may be called from other threads.

    Returns:
        what `seeds.json` holds: of each final number of training its values by seed, their mean and deviation.

    Raises:
        BadInput: the data or a folder cannot be used, a folder holds a run of another recipe, or memory is short.
        TrainingFailed: the loss of a seed is no longer a number.
        Interrupted: Ctrl-C; the same call goes on.
    """
    found = training.train_seeds(recipe, count, out, fresh=fresh, quiet=quiet, say=say)
    write_seeds_report(folder_of_seeds(recipe, out), found)
    return found
