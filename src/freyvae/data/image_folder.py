"""Reads a folder of pictures, in any mix of sizes, modes and depths."""

from collections import Counter
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

import numpy as np

from freyvae.arguments import truth
from freyvae.console import Progress, checked_progress, each, printable, shown
from freyvae.data.copies import copies_note
from freyvae.data.folder_walk import find_pictures
from freyvae.data.image_size import ImageSize, parse_image_size
from freyvae.data.images import Images, ImageSet, have_said
from freyvae.data.labels import labels_of_folders
from freyvae.data.levels import Levels, Survey, dark_note, parse_levels
from freyvae.data.picture_file import SUFFIXES, Stored, Unreadable, read_picture, size_of_picture
from freyvae.errors import BadInput
from freyvae.files import as_path
from freyvae.memory import check_fits


def load_folder(
    folder: str | Path,
    *,
    image_size: ImageSize = None,
    grey: bool = False,
    strict: bool = False,
    levels: Levels = None,
    progress: bool | Progress = False,
) -> ImageSet:
    """Read every picture in a folder and its subfolders, in natural order (2 before 10).

    The formats are PNG, JPEG, WebP, BMP, GIF, TIFF, PGM and PPM, and also JPEG 2000 and AVIF if the installed Pillow
    supports them. Hidden files and files of other kinds are passed over. Links are followed, and no file is read twice.
    EXIF orientation is applied, transparent pixels are laid on white, and palettes become colours. The first frame or
    page of a file is taken. The images are grey if every picture is grey (red, green and blue are equal), and colour
    otherwise.

    Pixels of more than 8 bits become bytes by one rule for the whole set, `levels`. Without `levels`, integers with a
    maximum of 64 to 255 are bytes, integers with a maximum of 32768 to 65535 are divided by 257, and floats must lie in
    [0, 1]. Other values are refused.

    Args:
        folder: the folder.
        image_size: `"28x20"` (height, width), `(28, 20)` or one number for a square. Pictures are scaled (Lanczos)
            until they cover it and cropped about the centre. Without it all pictures must have the same size.
        grey: turn colour into grey (ITU-R 601 luma).
        strict: refuse the folder if a picture can't be read. Otherwise that picture is left out.
        levels: as in `as_images`. `auto` takes the lowest and the highest value of the whole set.
        progress: receives the progress; True draws a bar on stderr, if that is a terminal.

    Returns:
        `images` is uint8 (image, height, width, 1 or 3), `files` are relative to `folder`, `labels` are its sub-folders
        if all pictures lie in such and there are several, `unreadable` lists the pictures left out, and `notes` says
        what was passed over or lost.

    Raises:
        BadInput: there is no such folder, no picture in it, or none that can be read; the pictures have different
            sizes, values of uncertain range, or need more than the memory; or one is unreadable and `strict` is set.
    """
    folder = as_path("folder", folder)
    where = printable(folder)
    size, wanted = parse_image_size(image_size), parse_levels(levels)
    grey, strict, progress = truth("grey", grey), truth("strict", strict), checked_progress(progress)
    if not folder.is_dir():
        raise BadInput(f"{where}: no such folder")
    found = find_pictures(folder, SUFFIXES)
    if not found.pictures and not found.closed:
        passed = f" ({found.notes[0]})" if found.notes else ""
        raise BadInput(f"{where}: no pictures in this folder{passed}; it needs files ending in {', '.join(SUFFIXES)}")
    reading = _Reading(folder, found.pictures, Survey(where, wanted), size=size, grey=grey, asked=wanted is not None)
    # pictures whose rule depends on the whole set are read twice, so that they need not be kept in memory
    with shown(progress) as told:
        for file in each(found.pictures, told, "reading pictures"):
            reading.look(file)
        for file in each(tuple(reading.waiting), told, "reading pictures again"):
            reading.read(file)
    kept = [file for file in found.pictures if file in reading.pictures]
    unreadable = [*found.closed, *(f"{printable(file)}: {reason}" for file, reason in reading.unreadable.items())]
    if unreadable and (strict or not kept):
        more = f", and {len(unreadable) - 1} more" if len(unreadable) > 1 else ""
        hint = "mend or remove it, or leave out strict=True" if kept else "not one picture can be read"
        raise BadInput(f"{where}: unreadable: {unreadable[0]}{more}; {hint}")
    pictures = [reading.pictures[file] for file in kept]
    if any(pixels.shape[2] == 3 for pixels in pictures):
        pictures = [np.broadcast_to(pixels, (*pixels.shape[:2], 3)) for pixels in pictures]
    images = np.stack(pictures)
    notes = [*found.notes, *reading.notes(), dark_note(images, levels), copies_note(images)]
    have_said(*notes)
    return ImageSet(
        images=images,
        name=printable(folder.resolve().name),
        is_video=False,
        files=tuple(kept),
        labels=labels_of_folders(kept),
        unreadable=tuple(unreadable),
        notes=tuple(filter(None, notes)),
        levels=reading.levels,
        lost=reading.survey.lost,
    )


class _Reading:
    """Reads the pictures of a folder and converts them to bytes.

    Args:
        folder: the folder.
        files: the pictures in it.
        survey: collects the range of the values.
        size: (height, width) of the images, or None.
        grey: turn colour into grey.
        asked: whether `levels` was given.
    """

    def __init__(
        self,
        folder: Path,
        files: Sequence[str],
        survey: Survey,
        *,
        size: tuple[int, int] | None,
        grey: bool,
        asked: bool,
    ) -> None:
        self.survey = survey
        self.pictures: dict[str, Images] = {}
        self.waiting: dict[str, str] = {}  # pictures to read again when all were seen, with the kind of their values
        self.unreadable: dict[str, str] = {}
        self._folder = folder
        self._files = files
        self._size = size
        self._grey = grey
        self._asked = asked
        self._first: tuple[int, ...] | None = None
        self._sizes: dict[str, tuple[int, int]] = {}
        self._has_own_rule = False
        self._with_more: list[str] = []
        self._kinds: dict[str, int] = {}

    def look(self, file: str) -> None:
        """Read a picture. Keep it, or let it wait until all were seen."""
        stored = self._stored(file)
        if stored is None:
            return
        height, width = stored.values.shape[:2]
        self._sizes[file] = height, width
        if self._first is None:
            self._check_memory(stored)
        self._check_size(stored)
        self._kinds[stored.kind] = self._kinds.get(stored.kind, 0) + 1
        self._has_own_rule |= stored.has_own_rule
        if stored.has_more:
            self._with_more.append(file)
        levels = self.survey.tell_at_once(stored.kind)
        if levels is None:
            self.survey.see(stored.values, stored.kind)
            self.waiting[file] = stored.kind
        else:
            self.survey.count(stored.values, stored.kind)
            self._keep(file, stored, levels)

    def read(self, file: str) -> None:
        """Read a picture that waited."""
        stored = self._stored(file)
        if stored is None:
            return
        if stored.kind != self.waiting[file]:
            self.unreadable[file] = "changed while it was read"
            return
        self._check_size(stored)
        self._keep(file, stored, self.survey.rule(stored.kind))

    @property
    def levels(self) -> str | None:
        """As in `ImageSet`; None if none were given and the pictures have no rule in common."""
        one_rule = len(self._kinds) == 1 and not self._has_own_rule
        return self.survey.levels if self._asked or one_rule else None

    def notes(self) -> list[str]:
        """Remarks about the values."""
        notes = list(self.survey.notes)
        if self._asked and len(self._kinds) > 1:
            kinds = ", ".join(f"{count} of {kind}" for kind, count in sorted(self._kinds.items()))
            notes.append(f"levels {self.survey.levels} were taken for pictures of different depths: {kinds}")
        if self._with_more:
            others = f" and {len(self._with_more) - 1} more" if len(self._with_more) > 1 else ""
            notes.append(
                f"only the first page or frame of {printable(self._with_more[0])}{others} was read; to read all of "
                "them, give that file instead of the folder"
            )
        return notes

    def _stored(self, file: str) -> Stored | None:
        try:
            return read_picture(self._folder / file)
        except Unreadable as reason:
            self.unreadable[file] = str(reason)
            return None

    def _check_memory(self, first: Stored) -> None:
        height, width = self._size or first.values.shape[:2]
        try:
            # twice: the single pictures, and the array that they are stacked in
            check_fits(2 * len(self._files) * height * width, printable(self._folder), "give a smaller image_size=...")
        except BadInput:
            self._look_at_sizes()
            if self._size is None and len(set(self._sizes.values())) > 1:  # the first may be the only large one
                raise self._of_different_sizes() from None
            raise

    def _check_size(self, stored: Stored) -> None:
        shape = self._size or stored.values.shape[:2]
        if self._first is None:
            self._first = shape
        if shape != self._first:
            self._look_at_sizes()
            raise self._of_different_sizes()

    def _look_at_sizes(self) -> None:
        """Find the sizes of the pictures that were not read yet, if their headers can be read."""
        for file in self._files:
            if file not in self._sizes:
                with suppress(Unreadable):
                    self._sizes[file] = size_of_picture(self._folder / file)

    def _of_different_sizes(self) -> BadInput:
        """Propose one size: that of all but one, or the median. If most have one size, it is the median."""
        where, sizes = printable(self._folder), self._sizes
        (common, many), *_ = Counter(sizes.values()).most_common()
        if len(sizes) > 2 and many == len(sizes) - 1:
            file = next(file for file, size in sizes.items() if size != common)
            return BadInput(
                f"{where}: {printable(file)} is {_size(sizes[file])} (height x width), and all {many} others are "
                f'{_size(common)}; remove it, or bring it to their size with image_size="{_size(common)}"'
            )
        ordered = sorted(sizes.values(), key=lambda size: (size[0] * size[1], size))
        chosen = ordered[len(ordered) // 2]
        # what pictures are multiplied by until they cover the size
        scales = [max(chosen[0] / height, chosen[1] / width) for height, width in ordered]
        larger, smaller = sum(scale < 1 for scale in scales), sum(scale > 1 for scale in scales)
        return BadInput(
            f"{where}: pictures of different sizes, from {_size(ordered[0])} to {_size(ordered[-1])} (height x width); "
            f'bring them to one with image_size="{_size(chosen)}", the median: '
            f"{larger} are larger and {smaller} smaller"
        )

    def _keep(self, file: str, stored: Stored, levels: tuple[float, float]) -> None:
        self.pictures[file] = stored.to_image(levels, asked=self._asked, size=self._size, grey=self._grey)


def _size(shape: tuple[int, ...]) -> str:
    return f"{shape[0]}x{shape[1]}"
