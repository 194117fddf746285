"""What happens after each epoch of a run: record it, save it, show it, and stop when told or when it is lost."""

import math
import sys
import time
from collections.abc import Callable
from contextlib import ExitStack
from typing import Any

import keras
import numpy as np

from freyvae.console import Bar
from freyvae.data.pixels import evenly_chosen
from freyvae.engine import processes
from freyvae.engine.training import Place, WithinEpochs, trained_weights
from freyvae.errors import TrainingFailed
from freyvae.files import write_whole
from freyvae.mosaic import in_colour, mosaic, to_bytes
from freyvae.recipe import Recipe
from freyvae.run import Run
from freyvae.signals import StopRequest
from freyvae.training import checkpoint
from freyvae.training.building import SMALLEST_LEARNING_RATE
from freyvae.training.stopping import is_over, kept_epoch, share_done

SECONDS_BETWEEN_CHECKPOINTS = 1.0
# within an epoch
SECONDS_WITHIN = 30.0
# longer where writing takes long: about this share of the time at most; a kill costs at most what was done since
SHARE_OF_CHECKPOINTS = 0.02
# images whose reconstructions a terminal shows
SHOWN = 12


class Recorder(WithinEpochs):
    """Keeps the history and the clock, writes checkpoints, and stops when patience ends or the loss is no number.

    Of several processes the first one writes, and its clock is that of all.

    Args:
        run: where to write.
        recipe: how long to train, and with what patience.
        progress: what an earlier part of this training left.
        say: how to say a line.
    """

    def __init__(self, run: Run, recipe: Recipe, progress: checkpoint.Progress, *, say: Callable[[str], None]):
        super().__init__()
        self.run, self.recipe, self.say = run, recipe, say
        self.rows = list(progress.rows)
        self.kept = list(progress.kept)
        self.data_sha256 = progress.data_sha256
        self.earlier_seconds = progress.seconds
        self.epoch_seconds: list[float] = []
        self.processor_seconds = progress.processor_seconds
        self.compile_seconds = 0.0
        self.place = progress.place  # the training begins there
        self._now: Place | None = progress.place
        self._began_epoch: tuple[float, float] | None = None
        self.saved = len(self.rows)
        self._saved_within = progress.place is not None
        self._save_again_at = -math.inf
        self.has_moved = False  # from a folder that was taken away

    def on_train_begin(self, logs: dict[str, float] | None = None) -> None:
        """Start the clock of the compilation."""
        self._began = time.perf_counter()

    def on_epoch_begin(self, epoch: int, logs: dict[str, float] | None = None) -> None:
        """Start the clock of the epoch."""
        self._began_epoch = time.perf_counter(), time.process_time()
        if not self.epoch_seconds:
            self.compile_seconds = self._began_epoch[0] - self._began
        self._save_within_at = max(self._began_epoch[0] + SECONDS_WITHIN, self._save_again_at)

    def on_block_end(self, place: Place, share: float) -> None:
        """Save now and then where an epoch is long."""
        self._now = place
        if time.perf_counter() > self._save_within_at:
            self.save()
            self._save_within_at = max(time.perf_counter() + SECONDS_WITHIN, self._save_again_at)

    def on_epoch_end(self, epoch: int, logs: dict[str, float] | None = None) -> None:
        """Record the epoch; refuse a loss that is no number; save what is good."""
        seconds, processor_seconds = self._spent_in_epoch
        self.epoch_seconds.append(float(processes.of_first(repr(seconds))))
        self.processor_seconds += processor_seconds
        self._began_epoch = self._now = None
        row = {name: float(value) for name, value in _in_order(logs or {})}
        if not all(math.isfinite(value) for value in row.values()):
            kept = f"within epoch {self.saved + 1}" if self._saved_within else f"after epoch {self.saved}"
            raise TrainingFailed(
                f"the loss is no longer a number in epoch {epoch + 1}: "
                "choose a lower learning_rate=... and train with fresh=True"
                + (f"; {self.run.checkpoint_path} keeps the state {kept}" if self.saved or self._saved_within else "")
            )
        self.rows.append({"epoch": epoch + 1, **row})
        if self.recipe.training.patience and self.kept_epoch == len(self.rows):
            self.kept = [np.array(keras.ops.convert_to_numpy(variable.value)) for variable in self._variables_to_keep()]
        if self.is_over:
            self.model.stop_training = True
        if time.perf_counter() > self._save_again_at:
            self.save()

    def save(self) -> None:
        """Write the checkpoint, and the history as far as it goes."""
        if not processes.is_first():
            self.saved = len(self.rows)
            return
        if self._now is not None and not all(np.isfinite(values).all() for values in self._now.metrics):
            return  # the loss is no number any more: the state before is better
        began = time.perf_counter()
        self.keep_place()
        checkpoint.save(self.run.checkpoint_path, self.model, self.progress)
        self.run.write_history(self.rows)
        ended = time.perf_counter()
        self._save_again_at = ended + SECONDS_BETWEEN_CHECKPOINTS * max(1.0, (ended - began) / SHARE_OF_CHECKPOINTS)
        self.saved, self._saved_within = len(self.rows), self._now is not None

    def keep_place(self) -> None:
        """Go on in a new folder where the run's was removed or renamed meanwhile, so that the work is not lost."""
        if processes.is_first() and self.run.is_lost:
            lost = self.run.folder
            self.run.move_beside()
            self.has_moved = True
            write_whole(self.run.recipe_path, self.recipe.to_toml())
            self.say(f"{lost} was removed or renamed while it trained: going on in {self.run.folder}")

    @property
    def kept_epoch(self) -> int:
        """The epoch, from 1, whose weights the training keeps as far as it goes."""
        return kept_epoch(self.rows, self.recipe)

    @property
    def is_over(self) -> bool:
        """Whether there is nothing left to train. An epoch that was begun is ended, whatever the clock says."""
        return self._now is None and is_over(self.rows, self.recipe, self.seconds)

    @property
    def seconds(self) -> float:
        """Spent in epochs so far, those of earlier parts of this training too."""
        return self.earlier_seconds + sum(self.epoch_seconds)

    @property
    def _spent_in_epoch(self) -> tuple[float, float]:
        """Seconds, and seconds of all cores, since the epoch began that is not done yet."""
        if self._began_epoch is None:
            return 0.0, 0.0
        return time.perf_counter() - self._began_epoch[0], time.process_time() - self._began_epoch[1]

    def _variables_to_keep(self) -> list[Any]:
        return [*trained_weights(self.model), *checkpoint.other_variables(self.model)]

    def finish(self, model: keras.Model) -> None:
        """Give the model the weights that the training keeps."""
        if self.kept:
            own = [*model.trainable_variables, *checkpoint.other_variables(model)]
            for variable, array in zip(own, self.kept, strict=True):
                variable.assign(array)
        else:
            # with averages, those: Keras's `fit` does so too, but it is not called where all epochs were done before
            model.optimizer.finalize_variable_values(model.trainable_variables)

    @property
    def progress(self) -> checkpoint.Progress:
        """How far the training is now."""
        within, of_cores = self._spent_in_epoch
        return checkpoint.Progress(
            self.rows,
            self.seconds + within,
            self.data_sha256,
            self.kept,
            self.processor_seconds + of_cores,
            self._now,
        )

    @property
    def is_within_epoch(self) -> bool:
        """Whether the training stands within an epoch."""
        return self._now is not None


class Annealing(keras.callbacks.Callback):
    """The cosine schedule of a training whose end its clock says (Loshchilov & Hutter 2017, without restarts).

    Args:
        recorder: whose epochs these are.
    """

    def __init__(self, recorder: Recorder):
        super().__init__()
        self.recorder = recorder

    def on_epoch_begin(self, epoch: int, logs: dict[str, float] | None = None) -> None:
        """Set the learning rate to what it is in the middle of the epoch."""
        recorder = self.recorder
        if recorder.is_within_epoch:  # which is gone on with
            return
        done = share_done(recorder.rows, recorder.recipe, recorder.seconds, more=0.5)
        share = SMALLEST_LEARNING_RATE + (1.0 - SMALLEST_LEARNING_RATE) * 0.5 * (1.0 + math.cos(math.pi * done))
        self.model.optimizer.learning_rate = recorder.recipe.optimizer.learning_rate * share


class StopOnInterrupt(WithinEpochs):
    """Ctrl-C ends the training after the current epoch, or block, with its state saved; a second one ends it at once.

    So does what a cluster sends before it kills, or a terminal that closes (`freyvae.signals.STOPPING`). Of several
    processes all stop where one is asked to.

    Args:
        save: saves the state; after the training it is too late, for averages then stand in the weights' place.

    Attributes:
        is_stopped: whether the training was stopped.
    """

    def __init__(self, save: Callable[[], None]):
        super().__init__()
        self.save = save
        self.is_stopped = False
        self.request = StopRequest()
        self._watching = ExitStack()

    def on_train_begin(self, logs: dict[str, float] | None = None) -> None:
        """Take over the signals, where this thread may."""
        self._watching.enter_context(self.request.watched())

    def on_epoch_end(self, epoch: int, logs: dict[str, float] | None = None) -> None:
        """Save and stop, if a signal came in this epoch. Told any earlier, Keras would stop in the middle of it."""
        self._stop_if_asked()

    def on_block_end(self, place: Place, share: float) -> None:
        """Save and stop, if a signal came in this block."""
        self._stop_if_asked()

    def _stop_if_asked(self) -> None:
        stopped_by = processes.first_said(str(int(self.request.signal)) if self.request.is_set() else "")
        if stopped_by:
            self.save()
            self.is_stopped = self.model.stop_training = True
            self.request.signal = int(stopped_by)

    def close(self) -> None:
        """The signals do again what they did before."""
        self._watching.close()


class ProgressBar(WithinEpochs):
    """One bar over the epochs with the free energy and the time left; plain lines where there is no terminal.

    A terminal that shows pictures gets a line of reconstructions after the first epoch and each quarter of the
    training.

    Args:
        recorder: whose epochs these are; it comes before this in the list of callbacks.
        say: how a plain line is said.
        images: held out, uint8 (image, height, width, channel); some of them are shown.
    """

    def __init__(self, recorder: Recorder, *, say: Callable[[str], None], images: Any = ()):
        super().__init__()
        self.recorder, self.say, self._images = recorder, say, images
        self.done, self.epochs = len(recorder.rows), recorder.recipe.training.epochs
        self._said, self._quarters = 0, -1
        self.bar = Bar(stays=True)

    def on_train_begin(self, logs: dict[str, float] | None = None) -> None:
        """Show the bar while the first epoch is compiled."""
        self._advance("compiling the training step")

    def on_epoch_end(self, epoch: int, logs: dict[str, float] | None = None) -> None:
        """Move the bar, or say a line now and then."""
        logs = logs or {}
        values = f"free energy {logs['free_energy']:.1f}"
        if "val_free_energy" in logs:
            values += f", held out {logs['val_free_energy']:.1f} nats per image"
        if self.recorder.recipe.training.patience:
            values += f", best epoch {self.recorder.kept_epoch}"
        self.done = epoch + 1
        self._advance(values)
        tenths = int(10 * self._share)
        if not sys.stderr.isatty() and (tenths > self._said or self.recorder.is_over):
            self._said = tenths
            self.say(f"epoch {epoch + 1}/{self.epochs}: {values}")
        if len(self._images) and self.bar.graphics and (quarters := int(4 * self._share)) > self._quarters:
            self._show_reconstructions(quarters)

    def _show_reconstructions(self, quarters: int) -> None:
        some = evenly_chosen(self._images, SHOWN)
        if self._quarters < 0:
            self.bar.picture(_in_a_row(in_colour(some)), "held out")
        self._quarters = quarters
        self.bar.picture(_in_a_row(to_bytes(self.model.reconstruct(some))), f"epoch {self.done}")

    def on_block_end(self, place: Place, share: float) -> None:
        """Move the bar within a long epoch."""
        recorder = self.recorder
        done = share_done(recorder.rows, recorder.recipe, recorder.seconds, more=share)
        self.bar.advance(done, 1.0, f"epoch {self.done + 1}/{self.epochs}, {100 * share:.0f} % of it")

    def close(self) -> None:
        """Leave the terminal as it was, however the training ended."""
        self.bar.close()

    @property
    def _share(self) -> float:
        return share_done(self.recorder.rows, self.recorder.recipe, self.recorder.seconds)

    def _advance(self, values: str) -> None:
        self.bar.advance(self._share, 1.0, f"epoch {self.done}/{self.epochs}: {values}")


def _in_a_row(images: np.ndarray) -> np.ndarray:
    return mosaic(images, columns=len(images), gap=1)


def _in_order(logs: dict[str, float]) -> list[tuple[str, float]]:
    """loss, free_energy, distortion, rate, the rest, then the same with val_."""
    first = ["loss", "free_energy", "distortion", "rate"]

    def place(name: str) -> tuple[bool, int, str]:
        plain = name.removeprefix("val_")
        return name.startswith("val_"), first.index(plain) if plain in first else len(first), plain

    return sorted(logs.items(), key=lambda item: place(item[0]))
