"""Reads a folder of pictures, in any mix of sizes, modes and depths."""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

from freyvae.arguments import truth
from freyvae.console import Progress, checked_progress, printable, shown
from freyvae.data.copies import copies_note
from freyvae.data.decoding import Decoded, Decoding, Unread, decode, decoding
from freyvae.data.folder_walk import find_pictures, natural
from freyvae.data.image_size import ImageSize, parse_image_size
from freyvae.data.images import ImageSet, have_said
from freyvae.data.labels import labels_of_folders
from freyvae.data.levels import Levels, Range, Survey, dark_note, parse_levels
from freyvae.data.picture_file import SUFFIXES, Unreadable, size_of_picture
from freyvae.data.pixels import Images, stacked
from freyvae.errors import BadInput
from freyvae.files import as_path
from freyvae.memory import check_fits

# pictures that are looked at to find out whether there is colour
_FEW = 32


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
    strict, progress = truth("strict", strict), checked_progress(progress)
    pictures = PicturesOfFolder(folder, image_size=image_size, grey=grey, levels=levels, check_size=check_memory)
    return read_all(pictures, strict=strict, levels=levels, progress=progress)


def read_all(
    pictures: "PicturesOfFolder", *, strict: bool, levels: Levels, progress: bool | Progress = False
) -> ImageSet:
    """Read all pictures of a folder into memory. Arguments, results and errors are those of `load_folder`."""
    files: list[str] = []
    kept: list[Images] = []
    with shown(progress) as told:
        for picture in pictures.read(told):
            files.append(picture.file)
            kept.append(picture.image)
    pictures.check_read(len(kept), strict=strict)
    images = stacked(kept)
    notes = [*pictures.notes, dark_note(images, levels), copies_note(images)]
    have_said(*notes)
    return ImageSet(
        images=images,
        name=pictures.name,
        is_video=False,
        files=tuple(files),
        labels=labels_of_folders(files),
        unreadable=pictures.left_out,
        notes=tuple(filter(None, notes)),
        levels=pictures.levels,
        lost=pictures.lost,
    )


class Picture(NamedTuple):
    """A picture of a folder: its name there, and uint8 (height, width, 1 or 3)."""

    file: str
    image: Images


class PicturesOfFolder:
    """The pictures of a folder, one after the other, all of one height and width.

    Args:
        folder: the folder.
        image_size: as in `load_folder`.
        grey: likewise.
        levels: likewise.
        check_size: told the folder's name, how many pictures there are and the height, width and channels of an image,
            before the first picture is kept, and the first one of more channels; it may refuse them.
        rules: of kinds of values, as an earlier reading of the same pictures found them.

    Attributes:
        files: the names of all pictures, in natural order.
        name: of the set.
        rules: of kinds of values, those that follow from the whole set too as soon as it was seen.

    Raises:
        BadInput: there is no such folder, or no picture in it.
    """

    def __init__(
        self,
        folder: Path,
        *,
        image_size: ImageSize = None,
        grey: bool = False,
        levels: Levels = None,
        check_size: Callable[[str, int, int, int, int], None] | None = None,
        rules: Mapping[str, Range] | None = None,
    ) -> None:
        self._where = where = printable(folder)
        size, wanted = parse_image_size(image_size), parse_levels(levels)
        grey = truth("grey", grey)
        if not folder.is_dir():
            raise BadInput(f"{where}: no such folder")
        self._found = found = find_pictures(folder, SUFFIXES)
        if not found.pictures and not found.closed:
            passed = f" ({found.notes[0]})" if found.notes else ""
            needed = f"it needs files ending in {', '.join(SUFFIXES)}"
            raise BadInput(f"{where}: no pictures in this folder{passed}; {needed}")
        self.files, self.name = found.pictures, printable(folder.resolve().name)
        self._work = Decoding(folder, where, wanted, size, grey)
        self._check = check_size
        self.rules = dict(rules or {})
        self._survey = Survey(where, wanted)
        self._unreadable: dict[str, str] = {}
        self._first: tuple[int, int] | None = None
        self._channels = 0  # as many as there is memory for
        self._sizes: dict[str, tuple[int, int]] = {}
        self._has_own_rule = False
        self._with_more: list[str] = []
        self._kinds: dict[str, int] = {}

    def read(self, progress: Progress, *, after: int = 0) -> Iterator[Picture]:
        """Decode them, but for the first `after` files.

        From the first one on whose rule depends on the whole set, they are looked at, and then read again: so none need
        be kept in memory.

        Raises:
            BadInput: they have different sizes, values of uncertain range, or `check_size` refuses them.
        """
        waiting = list[str]()
        for decoded in self._decoded(self.files[after:], progress, "reading pictures"):
            self._note(decoded)
            if waiting or decoded.image is None:
                waiting.append(decoded.file)
            else:
                yield Picture(decoded.file, decoded.image)
        for kind in self._kinds if waiting else ():
            self.rules[kind] = self._survey.tell_at_once(kind) or self._survey.rule(kind)
        for decoded in self._decoded(waiting, progress, "reading pictures again"):
            if decoded.image is None:
                self._unreadable[decoded.file] = "changed while it was read"
            else:
                yield Picture(decoded.file, decoded.image)

    @property
    def passed_over(self) -> tuple[str, ...]:
        """What the folder holds that is not among `files`: folders that are closed, and remarks on other files."""
        return (*self._found.closed, *self._found.notes)

    def some_in_colour(self) -> bool:
        """Whether there is colour among a few of the pictures, from all over the folder."""
        step = max(1, len(self.files) // _FEW)
        answer = decode(replace(self._work, rules=dict(self.rules)), self.files[::step][:_FEW])
        found = [decoded.image for decoded in answer.pictures if isinstance(decoded, Decoded)]
        return any(image is not None and image.shape[2] == 3 for image in found)

    def check_read(self, count: int, *, strict: bool) -> None:
        """Refuse a folder of which no picture was read, or with `strict` not every one. Raises `BadInput`."""
        left_out = self.left_out
        if left_out and (strict or not count):
            more = f", and {len(left_out) - 1} more" if len(left_out) > 1 else ""
            hint = "mend or remove it, or leave out strict=True" if count else "not one picture can be read"
            raise BadInput(f"{self._where}: unreadable: {left_out[0]}{more}; {hint}")

    @property
    def left_out(self) -> tuple[str, ...]:
        """The files that can't be read, each as `name: reason`."""
        unread = sorted(self._unreadable, key=natural)
        return (*self._found.closed, *(f"{printable(file)}: {self._unreadable[file]}" for file in unread))

    @property
    def levels(self) -> str | None:
        """As in `ImageSet`; None if none were given and the pictures have no rule in common."""
        one_rule = len(self._kinds) == 1 and not self._has_own_rule
        return self._survey.levels if self._work.levels is not None or one_rule else None

    @property
    def lost(self) -> str:
        """As in `ImageSet`."""
        return self._survey.lost

    @property
    def notes(self) -> list[str]:
        """Remarks about the folder and the values."""
        notes = [*self._found.notes, *self._survey.notes]
        if self._work.levels is not None and len(self._kinds) > 1:
            kinds = ", ".join(f"{count} of {kind}" for kind, count in sorted(self._kinds.items()))
            notes.append(f"levels {self._survey.levels} were taken for pictures of different depths: {kinds}")
        if self._with_more:
            others = f" and {len(self._with_more) - 1} more" if len(self._with_more) > 1 else ""
            notes.append(
                f"only the first page or frame of {printable(self._with_more[0])}{others} was read; to read all of "
                "them, give that file instead of the folder"
            )
        return notes

    def _decoded(self, files: Sequence[str], progress: Progress, words: str) -> Iterator[Decoded]:
        """Each picture that can be read. Raises `BadInput` where sizes differ."""
        if not files:
            return
        work, done = replace(self._work, rules=dict(self.rules)), 0
        with decoding(work, files, image_bytes=self._bytes_of_image(files[0])) as answers:
            for answer in answers:
                self._survey.add(answer.survey)
                for decoded in answer.pictures:
                    progress.advance(done, len(files), words)
                    done += 1
                    if isinstance(decoded, Unread):
                        self._unreadable[decoded.file] = decoded.reason
                    else:
                        self._check_size(decoded)
                        yield decoded
        progress.advance(done, len(files), words)

    def _bytes_of_image(self, first: str) -> int:
        """About how many bytes an image has."""
        height, width = self._work.size or (1, 1)
        if self._work.size is None:
            with suppress(Unreadable):
                height, width = size_of_picture(self._work.folder / first)
        return 3 * height * width

    def _note(self, decoded: Decoded) -> None:
        self._kinds[decoded.kind] = self._kinds.get(decoded.kind, 0) + 1
        self._has_own_rule |= decoded.has_own_rule
        if decoded.has_more:
            self._with_more.append(decoded.file)

    def _check_size(self, decoded: Decoded) -> None:
        self._sizes[decoded.file] = decoded.shape
        shape = self._work.size or decoded.shape
        if self._first is None:
            self._first = shape
        channels = 1 if decoded.image is None else decoded.image.shape[2]
        if channels > self._channels:
            self._channels = channels
            self._check_memory(self._first, channels)
        if shape != self._first:
            self._look_at_sizes()
            raise self._of_different_sizes()

    def _check_memory(self, shape: tuple[int, int], channels: int) -> None:
        if self._check is None:
            return
        try:
            self._check(self._where, len(self.files), *shape, channels)
        except BadInput:
            self._look_at_sizes()
            if self._work.size is None and len(set(self._sizes.values())) > 1:  # the first may be the only large one
                raise self._of_different_sizes() from None
            raise

    def _look_at_sizes(self) -> None:
        """Find the sizes of the pictures that were not read yet, if their headers can be read."""
        for file in self.files:
            if file not in self._sizes:
                with suppress(Unreadable):
                    self._sizes[file] = size_of_picture(self._work.folder / file)

    def _of_different_sizes(self) -> BadInput:
        """Propose one size: that of all but one, or the median. If most have one size, it is the median."""
        where, sizes = self._where, self._sizes
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
        # as high or as wide, and longer the other way
        longer = len(ordered) - larger - smaller - ordered.count(chosen)
        return BadInput(
            f"{where}: pictures of different sizes, from {_size(ordered[0])} to {_size(ordered[-1])} (height x width); "
            f'bring them to one with image_size="{_size(chosen)}", the median: '
            f"{larger} are larger and {smaller} smaller" + (f", {longer} longer or wider" if longer else "")
        )


def check_memory(where: str, pictures: int, height: int, width: int, channels: int) -> None:
    """Refuse so many pictures of that size where memory does not hold them. Raises `BadInput`."""
    # twice: the single pictures, and the array that they are stacked in
    needed = 2 * pictures * height * width * channels
    check_fits(needed, where, "give a smaller image_size=..., or pack them: freyvae data pack")


def _size(shape: tuple[int, ...]) -> str:
    return f"{shape[0]}x{shape[1]}"
