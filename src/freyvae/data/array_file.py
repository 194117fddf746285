"""How does one file that holds many images (.npy, .npz or .mat) become images?"""

from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from freyvae.data.image_folder import SUFFIXES as PICTURE_SUFFIXES
from freyvae.data.image_size import ImageSize, fit_images, parse_image_size
from freyvae.data.images import ImageSet, as_images
from freyvae.errors import BadInput

_Array = npt.NDArray[Any]


def load_file(
    path: str | Path,
    *,
    image_size: ImageSize = None,
    grey: bool = False,
    strict: bool = False,
    progress: bool = True,
) -> ImageSet:
    """Read images from a NumPy or MATLAB file. Nothing in the file is ever run: pickles are refused.

    `.npy` and `.npz`: (image, height, width) or (image, height, width, channel); of several arrays in an `.npz`, the
    one called `images`. `.mat` (up to version 7): MATLAB keeps images along the last axis, so (height, width, image),
    (height, width, channel, image), or (pixel, image) with the pixels row by row, which needs `image_size`.

    Args:
        path: the file.
        image_size: as in `load_folder`; for (pixel, image) it says what the pixels' shape is.
        grey: turn colour into grey (ITU-R 601 luma).
        strict: no effect, here so that every loader takes the same arguments; a file is readable or it is refused.
        progress: likewise.

    Raises:
        BadInput: no such file, another kind of file, damaged, a pickle, no array of images in it or several, or what
            `as_images` refuses.
    """
    path = Path(path)
    size = parse_image_size(image_size)
    if not path.is_file():
        raise BadInput(f"{path}: {'neither a file nor a folder' if path.exists() else 'no such file'}")
    suffix = path.suffix.lower()
    if suffix in (".npy", ".npz"):
        array = _from_numpy(path)
    elif suffix == ".mat":
        array = _from_matlab(path, size)
    elif suffix in PICTURE_SUFFIXES:
        raise BadInput(f"{path}: a single picture; give the folder that holds all of them")
    else:
        raise BadInput(
            f"{path}: can't read images from this kind of file; give .npy, .npz, .mat or a folder of pictures"
        )
    images = fit_images(as_images(array, name=str(path)), size, grey=grey)
    return ImageSet(images=images, name=path.stem, is_video=False)


def _from_numpy(path: Path) -> _Array:
    try:
        # Opened here, because np.load leaves a damaged .npz open.
        with path.open("rb") as file:
            loaded = np.load(file, allow_pickle=False)
            if not isinstance(loaded, np.lib.npyio.NpzFile):
                return np.asarray(loaded)
            names = loaded.files
            name = "images" if "images" in names else names[0] if len(names) == 1 else None
            if name is None:
                held = f"several arrays ({', '.join(names)})" if names else "no array"
                raise BadInput(f"{path}: holds {held}; call the one to read `images`, or save it alone")
            return np.asarray(loaded[name])
    except BadInput:
        raise
    except MemoryError:
        raise BadInput(f"{path}: claims an array larger than memory; it is damaged, or must be made smaller") from None
    except Exception as error:  # damaged files make numpy and zipfile raise almost anything
        if "pickle" in str(error):
            raise BadInput(
                f"{path}: holds a pickle, which can run code and is never loaded; save a plain uint8 array with np.save"
            ) from None
        raise BadInput(f"{path}: damaged, cut short or not a NumPy file; save it again with np.save") from None


def _from_matlab(path: Path, size: tuple[int, int] | None) -> _Array:
    import scipy.io

    try:
        variables = scipy.io.loadmat(path)
    except NotImplementedError:
        raise BadInput(f"{path}: a MATLAB 7.3 file, which can't be read; save it with -v7") from None
    except Exception:  # damaged files make scipy raise almost anything
        raise BadInput(f"{path}: damaged, cut short or not a MATLAB file") from None
    arrays = {
        name: value
        for name, value in variables.items()
        if isinstance(value, np.ndarray) and value.dtype.kind in "buif" and (value.ndim > 2 or min(value.shape) > 1)
    }
    if len(arrays) > 1 and "images" in arrays:
        arrays = {"images": arrays["images"]}
    if len(arrays) != 1:
        held = f"several numeric arrays ({', '.join(sorted(arrays))})" if arrays else "no numeric array"
        raise BadInput(f"{path}: holds {held}; call the one to read `images`, or save it alone")
    array: _Array = np.moveaxis(next(iter(arrays.values())), -1, 0)
    if array.ndim > 2:
        return array
    if size is None:
        raise BadInput(f"{path}: each column is one image of {array.shape[1]} pixels; give its shape, --image-size HxW")
    if size[0] * size[1] != array.shape[1]:
        raise BadInput(
            f"{path}: each column is one image of {array.shape[1]} pixels, but --image-size {size[0]}x{size[1]} has "
            f"{size[0] * size[1]}"
        )
    return array.reshape(-1, *size)
