"""A large folder is decoded once: what came of its pictures is kept as a pack, in the user's cache folder."""

import dataclasses
import hashlib
import os
import shutil
from contextlib import suppress
from importlib.metadata import version
from pathlib import Path

import numpy as np

from freyvae.console import Progress
from freyvae.data.image_folder import PicturesOfFolder, check_memory, read_all
from freyvae.data.image_size import ImageSize
from freyvae.data.images import ImageSet, have_said
from freyvae.data.levels import Levels
from freyvae.data.pack import RECORD, check_pack
from freyvae.errors import BadInput
from freyvae.version import __version__

# pictures of a folder: fewer are decoded in a few seconds
FEWEST_KEPT = 2000
# of all that is kept; what was used longest ago goes first
MOST_BYTES = 2**33


def load_kept(
    folder: Path,
    *,
    image_size: ImageSize,
    grey: bool,
    strict: bool,
    levels: Levels,
    progress: bool | Progress,
) -> ImageSet:
    """What `load_folder` reads; from the cache, where the same files were read in the same way before."""
    pictures = PicturesOfFolder(folder, image_size=image_size, grey=grey, levels=levels, check_size=check_memory)
    if len(pictures.files) < FEWEST_KEPT:
        return read_all(pictures, strict=strict, levels=levels, progress=progress)
    place = cache_folder() / f"{_known_by(folder, pictures.files, pictures.passed_over, image_size, grey, levels)}.pack"
    found = _kept(place)
    if found is None or (strict and found.unreadable):
        found = read_all(pictures, strict=strict, levels=levels, progress=progress)
        # what can't be kept is decoded again the next time
        with suppress(BadInput, OSError):
            _keep(found, place)
    return found


def cache_folder() -> Path:
    """Where the packs are, each named for what it was made of."""
    from platformdirs import user_cache_path

    return user_cache_path("freyvae", appauthor=False) / "decoded"


def _known_by(folder: Path, files: tuple[str, ...], *choices: object) -> str:
    """A hash of the files, by name, size and times, of how they are read, and by what."""
    decoder = [__version__, version("pillow")]
    digest = hashlib.sha256(repr([os.path.realpath(folder), decoder, choices]).encode("utf-8", "surrogateescape"))
    for name in files:
        try:
            about = os.stat(folder / name)
            # the second time also changes with who may read the file
            line = f"\n{name} {about.st_size} {about.st_mtime_ns} {about.st_ctime_ns}"
        except OSError:  # a link to nothing, which is left out
            line = f"\n{name}"
        digest.update(line.encode("utf-8", "surrogateescape"))
    return digest.hexdigest()


def _kept(place: Path) -> ImageSet | None:
    """What is kept, read into memory; None where nothing is, or it is damaged."""
    try:
        packed = check_pack(place)
        check_memory(str(place), len(packed), *packed.image_shape)
        os.utime(place / RECORD)
        found = dataclasses.replace(
            packed,
            images=np.asarray(packed.images[:]),
            files=None if packed.files is None else tuple(packed.files),
            labels=None if packed.labels is None else tuple(packed.labels),
            known_fingerprint=None,  # a run knows the pixels of a folder by their own
        )
    except (BadInput, OSError):
        return None
    have_said(*found.notes)
    return found


def _keep(found: ImageSet, place: Path) -> None:
    """Write a pack, and remove others until all fit."""
    from freyvae.data.packing import pack  # which loads the sources, of which a folder is one

    room = MOST_BYTES - found.images.nbytes
    place.parent.mkdir(parents=True, exist_ok=True)
    if room < 0 or 4 * found.images.nbytes > shutil.disk_usage(place.parent).free:
        return
    shutil.rmtree(place, ignore_errors=True)
    others = [path for path in place.parent.glob("*.pack") if (path / RECORD).is_file()]
    for other in sorted(others, key=lambda path: -(path / RECORD).stat().st_mtime):
        room -= sum(file.stat().st_size for file in other.iterdir())
        if room < 0:
            shutil.rmtree(other, ignore_errors=True)
    pack(found, place)
