"""Files of codes: what `freyvae encode` writes and `freyvae decode` reads.

Both kinds carry a checksum, and stay what other programs read. After the array of a .npy file, where np.load stops
reading, stand a magic and the SHA-256 of all before it. Beside a .csv file lies one of the same name and `.sha256`, as
`sha256sum` writes it: a line within the table would be taken for an image.
"""

import csv
import hashlib
import io
import math
import re
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from freyvae.errors import BadInput
from freyvae.files import write_whole
from freyvae.table_file import as_cell, checksum_path, write_table

MAGIC = b"\nfreyvae sha256\n"


def names_of_latents(count: int, names: Sequence[str] = ()) -> list[str]:
    """A name for each of `count` latents, no two alike: those given, and z1, z2, ... for the ones without.

    Raises `BadInput` where there are more names than latents.
    """
    if len(names) > count:
        raise BadInput(f"names must be at most one a latent: there are {count}, and {len(names)} names, {list(names)}")
    return [name or _default_name(index, names) for index, name in enumerate([*names, *[""] * (count - len(names))])]


def _default_name(index: int, taken: Sequence[str]) -> str:
    name = f"z{index + 1}"
    while name in taken:
        name += "_"
    return name


def write_codes(
    path: Path, codes: np.ndarray, *, names: Sequence[str] = (), files: Sequence[str] | None = None
) -> None:
    """Write codes (image, latent) to a .csv file, a column a latent, or to a .npy file of float32, with a checksum.

    Args:
        path: where to.
        codes: float32 (image, latent).
        names: of the latents; those without a name are z1, z2, ...
        files: the images' files, the first column of a .csv file; without them it is the image's number, from 0.

    Raises:
        BadInput: another suffix, or a place that cannot be written.
    """
    if path.suffix == ".npy":
        array = io.BytesIO()
        np.save(array, codes)
        write_whole(path, array.getvalue() + MAGIC + hashlib.sha256(array.getvalue()).digest())
    elif path.suffix == ".csv":
        images = range(len(codes)) if files is None else files
        rows = ([image, *row] for image, row in zip(images, codes.tolist(), strict=True))
        write_table(path, ["image", *names_of_latents(codes.shape[1], names)], rows)
    else:
        raise BadInput(f"codes are written as .csv or .npy, not as {path.name}")


def read_codes(path: Path, *, names: Sequence[str] | None = None) -> np.ndarray:
    """Codes float32 (image, latent) from a file that `write_codes` wrote, or from one of a person's own.

    Args:
        path: the file.
        names: of the latents, in their order. The columns of a .csv file must be called so, or z1, z2, ..., in any
            order. By default they are taken as they come.

    Raises:
        BadInput: the file is missing, of another kind, damaged, or of other latents.
    """
    if path.suffix not in (".csv", ".npy"):
        raise BadInput(f"codes are read from .csv or .npy, not from {path.name}")
    try:
        if path.exists() and not path.is_file():
            raise BadInput(f"cannot read codes from {path}: it is no file")
        content = path.read_bytes()
        codes = _from_npy(content) if path.suffix == ".npy" else _from_csv(content, path, names)
    except BadInput:
        raise
    except OSError as error:
        raise BadInput(f"cannot read codes from {path}: {error.strerror or error}") from error
    except (ValueError, EOFError, csv.Error) as error:
        reason = "it holds a pickle, which can run code" if "pickle" in str(error) else " ".join(str(error).split())
        raise BadInput(f"cannot read codes from {path}: {reason}") from error
    if not codes.size:
        raise BadInput(f"{path} holds no codes: there is not one number in it")
    if codes.ndim != 2:
        raise BadInput(f"{path} holds no codes (image, latent), but an array of shape {codes.shape}")
    with np.errstate(over="ignore"):
        codes = np.asarray(codes, dtype="float32")
    if not np.isfinite(codes).all():
        image, latent = np.argwhere(~np.isfinite(codes))[0]
        raise BadInput(f"{path} holds {codes[image, latent]} as latent {latent + 1} of code {image + 1}: no code is so")
    return codes


def _check_checksum(content: bytes, path: Path) -> None:
    """Refuse a file that is another than its checksum says; one without a checksum may be a person's own."""
    beside = checksum_path(path)
    if not beside.exists():
        return
    if hashlib.sha256(content).hexdigest().encode() not in re.findall(rb"[0-9a-f]{64}", beside.read_bytes()):
        raise BadInput(
            f"{path} is not the file whose checksum is in {beside}: it was damaged or edited; "
            f"encode again, or remove {beside.name} if it was edited on purpose"
        )


def _from_npy(content: bytes) -> np.ndarray:
    """The array of a .npy file, whose shape is checked against the file's size before memory is asked for."""
    file = io.BytesIO(content)
    version = np.lib.format.read_magic(file)
    if version not in ((1, 0), (2, 0)):
        raise ValueError(f"its .npy format is {version[0]}.{version[1]}, that of names, not of numbers")
    read_header = np.lib.format.read_array_header_1_0 if version == (1, 0) else np.lib.format.read_array_header_2_0
    try:
        shape, _, dtype = read_header(file)
    except Exception as error:  # numpy takes the header for Python, which can be damaged into anything
        raise ValueError("it is damaged: its header cannot be read") from error
    if dtype.hasobject:
        raise ValueError("a pickle")
    if not all(type(side) is int for side in shape):
        raise ValueError(f"it is damaged: its header says an array of shape {shape}")
    if dtype.kind not in "buif":
        raise ValueError(f"its dtype is {dtype}, not numbers")
    size, there = math.prod(shape) * dtype.itemsize, len(content) - file.tell()
    if min(shape, default=0) < 0 or size > there:
        raise ValueError(
            f"it is damaged or cut short: its header says {dtype} of shape {shape}, {size:,} bytes, "
            f"but {there:,} follow"
        )
    end = file.tell() + size
    if content[end:] not in (b"", MAGIC + hashlib.sha256(content[:end]).digest()):
        raise ValueError("it is damaged or cut short: the checksum behind its array is wrong; encode again")
    file.seek(0)
    array: np.ndarray = np.lib.format.read_array(file, allow_pickle=False)
    return array


def _from_csv(content: bytes, path: Path, names: Sequence[str] | None) -> np.ndarray:
    """The numbers of a .csv file with a header, without a first column called `image`, latents in their order."""
    _check_checksum(content, path)
    text = content.decode("utf-8-sig")  # spreadsheets begin with a byte-order mark
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    header = next(reader, [])
    if not header or all(_is_number(cell) for cell in header):
        raise ValueError("its first line must be a header, such as image,z1,z2")
    rows = []
    for row in reader:
        if len(row) != len(header):
            raise ValueError(f"line {reader.line_num} has {len(row)} values where the header has {len(header)}")
        rows.append(row)
    if not text.endswith(("\n", "\r")):
        raise ValueError(
            "its last line has no end, as that of a file that was cut: end it with a new line if it is whole"
        )
    columns = list(range(len(header)))
    if header[0].strip() == "image" and ("image" not in (names or ()) or header.count("image") > 1):
        columns = columns[1:]
    if names is not None and len(columns) == len(names):
        columns = [columns[place] for place in _order([header[column] for column in columns], names)]
    with np.errstate(over="ignore"):  # what is too large for a float32 is refused above
        return np.array([[row[column] for column in columns] for row in rows], dtype="float32")


def _order(columns: Sequence[str], names: Sequence[str]) -> list[int]:
    """Where each latent's column is."""
    for called in ([as_cell(name) for name in names], names, names_of_latents(len(names))):
        for found in (columns, [name.strip() for name in columns]):
            if sorted(called) == sorted(found):
                return [found.index(name) for name in called]
    raise ValueError(f"its columns are {', '.join(columns)}, but the latents are {', '.join(names)}, or z1, z2, ...")


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True
