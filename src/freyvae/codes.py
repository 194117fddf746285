"""Files of codes: what `freyvae encode` writes and `freyvae decode` reads.

All kinds carry a checksum, and stay what other programs read. After the array of a .npy file, where np.load stops
reading, stand a magic and the SHA-256 of all before it. Beside a .csv file lies one of the same name and `.sha256`, as
`sha256sum` writes it: a line within the table would be taken for an image. Pages of a .parquet file have their own.
"""

import csv
import hashlib
import io
import itertools
import math
import re
from collections.abc import Container, Iterable, Iterator, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np

from freyvae.errors import BadInput
from freyvae.files import Digesting, replacing
from freyvae.table_file import as_cell, as_utf8, checksum_path, write_table

MAGIC = b"\nfreyvae sha256\n"
WRITTEN = (".csv", ".npy", ".parquet")
# of a .parquet file, in a group
ROWS_AT_ONCE = 2**16


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


def require_kind(path: Path) -> None:
    """Raise `BadInput` for a path that codes are not written to: another suffix, or .parquet without pyarrow."""
    if path.suffix not in WRITTEN:
        raise BadInput(f"codes are written as {', '.join(WRITTEN[:-1])} or {WRITTEN[-1]}, not as {path.name}")
    if path.suffix == ".parquet" and find_spec("pyarrow") is None:
        raise BadInput(f'{path.name} needs pyarrow: pip install "freyvae[parquet]" installs it')


def write_codes(
    path: Path,
    codes: np.ndarray,
    *,
    names: Sequence[str] = (),
    files: Sequence[str] | None = None,
    labels: Sequence[str] | None = None,
) -> None:
    """Write codes float32 (image, latent), all at once. Arguments and errors are those of `write_blocks_of_codes`."""
    write_blocks_of_codes(path, [codes], shape=codes.shape, names=names, files=files, labels=labels)


def write_blocks_of_codes(
    path: Path,
    blocks: Iterable[np.ndarray],
    *,
    shape: tuple[int, ...],
    names: Sequence[str] = (),
    files: Sequence[str] | None = None,
    labels: Sequence[str] | None = None,
) -> None:
    """Write codes as they come, with a checksum: the file is there when all of them are.

    Args:
        path: a .csv file, a column a latent; a .npy file of float32; or a .parquet file with the columns `file`,
            `label` where there are any, and one a latent.
        blocks: codes of some images after the other, each float32 (image, latent).
        shape: of all of them, (image, latent).
        names: of the latents; those without a name are z1, z2, ...
        files: the images' files, the first column of a table; without them it is the image's number, from 0.
        labels: of the images, for a .parquet file.

    Raises:
        BadInput: as `require_kind`, or the place cannot be written.
    """
    require_kind(path)
    images: Sequence[Any] = range(shape[0]) if files is None else files
    latents = names_of_latents(shape[1], names)
    if path.suffix == ".npy":
        _write_npy(path, blocks, shape)
    elif path.suffix == ".csv":
        rows = itertools.chain.from_iterable(block.tolist() for block in blocks)
        write_table(path, ["image", *latents], ([image, *row] for image, row in zip(images, rows, strict=True)))
    else:
        _write_parquet(path, blocks, latents, images, labels)


def _write_npy(path: Path, blocks: Iterable[np.ndarray], shape: tuple[int, ...]) -> None:
    with replacing(path) as temporary, temporary.open("wb") as file:
        array = Digesting(file)
        header = {"descr": "<f4", "fortran_order": False, "shape": shape}
        np.lib.format.write_array_header_1_0(array, header)
        for block in blocks:
            array.write(np.ascontiguousarray(block, "<f4").data)
        file.write(MAGIC + array.sha256.digest())


def _write_parquet(
    path: Path,
    blocks: Iterable[np.ndarray],
    latents: Sequence[str],
    images: Sequence[Any],
    labels: Sequence[str] | None,
) -> None:
    import pyarrow as pa
    from pyarrow import parquet

    texts = {"file": images} | ({} if labels is None else {"label": labels})
    fields = [*((name, pa.string()) for name in texts), *((name, pa.float32()) for name in beside(texts, latents))]
    schema, start = pa.schema(fields), 0
    with (
        replacing(path) as temporary,
        parquet.ParquetWriter(temporary, schema, write_page_checksum=True) as writer,
    ):
        for codes in _at_once(blocks, ROWS_AT_ONCE):
            rows = slice(start, start := start + len(codes))
            named = [pa.array([as_utf8(str(text)) for text in values[rows]]) for values in texts.values()]
            writer.write_table(pa.table([*named, *map(pa.array, np.asarray(codes, "float32").T)], schema=schema))


def _at_once(blocks: Iterable[np.ndarray], rows: int) -> Iterator[np.ndarray]:
    """The same rows in blocks of at least so many, but for the last."""
    waiting: list[np.ndarray] = []
    for block in blocks:
        waiting.append(block)
        if sum(map(len, waiting)) >= rows:
            yield np.concatenate(waiting)
            waiting = []
    if waiting:
        yield np.concatenate(waiting)


def beside(others: Container[str], latents: Sequence[str]) -> list[str]:
    """Names of latents as columns of a table with others, none of them that of another."""
    return [f"latent {name}" if name in others else name for name in latents]


def widest_latents(codes: np.ndarray) -> list[int]:
    """The two latents along which codes (image, latent) vary most, in ascending order; others may be unused."""
    return sorted(np.argsort(-codes.var(axis=0), kind="stable")[:2].tolist())


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
