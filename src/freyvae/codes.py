"""Files of codes: what `freyvae encode` writes and `freyvae decode` reads."""

import csv
import io
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from freyvae.errors import BadInput
from freyvae.files import replacing, write_whole


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
        columns = [names[number] if number < len(names) else f"z{number + 1}" for number in range(codes.shape[1])]
        text = io.StringIO()
        writer = csv.writer(text, lineterminator="\n")
        writer.writerow(["image", *columns])
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
            codes = np.load(path, allow_pickle=False)
        elif path.suffix == ".csv":
            with path.open(newline="", encoding="utf-8") as file:
                codes = np.array([row[1:] for row in csv.reader(file)][1:], dtype="float32")
        else:
            raise BadInput(f"codes are read from .csv or .npy, not from {path.name}")
        codes = np.asarray(codes, dtype="float32")
    except (OSError, ValueError, EOFError) as error:
        if isinstance(error, BadInput):
            raise
        raise BadInput(f"cannot read codes from {path}: {error}") from error
    if codes.ndim != 2:
        raise BadInput(f"{path} holds no codes (image, latent), but an array of shape {codes.shape}")
    return codes
