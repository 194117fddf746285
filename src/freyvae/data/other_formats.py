"""Recognises files that freyvae does not read, and says how to convert them to files that it does read."""

import bz2
import gzip
import json
import lzma
import shlex
import struct
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

_HEAD = 1024
_IDX_DTYPES = {8: "u1", 9: "i1", 11: ">i2", 12: ">i4", 13: ">f4", 14: ">f8"}
_COMPRESSED: dict[bytes, tuple[str, Callable[..., Any]]] = {
    b"\x1f\x8b": ("gzip", gzip.open),
    b"BZh": ("bzip2", bz2.open),
    b"\xfd7zXZ": ("xz", lzma.open),
}


def way_to_read(path: Path) -> str:
    """Say what a file is, by its content, and which command makes images of it; "" if it is not recognised."""
    head = _head(path, open)
    compressed = next((kind for start, kind in _COMPRESSED.items() if head.startswith(start)), None)
    program, opener = compressed or ("", open)
    inner = _head(path, opener) if compressed else head
    here = shlex.quote(str(path))
    if _is_idx(inner):
        return _way_of_idx(path, inner, program)
    if inner[257:262] == b"ustar":
        return f"a tar archive: unpack it, `mkdir images && tar -xf {here} -C images`, and give that folder"
    if compressed:
        return f"a file compressed with {program}: unpack it, `{program} -dk {here}`, and give what comes out"
    if head[:4] in (b"PK\x03\x04", b"PK\x05\x06"):
        return f"a zip archive: unpack it, `python -m zipfile -e {here} images`, and give the folder `images`"
    if head[:6] == b"\x93NUMPY":
        return "a NumPy array: give the file a name that ends in .npy"
    if b"\x89HDF\r\n\x1a\n" in (head[:8], head[512:520]):
        what = "a MATLAB 7.3 file: save it with -v7, or" if head.startswith(b"MATLAB") else "an HDF5 file:"
        code = f'import h5py, numpy; numpy.save("images.npy", h5py.File({_literal(path)})["NAME"][:])'
        return f"{what} make a .npy of the array called NAME in it, `python -c {shlex.quote(code)}`"
    if head[:1] == b"\x80" and head[1:2] in b"\x02\x03\x04\x05":
        return "holds a pickle, which can run code and is never loaded; save a plain uint8 array with np.save"
    if head[:6] in (b"7z\xbc\xaf\x27\x1c", b"Rar!\x1a\x07"):
        return "an archive: unpack it, and give the folder"
    if head[4:8] == b"ftyp" or head[:4] == b"\x1a\x45\xdf\xa3" or (head[:4], head[8:12]) == (b"RIFF", b"AVI "):
        return f"a video: make pictures of it, `mkdir frames && ffmpeg -i {here} frames/%d.png`, and give that folder"
    return ""


def _literal(path: Path) -> str:
    """The path as a Python literal in double quotes, which need no escape within the single quotes of a shell."""
    return json.dumps(str(path), ensure_ascii=False)


def _head(path: Path, opener: Callable[..., Any]) -> bytes:
    """The first bytes of a file; fewer, or none, if it is damaged."""
    try:
        with opener(path, "rb") as file:
            return bytes(file.read(_HEAD))
    except (OSError, EOFError, lzma.LZMAError, zlib.error):
        return b""


def _is_idx(head: bytes) -> bool:
    """Whether this is IDX: two zeros, the type, the number of axes, the length of each in 32 bits, the values."""
    return len(head) >= 8 and head[:2] == b"\0\0" and head[2] in _IDX_DTYPES and 1 <= head[3] <= 4


def _way_of_idx(path: Path, head: bytes, program: str) -> str:
    axes = head[3]
    if len(head) < 4 + 4 * axes:
        return "an IDX file, MNIST's own format, that is cut short"
    shape = struct.unpack(f">{axes}I", head[4 : 4 + 4 * axes])
    if axes < 3:
        return f"an IDX file, MNIST's own format, of shape {shape}: labels, not images"
    module = {"gzip": "gzip", "bzip2": "bz2", "xz": "lzma"}.get(program, "")
    opened = f"{module}.open" if module else "open"
    code = (
        f'import {f"{module}, " if module else ""}numpy; numpy.save("images.npy", numpy.frombuffer('
        f'{opened}({_literal(path)}, "rb").read(), "{_IDX_DTYPES[head[2]]}", offset={4 + 4 * axes}).reshape{shape})'
    )
    return f"an IDX file, MNIST's own format: make a .npy of it, `python -c {shlex.quote(code)}`"
