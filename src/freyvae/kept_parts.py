"""Parts of a long computation, kept beside its result until that is written: the same call goes on from them."""

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from freyvae.files import replacing, sha256_of
from freyvae.late import keras
from freyvae.version import __version__

# of work that an end may cost; what is over sooner writes nothing
SECONDS_BETWEEN_SAVES = 10.0
_FORMAT = 1


@dataclass(frozen=True, eq=False)
class Part:
    """What was found of some images.

    Attributes:
        columns: name -> (image, ...).
        state: what the next part is computed from, besides the images; None where nothing is.
    """

    columns: Mapping[str, np.ndarray]
    state: np.ndarray | None = None

    def __len__(self) -> int:
        return len(next(iter(self.columns.values())))


# of all images from a number on, after the part before, where there is one
Parts = Callable[[int, Part | None], Iterator[Part]]


def computed_by(model: Path) -> str:
    """By what results of a model are known again: its file, and the version and the backend that compute them."""
    return f"{__version__} {keras.backend.backend()} {sha256_of(model)}"


class KeptParts:
    """Parts in a folder, each in a file named for its first image.

    Args:
        folder: where they are, if there are any.
        known_by: says by which text the computation is known again; asked only if there is something to keep.
        say: told that something is gone on with.
    """

    def __init__(self, folder: Path, known_by: Callable[[], str], say: Callable[[str], None]) -> None:
        self._folder, self._known_by, self._say = folder, known_by, say
        self._waiting: list[Part] = []
        self._first = 0  # of those that wait
        self._saved_at = time.monotonic()

    def each(self, count: int, compute: Parts) -> Iterator[Part]:
        """All parts of so many images: those that are kept, and then those that `compute` finds."""
        last: Part | None = None
        for last in self._kept():
            self._first += len(last)
            yield last
        if last is not None:
            self._say(f"going on after {self._first:,} of {count:,} images")
        self._saved_at = time.monotonic()
        if self._first < count:
            for part in compute(self._first, last):
                self._waiting.append(part)
                if self._is_worth_it():
                    self.save()
                yield part

    def save(self) -> None:
        """Write what was found since the last time."""
        if self._waiting:
            arrays: dict[str, Any] = {
                f"column-{name}": np.concatenate([part.columns[name] for part in self._waiting])
                for name in self._waiting[0].columns
            }
            state = self._waiting[-1].state
            arrays |= {"about": np.array(_about(self._known_by()))} | ({} if state is None else {"state": state})
            with replacing(self._folder / f"{self._first:012d}.npz") as path:
                np.savez(path, **arrays)
            self._first += sum(map(len, self._waiting))
            self._waiting.clear()
        self._saved_at = time.monotonic()

    def save_what_is_worth_it(self) -> None:
        """Write what was found, unless nothing was before, and it was quick."""
        if self._first or self._is_worth_it():
            self.save()

    def _is_worth_it(self) -> bool:
        return time.monotonic() - self._saved_at >= SECONDS_BETWEEN_SAVES

    def _kept(self) -> Iterator[Part]:
        """Those in the folder, as far as they follow one another; of another computation they are thrown away."""
        if not self._folder.is_dir():
            return
        first, about = 0, _about(self._known_by())
        while (path := self._folder / f"{first:012d}.npz").is_file():
            try:
                with path.open("rb") as file, np.load(file, allow_pickle=False) as saved:
                    if str(saved["about"]) != about:
                        break
                    names = [name for name in saved.files if name.startswith("column-")]
                    columns = {name.removeprefix("column-"): saved[name] for name in names}
                    part = Part(columns, saved["state"] if "state" in saved.files else None)
            except Exception:  # a damaged file, of which numpy and zipfile raise almost anything
                break
            yield part
            first += len(part)
        self._remove(first)

    def remove(self) -> None:
        """Remove all of them, and the folder."""
        self._remove(0)
        with suppress(OSError):  # there is none, or something else is in it
            self._folder.rmdir()

    def _remove(self, first: int) -> None:
        for path in self._folder.glob("*.npz"):
            if path.stem.isdigit() and int(path.stem) >= first:
                path.unlink(missing_ok=True)


def _about(known_by: str) -> str:
    return f"format {_FORMAT}: {known_by}"


@contextmanager
def keeping(result: Path, known_by: Callable[[], str], say: Callable[[str], None]) -> Iterator[KeptParts]:
    """Keep parts in a folder beside the result, `.parts` behind its name, until the block is done.

    Where the block is interrupted, what was found stays, and the next one of the same computation goes on from there.
    """
    parts = KeptParts(result.with_name(f"{result.name}.parts"), known_by, say)
    try:
        yield parts
    except KeyboardInterrupt:
        parts.save_what_is_worth_it()
        raise
    parts.remove()
