"""The pictures of the study, from the archives in `$FREYVAE_DATA` to one .npy file a set."""

import os
import tarfile
import tempfile
from pathlib import Path

import numpy as np

from freyvae.data import load_images
from freyvae.errors import BadInput
from freyvae.files import replacing

SETS = ("emoji", "photos32", "olivetti")
# of each of the ten classes of photos: part of the archive, first and last
PHOTOS = (("train", 0, 1000), ("train", 1000, 1100), ("test", 0, 200))


def prepare(folder: Path) -> None:
    """Write the sets that a folder lacks, `SETS`, uint8 (image, height, width, channel).

    The photos are 10,000 for training, 1,000 for validation and 2,000 for the test, one after another, each with as
    many of every class. The faces are ten of each of 40 people, person after person.

    Raises:
        BadInput: an archive is missing.
    """
    folder.mkdir(parents=True, exist_ok=True)
    for name in SETS:
        path = folder / f"{name}.npy"
        if not path.is_file():
            images = _read(name)
            with replacing(path) as temporary, temporary.open("wb") as file:
                np.save(file, images)


def _read(name: str) -> np.ndarray:
    archive = Path(os.environ.get("FREYVAE_DATA", "data")) / f"{name}.tar.gz"
    with tempfile.TemporaryDirectory() as temporary:
        try:
            with tarfile.open(archive) as opened:
                opened.extractall(temporary, filter="data")
        except (OSError, EOFError, tarfile.TarError) as error:
            raise BadInput(f"{archive} cannot be read: set FREYVAE_DATA to the folder of the archives") from error
        if name == "photos32":
            return _chosen_photos(Path(temporary) / name)
        return load_images(Path(temporary) / name).images


def _chosen_photos(folder: Path) -> np.ndarray:
    chosen = []
    for part, first, last in PHOTOS:
        for label in sorted((folder / part).iterdir()):
            chosen.append(load_images(label).images[first:last])
    return np.concatenate(chosen)
