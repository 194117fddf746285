"""What happens after each epoch of a run: record it, save it, show it, and stop when told or when it is lost."""

import math
import signal
import sys
import time
from collections.abc import Callable
from types import FrameType
from typing import Any

import keras

from freyvae.errors import TrainingFailed
from freyvae.run import Run
from freyvae.training import checkpoint

SECONDS_BETWEEN_CHECKPOINTS = 1.0


class Recorder(keras.callbacks.Callback):
    """Keeps the history and the clock, writes checkpoints, and stops on a loss that is no number.

    Args:
        run: where to write.
        progress: what an earlier part of this training left.
    """

    def __init__(self, run: Run, progress: checkpoint.Progress):
        super().__init__()
        self.run = run
        self.rows = list(progress.rows)
        self.data_sha256 = progress.data_sha256
        self.earlier_seconds = progress.seconds
        self.epoch_seconds: list[float] = []
        self.compile_seconds = 0.0
        self.saved = len(self.rows)
        self._saved_at = -math.inf

    def on_train_begin(self, logs: dict[str, float] | None = None) -> None:
        """Start the clock of the compilation."""
        self._began = time.perf_counter()

    def on_epoch_begin(self, epoch: int, logs: dict[str, float] | None = None) -> None:
        """Start the clock of the epoch."""
        self._epoch_began = time.perf_counter()
        if not self.epoch_seconds:
            self.compile_seconds = self._epoch_began - self._began

    def on_epoch_end(self, epoch: int, logs: dict[str, float] | None = None) -> None:
        """Record the epoch; refuse a loss that is no number; save what is good."""
        self.epoch_seconds.append(time.perf_counter() - self._epoch_began)
        row = {name: float(value) for name, value in _in_order(logs or {})}
        if not all(math.isfinite(value) for value in row.values()):
            raise TrainingFailed(
                f"the loss is no longer a number in epoch {epoch + 1}: lower --learning-rate and train with --fresh"
                + (f"; {self.run.checkpoint_path} keeps the state after epoch {self.saved}" if self.saved else "")
            )
        self.rows.append({"epoch": epoch + 1, **row})
        if time.perf_counter() - self._saved_at > SECONDS_BETWEEN_CHECKPOINTS:
            self.save()

    def save(self) -> None:
        """Write the checkpoint, and the history as far as it goes."""
        checkpoint.save(self.run.checkpoint_path, self.model, self.progress)
        self.run.write_history(self.rows)
        self._saved_at = time.perf_counter()
        self.saved = len(self.rows)

    @property
    def progress(self) -> checkpoint.Progress:
        """How far the training is now."""
        return checkpoint.Progress(self.rows, self.earlier_seconds + sum(self.epoch_seconds), self.data_sha256)


class StopOnInterrupt(keras.callbacks.Callback):
    """Ctrl-C ends the training after the current epoch, with its state whole; a second one ends it at once."""

    interrupted = False

    def on_train_begin(self, logs: dict[str, float] | None = None) -> None:
        """Take over Ctrl-C, where this thread may."""
        try:
            self._before = signal.signal(signal.SIGINT, self._stop)
        except ValueError:  # not the main thread: somebody else minds the signals
            self._before = None

    def _stop(self, number: int, frame: FrameType | None) -> None:
        self.interrupted = True
        self.model.stop_training = True
        self.give_back()

    def give_back(self) -> None:
        """Ctrl-C does again what it did before."""
        if self._before is not None:
            signal.signal(signal.SIGINT, self._before)
            self._before = None


class ProgressBar(keras.callbacks.Callback):
    """One bar over the epochs with the free energy and the time left; plain lines where there is no terminal.

    Args:
        done: epochs done before.
        epochs: epochs in all.
        say: how a plain line is said.
    """

    def __init__(self, *, done: int, epochs: int, say: Callable[[str], None]):
        super().__init__()
        self.done, self.epochs, self.say = done, epochs, say
        self.bar: Any = None

    def on_train_begin(self, logs: dict[str, float] | None = None) -> None:
        """Show the bar, if somebody can see it."""
        if not sys.stderr.isatty():
            return
        from rich import progress
        from rich.console import Console

        self.bar = progress.Progress(
            progress.TextColumn("training"),
            progress.BarColumn(),
            progress.TextColumn("epoch {task.completed:.0f}/{task.total:.0f}"),
            progress.TextColumn("{task.fields[values]}"),
            progress.TimeRemainingColumn(),
            console=Console(stderr=True),
        )
        self.bar.start()
        self.task = self.bar.add_task("training", total=self.epochs, completed=self.done, values="compiling")

    def on_epoch_end(self, epoch: int, logs: dict[str, float] | None = None) -> None:
        """Move the bar, or say a line now and then."""
        logs = logs or {}
        values = f"free energy {logs['free_energy']:.1f}"
        if "val_free_energy" in logs:
            values += f", held out {logs['val_free_energy']:.1f} nats per image"
        if self.bar is not None:
            self.bar.update(self.task, completed=epoch + 1, values=values)
        elif (epoch + 1) % max(1, self.epochs // 10) == 0 or epoch + 1 == self.epochs:
            self.say(f"epoch {epoch + 1}/{self.epochs}: {values}")

    def close(self) -> None:
        """Leave the terminal as it was, however the training ended."""
        if self.bar is not None:
            self.bar.stop()


def _in_order(logs: dict[str, float]) -> list[tuple[str, float]]:
    """loss, free_energy, distortion, rate, the rest, then the same with val_."""
    first = ["loss", "free_energy", "distortion", "rate"]

    def place(name: str) -> tuple[bool, int, str]:
        plain = name.removeprefix("val_")
        return name.startswith("val_"), first.index(plain) if plain in first else len(first), plain

    return sorted(logs.items(), key=lambda item: place(item[0]))
