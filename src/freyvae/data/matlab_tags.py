"""Finds the variables of a MATLAB file that scipy can read safely.

The C code of scipy uses a damaged tag as an address, and crashes. So the tags are checked first.

A MATLAB 5 file is a sequence of elements, each behind a tag with its type and size. The elements of a variable are its
flags, dimensions, name and numbers ("MAT-File Format", The MathWorks, chapter 1).
"""

import struct
import zlib
from collections.abc import Iterator
from typing import IO, NamedTuple

_HEADER = 128
_MATRIX, _COMPRESSED = 14, 15
# int8 to uint32, single, double, int64 and uint64.
_TYPES_OF_NUMBERS = (1, 2, 3, 4, 5, 6, 7, 9, 12, 13)
_CLASSES_OF_NUMBERS = range(6, 16)
_COMPLEX = 0x0800
# The tags, dimensions and name come first, so these bytes suffice for a variable of any size.
_MOST_OF_HEAD = 2**16


class _Element(NamedTuple):
    type: int
    content: bytes
    rest: bytes  # the bytes after this element


def readable_variables(file: IO[bytes]) -> frozenset[str] | None:
    """Names of the variables that hold real numbers; None if the file is not of MATLAB 5 to 7.

    Raises:
        ValueError: an element is damaged or cut short.
    """
    header = file.read(_HEADER)
    if len(header) < _HEADER or 0 in header[:4] or header[126:] not in (b"IM", b"MI"):
        return None
    order = "<" if header.endswith(b"IM") else ">"
    return frozenset(name for head in _heads(file, order) if (name := _name_of_numbers(head, order)) is not None)


def _heads(file: IO[bytes], order: str) -> Iterator[bytes]:
    """The beginning of each variable, decompressed."""
    while tag := file.read(8):
        kind, size = _unpack(order, tag)
        place = file.tell()
        head = file.read(min(size, _MOST_OF_HEAD))
        if kind == _COMPRESSED:
            try:
                head = zlib.decompressobj().decompress(head, _MOST_OF_HEAD)
            except zlib.error as error:
                raise ValueError(f"a compressed variable is damaged: {error}") from error
            kind, _ = _unpack(order, head[:8])
            head = head[8:]
        if kind != _MATRIX:
            raise ValueError(f"an element of type {kind} in place of a variable")
        yield head
        file.seek(place + size)


def _name_of_numbers(head: bytes, order: str) -> str | None:
    """The name of a variable of real numbers, None for another variable. Raises `ValueError` for an unknown type."""
    flags = _first(head, order)
    shape = _first(flags.rest, order)
    name = _first(shape.rest, order)
    described = struct.unpack(f"{order}I", flags.content[:4].ljust(4, b"\0"))[0]
    if described & 0xFF not in _CLASSES_OF_NUMBERS or described & _COMPLEX:
        return None
    if _type_of(name.rest, order) not in _TYPES_OF_NUMBERS:
        raise ValueError("its numbers are of an unknown type")
    return name.content.decode("latin-1")


def _first(content: bytes, order: str) -> _Element:
    """The first of several elements. In a small element, type and size share four bytes, and four bytes follow."""
    kind, size = _unpack(order, content[:8])
    if kind >> 16:
        return _Element(kind & 0xFFFF, content[4 : 4 + min(kind >> 16, 4)], content[8:])
    return _Element(kind, content[8 : 8 + size], content[8 + -(-size // 8) * 8 :])


def _type_of(content: bytes, order: str) -> int:
    kind = _unpack(order, content[:8])[0]
    return kind & 0xFFFF if kind >> 16 else kind


def _unpack(order: str, tag: bytes) -> tuple[int, int]:
    if len(tag) < 8:
        raise ValueError("it is cut short")
    kind, size = struct.unpack(f"{order}II", tag)
    return kind, size
