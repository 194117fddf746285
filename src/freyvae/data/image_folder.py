"""How does a folder of pictures, of any mix of sizes and modes, become images?"""

import os
import re
import warnings
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from freyvae.data.image_size import ImageSize, fit_picture, parse_image_size
from freyvae.data.images import Images, ImageSet, as_images
from freyvae.errors import BadInput

SUFFIXES = (".png", ".jpg", ".jpeg", ".webp", ".bmp", ".tif", ".tiff")

# Only these decoders are let loose on a file, whatever its name says.
_FORMATS = ("PNG", "JPEG", "WEBP", "BMP", "TIFF")


class _Unreadable(Exception):
    """Why a picture is left out, in a few words."""


def load_folder(
    folder: str | Path,
    *,
    image_size: ImageSize = None,
    grey: bool = False,
    strict: bool = False,
    progress: bool = True,
) -> ImageSet:
    """Read every PNG, JPEG, WebP, BMP and TIFF in a folder and the folders in it, in natural order (2 before 10).

    Hidden files and other kinds of file are passed over. EXIF orientation is applied; transparent pixels are laid on
    white; 16-bit grey is divided by 257; palettes become colours; of several frames or pages the first is taken. The
    images are grey if every picture is (equal red, green and blue count as grey), else colour.

    Args:
        folder: where they are.
        image_size: `"28x20"` (height, width), `(28, 20)` or one number for a square. Pictures are scaled (Lanczos)
            until they cover it and cropped about the middle. Without it they must all have one size.
        grey: turn colour into grey (ITU-R 601 luma).
        strict: refuse the folder if any picture can't be read, rather than leave that picture out.
        progress: draw a bar on stderr, if that is a terminal.

    Returns:
        `images` uint8 (image, height, width, 1 or 3), `files` relative to `folder`, and in `unreadable` those left out.

    Raises:
        BadInput: no such folder, no picture in it, none that can be read, two sizes, or one unreadable with `strict`.
    """
    folder = Path(folder)
    size = parse_image_size(image_size)
    if not folder.is_dir():
        raise BadInput(f"{folder}: no such folder")
    files, unreadable = _picture_files(folder)
    if not files and not unreadable:
        raise BadInput(f"{folder}: no pictures in this folder; it needs files ending in {', '.join(SUFFIXES)}")
    kept: list[str] = []
    pictures: list[Images] = []
    for file in _with_progress(files, progress):
        try:
            pixels = _read_picture(folder / file, size, grey)
        except _Unreadable as reason:
            unreadable.append(f"{file}: {reason}")
            continue
        if pictures and pixels.shape[:2] != pictures[0].shape[:2]:
            raise BadInput(
                f"{folder}: pictures of different sizes, {kept[0]} is {_size(pictures[0])} and {file} is "
                f"{_size(pixels)} (height x width); bring them to one with --image-size {_size(pictures[0])}"
            )
        kept.append(file)
        pictures.append(pixels)
    if unreadable and (strict or not pictures):
        more = f", and {len(unreadable) - 1} more" if len(unreadable) > 1 else ""
        hint = "mend or remove it, or leave --strict out" if pictures else "not one picture can be read"
        raise BadInput(f"{folder}: unreadable: {unreadable[0]}{more}; {hint}")
    if any(pixels.shape[2] == 3 for pixels in pictures):
        pictures = [np.broadcast_to(pixels, (*pixels.shape[:2], 3)) for pixels in pictures]
    return ImageSet(
        images=as_images(np.stack(pictures), name=str(folder)),
        name=folder.resolve().name,
        is_video=False,
        files=tuple(kept),
        unreadable=tuple(unreadable),
    )


def _size(pixels: Images) -> str:
    return f"{pixels.shape[0]}x{pixels.shape[1]}"


def _picture_files(folder: Path) -> tuple[list[str], list[str]]:
    """The pictures' paths relative to `folder`, in natural order, and the folders that could not be listed."""
    closed: list[str] = []

    def note(error: OSError) -> None:
        closed.append(f"{os.path.relpath(error.filename, folder)}: {error.strerror}")

    found = []
    for place, folders, names in os.walk(folder, onerror=note):
        folders[:] = [name for name in folders if not name.startswith(".")]
        for name in names:
            if name.lower().endswith(SUFFIXES) and not name.startswith("."):
                found.append((Path(place) / name).relative_to(folder).as_posix())
    return sorted(found, key=_natural), closed


def _natural(path: str) -> list[list[tuple[int, int, str]]]:
    """A key that sorts numbers by value: digits before letters, case aside, the exact spelling last."""
    return [
        [(0, int(bit), bit) if bit.isdecimal() else (1, 0, bit.lower()) for bit in re.split(r"(\d+)", part) if bit]
        for part in [*path.split("/"), path]
    ]


def _read_picture(path: Path, size: tuple[int, int] | None, grey: bool) -> Images:
    """One picture as uint8 (height, width, 1 or 3)."""
    from PIL import Image, ImageOps, UnidentifiedImageError

    try:
        with _pillow_warnings(), Image.open(path, formats=_FORMATS) as opened:
            picture = _eight_bit(ImageOps.exif_transpose(opened))
            picture = picture.convert("L") if grey else picture
            picture = picture if size is None else fit_picture(picture, size)
            pixels = np.array(picture)
    except _Unreadable:
        raise
    except UnidentifiedImageError:
        raise _Unreadable("empty" if path.stat().st_size == 0 else "not a picture of a kind we read") from None
    except (Image.DecompressionBombError, Image.DecompressionBombWarning):
        raise _Unreadable(f"more than {Image.MAX_IMAGE_PIXELS} pixels, a decompression bomb?") from None
    except Exception as error:  # damaged files make Pillow raise almost anything
        raise _Unreadable(" ".join(str(error).split())[:120] or type(error).__name__) from None
    if pixels.ndim == 2:
        return pixels[..., None]
    if np.array_equal(pixels[..., 0], pixels[..., 1]) and np.array_equal(pixels[..., 0], pixels[..., 2]):
        return pixels[..., :1]
    return pixels


def _eight_bit(picture: Any) -> Any:
    """A Pillow picture of any mode, as L or RGB."""
    from PIL import Image

    if picture.mode.startswith("I") or picture.mode == "F":
        pixels = np.asarray(picture)
        low, high = pixels.min(), pixels.max()
        top = 1.0 if picture.mode == "F" else 65535.0
        if not (low >= 0 and high <= top):  # so that NaN fails too
            raise _Unreadable(f"pixels from {low:g} to {high:g}, where mode {picture.mode} should hold 0 to {top:g}")
        return Image.fromarray(np.rint(pixels * (255.0 / top)).astype(np.uint8))
    if picture.has_transparency_data:
        picture = picture.convert("RGBA")
        return Image.alpha_composite(Image.new("RGBA", picture.size, "white"), picture).convert("RGB")
    return picture.convert("L" if picture.mode in ("1", "L") else "RGB")


@contextmanager
def _pillow_warnings() -> Iterator[None]:
    """Pillow warns of odd metadata, which is no matter to the pixels, and of decompression bombs, which is."""
    from PIL import Image

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        warnings.simplefilter("error", Image.DecompressionBombWarning)
        yield


def _with_progress(files: list[str], progress: bool) -> Iterable[str]:
    from rich.console import Console
    from rich.progress import track

    console = Console(stderr=True)
    visible = progress and console.is_terminal
    return track(files, "Reading pictures", console=console, transient=True, disable=not visible)
