"""Files of pictures that lie in a folder, and what the source that they are of calls them."""

import dataclasses
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from freyvae.console import printable
from freyvae.data.image_folder import load_folder
from freyvae.data.images import ImageSet
from freyvae.data.labels import labels_of_folders
from freyvae.errors import BadInput

# a name that no picture of a person has
_NUMBERED = re.compile(r"\bfreyvae-unpacked-(\d+)\.png")


def numbered(place: int) -> str:
    """The name on disk of a picture that a source calls otherwise; the number gives its place among all of them."""
    return f"freyvae-unpacked-{place}.png"


@dataclasses.dataclass(frozen=True)
class PictureFiles:
    """Pictures in a folder. Where they came out of an archive or a table they are `numbered` there.

    Attributes:
        folder: where they lie.
        source: what they are of, as it was given.
        name: of the set.
        names: what the source calls them, in their order; None where they are called as they are.
        labels: one for each of `names`; None of one that has none, or for all.
        notes: remarks on the source.
    """

    folder: Path
    source: Path
    name: str
    names: Sequence[str] | None = None
    labels: Sequence[str | None] | None = None
    notes: Sequence[str] = ()

    def called(self, file: str) -> str:
        """What the source calls a file of the folder."""
        return file if self.names is None else self.names[_place(file)]

    def labels_of(self, files: Sequence[str]) -> tuple[tuple[str, ...] | None, list[str]]:
        """The labels of files of the folder, and a note if only some have one."""
        if self.names is None:
            return labels_of_folders(files), []
        found = [None if self.labels is None else self.labels[_place(file)] for file in files]
        known = tuple(label for label in found if label is not None)
        if len(known) == len(files):
            return known, []
        return None, [
            f"{len(known):,} of {len(files):,} pictures have a label, so the labels were left out"
        ] if known else []

    def in_its_words(self, line: str) -> str:
        """A line about the folder as one about the source."""
        if self.names is None:
            return line
        names = self.names
        line = line.replace(printable(self.folder), printable(self.source))
        return _NUMBERED.sub(lambda match: printable(names[int(match[1])]), line)

    @contextmanager
    def saying_so(self) -> Iterator[None]:
        """Raise any `BadInput` of the block with a line about the source."""
        try:
            yield
        except BadInput as error:
            raise BadInput(self.in_its_words(str(error))) from None

    def load(self, **choices: Any) -> ImageSet:
        """Read all of them as `load_folder` does, with its arguments and errors, called as the source calls them."""
        with self.saying_so():
            images = load_folder(self.folder, **choices)
        files = images.files or ()
        labels, more = self.labels_of(files)
        return dataclasses.replace(
            images,
            name=self.name,
            files=tuple(map(self.called, files)),
            labels=labels,
            unreadable=tuple(map(self.in_its_words, images.unreadable)),
            notes=(*self.notes, *more, *map(self.in_its_words, images.notes)),
        )


def _place(file: str) -> int:
    match = _NUMBERED.fullmatch(file)
    assert match is not None
    return int(match[1])
