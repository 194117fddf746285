"""Recognises a file by its content, and a damaged one by its name."""

import bz2
import gzip
import lzma
import re
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from freyvae.console import printable
from freyvae.errors import BadInput

# kinds that `load_images` reads, other than arrays of NumPy and MATLAB and pictures
IN_WORDS = {
    "idx": "an IDX file, MNIST's own format",
    "tar": "a tar archive",
    "zip": "a zip archive",
    "hdf5": "an HDF5 file",
    "parquet": "a Parquet file",
}
TAR_SUFFIXES = (".tar", ".tgz", ".tbz2", ".txz", ".tar.gz", ".tar.bz2", ".tar.xz")
PARQUET_SUFFIXES = (".parquet",)
HDF5_SUFFIXES = (".h5", ".hdf5")

_HEAD = 1024
_BY_NAME = (
    (TAR_SUFFIXES, "tar"),
    ((".zip",), "zip"),
    (HDF5_SUFFIXES, "hdf5"),
    (PARQUET_SUFFIXES, "parquet"),
    (("idx1-ubyte", "idx3-ubyte", "idx4-ubyte", "idx1-ubyte.gz", "idx3-ubyte.gz", "idx4-ubyte.gz"), "idx"),
)
IDX_TYPES = {8: "u1", 9: "i1", 11: ">i2", 12: ">i4", 13: ">f4", 14: ">f8"}
_COMPRESSED = {b"\x1f\x8b": "gzip", b"BZh": "bzip2", b"\xfd7zXZ": "xz"}
_OPENERS: dict[str, Callable[..., Any]] = {"": open, "gzip": gzip.open, "bzip2": bz2.open, "xz": lzma.open}


@dataclass(frozen=True)
class FileKind:
    """What a file is.

    Attributes:
        name: a key of `IN_WORDS`, or "" for any other file.
        compression: `gzip`, `bzip2`, `xz`, or "".
        head: its first bytes, decompressed; fewer than 1024, or none, if it is shorter, damaged or may not be read.
    """

    name: str = ""
    compression: str = ""
    head: bytes = b""


def kind_of_file(path: Path) -> FileKind:
    """The kind of a file. It is none of the known kinds if `path` is not a regular file."""
    if not path.is_file():  # opening a pipe would block
        return FileKind()
    head = _head(path, "")
    compression = next((name for start, name in _COMPRESSED.items() if head.startswith(start)), "")
    if compression:
        head = _head(path, compression)
    by_name = (kind for suffixes, kind in _BY_NAME if path.name.lower().endswith(suffixes))
    return FileKind(_name_by_content(path, head, compression) or next(by_name, ""), compression, head)


def check_readable(path: Path) -> None:
    """Raise `BadInput` if there is no such file, it is something else, or it may not be read."""
    if not path.is_file():
        raise BadInput(f"{printable(path)}: {'neither a file nor a folder' if path.exists() else 'no such file'}")
    try:
        path.open("rb").close()
    except OSError as error:
        raise BadInput(f"{printable(path)}: can't be read ({error.strerror or error})") from None


def is_idx(head: bytes) -> bool:
    """Whether this is IDX: two zeros, the type, the number of axes, the length of each in 32 bits, the values."""
    return len(head) >= 8 and head[:2] == b"\0\0" and head[2] in IDX_TYPES and 1 <= head[3] <= 4


def open_decompressed(path: Path, compression: str) -> IO[bytes]:
    """Open a file for reading, and decompress what is read. Raises `OSError`."""
    opened: IO[bytes] = _OPENERS[compression](path, "rb")
    return opened


def name_of_set(path: Path) -> str:
    """The name of the images in a file or folder: that of the folder, or the file's without its suffixes."""
    if path.is_dir():
        return path.resolve().name or "images"
    name = re.sub(r"\.tar(?=\.\w+$)", "", path.name, flags=re.IGNORECASE)
    return re.sub(r"[-_.]?\{\d+\.\.\d+\}", "", Path(name).stem) or "images"


def _head(path: Path, compression: str) -> bytes:
    """The first bytes of a file, decompressed; fewer, or none, if it is damaged."""
    try:
        with open_decompressed(path, compression) as file:
            return file.read(_HEAD)
    except (OSError, EOFError, lzma.LZMAError, zlib.error):
        return b""


def _name_by_content(path: Path, head: bytes, compression: str) -> str:
    if is_idx(head):
        return "idx"
    if head[257:262] == b"ustar":
        return "tar"
    if compression:
        return ""
    if head[:4] in (b"PK\x03\x04", b"PK\x05\x06"):  # an .npz is a zip archive of arrays, and NumPy reads it
        return "" if path.suffix.lower() in (".npz", ".npy") else "zip"
    if b"\x89HDF\r\n\x1a\n" in (head[:8], head[512:520]):
        return "hdf5"
    return "parquet" if head[:4] == b"PAR1" else ""
