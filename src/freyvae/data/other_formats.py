"""Recognises files that freyvae does not read, and says how to convert them to files that it does read."""

import shlex
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from freyvae.console import printable
from freyvae.data.file_kind import kind_of_file
from freyvae.errors import BadInput


def way_to_read(path: Path) -> str:
    """Say what a file is, by its content, and which command makes images of it; "" if it is not recognised."""
    kind = kind_of_file(path)
    head, here = kind.head, shlex.quote(str(path))
    if kind.compression and not kind.name:
        program = kind.compression
        return f"a file compressed with {program}: unpack it, `{program} -dk {here}`, and give what comes out"
    if head[:6] == b"\x93NUMPY":
        return "a NumPy array: give the file a name that ends in .npy"
    if head[:1] == b"\x80" and head[1:2] in b"\x02\x03\x04\x05":
        return "holds a pickle, which can run code and is never loaded; save a plain uint8 array with np.save"
    if head[:6] in (b"7z\xbc\xaf\x27\x1c", b"Rar!\x1a\x07"):
        return "an archive: unpack it, and give the folder"
    if head[4:8] == b"ftyp" or head[:4] == b"\x1a\x45\xdf\xa3" or (head[:4], head[8:12]) == (b"RIFF", b"AVI "):
        return f"a video: make pictures of it, `mkdir frames && ffmpeg -i {here} frames/%d.png`, and give that folder"
    return ""


def damaged(path: Path, what: str) -> BadInput:
    """The line for a file that is not, or no longer, what its name or its beginning says: `what`, with its article."""
    return BadInput(f"{printable(path)}: {printable(way_to_read(path)) or f'damaged, cut short or not {what}'}")


@contextmanager
def refusing_damage(path: Path, what: str) -> Iterator[None]:
    """A block that reads a file: what it raises other than `BadInput` is damage, for libraries raise almost anything.

    Raises:
        BadInput: as `damaged`, or that memory does not hold what the file claims.
    """
    try:
        yield
    except BadInput:
        raise
    except MemoryError:
        raise BadInput(
            f"{printable(path)}: claims an array larger than memory; it is damaged, or must be made smaller"
        ) from None
    except Exception:
        raise damaged(path, what) from None


def without_extra(path: Path, files: str, extra: str) -> BadInput:
    """The line for files of a kind that take an extra of freyvae which is not installed."""
    return BadInput(f'{printable(path)}: {files} need the extra: pip install "freyvae[{extra}]" installs it')
