"""Pictures out of one file, such as an archive: they are written to a temporary folder, and read as a folder's are."""

import shutil
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from freyvae.console import printable
from freyvae.data.picture_files import PictureFiles, numbered
from freyvae.errors import BadInput
from freyvae.memory import size_in_words

_AT_ONCE = 2**20


@contextmanager
def unpacking(path: Path) -> Iterator["Unpacked"]:
    """Give an empty place for the pictures of `path`. It is removed at the end of the block.

    Raises:
        BadInput: there is no temporary folder that can be written.
    """
    try:
        folder = Path(tempfile.mkdtemp(prefix="freyvae-"))
    except OSError as error:
        raise BadInput(
            f"{printable(path)}: its pictures can't be unpacked ({error.strerror or error}); set TMPDIR to a folder "
            "that can be written"
        ) from None
    try:
        yield Unpacked(path, folder)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


class Unpacked:
    """Pictures of one file in a temporary folder.

    On disk they are numbered, so that no name in the file can lead out of the folder, or be one that the disk refuses.

    Args:
        path: the file, or folder of files, that the pictures come from.
        folder: an empty folder.
    """

    def __init__(self, path: Path, folder: Path):
        self._path, self._folder = path, folder
        self._numbers: dict[str, int] = {}
        self._written = 0
        self._free = shutil.disk_usage(folder).free

    @property
    def names(self) -> tuple[str, ...]:
        """The names of the pictures that were written, in that order."""
        return tuple(self._numbers)

    def check_room(self, size: int) -> None:
        """Raise `BadInput` if there is no room on the disk for `size` bytes beside what was written."""
        if self._written + size > self._free:
            raise BadInput(
                f"{printable(self._path)}: its pictures need {size_in_words(self._written + size)}, more than the "
                f"{size_in_words(self._free)} that are free in {printable(self._folder.parent)}; if it is not "
                "damaged, set TMPDIR to a folder with more room"
            )

    def write(self, name: str, content: IO[bytes], size: int) -> None:
        """Write a picture. One of the same name is replaced, as an archive's programs do.

        Args:
            name: what the picture is called, and if it lies in folders they too, with slashes.
            content: its bytes, from the beginning. What it raises is passed on.
            size: how many it claims to have.

        Raises:
            BadInput: there is no room for it.
        """
        self.check_room(size)
        number = self._numbers.setdefault(name, len(self._numbers))
        block, mode = content.read(_AT_ONCE), "wb"
        while block or mode == "wb":
            # a full disk may be found only where the file is closed
            try:
                with (self._folder / str(number)).open(mode) as file:
                    file.write(block)
            except OSError as error:
                raise self._no_room(error) from None
            self._written += len(block)
            block, mode = content.read(_AT_ONCE), "ab"

    def files(
        self,
        *,
        name: str,
        order: Sequence[str] | None = None,
        labels: Sequence[str | None] | None = None,
        notes: Sequence[str] = (),
    ) -> PictureFiles:
        """The pictures, for as long as the folder is there.

        Args:
            name: of the set.
            order: all names, in the order wanted; by default as they were written.
            labels: a label for each of these. None for all of them if they have none.
            notes: remarks on the file.
        """
        names = self.names if order is None else tuple(order)
        for place, picture in enumerate(names):
            (self._folder / str(self._numbers[picture])).rename(self._folder / numbered(place))
        return PictureFiles(self._folder, self._path, printable(name), names, labels, notes)

    def _no_room(self, error: OSError) -> BadInput:
        return BadInput(
            f"{printable(self._path)}: its pictures can't be unpacked to {printable(self._folder.parent)} "
            f"({error.strerror or error}); set TMPDIR to a folder with more room"
        )
