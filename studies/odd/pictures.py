"""The pictures of the study: digits without one of them, photos and emoji of one size, faces with defects."""

import os
from collections.abc import Callable
from pathlib import Path

import numpy as np
from sklearn.datasets import load_digits

from freyvae.data import fit_images
from freyvae.files import replacing
from studies.images.pictures import prepare as prepare_images

# side of the photos, and of the emoji beside them
SIDE = 32
# side of a defect, and what is in it: random levels, black, the negative, or pixels from elsewhere in the face
DEFECT = 5
DEFECTS = ("noise", "black", "negative", "moved")


def prepare(folder: Path) -> None:
    """Write the sets that a folder lacks, uint8 (image, height, width, channel).

    Raises:
        BadInput: an archive of photos or emoji is missing.
    """
    of_images = folder / "archives"
    for digit in range(10):
        _write(folder / f"digits-{digit}.npy", lambda digit=digit: digits(is_in=lambda label: label != digit))
    _write(folder / "photos.npy", lambda: _of_archive(of_images, "photos32"))
    _write(folder / "emoji.npy", lambda: fit_images(_of_archive(of_images, "emoji"), (SIDE, SIDE), grey=False))


def digits(*, is_in: Callable[[np.ndarray], np.ndarray]) -> np.ndarray:
    """Those of scikit-learn's digits whose label is in, uint8 (image, 8, 8, 1), their 17 levels spread over bytes."""
    found = load_digits()
    return np.rint(found.images[is_in(found.target)] * 255 / 16).astype("uint8")[..., None]


def with_defects(faces: np.ndarray, kind: str, *, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Faces with a square of a kind drawn into each, and where it is, bool (image, height, width)."""
    random = np.random.default_rng(seed)
    drawn, where = faces.copy(), np.zeros(faces.shape[:3], bool)
    for face, defect in zip(drawn, where, strict=True):
        down, across, *elsewhere = (int(random.integers(0, faces.shape[axis] - DEFECT + 1)) for axis in (1, 2, 1, 2))
        square = slice(down, down + DEFECT), slice(across, across + DEFECT)
        if kind == "noise":
            face[square] = random.integers(0, 256, face[square].shape)
        elif kind == "black":
            face[square] = 0
        elif kind == "negative":
            face[square] = 255 - face[square]
        else:
            face[square] = face[elsewhere[0] : elsewhere[0] + DEFECT, elsewhere[1] : elsewhere[1] + DEFECT].copy()
        defect[square] = True
    return drawn, where


def _of_archive(folder: Path, name: str) -> np.ndarray:
    prepare_images(folder)
    images: np.ndarray = np.load(folder / f"{name}.npy")
    return images


def _write(path: Path, make: Callable[[], np.ndarray]) -> None:
    if path.is_file():
        return
    os.makedirs(path.parent, exist_ok=True)
    images = make()
    with replacing(path) as temporary, temporary.open("wb") as file:
        np.save(file, images)
