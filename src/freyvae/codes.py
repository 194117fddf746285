"""Files of codes: what `freyvae encode` writes and `freyvae decode` reads."""

import csv
import io
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from freyvae.errors import BadInput
from freyvae.files import replacing, write_whole


def names_of_latents(count: int, names: Sequence[str] = ()) -> list[str]:
    """A name for each of `count` latents: those given, and z1, z2, ... for the ones without."""
    return [names[number] if number < len(names) and names[number] else f"z{number + 1}" for number in range(count)]


def write_codes(
    path: Path, codes: np.ndarray, *, names: Sequence[str] = (), files: Sequence[str] | None = None
) -> None:
    """Write codes (image, latent) to a .csv file, a column a latent, or to a .npy file of float32.

    Args:
        path: where to.
        codes: float32 (image, latent).
        names: of the latents; those without a name are z1, z2, ...
        files: the images' files, the first column of a .csv file; without them it is the image's number.
    """
    if path.suffix == ".npy":
        with replacing(path) as temporary:
            np.save(temporary, codes)
    elif path.suffix == ".csv":
        text = io.StringIO()
        writer = csv.writer(text, lineterminator="\n")
        writer.writerow(["image", *names_of_latents(codes.shape[1], names)])
        writer.writerows([name, *row] for name, row in zip(files or range(len(codes)), codes.tolist(), strict=True))
        write_whole(path, text.getvalue())
    else:
        raise BadInput(f"codes are written as .csv or .npy, not as {path.name}")


def read_codes(path: Path) -> np.ndarray:
    """Codes float32 (image, latent) from a file that `write_codes` wrote.

    Raises:
        BadInput: the file is missing, of another kind, or damaged.
    """
    try:
        if path.suffix == ".npy":
            codes = np.lib.format.read_array(io.BytesIO(path.read_bytes()), allow_pickle=False)
            if codes.dtype.kind not in "buif":
                raise BadInput(f"cannot read codes from {path}: its dtype is {codes.dtype}, not numbers")
        elif path.suffix == ".csv":
            codes = _from_csv(path)
        else:
            raise BadInput(f"codes are read from .csv or .npy, not from {path.name}")
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
    return np.asarray(codes, dtype="float32")


def _from_csv(path: Path) -> np.ndarray:
    """The numbers of a .csv file with a header, all columns but one called `image`."""
    with path.open(newline="", encoding="utf-8") as file:
        header, *rows = list(csv.reader(file)) or [[]]
    if not header or all(_is_number(cell) for cell in header):
        raise ValueError("its first line must be a header, such as image,z1,z2")
    first = 1 if header[0] == "image" else 0
    for number, row in enumerate(rows, 2):
        if len(row) != len(header):
            raise ValueError(f"line {number} has {len(row)} values where the header has {len(header)}")
    return np.array([row[first:] for row in rows], dtype="float32")


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True
