"""Follows a training: its history, and now and then what the model makes of some images."""

import base64
import io
import threading
import time
from collections.abc import Callable
from typing import Any

import numpy as np
from PIL import Image

from freyvae.codes import names_of_latents, widest_latents
from freyvae.data.pixels import evenly_chosen
from freyvae.live.feed import Feed
from freyvae.model import VAE
from freyvae.mosaic import in_colour, mosaic, to_bytes
from freyvae.training.callbacks import Recorder
from freyvae.training.data import TrainingData
from freyvae.training.stopping import share_done
from freyvae.training.tracking import Follower

SHOWN = 10  # held-out images, beside their reconstructions
SAMPLES = 30
POINTS = 400  # images whose codes are shown, at most, of each part
# of the time of the training, what pictures may take
SHARE = 0.01
_FIRST = 0.5  # seconds that the first pictures may take before that: the training has hardly begun
_BETWEEN = 0.25  # seconds from one note of the history to the next


class LiveFollower(Follower):
    """Tells a feed each epoch, and shows pictures as often as they cost at most `SHARE` of the time.

    Args:
        feed: that is told.
        on_begin: called when the training begins.

    Attributes:
        has_begun: whether it has.
        spent: seconds, on pictures.
    """

    def __init__(self, feed: Feed, *, on_begin: Callable[[], None]):
        super().__init__()
        self.feed, self._on_begin = feed, on_begin
        self.has_begun = False
        self.spent = 0.0
        self._began = self._told = 0.0
        self._rows: list[dict[str, float]] = []
        self._preparing = threading.Thread()

    def follow(self, data: TrainingData, recorder: Recorder) -> None:
        """Choose the images."""
        self._recorder = recorder
        parts = {"training": data.train, "validation": data.validation}
        chosen = {name: evenly_chosen(images, POINTS) for name, images in parts.items()}
        self._shown = evenly_chosen(data.validation, SHOWN)
        self._images = np.concatenate([self._shown, *chosen.values()])
        self._parts = {name: len(images) for name, images in chosen.items()}

    def on_train_begin(self, logs: dict[str, float] | None = None) -> None:
        """Tell what an earlier part of the training left; compile, while the training does, what the pictures need."""
        vae: VAE = self.model
        self._latents = None if vae.has_to_draw else vae.sample_latents(SAMPLES)
        decoded = len(self._shown) + (0 if self._latents is None else SAMPLES)
        self._preparing = threading.Thread(
            target=vae.prepare, kwargs={"encode": [len(self._images)], "decode": [decoded]}, daemon=True
        )
        self._preparing.start()
        self.has_begun = True
        self._on_begin()
        self._began = time.perf_counter()
        self.feed.tell(rows=self._recorder.rows, state={"state": "training", **self._progress()})

    def on_epoch_end(self, epoch: int, logs: dict[str, float] | None = None) -> None:
        """Tell the numbers; draw pictures, if the time allows."""
        self._rows.append(self._recorder.rows[-1])
        now = time.perf_counter()
        if self._recorder.is_over or now - self._told < _BETWEEN:  # of the last one `on_train_end` tells
            return
        is_due = self.spent <= SHARE * (now - self._began) + _FIRST * (self.spent == 0.0)
        if is_due and not self._preparing.is_alive():
            pictures = self._pictures(epoch + 1)
            self.spent += time.perf_counter() - now
        else:
            pictures = None
        self.feed.tell(rows=self._rows, pictures=pictures, state={"state": "training", **self._progress()})
        self._rows, self._told = [], time.perf_counter()

    def on_train_end(self, logs: dict[str, float] | None = None) -> None:
        """Show the last epoch's."""
        self._preparing.join()
        pictures = self._pictures(len(self._recorder.rows)) if self._recorder.rows else None
        self.feed.tell(rows=self._rows, pictures=pictures, state={"state": "drawing", **self._progress()})
        self._rows = []

    def _progress(self) -> dict[str, Any]:
        recorder = self._recorder
        share = share_done(recorder.rows, recorder.recipe, recorder.seconds)
        left = recorder.seconds * (1 - share) / share if share else None
        return {
            "epoch": len(recorder.rows),
            "epochs": recorder.recipe.training.epochs,
            "share": share,
            "seconds": recorder.seconds,
            "seconds_left": left,
        }

    def _pictures(self, epoch: int) -> dict[str, Any]:
        """The reconstructions, the samples, and where the codes lie, of the two latents that vary most."""
        vae: VAE = self.model
        codes = np.asarray(vae.encode(self._images))
        shown, rest = codes[: len(self._shown)], codes[len(self._shown) :]
        if vae.groups_below:  # which their means are drawn from, given the image or the groups above
            decoded = vae.reconstruct(self._shown)
            if self._latents is not None:
                decoded = np.concatenate([decoded, vae.sample_means(self._latents)])
        else:
            decoded = np.asarray(vae.decode(shown if self._latents is None else np.concatenate([shown, self._latents])))
        pictures: dict[str, Any] = {
            "epoch": epoch,
            "reconstructions": _png(
                np.concatenate([in_colour(self._shown), to_bytes(decoded[: len(shown)])]), len(shown)
            ),
        }
        if self._latents is not None:
            pictures["samples"] = _png(to_bytes(decoded[len(shown) :]), SHOWN)
        axes = widest_latents(rest)
        names = names_of_latents(vae.latent_dim, self._recorder.recipe.latent_names)
        pictures["codes"] = {
            "axes": [names[axis] for axis in axes],
            "points": np.round(rest[:, axes], 3).tolist(),
            "parts": self._parts,
        }
        return pictures


def _png(images: np.ndarray, columns: int) -> str:
    """Images side by side, as an address of data."""
    content = io.BytesIO()
    Image.fromarray(mosaic(images, columns=columns, gap=1)).save(content, "PNG", compress_level=1)
    return f"data:image/png;base64,{base64.b64encode(content.getvalue()).decode()}"
