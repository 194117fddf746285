"""Reads one file of images: arrays, or a picture file with one picture, several pages or frames."""

import io
import math
import zipfile
from pathlib import Path
from typing import IO, Any

import numpy as np
import numpy.typing as npt

from freyvae.arguments import truth
from freyvae.console import Progress, checked_progress, printable
from freyvae.data.channels import MOST_CHANNELS
from freyvae.data.copies import copies_note
from freyvae.data.file_kind import HDF5_SUFFIXES, IN_WORDS, PARQUET_SUFFIXES, check_readable, kind_of_file, name_of_set
from freyvae.data.image_size import ImageSize, fit_images, parse_image_size
from freyvae.data.images import ImageSet, channels_may_come_first, convert, have_said
from freyvae.data.levels import Levels, Survey, dark_note, parse_levels
from freyvae.data.matlab_tags import readable_variables
from freyvae.data.other_formats import way_to_read
from freyvae.data.picture_file import SUFFIXES as PICTURE_SUFFIXES
from freyvae.data.picture_file import Stored, Unreadable, read_pictures
from freyvae.data.pixels import FilePixels, stacked
from freyvae.errors import BadInput
from freyvae.files import as_path
from freyvae.memory import check_fits

_Array = npt.NDArray[Any]

_WITH_ARRAYS = (".npz", ".mat", *HDF5_SUFFIXES, *PARQUET_SUFFIXES)
# a smaller .npy is read into memory
FEWEST_BYTES_ON_DISK = 2**28
_MOST_HEADER = 2**16  # bytes; numpy itself refuses an array's header above 10,000
_MATLAB_BYTES = {
    **{f"{sign}int{bits}": bits // 8 for sign in ("", "u") for bits in (8, 16, 32, 64)},
    **{"double": 8, "single": 4, "logical": 1},
}


def split_array(source: str | Path) -> tuple[Path, str | None]:
    """Split a path from the name of an array or column in the file: `a.npz:x_train` gives `a.npz` and `x_train`."""
    path = as_path("data", source)
    file, colon, array = str(path).rpartition(":")
    if colon and array and not path.exists() and file.lower().endswith(_WITH_ARRAYS):
        return Path(file), array
    return path, None


def load_file(
    path: str | Path,
    *,
    image_size: ImageSize = None,
    grey: bool = False,
    strict: bool = False,
    levels: Levels = None,
    progress: bool | Progress = False,
) -> ImageSet:
    """Read images from a NumPy or MATLAB file, a TIFF with several pages, or a GIF with several frames.

    No code in the file is run, and pickles are refused. Arrays in `.npy` and `.npz` are (image, height, width) or
    (image, height, width, channel). A `.npy` of bytes of 256 MiB or more stays on the disk, and is read when images are
    asked for. If an `.npz` holds several arrays, the one called `images` is read, or the one named after a colon in
    `path`. `.mat` is read up to version 7. MATLAB keeps images along the last axis: (height,
    width, image), (height, width, channel, image), or (pixel, image). In the last case the pixels are in row order,
    and `image_size` is required. The frames of a GIF, WebP, APNG or AVIF are a video.

    Args:
        path: the file, or `file.npz:array`.
        image_size: as in `load_folder`; for (pixel, image) it gives the shape of the pixels.
        grey: turn colour into grey (ITU-R 601 luma).
        strict: no effect. Every loader takes the same arguments.
        levels: as in `as_images`.
        progress: no effect, like `strict`.

    Raises:
        BadInput: there is no such file, it is of another kind, damaged, a pickle or larger than memory, it holds no
            array of images or several, or `as_images` refuses its values.
    """
    path, name = split_array(path)
    where = printable(path)
    size = parse_image_size(image_size)
    grey, _, _ = truth("grey", grey), truth("strict", strict), checked_progress(progress)
    check_readable(path)
    kind = kind_of_file(path).name
    if kind:
        raise BadInput(f"{where}: {IN_WORDS[kind]}; load_images reads it")
    suffix = path.suffix.lower()
    if suffix in PICTURE_SUFFIXES:
        return _from_pictures(path, size, grey=grey, levels=levels)
    if suffix in (".npy", ".npz"):
        stays = _left_on_disk(path) if suffix == ".npy" and levels is None else None
        if stays is not None:
            fitted = fit_images(stays, size, grey=grey)
            return ImageSet(images=fitted, name=printable(name_of_set(path)), is_video=False)
        array = read_numpy(path, name)
    elif suffix == ".mat":
        array = in_matlab_order(read_matlab(path, name), where, size)
    else:
        way = printable(way_to_read(path))
        raise BadInput(
            f"{where}: {way}"
            if way
            else f"{where}: can't read images from this kind of file; give .npy, .npz, .mat, .h5, .parquet, or an "
            "archive or a folder of pictures"
        )
    return as_image_set(array, path, image_size=size, grey=grey, levels=levels)


def as_image_set(
    array: _Array,
    path: Path,
    *,
    image_size: ImageSize,
    grey: bool,
    levels: Levels,
    labels: tuple[str, ...] | None = None,
    notes: tuple[str, ...] = (),
) -> ImageSet:
    """A set of the images in an array of a file, past the gate.

    Args:
        array: as in `as_images`.
        path: the file.
        image_size: as in `load_folder`.
        grey: turn colour into grey.
        levels: as in `as_images`.
        labels: the label of each image.
        notes: remarks on the file.

    Raises:
        BadInput: as in `as_images`.
    """
    converted, of_values, used, lost = convert(array, name=printable(path), levels=levels)
    images = fit_images(converted, parse_image_size(image_size), grey=grey)
    notes = (*notes, *of_values, *filter(None, [dark_note(images, levels), copies_note(images)]))
    have_said(*notes)
    name = printable(name_of_set(path))
    return ImageSet(images=images, name=name, is_video=False, labels=labels, notes=notes, levels=used, lost=lost)


def _from_pictures(path: Path, size: tuple[int, int] | None, *, grey: bool, levels: Levels) -> ImageSet:
    """Read the pages of a TIFF, or the frames of a video."""
    where, wanted = printable(path), parse_levels(levels)
    try:
        pages, is_video = read_pictures(path)
    except Unreadable as reason:
        raise BadInput(f"{where}: {reason}") from None
    survey = Survey(where, wanted)
    for page in pages:
        survey.see(page.values, page.kind)

    def image(page: Stored) -> npt.NDArray[np.uint8]:
        rule = survey.tell_at_once(page.kind) or survey.rule(page.kind)
        return page.to_image(rule, asked=wanted is not None, size=size, grey=grey)

    images = [image(page) for page in pages]
    sizes = list(dict.fromkeys(f"{pixels.shape[0]}x{pixels.shape[1]}" for pixels in images))
    if len(sizes) > 1:
        raise BadInput(
            f"{where}: pages of different sizes, {sizes[0]} and {sizes[1]} (height x width); bring them to one with "
            f'image_size="{sizes[0]}"'
        )
    together = stacked(images)
    notes = (*survey.notes, *filter(None, [dark_note(together, levels), copies_note(together)]))
    have_said(*notes)
    return ImageSet(
        images=together,
        name=printable(path.stem),
        is_video=is_video and len(pages) > 1,
        files=(path.name,) if len(pages) == 1 else None,
        notes=notes,
        levels=None if wanted is None and any(page.has_own_rule for page in pages) else survey.levels,
        lost=survey.lost,
    )


def read_numpy(path: Path, name: str | None) -> _Array:
    """The array in a `.npy`, or the one of this name in an `.npz`, as `load_file` chooses it. Raises `BadInput`."""
    where = printable(path)
    try:
        with path.open("rb") as file:
            if file.read(2) != b"PK":
                if name is not None:
                    raise BadInput(f"{where}: not an .npz file, so it has no array called {printable(name)!r}")
                file.seek(0)
                return _read_npy(file, where, path.stat().st_size)
            file.seek(0)
            with zipfile.ZipFile(file) as archive:
                members = {
                    info.filename.removesuffix(".npy"): info
                    for info in archive.infolist()
                    if info.filename.endswith(".npy")
                }
                chosen = members[chosen_array(where, name, list(members))]
                with archive.open(chosen) as member:
                    return _read_npy(member, where, chosen.file_size)
    except BadInput:
        raise
    except MemoryError:
        raise BadInput(f"{where}: claims an array larger than memory; it is damaged, or must be made smaller") from None
    except Exception as error:  # damaged files make numpy and zipfile raise almost anything
        if "pickle" in str(error):
            raise BadInput(
                f"{where}: holds a pickle, which can run code and is never loaded; save a plain uint8 array with "
                "np.save"
            ) from None
        way = "" if _is_numpy(path) else printable(way_to_read(path))
        raise BadInput(
            f"{where}: {way or 'damaged, cut short or not a NumPy file; save it again with np.save'}"
        ) from None


def _left_on_disk(path: Path) -> FilePixels | None:
    """The images of a large `.npy` of bytes, to be read when they are asked for; None of any other file."""
    try:
        with path.open("rb") as file:
            shape, is_fortran, dtype = _header(file)
            offset = file.tell()
    except Exception:  # a damaged header makes numpy raise almost anything; `read_numpy` refuses it in a line
        return None
    images = (*shape, 1) if len(shape) == 3 else shape
    size = math.prod(images)
    if dtype != np.uint8 or is_fortran or len(images) != 4 or not 1 <= images[3] <= MOST_CHANNELS or 0 in images:
        return None
    if size < FEWEST_BYTES_ON_DISK or path.stat().st_size < offset + size or channels_may_come_first(images):
        return None
    count, height, width, channels = images
    return FilePixels(path, (count, height, width, channels), offset=offset)


def _header(file: IO[bytes]) -> tuple[tuple[int, ...], bool, np.dtype[Any]]:
    """Shape, whether it is in Fortran's order, and type of the array in a `.npy`. Raises `ValueError`."""
    version = np.lib.format.read_magic(file)
    read = {(1, 0): np.lib.format.read_array_header_1_0}.get(version, np.lib.format.read_array_header_2_0)
    return read(file)


def _is_numpy(path: Path) -> bool:
    with path.open("rb") as file:
        return file.read(6).startswith((b"\x93NUMPY", b"PK"))


def _read_npy(file: IO[bytes], where: str, size: int) -> _Array:
    """Read one array. The size in its header is checked first."""
    start = file.read(_MOST_HEADER)
    shape, _, dtype = _header(io.BytesIO(start))
    if not dtype.hasobject:
        count = math.prod(shape)
        if count * dtype.itemsize > size:
            raise ValueError("claims more than it holds")
        # the array, and a copy as bytes if it has another type
        check_fits(count * (dtype.itemsize + (dtype != np.uint8)), where, "save it as uint8, or fewer images")
    file.seek(0)
    array: _Array = np.lib.format.read_array(file, allow_pickle=False)
    return array


def chosen_array(where: str, wanted: str | None, names: list[str], what: str = "array") -> str:
    """Choose the array of images among the arrays of a file. `what` is the word for an array in an error."""
    held = printable(", ".join(names))
    if wanted is not None:
        if wanted not in names:
            raise BadInput(f"{where}: holds no {what} {printable(wanted)!r}, but {held or 'none'}")
        return wanted
    if "images" in names:
        return "images"
    if len(names) == 1:
        return names[0]
    if not names:
        raise BadInput(f"{where}: holds no {what}; call the one to read `images`, or save it alone")
    example = next((name for name in names if name in ("x_train", "X", "train", "data")), names[0])
    raise BadInput(
        f"{where}: holds several {what}s ({held}); call the one to read `images`, or save it alone, or name it: "
        f"{where}:{printable(example)}"
    )


def read_matlab(path: Path, name: str | None, *, vectors: bool = False) -> _Array:
    """The numeric array of this name in a MATLAB file, as it is there, or the one that `load_file` chooses.

    Args:
        path: the file.
        name: of the array; None for the only one, or `images`.
        vectors: whether rows and columns are meant too.

    Raises:
        BadInput: the file is damaged, of MATLAB 7.3, or larger than memory, or holds no array of this name.
    """
    import scipy.io

    where = printable(path)
    try:
        with path.open("rb") as file:
            sound = readable_variables(file)
        # verification would decompress everything, and this only lists; `loadmat` verifies
        listed = scipy.io.whosmat(path, verify_compressed_data_integrity=False)
        held = {
            variable: math.prod(shape) * _MATLAB_BYTES[kind]
            for variable, shape, kind in listed
            if kind in _MATLAB_BYTES
            and (sound is None or variable in sound)
            and (vectors or len(shape) > 2 or min(shape) > 1)
        }
        variable = chosen_array(where, name, sorted(held), "numeric array")
        check_fits(2 * held[variable], where, "save it as uint8, or fewer images")
        value: _Array = scipy.io.loadmat(path, variable_names=[variable])[variable]
    except BadInput:
        raise
    except NotImplementedError:
        raise BadInput(
            f"{where}: {printable(way_to_read(path)) or 'a MATLAB file of another version; save it with -v7'}"
        ) from None
    except Exception:  # damaged files make scipy raise almost anything
        raise BadInput(
            f"{where}: {printable(way_to_read(path)) or 'damaged, cut short or not a MATLAB file'}"
        ) from None
    return value


def in_matlab_order(value: _Array, where: str, size: tuple[int, int] | None) -> _Array:
    """Images with the image first, of an array that has it last, as MATLAB keeps them; see `load_file`.

    Raises:
        BadInput: the array is (pixel, image), and `size` is not the shape of its pixels.
    """
    array: _Array = np.moveaxis(value, -1, 0)
    if array.ndim > 2:
        return array
    if size is None:
        raise BadInput(
            f'{where}: each column is one image of {array.shape[1]} pixels; give its shape, image_size="HxW"'
        )
    if size[0] * size[1] != array.shape[1]:
        raise BadInput(
            f"{where}: each column is one image of {array.shape[1]} pixels, but "
            f'image_size="{size[0]}x{size[1]}" has {size[0] * size[1]}'
        )
    return array.reshape(-1, *size)
