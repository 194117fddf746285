"""What cases work on: a few tiny images, a model of them, and runs, made once in a folder of its own."""

import json
import os
import shutil
import signal
from contextlib import suppress
from functools import cached_property
from pathlib import Path
from typing import Any

import keras
import numpy as np
from PIL import Image

from freyvae import VAE, Recipe, Run, evaluation, train
from freyvae.codes import write_codes
from freyvae.data import ImageSet, load_images, pack
from freyvae.training import Interrupted
from fuzz.oracle import quiet

SHAPE = (6, 5, 1)


class World:
    """Things that are right, for cases to make wrong.

    Args:
        folder: for all files; what a case writes goes into `scratch`, which `clear` empties.
    """

    def __init__(self, folder: Path):
        self.folder = folder
        self.scratch = folder / "scratch"
        self.clear()

    def clear(self) -> None:
        """Forget what the last case has left, and stand in an empty folder."""
        os.chdir(self.folder)
        shutil.rmtree(self.scratch, ignore_errors=True)
        self.scratch.mkdir()
        os.chdir(self.scratch)

    @cached_property
    def images(self) -> np.ndarray:
        """Uint8 (40, 6, 5, 1), of every level."""
        return np.random.default_rng(0).integers(0, 256, (40, *SHAPE), dtype=np.uint8)

    @cached_property
    def array_file(self) -> Path:
        """The images as a .npy file."""
        path = self.folder / "images.npy"
        np.save(path, self.images)
        return path

    @cached_property
    def picture_folder(self) -> Path:
        """Some of the images as a folder of PNGs."""
        folder = self.folder / "pictures"
        folder.mkdir()
        for number, image in enumerate(self.images[:12]):
            Image.fromarray(image[..., 0]).save(folder / f"{number}.png")
        return folder

    @cached_property
    def pack(self) -> Path:
        """The images as a pack, with names and labels."""
        folder, numbers = self.folder / "images.pack", range(len(self.images))
        files, labels = [f"{number}.png" for number in numbers], ["ab"[number % 2] for number in numbers]
        pack(ImageSet(self.images, "images", is_video=False, files=files, labels=labels), folder)
        return folder

    @cached_property
    def choices(self) -> dict[str, Any]:
        """Of a recipe that trains in a moment."""
        return {
            "name": "tiny",
            "data": str(self.array_file),
            "split": "random",
            "validation": 5,
            "test": 5,
            "hidden": (4,),
            "batch_size": 10,
            "epochs": 3,
        }

    @cached_property
    def recipe(self) -> Recipe:
        """That recipe."""
        return Recipe().replace(**self.choices)

    def new_vae(self, **choices: Any) -> VAE:
        """A model that is compiled, and not trained."""
        vae = VAE(SHAPE, 2, seed=0, **choices)
        vae.compile("adam")
        return vae

    @cached_property
    def vae(self) -> VAE:
        """A model that has trained an epoch."""
        vae = self.new_vae()
        with quiet():
            vae.fit(self.images, epochs=1, batch_size=10, verbose=0)
        return vae

    @cached_property
    def run(self) -> Run:
        """A run that is finished and measured."""
        run = train(self.recipe, self.folder / "run", quiet=True)
        evaluation.measure(run, samples=2, progress=False)
        return run

    @cached_property
    def unfinished_run(self) -> Run:
        """The same run, stopped before its last epoch."""
        folder = self.folder / "unfinished"

        def stop(line: str) -> None:
            if line.startswith("epoch 1/"):
                os.kill(os.getpid(), signal.SIGINT)

        with suppress(Interrupted), quiet():
            train(self.recipe, folder, say=stop)
        run = Run(folder)
        assert run.checkpoint_path.is_file(), "the training was not stopped"
        return run

    @cached_property
    def codes(self) -> np.ndarray:
        """What the run makes of its images, float32 (40, 2)."""
        return self.run.load_model().encode(load_images(self.array_file).images)

    @cached_property
    def codes_file(self) -> Path:
        """The codes as a .csv file."""
        path = self.folder / "codes.csv"
        write_codes(path, self.codes)
        return path

    @cached_property
    def measures(self) -> dict[str, float]:
        """The numbers of the run's `metrics.json`."""
        return numbers_of(self.run)

    @cached_property
    def callback(self) -> keras.callbacks.Callback:
        """One that does nothing."""
        return keras.callbacks.Callback()


def numbers_of(run: Run) -> dict[str, float]:
    """The nats and grey levels that stand in a run's `metrics.json`."""
    metrics = json.loads(run.metrics_path.read_text())
    return {key: value for key, value in metrics.items() if key.endswith(("_nats", "_per_dim", "_grey_levels"))}
