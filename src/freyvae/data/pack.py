"""A pack: a folder that holds images once decoded, however many, to be read from where they lie.

- `pixels.u8`: the pixels of all images, uint8, one image after the other, each (height, width, channel) in C order.
- `names.txt`, `labels.txt`, where there are any: the name and the label of each image, UTF-8, each ended by a NUL.
- `pack.json`: the shape of an image and how many there are, the SHA-256 of each block of images, the rules by which the
  pixels were made, and statistics. What lies in the other files beyond what it says is of an interrupted writing.
- `finished.json`, while images are appended: the record as it was before them.
"""

import hashlib
import json
import os
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from freyvae.console import Progress, checked_progress, printable, shown
from freyvae.data.channels import MOST_CHANNELS
from freyvae.data.images import ImageSet
from freyvae.data.pixels import FilePixels, Images
from freyvae.data.statistics import Statistics, histogram
from freyvae.errors import BadInput
from freyvae.files import as_path, cannot_write, make_folder, read_small, remove, write_whole

FORMAT = 2  # where the images have a published split, else 1
KIND = "freyvae pack"
RECORD, PIXELS, NAMES, LABELS = "pack.json", "pixels.u8", "names.txt", "labels.txt"
# the record as it was before the images that are being appended
FINISHED = "finished.json"
# of a block of images, whose SHA-256 is in the record
BLOCK_BYTES = 2**24
_MOST_BYTES_OF_RECORD = 2**28


@dataclass(frozen=True)
class Contents:
    """What a pack's record says.

    Attributes:
        image_shape: (height, width, channel).
        images: how many.
        block_images: images in a block; the last may have fewer.
        blocks: the SHA-256 of each block's pixels, in hexadecimal.
        name: of the set in messages and tables.
        is_video: whether neighbours in the order are neighbours in time.
        parts: as `ImageSet.parts`; None of images without a published split, and of several sources.
        names_bytes: of `names.txt`; None where images have no names.
        labels_bytes: of `labels.txt`; None where images have no labels.
        rules: how the pixels were made, in words: `image_size`, `grey`, `levels`, `lost`.
        notes: remarks about the reading, one line each.
        unreadable: the files that were left out, each as `name: reason`.
        sources: what was packed, one after the other.
        unfinished: of the source that is being packed, by what it is known again; None of a finished pack.
        images_before: while a source is being appended, how many images there were before it.
        kinds: while a source is being packed, the rule of each kind of its values, as far as they are known.
        statistics: of all pixels.
    """

    image_shape: tuple[int, int, int]
    images: int
    block_images: int
    name: str
    is_video: bool = False
    parts: tuple[int, int, int] | None = None
    blocks: tuple[str, ...] = ()
    names_bytes: int | None = None
    labels_bytes: int | None = None
    rules: dict[str, str] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    unreadable: tuple[str, ...] = ()
    sources: tuple[str, ...] = ()
    unfinished: str | None = None
    images_before: int = 0
    kinds: dict[str, Any] = field(default_factory=dict)
    statistics: Statistics | None = None

    @property
    def image_bytes(self) -> int:
        """Bytes of one image."""
        height, width, channels = self.image_shape
        return height * width * channels

    @property
    def fingerprint(self) -> str:
        """By which the images, in this order, are known again: the SHA-256 of their shape and their blocks' SHA-256."""
        lines = ["x".join(map(str, self.image_shape)), str(self.images), str(self.block_images), *self.blocks]
        return hashlib.sha256("\n".join(lines).encode()).hexdigest()

    def to_json(self) -> str:
        """The text of the record."""
        values = asdict(self)
        if self.parts is None:  # as version 0.2.0 wrote and reads it
            del values["parts"]
        return json.dumps({"format": 1 if self.parts is None else FORMAT, "kind": KIND} | values) + "\n"


def is_pack(path: Path) -> bool:
    """Whether a folder is a pack, finished or not."""
    return path.is_dir() and (path / RECORD).is_file()


def read_contents(path: Path) -> Contents:
    """What a pack holds.

    Raises:
        BadInput: it is no pack, of a newer version, damaged, or its files are shorter than its record says.
    """
    where = printable(path)
    if not is_pack(path):
        raise BadInput(f"{where}: no pack; `freyvae data pack SOURCE --out {where}` makes one")
    found = _read_record(path / RECORD)
    _check_lengths(path, found)
    return found


def clear_pack(path: Path) -> None:
    """Remove the files of a pack."""
    for name in (RECORD, PIXELS, NAMES, LABELS, FINISHED):
        remove(path / name)


def undo_unfinished(path: Path) -> None:
    """Leave a pack as it was before the packing that was interrupted; a finished one, and none, as they are.

    Raises `BadInput` where images were being appended by a version that did not keep the record before them, and as
    `read_contents` does.
    """
    now = read_contents(path) if is_pack(path) else None
    if now is None or now.unfinished is None:
        return
    if not now.images_before:
        clear_pack(path)
        return
    if not (path / FINISHED).is_file():
        raise BadInput(
            f"{printable(path)}: an earlier version of freyvae began to append to it, and kept no record of what it "
            "was before; give the images as they were then"
        )
    before = _read_record(path / FINISHED)
    # first the record, so that what is cut off is no part of it
    nothing_added = replace(before, unfinished="", images_before=before.images)
    write_whole(path / RECORD, nothing_added.to_json())
    writer = PackWriter(path, nothing_added)
    try:
        writer.save(unfinished=None, images_before=0)
    finally:
        writer.close()


def _read_record(path: Path) -> Contents:
    where = printable(path.parent)
    text = read_small(path, most_bytes=_MOST_BYTES_OF_RECORD)
    try:
        values = json.loads(text)
        version, kind = values.pop("format"), values.pop("kind")
        if kind != KIND or type(version) is not int:
            raise ValueError("it is of something else")
        if version > FORMAT:
            raise BadInput(f"{where}: a pack of format {version}; this freyvae reads up to {FORMAT}: update freyvae")
        found = _contents(values)
    except BadInput:
        raise
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
        raise BadInput(f"{where}: {path.name} is damaged ({printable(error)}); pack the images again") from None
    return found


def _contents(values: dict[str, Any]) -> Contents:
    """The record, checked. Raises `ValueError` and its like."""
    statistics = values.get("statistics")
    if statistics is not None:
        values["statistics"] = Statistics(
            tuple(map(float, statistics["mean"])),
            tuple(map(float, statistics["deviation"])),
            tuple(tuple(map(int, row)) for row in statistics["histogram"]),
        )
    for name in ("image_shape", "blocks", "notes", "unreadable", "sources"):
        values[name] = tuple(values[name])
    if values.get("parts") is not None:
        values["parts"] = tuple(values["parts"])
    kinds = values.get("kinds", {}).items()
    values["kinds"] = {kind: tuple(rule) if isinstance(rule, list) else rule for kind, rule in kinds}
    found = Contents(**values)
    sides = found.image_shape
    if len(sides) != 3 or not all(type(side) is int and side > 0 for side in sides) or sides[2] > MOST_CHANNELS:
        raise ValueError(f"images of {sides}")
    for count in (found.images, found.block_images, found.names_bytes or 0, found.labels_bytes or 0):
        if type(count) is not int or count < 0:
            raise ValueError(f"a number of {count!r}")
    parts = found.parts
    if parts is not None and not (
        len(parts) == 3 and all(type(part) is int and part >= 0 for part in parts) and sum(parts) == found.images
    ):
        raise ValueError(f"parts of {parts}")
    if not found.block_images or len(found.blocks) != -(-found.images // found.block_images):
        raise ValueError(f"{len(found.blocks)} blocks of {found.block_images} for {found.images} images")
    if not all(isinstance(text, str) for text in (found.name, *found.blocks, *found.notes, *found.unreadable)):
        raise ValueError("a text that is none")
    return found


def _check_lengths(path: Path, found: Contents) -> None:
    parts = {PIXELS: found.images * found.image_bytes, NAMES: found.names_bytes, LABELS: found.labels_bytes}
    for name, needed in parts.items():
        file = path / name
        held = file.stat().st_size if file.is_file() else -1
        if needed is not None and held < needed:
            what = f"{name} is cut, {held:,} bytes of {needed:,}" if held >= 0 else f"{name} is missing"
            raise BadInput(f"{printable(path)}: {what}; copy the pack again, or pack the images again")
        if needed is not None and held > needed and found.unfinished is None:
            raise BadInput(
                f"{printable(path)}: {name} has {held:,} bytes where {RECORD} says {needed:,}: they are of two packs; "
                "copy the pack again, or pack the images again"
            )


def open_pack(path: Path) -> ImageSet:
    """The images of a finished pack, read from where they lie when they are asked for.

    Raises:
        BadInput: as `read_contents`, or it was not finished.
    """
    return _opened(path)[0]


def _opened(path: Path) -> tuple[ImageSet, Contents]:
    """The images of a finished pack, and its record. Raises `BadInput` as `open_pack` does."""
    found = read_contents(path)
    if found.unfinished is not None:
        raise BadInput(
            f"{printable(path)}: packing was interrupted after {found.images:,} images; the same "
            f"`freyvae data pack ... --out {printable(path)}` goes on"
        )
    images = ImageSet(
        images=PackedPixels(path, found),
        name=found.name,
        is_video=found.is_video,
        files=None if found.names_bytes is None else Texts(path / NAMES, found.images, found.names_bytes),
        labels=None if found.labels_bytes is None else Texts(path / LABELS, found.images, found.labels_bytes),
        unreadable=found.unreadable,
        notes=found.notes,
        levels=found.rules.get("levels"),
        lost=found.rules.get("lost", ""),
        parts=found.parts,
        known_fingerprint=found.fingerprint,
    )
    return images, found


class PackedPixels(FilePixels):
    """The pixels of a pack.

    Args:
        path: of the pack.
        contents: its record.
    """

    def __init__(self, path: Path, contents: Contents) -> None:
        super().__init__(path / PIXELS, (contents.images, *contents.image_shape))
        self.statistics = contents.statistics


class Texts(Sequence[str]):
    """The names or labels of images, read when the first one is asked for.

    Args:
        path: a file of texts, each ended by a NUL.
        count: how many.
        size: bytes that they take.
    """

    def __init__(self, path: Path, count: int, size: int) -> None:
        self._path, self._count, self._size = path, count, size

    def __len__(self) -> int:
        return self._count

    def __getitem__(self, chosen: Any) -> Any:
        return self._texts[chosen]

    def __iter__(self) -> Iterator[str]:
        return iter(self._texts)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Sequence) and tuple(self) == tuple(other)

    def __hash__(self) -> int:
        return hash((self._path, self._count))

    @cached_property
    def _texts(self) -> tuple[str, ...]:
        try:
            with self._path.open("rb") as file:
                texts = tuple(file.read(self._size).decode("utf-8", "surrogateescape").split("\0")[:-1])
        except OSError as error:
            raise BadInput(f"cannot read {printable(self._path)}: {error.strerror or error}") from error
        if len(texts) != self._count:
            raise BadInput(f"{printable(self._path)} is damaged: {len(texts)} texts of {self._count}; pack again")
        return texts


def check_pack(path: str | Path, *, progress: bool | Progress = False) -> ImageSet:
    """Read all of a pack, and compare each block with its SHA-256.

    Args:
        path: the pack.
        progress: told how far it is; True draws a bar on stderr, if that is a terminal.

    Returns:
        the images.

    Raises:
        BadInput: there is no pack, it is not finished, or images were damaged, which it names.
    """
    path, progress = as_path("path", path), checked_progress(progress)
    images, found = _opened(path)
    damaged = list[tuple[int, int]]()
    with shown(progress) as told:
        for number, expected in enumerate(found.blocks):
            start = number * found.block_images
            told.advance(start, found.images, "checking")
            block = images[start : start + found.block_images]
            if hashlib.sha256(block.data).hexdigest() != expected:
                damaged.append((start, start + len(block) - 1))
    for texts in (images.files, images.labels):
        if texts is not None:
            texts[0]  # which reads all
    if damaged:
        (first, last), *others = damaged
        more = f", and {len(others)} more blocks" if others else ""
        raise BadInput(
            f"{printable(path)}: images {first} to {last}{more} are not those that were packed: copy the pack again, "
            "or pack the images again"
        )
    return images


class PackWriter:
    """Writes a pack, or goes on with one.

    What `save` was told of is there after a power cut; what came after it is written again.

    Args:
        path: of the pack.
        contents: what it holds by now, and what more there is to say; `images`, `blocks` and the bytes of texts are
            counted on from there.

    Raises:
        BadInput: the place cannot be written.
    """

    def __init__(self, path: Path, contents: Contents) -> None:
        self.path, self.contents = path, contents
        self._files: dict[str, Any] = {}
        self._begin()

    def _begin(self) -> None:
        now = self.contents
        try:
            make_folder(self.path)
            sizes = {PIXELS: now.images * now.image_bytes, NAMES: now.names_bytes, LABELS: now.labels_bytes}
            for name, size in sizes.items():
                if size is None:
                    (self.path / name).unlink(missing_ok=True)
                    continue
                self._files[name] = file = (self.path / name).open("r+b" if (self.path / name).exists() else "w+b")
                file.truncate(size)
                file.seek(0, os.SEEK_END)
            done = now.images // now.block_images * now.block_images
            pixels = self._files[PIXELS]
            pixels.seek(done * now.image_bytes)
            self._digest = hashlib.sha256(pixels.read())
            self._blocks = list(now.blocks[: now.images // now.block_images])
            channels = now.image_shape[2]
            self._histogram = np.zeros((channels, 256), np.int64)
            if now.statistics is not None and now.images:
                self._histogram += np.array(now.statistics.histogram)
            self.save()
        except BaseException as error:
            self.close()
            if isinstance(error, OSError):
                raise cannot_write(self.path, error) from error
            raise

    def add(self, images: Images, names: Sequence[str] | None = None, labels: Sequence[str] | None = None) -> None:
        """Write some more images, uint8 (image, height, width, channel), with their names and labels."""
        now, images = self.contents, np.ascontiguousarray(images)
        try:
            self._files[PIXELS].write(images.data)
            sizes: dict[str, Any] = {}
            for file, kind, texts in ((NAMES, "names_bytes", names), (LABELS, "labels_bytes", labels)):
                if texts is not None:
                    written = "".join(f"{text}\0" for text in texts).encode("utf-8", "surrogateescape")
                    if written.count(b"\0") != len(texts):
                        raise BadInput(f"{printable(self.path)}: a null character within the {file[:-4]} of images")
                    self._files[file].write(written)
                    sizes[kind] = (getattr(now, kind) or 0) + len(written)
        except OSError as error:
            raise cannot_write(self.path, error) from error
        self._histogram += histogram(images)
        left, place = images, now.images
        while len(left):
            free = now.block_images - place % now.block_images
            self._digest.update(left[:free].data)
            place += len(left[:free])
            if place % now.block_images == 0:
                self._blocks.append(self._digest.hexdigest())
                self._digest = hashlib.sha256()
            left = left[free:]
        self.contents = replace(now, images=place, **sizes)

    def save(self, **more: Any) -> None:
        """Have all that was added outlive this process; `more` are other fields of the record."""
        now = replace(self.contents, **more)
        is_begun = now.images % now.block_images
        blocks = (*self._blocks, *([self._digest.hexdigest()] if is_begun else []))
        statistics = Statistics.of(self._histogram) if now.images else None
        try:
            for file in self._files.values():
                file.flush()
                os.fsync(file.fileno())
        except OSError as error:
            raise cannot_write(self.path, error) from error
        self.contents = replace(now, blocks=blocks, statistics=statistics)
        write_whole(self.path / RECORD, self.contents.to_json())
        if self.contents.unfinished is None:
            remove(self.path / FINISHED)

    def close(self) -> None:
        """Close the files; what was not saved is as if it had not been written."""
        for file in self._files.values():
            # of a full disk, whose error the writing of it has raised or a saving would
            with suppress(OSError):
                file.close()
        self._files = {}
