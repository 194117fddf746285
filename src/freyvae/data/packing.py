"""Packs images: decodes them once, and writes them to where they are read from ever after."""

import hashlib
import os
import shutil
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext, suppress
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from freyvae.arguments import truth
from freyvae.console import Progress, checked_progress, printable, shown
from freyvae.data.channels import images_in_words
from freyvae.data.given import are_given, set_of
from freyvae.data.image_folder import PicturesOfFolder
from freyvae.data.image_size import ImageSize, parse_image_size
from freyvae.data.images import ImageSet, pixels_sha256
from freyvae.data.labels import read_labels
from freyvae.data.levels import Levels, levels_text, parse_levels
from freyvae.data.loading import kind_of_source, load_images
from freyvae.data.pack import (
    BLOCK_BYTES,
    FINISHED,
    NAMES,
    Contents,
    PackWriter,
    Texts,
    clear_pack,
    is_pack,
    open_pack,
    read_contents,
    undo_unfinished,
)
from freyvae.data.picture_files import PictureFiles
from freyvae.data.pixels import BYTES_AT_ONCE, Images, Pixels, RandomAccess, blocks, evenly_chosen, stacked
from freyvae.errors import BadInput, NotNow
from freyvae.files import as_path, write_whole
from freyvae.folder_lock import NAME as NAME_OF_LOCK
from freyvae.folder_lock import locked
from freyvae.memory import size_in_words

# what is written is made safe so often
SECONDS_BETWEEN_SAVES = 5.0
_IMAGES_AT_ONCE = 1024
# images by which a person's own source is known again
_KNOWN_BY = 16


class _IsInColour(Exception):
    """A picture of colour came after grey ones."""


@dataclass(frozen=True)
class _Rules:
    """How pictures become images."""

    image_size: ImageSize
    grey: bool
    strict: bool
    levels: Levels
    labels: str | Path | None

    def in_words(self) -> dict[str, str]:
        size, levels = parse_image_size(self.image_size), parse_levels(self.levels)
        said = {
            "image_size": "" if size is None else f"{size[0]}x{size[1]}, scaled by Lanczos, cropped about the centre",
            "grey": "ITU-R 601 luma" if self.grey else "",
            "levels": levels if isinstance(levels, str) else "" if levels is None else levels_text(levels),
        }
        return {name: words for name, words in said.items() if words}


def pack(
    source: str | Path | ImageSet | Pixels | RandomAccess | npt.ArrayLike,
    out: str | Path,
    *,
    image_size: ImageSize = None,
    grey: bool = False,
    strict: bool = False,
    levels: Levels = None,
    labels: str | Path | None = None,
    append: bool = False,
    fresh: bool = False,
    progress: bool | Progress = False,
) -> ImageSet:
    """Pack images into a folder, from which any number of them is read without being decoded again.

    Files of pictures, in a folder, an archive or a table, are decoded on all cores, some at a time, so that memory does
    not grow with them; those of an archive or a table are unpacked to a temporary folder first. What was packed is made
    safe every few seconds: the same call goes on after an interruption.

    Args:
        source: as in `load_images`; or images: an `ImageSet`, whose files and labels are kept, an array as `as_images`
            takes it, or an object with `__len__` and `__getitem__` that gives uint8 (height, width, channel), such as
            grain's `RandomAccessDataSource`.
        out: the pack, a folder that is new, or that of a packing that was interrupted. Images that are given are known
            again by their number and by some of them.
        image_size: as in `load_images`.
        grey: likewise.
        strict: likewise.
        levels: likewise; of images that are given, only of an array.
        labels: likewise.
        append: add the images to a finished pack.
        fresh: first leave out again what a packing added that was interrupted, instead of going on with it. What was
            finished before that stays.
        progress: told how far it is; True draws a bar on stderr, if that is a terminal.

    Returns:
        the images, read from the pack when they are asked for.

    Raises:
        BadInput: the images cannot be read, there is another thing at `out`, the images to append are of another shape,
            the disk is too small or gets full.
    """
    out, append, fresh = as_path("out", out), truth("append", append), truth("fresh", fresh)
    rules = _Rules(image_size, truth("grey", grey), truth("strict", strict), levels, labels)
    progress = checked_progress(progress)
    if not are_given(source):
        source = source if isinstance(source, str) else as_path("source", source)
        if os.path.exists(source) and os.path.exists(out) and os.path.samefile(source, out):
            raise BadInput(f"{printable(out)} is the pack that is written: it can't be packed into itself")
    with _locked(out), shown(progress) as told:
        if fresh:
            undo_unfinished(out)
        _before(out, append=append)  # before anything is unpacked
        with _files_of(source, told) as files:
            packed = partial(_pack_images, source) if files is None else partial(_pack_files, str(source), files)
            try:
                packed(out, rules, append=append, progress=told)
            except _IsInColour:  # of a new pack: nothing is appended to
                clear_pack(out)
                packed(out, rules, append=False, progress=told, in_colour=True)
    return open_pack(out)


def _files_of(source: Any, progress: Progress) -> AbstractContextManager[PictureFiles | None]:
    """The files of pictures that a source is of; None for any other."""
    opened = None if are_given(source) else kind_of_source(source).files(source, progress=progress)
    return nullcontext() if opened is None else opened


def _pack_files(
    source: str,
    files: PictureFiles,
    out: Path,
    rules: _Rules,
    *,
    append: bool,
    progress: Progress,
    in_colour: bool = False,
) -> None:
    """Pack files of pictures, however many."""
    if out.resolve().is_relative_to(files.source.resolve()):
        raise BadInput(f"{printable(out)} lies in the folder that is packed: choose another out=...")
    with files.saying_so():
        _pack_pictures(source, files, out, rules, append=append, progress=progress, in_colour=in_colour)


def _size(path: str) -> int | None:
    try:
        return os.path.getsize(path)
    except OSError:  # a link to nothing, which is left out
        return None


def _pack_pictures(
    source: str, files: PictureFiles, out: Path, rules: _Rules, *, append: bool, progress: Progress, in_colour: bool
) -> None:
    before = _before(out, append=append)
    pictures = PicturesOfFolder(
        files.folder,
        image_size=rules.image_size,
        grey=rules.grey,
        levels=rules.levels,
        rules={} if before is None else before.kinds,
    )
    names_of_all = tuple(map(files.called, pictures.files))
    listing = [
        f"{name} {_size(f'{files.folder}/{file}')}" for name, file in zip(names_of_all, pictures.files, strict=True)
    ]
    labels, notes = files.labels_of(pictures.files)
    if rules.labels is not None:
        labels, notes = read_labels(rules.labels, count=len(names_of_all), files=names_of_all), []
        listing += labels
    packing = _Packing(out, before, source, files.name, _known_by(files.source.resolve(), rules, listing))
    packing.in_colour = in_colour or pictures.some_in_colour()
    packing.left_out = lambda: [*map(files.in_its_words, pictures.left_out)]
    packing.notes = lambda: [*files.notes, *notes, *map(files.in_its_words, pictures.notes)]
    label_of = None if labels is None else dict(zip(names_of_all, labels, strict=True))
    after = 0 if packing.last_name is None else names_of_all.index(packing.last_name) + 1
    names: list[str] = []
    images: list[Images] = []

    def known() -> dict[str, str]:
        return rules.in_words() | {"levels": pictures.levels or "", "lost": pictures.lost}

    def flush() -> None:
        if rules.strict:  # before anything is saved that goes on after an unreadable one
            pictures.check_read(len(names), strict=True)
        if pictures.rules and not packing.kinds:  # all pictures were seen, and a rule was found
            packing.know(pictures.rules, known())
        packing.add(
            stacked(images),
            names=names,
            labels=None if label_of is None else [label_of[name] for name in names],
            left=len(names_of_all) - after,
        )
        names.clear()
        images.clear()

    with packing:
        for file, image in pictures.read(progress, after=after):
            names.append(files.called(file))
            images.append(image)
            if len(images) * image.size >= BYTES_AT_ONCE or len(images) == _IMAGES_AT_ONCE:
                flush()
        if images:
            flush()
        pictures.check_read(packing.added, strict=rules.strict)
        if not packing.kinds:
            packing.know({}, known())
        packing.end(is_video=False)


def _pack_images(
    source: Any, out: Path, rules: _Rules, *, append: bool, progress: Progress, in_colour: bool = False
) -> None:
    """Pack what is loaded as a whole, read from where it lies, or given."""
    before = _before(out, append=append)
    found, fingerprint = _loaded(source, rules, out, progress)
    source = type(source).__name__ if are_given(source) else source
    listing = [fingerprint, *(() if rules.labels is None else found.labels or ())]
    packing = _Packing(out, before, str(source), found.name, _known_by(source, rules, listing))
    done = packing.added
    with packing:
        for start, images in blocks(found.images, first=done, most_bytes=BYTES_AT_ONCE):
            progress.advance(start, len(found), "packing")
            chosen = slice(start, start + len(images))
            packing.add(
                images,
                names=None if found.files is None else found.files[chosen],
                labels=None if found.labels is None else found.labels[chosen],
                left=len(found) - done,
            )
        packing.know({}, rules.in_words() | {"levels": found.levels or "", "lost": found.lost})
        packing.left_out, packing.notes = (lambda: found.unreadable), (lambda: found.notes)
        packing.end(is_video=found.is_video, parts=found.parts)


def _loaded(source: Any, rules: _Rules, out: Path, progress: Progress) -> tuple[ImageSet, str]:
    """Images by the rules, and by what they are known again; called as the pack where they have no name."""
    choices: dict[str, Any] = {
        "image_size": rules.image_size,
        "grey": rules.grey,
        "levels": rules.levels,
        "labels": rules.labels,
    }
    if not are_given(source):
        found = load_images(source, strict=rules.strict, progress=progress, **choices)
        return found, found.fingerprint
    found = set_of(source, **choices)
    if not isinstance(source, ImageSet):
        found = replace(found, name=printable(out.stem))
    return found, f"{found.images.shape} {pixels_sha256(evenly_chosen(found.images, _KNOWN_BY))}"


def _before(out: Path, *, append: bool) -> Contents | None:
    """What the pack has already. Raises `BadInput` where nothing may be written to it."""
    where = printable(out)
    if is_pack(out):
        before = read_contents(out)
        if before.unfinished is None and not append:
            raise BadInput(f"{where} is a finished pack: append=True adds to it, or choose another place with out=...")
        return before
    if out.exists() and (not out.is_dir() or any(path.name != NAME_OF_LOCK for path in out.iterdir())):
        raise BadInput(f"{where} exists and is no pack: choose another place with out=...")
    if append:
        raise BadInput(f"{where}: there is no pack to append to; leave out append=True")
    return None


class _Packing:
    """The packing of one source: to a new pack, one that was interrupted, or a finished one that it is appended to.

    Args:
        out: the pack.
        before: what it has already, if it is there.
        source: what is packed, in words.
        name: of the images.
        known_by: by what the source is known again.

    Attributes:
        added: how many of the source's images are in the pack.
        in_colour: whether images are written in colour although the first ones are grey.
        left_out: says which of the source's files were left out so far, each as `name: reason`.
        notes: what else there is to say of the source so far.
        kinds: the rule of each kind of value, as far as they are known.

    Raises:
        BadInput: another source was being packed when it was interrupted.
    """

    def __init__(self, out: Path, before: Contents | None, source: str, name: str, known_by: str) -> None:
        self._out, self._before = out, before
        self._source, self._name, self._known_by = source, name, known_by
        self._writer: PackWriter | None = None
        self._saved_at = time.monotonic()
        self.in_colour = False
        self.left_out: Callable[[], Sequence[str]] = tuple
        self.notes: Callable[[], Sequence[str]] = tuple
        self.kinds: Mapping[str, Any] = {} if before is None else before.kinds
        self._known: dict[str, Any] = {}
        self.added = 0
        if before is not None and before.unfinished is not None:
            if before.unfinished != known_by:
                others = f", and the {before.images_before:,} before them stay" if before.images_before else ""
                raise BadInput(
                    f"{printable(out)}: the packing of {printable(before.sources[-1])} was interrupted, and this is "
                    f"another or was changed since: give it as it was, or choose another place with out=..., or "
                    f"fresh=True: then its {before.images - before.images_before:,} images are left out again{others}"
                )
            self.added = before.images - before.images_before

    @property
    def last_name(self) -> str | None:
        """The name of the source's last image that is in the pack; None where there is none."""
        if not self.added or self._before is None or self._before.names_bytes is None:
            return None
        return str(Texts(self._out / NAMES, self._before.images, self._before.names_bytes)[-1])

    def __enter__(self) -> "_Packing":
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        if self._writer is None:
            return
        try:
            if kind is KeyboardInterrupt:
                self._save()
        finally:
            self._writer.close()
        if kind is not None and issubclass(kind, BadInput) and not issubclass(kind, NotNow):
            self._undo()

    def _undo(self) -> None:
        """Leave what was there before the images, which are refused."""
        if self._before is None or not (self._before.images_before or self._before.unfinished is None):
            clear_pack(self._out)
        elif self._before.unfinished is None:
            PackWriter(self._out, self._before).close()

    def add(self, images: Images, *, names: Sequence[str] | None, labels: Sequence[str] | None, left: int) -> None:
        """Write some images. `left`: how many there were about when the first of them came."""
        if self._writer is None:
            self._writer = self._begun(images, names, labels, left)
        channels = self._writer.contents.image_shape[2]
        if images.shape[3] == 3 and channels == 1:
            if self._writer.contents.images_before:
                raise BadInput(f"{printable(self._out)} is grey, and these are in colour: append with grey=True")
            raise _IsInColour
        self._writer.add(np.broadcast_to(images, (*images.shape[:3], channels)), names, labels)
        self.added += len(images)
        if time.monotonic() > self._saved_at + SECONDS_BETWEEN_SAVES:
            self._save()

    def _begun(
        self, images: Images, names: Sequence[str] | None, labels: Sequence[str] | None, left: int
    ) -> PackWriter:
        before, where = self._before, printable(self._out)
        height, width, channels = images.shape[1:]
        channels = 3 if self.in_colour and channels == 1 else channels
        _check_disk(self._out, left * height * width * channels)
        if before is None:
            before = Contents(
                image_shape=(height, width, channels),
                images=0,
                block_images=max(1, BLOCK_BYTES // (height * width * channels)),
                name=self._name,
                names_bytes=None if names is None else 0,
                labels_bytes=None if labels is None else 0,
                sources=(self._source,),
            )
        elif before.unfinished is None:
            if before.image_shape[:2] != (height, width) or images.shape[3] not in (1, before.image_shape[2]):
                raise BadInput(
                    f"{where} has {images_in_words(before.image_shape)}, and these are "
                    f"{images_in_words((height, width, channels))}: bring them to its size with "
                    f'image_size="{before.image_shape[0]}x{before.image_shape[1]}", or choose another out=...'
                )
            for what, given, held in (("names", names, before.names_bytes), ("labels", labels, before.labels_bytes)):
                if (given is None) != (held is None):
                    one, other = ("these images", where) if held is None else (where, "these images")
                    raise BadInput(f"{one} have {what}, and {other} have none: choose another out=...")
            write_whole(self._out / FINISHED, before.to_json())
            before = replace(before, images_before=before.images, sources=(*before.sources, self._source), parts=None)
        return PackWriter(self._out, replace(before, unfinished=self._known_by))

    def know(self, kinds: Mapping[str, Any], rules: Mapping[str, str]) -> None:
        """Say by which rules the pixels are made."""
        before = {} if self._before is None else self._before.rules
        self.kinds = dict(kinds)
        self._known = {"kinds": self.kinds, "rules": before | {name: words for name, words in rules.items() if words}}

    def _save(self) -> None:
        assert self._writer is not None
        self._writer.save(**self._known, unreadable=self._unreadable, notes=self._notes)
        self._saved_at = time.monotonic()

    @property
    def _unreadable(self) -> tuple[str, ...]:
        """What was left out so far: what an earlier part of this packing had noted, too."""
        assert self._writer is not None
        return tuple(dict.fromkeys((*self._writer.contents.unreadable, *self.left_out())))

    @property
    def _notes(self) -> tuple[str, ...]:
        """What there is to say: what was said before this packing went on, too."""
        return tuple(dict.fromkeys((*(() if self._before is None else self._before.notes), *self.notes())))

    def end(self, *, is_video: bool, parts: tuple[int, int, int] | None = None) -> None:
        """All of the source is in the pack. `parts`: of its published split."""
        if self._writer is None:  # interrupted after the last image
            assert self._before is not None
            self._writer = PackWriter(self._out, self._before)
        now = self._writer.contents
        self._writer.save(
            **self._known
            | {
                "kinds": {},
                "unreadable": self._unreadable,
                "notes": self._notes,
                "is_video": is_video and not now.images_before,
                "parts": None if now.images_before else parts,
                "unfinished": None,
                "images_before": 0,
            }
        )


def _known_by(source: str | Path, rules: _Rules, listing: Sequence[str]) -> str:
    digest = hashlib.sha256(f"{source}\n{rules}\n".encode("utf-8", "surrogateescape"))
    for line in listing:
        digest.update(f"{line}\n".encode("utf-8", "surrogateescape"))
    return digest.hexdigest()


def _check_disk(out: Path, needed: int) -> None:
    free = shutil.disk_usage(out).free
    if needed > free:
        raise BadInput(
            f"{printable(out)} needs {size_in_words(needed)}, and {size_in_words(free)} are free on that disk: "
            "choose another out=..., or a smaller image_size=..."
        )


@contextmanager
def _locked(out: Path) -> Iterator[None]:
    """Hold a pack for writing. A folder in which nothing was written is gone again afterwards."""
    if out.exists() and not out.is_dir():
        raise BadInput(f"{printable(out)} exists and is no pack: choose another place with out=...")
    lock = locked(out)
    try:
        yield
    finally:
        # while it is held: afterwards the file may be another process's
        with suppress(OSError):
            (out / NAME_OF_LOCK).unlink(missing_ok=True)
        lock.release()
        with suppress(OSError):
            out.rmdir()  # if it is empty
