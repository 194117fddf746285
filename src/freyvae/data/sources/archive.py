"""Pictures in a zip or tar archive, or in several tar archives, such as WebDataset's shards."""

from __future__ import annotations

import json
import re
import shlex
import stat
import tarfile
import zipfile
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path, PurePosixPath
from typing import IO, Any

from freyvae.console import each, printable, shown
from freyvae.data.file_kind import TAR_SUFFIXES, check_readable, kind_of_file, name_of_set, open_decompressed
from freyvae.data.folder_walk import natural, passed_over
from freyvae.data.labels import LABEL_COLUMNS, labels_of_folders
from freyvae.data.other_formats import refusing_damage
from freyvae.data.picture_file import SUFFIXES
from freyvae.data.picture_files import PictureFiles
from freyvae.data.shards import has_shards, shards_of
from freyvae.data.source import Source
from freyvae.data.unpacked import Unpacked, unpacking
from freyvae.errors import BadInput
from freyvae.files import as_path

# files of arrays or rows, of which an archive may hold one in place of pictures
_ARRAYS = (".npy", ".npz", ".mat", ".h5", ".hdf5", ".parquet")
_LONGEST_NAME = 1024
# What is unpacked may be 200 times as large as the archive. Blank pictures of formats without compression reach 1000
# times, so up to 4 GiB there is no such limit.
_MOST_TIMES, _MOST_OF_SMALL = 200, 2**32
_AT_ONCE, _MOST_AT_ONCE = 2**20, 2**26
_NO_FILE = "link, device or pipe"
# WebDataset keeps a label in a file of the picture's name with one of these suffixes; the first has precedence
_WITH_LABEL = (".cls", ".txt", ".json")
_MOST_OF_LABEL = 2**16
_LONGEST_LABEL = 80


@dataclass(frozen=True)
class Archive(Source):
    """A zip or tar archive of pictures, or a folder or pattern of tar archives; unpacked to a temporary folder."""

    name = "archive"

    def accepts(self, source: Any) -> bool:
        """As `Source.accepts`."""
        path = as_path("path", source)
        return kind_of_file(path).name in ("zip", "tar") or has_shards(path, TAR_SUFFIXES)

    def load(self, source: Any, *, seed: int, **choices: Any) -> Any:
        """As `Source.load`."""
        with self.files(source, progress=choices["progress"]) as files:
            return files.load(**choices)

    @contextmanager
    def files(self, source: Any, *, progress: Any) -> Iterator[PictureFiles]:
        """As `Source.files`. Labels are those that WebDataset keeps beside the pictures, or the sub-folders."""
        path = as_path("path", source)
        archives = shards_of(path, TAR_SUFFIXES)
        with unpacking(path) as kept:
            contents = _Contents(kept, is_shard=len(archives) > 1 or archives[0] != path)
            with shown(progress) as told:
                for archive in each(archives, told, "unpacking"):
                    contents.take(archive)
            if not kept.names:
                raise contents.without_pictures(path)
            order = sorted(kept.names, key=natural)
            labels = contents.labels(order)
            notes = filter(None, [*contents.notes, passed_over(contents.passed)])
            yield kept.files(name=name_of_set(path), order=order, labels=labels, notes=tuple(notes))


@dataclass(frozen=True)
class _Member:
    """What an archive holds under a name: its claimed size in bytes, how it is opened, and if it is no file, what."""

    name: str
    size: int
    open: Callable[[], IO[bytes] | None]
    odd: str = ""


@dataclass
class _Contents:
    """What archives hold, and what was passed over."""

    kept: Unpacked
    is_shard: bool
    passed: Counter[str] = field(default_factory=Counter)
    notes: list[str] = field(default_factory=list)
    arrays: list[str] = field(default_factory=list)
    beside: dict[str, dict[str, str]] = field(default_factory=dict)  # labels by the name before suffixes, and suffix

    def take(self, archive: Path) -> None:
        """Unpack the pictures of one archive."""
        check_readable(archive)
        is_zip = kind_of_file(archive).name == "zip"
        with refusing_damage(archive, "a zip archive" if is_zip else "a tar archive"):
            try:
                for member in _of_zip(archive, self.kept) if is_zip else _of_tar(archive, self.notes):
                    self._sort(member, archive, may_have_labels=not is_zip)
            except NotImplementedError:
                raise BadInput(
                    f"{printable(archive)}: compressed by a method that is not read: unpack it, and give the folder"
                ) from None

    def _sort(self, member: _Member, archive: Path, *, may_have_labels: bool) -> None:
        name, kind = str(PurePosixPath(member.name)), _suffix(member.name)
        odd = member.odd or _odd_name(member.name)
        if odd:
            self.passed[odd] += 1
            return
        if self.is_shard:
            name = f"{archive.name}/{name}"
        if kind in SUFFIXES:
            content = member.open()
            if content is None:
                raise ValueError("no content")
            with content:
                self.kept.write(name, content, member.size)
        elif may_have_labels and kind in _WITH_LABEL and member.size <= _MOST_OF_LABEL:
            content = member.open()
            if content is not None:
                self.beside.setdefault(_key(name), {})[kind] = _label_in(kind, content.read(_MOST_OF_LABEL))
        else:
            self.passed[kind or "without a suffix"] += 1
            if kind in _ARRAYS:
                self.arrays.append(member.name)

    def labels(self, names: Sequence[str]) -> Sequence[str | None] | None:
        """The labels of pictures, in the order of their names."""
        beside = [self.beside.get(_key(name), {}) for name in names]
        texts = [labels[".txt"] for labels in beside if labels.get(".txt")]
        are_captions = len(set(texts)) == len(texts) > 1
        kinds = [kind for kind in _WITH_LABEL if kind != ".txt" or not are_captions]
        found = [next((labels[kind] for kind in kinds if labels.get(kind)), None) for labels in beside]
        if any(found):
            return found
        if are_captions:
            self.notes.append("every picture has a text of its own: they were not taken as labels")
        self.passed.update(kind for labels in self.beside.values() for kind in labels)
        return labels_of_folders([name.partition("/")[2] if self.is_shard else name for name in names])

    def without_pictures(self, path: Path) -> BadInput:
        """The line for archives without pictures."""
        where = printable(path)
        if self.arrays:
            program = "zipfile" if kind_of_file(path).name == "zip" else "tarfile"
            return BadInput(
                f"{where}: holds {printable(self.arrays[0])}, and no pictures: unpack it, "
                f"`python -m {program} -e {printable(shlex.quote(str(path)))} images`, and give "
                f"{printable(Path('images', self.arrays[0]))}"
            )
        self.passed.update(kind for labels in self.beside.values() for kind in labels)
        passed = passed_over(self.passed)
        return BadInput(
            f"{where}: no pictures in this archive{passed and f' ({passed})'}; it needs files ending in "
            f"{', '.join(SUFFIXES)}"
        )


def _of_zip(path: Path, kept: Unpacked) -> Iterator[_Member]:
    with zipfile.ZipFile(path) as archive:
        listed = [member for member in archive.infolist() if not member.is_dir()]
        pictures = [member for member in listed if _suffix(member.filename) in SUFFIXES]
        if any(member.flag_bits & 1 for member in pictures):
            raise BadInput(f"{printable(path)}: encrypted: unpack it with its password, and give the folder")
        total = sum(member.file_size for member in pictures)
        if total > _most_unpacked(path):
            raise _bomb(path)
        kept.check_room(total)
        for member in listed:
            is_file = stat.S_IFMT(member.external_attr >> 16) in (0, stat.S_IFREG)
            # old programs of Windows write backslashes
            name = member.filename.replace("\\", "/")
            yield _Member(name, member.file_size, partial(archive.open, member), "" if is_file else _NO_FILE)


def _of_tar(path: Path, notes: list[str]) -> Iterator[_Member]:
    with open_decompressed(path, kind_of_file(path).compression) as file:
        content = _Bounded(file, path)
        with tarfile.open(fileobj=content, mode="r:") as archive:  # type: ignore[call-overload]
            place = -1
            for member in archive:
                if archive.offset <= place:  # a negative size leads back, for ever
                    raise ValueError("a negative size")
                place = archive.offset
                archive.members = []  # it would keep them all
                if not member.isdir():
                    opened = partial(archive.extractfile, member)
                    yield _Member(member.name, member.size, opened, "" if member.isreg() else _NO_FILE)
        # tarfile takes a damaged header for the end
        if content.last.strip(b"\0") or 0 < len(content.last) < tarfile.BLOCKSIZE:
            raise ValueError("a damaged header")
        if not content.last:
            notes.append(f"{printable(path.name)} has no end mark: it may be cut short")
        while content.read(_AT_ONCE):  # a compressed file has its checksum at the end
            pass


class _Bounded:
    """A file for reading that refuses to become much larger than its archive."""

    def __init__(self, file: IO[bytes], path: Path):
        self._file, self._path, self._most = file, path, _most_unpacked(path)
        self.last = b""

    def read(self, size: int) -> bytes:
        """Read bytes and keep them as `last`. Only a damaged header makes tarfile ask for many at once."""
        if not 0 <= size <= _MOST_AT_ONCE:
            raise ValueError("a header that is too long")
        if self._file.tell() > self._most:
            raise _bomb(self._path)
        self.last = self._file.read(size)
        return self.last

    def seek(self, place: int) -> int:
        """Go to a place."""
        if place > self._most:
            raise _bomb(self._path)
        return self._file.seek(place)

    def tell(self) -> int:
        """The place."""
        return self._file.tell()


def _most_unpacked(path: Path) -> int:
    return max(_MOST_OF_SMALL, _MOST_TIMES * path.stat().st_size)


def _bomb(path: Path) -> BadInput:
    return BadInput(
        f"{printable(path)}: more than {_MOST_TIMES} times as large when it is unpacked, a decompression bomb? Unpack "
        "it yourself, and give the folder"
    )


def _suffix(name: str) -> str:
    return PurePosixPath(name).suffix.lower()


def _odd_name(name: str) -> str:
    """Why a name is passed over; "" for most."""
    parts = PurePosixPath(name).parts
    if name.startswith("/") or ".." in parts or re.match(r"[A-Za-z]:/", name):
        return "with a path that leads out of the archive"
    if "__MACOSX" in parts or any(part.startswith(".") for part in parts):
        return "hidden"
    return "with a name that is too long" if len(name) > _LONGEST_NAME else ""


def _key(name: str) -> str:
    """The name up to the first full stop after its folders, by which WebDataset joins files."""
    folder, slash, file = name.rpartition("/")
    return folder + slash + file.partition(".")[0]


def _label_in(kind: str, content: bytes) -> str:
    """The label in a file beside a picture; "" if what it holds is no label."""
    text = content.decode("utf-8", "replace").strip()
    label = _label_in_json(text) if kind == ".json" else text
    return label if len(label) <= _LONGEST_LABEL and "\n" not in label else ""


def _label_in_json(text: str) -> str:
    try:
        known = json.loads(text)
    except (ValueError, RecursionError):
        return ""
    values = [known.get(name) for name in LABEL_COLUMNS] if isinstance(known, dict) else []
    return next((str(value) for value in values if isinstance(value, (str, int))), "")
