"""The gate for images: everything array-like becomes uint8 (image, height, width, channel), or is refused.

Code behind this gate need not check dtypes, ranges or axes again.
"""

import hashlib
import logging
import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from freyvae.arguments import text
from freyvae.console import printable
from freyvae.data.channels import MOST_CHANNELS, OF_PICTURES, channels_in_words
from freyvae.data.levels import BYTES, Levels, Survey, dark_note, kind_of, parse_levels, to_bytes
from freyvae.data.pixels import Images, Pixels, blocks
from freyvae.errors import BadInput, few_words

_PLAIN_MODES = ("1", "L", "RGB", "I", "I;16", "I;16L", "I;16B", "F")

_FOUR_CHANNELS = "four channels are taken as such; if the last is transparency, drop it: images[..., :3]"

_log = logging.getLogger(__name__)
_said: set[str] = set()  # the notes so far, so that a note is not repeated for every batch


@dataclass(frozen=True, eq=False, repr=False)
class ImageSet:
    """Images, and what is known about them: a source of images, wherever they lie.

    `len(set)` is their number, `set[3]` one of them, uint8 (height, width, channel); a slice or indices give several.
    So it is a `RandomAccessDataSource` for grain, too.

    Attributes:
        images: uint8 (image, height, width, channel): an array, as `as_images` makes it, or `Pixels` that are read when
            they are asked for.
        name: the name of the set in messages and tables.
        is_video: whether neighbours in the order are neighbours in time. Results on a random split are then too good.
        files: the file name of each image, or None.
        labels: the label of each image, or None: its sub-folder, or what a table says.
        factors: the true factors that the images were drawn from, each float (image,), or None.
        unreadable: the files that were left out, each as `name: reason`.
        notes: further remarks about the reading, one line each.
        levels: the stored values that became black and white, as LOW:HIGH, if `levels` was given or all values have 16
            bits; otherwise None.
        lost: how many different stored integers became how many bytes, in words; "" if none became the same byte.
        known_fingerprint: the fingerprint, where the source has it on record.
        parts: the numbers of training, validation and test images of the split that the set was published with, in
            which order they lie; None where there is none. The split `given` takes it.
    """

    images: Images | Pixels
    name: str
    is_video: bool
    files: Sequence[str] | None = None
    labels: Sequence[str] | None = None
    factors: dict[str, npt.NDArray[np.float64]] | None = None
    unreadable: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    levels: str | None = None
    lost: str = ""
    known_fingerprint: str | None = None
    parts: tuple[int, int, int] | None = None

    def __repr__(self) -> str:
        count, height, width, channels = self.images.shape
        return f"<ImageSet {self.name}: {count} images of {height} x {width}, {channels_in_words(channels)}>"

    def __len__(self) -> int:
        return len(self.images)

    def __getitem__(self, chosen: Any) -> Images:
        return self.images[chosen]

    @property
    def image_shape(self) -> tuple[int, int, int]:
        """(height, width, channel)."""
        _, height, width, channels = self.images.shape
        return height, width, channels

    @cached_property
    def fingerprint(self) -> str:
        """A hash by which these images, in this order, are known again: that of their pixels, or a pack's own."""
        return self.known_fingerprint or pixels_sha256(self.images)

    @property
    def names(self) -> Sequence[str]:
        """The file of each image, or where there are none its number, from 0."""
        return tuple(map(str, range(len(self.images)))) if self.files is None else self.files

    @property
    def remarks(self) -> tuple[str, ...]:
        """Remarks about the reading that the user has to see, one line each."""
        left_out = [f"left out, unreadable: {file}" for file in self.unreadable]
        return *left_out, *(f"note: {note}" for note in self.notes)


def as_images(values: npt.ArrayLike | ImageSet | Pixels, *, name: str = "images", levels: Levels = None) -> Images:
    """Turn anything array-like into images.

    Args:
        values: (image, height, width) or (image, height, width, channel) with 1 to 16 channels. uint8 is taken
            unchanged, bool becomes 0 and 255, and floats must lie in [0, 1] and are multiplied by 255. Other integers
            are bytes if their maximum is 64 to 255. If it is 32768 to 65535 they have 16 bits and are divided by 257.
            Four channels are taken as such, with a note, since the last may be transparency. An `ImageSet` or `Pixels`
            are read into memory.
        name: the name of the images in an error.
        levels: the values that become 0 and 255: `"0:4095"`, `(0, 4095)`, or `"auto"` for the lowest and the highest.
            byte = round(255 clip((value - low) / (high - low), 0, 1)).

    Returns:
        uint8 (image, height, width, channel), C-contiguous. This is `values` itself if it already has this form.

    Raises:
        BadInput: the values are of any other form. The message says what was wrong and what to do.

    Example:
        >>> import freyvae
        >>> images = freyvae.as_images([[[0.0, 0.5, 1.0]]])  # one image, one row, three values
        >>> images.shape, images.dtype, images.ravel().tolist()
        ((1, 1, 3, 1), dtype('uint8'), [0, 128, 255])
    """
    if isinstance(values, ImageSet):
        values = np.asarray(values.images)
    images, notes, _, _ = convert(values, name=text("name", name), levels=levels)
    for note in filter(None, (*notes, dark_note(images, levels))):
        if _without_numbers(note) not in _said:
            _log.warning("%s: %s", name, note)
            have_said(note)
    return images


def convert(values: npt.ArrayLike, *, name: str, levels: Levels, argument: str = 'levels="{}"') -> "Converted":
    """Convert as `as_images`.

    `argument` is the text for the argument `levels` in an error, with `{}` for its value.
    """
    wanted = parse_levels(levels)
    array = _four_axes(_one_array(values, name), name)
    survey = Survey(name, wanted, argument=argument)
    kind = kind_of(array.dtype)
    notes = (_FOUR_CHANNELS,) if array.shape[3] == 4 else ()
    if kind == "bytes" and wanted is None:
        return Converted(to_bytes(array, BYTES), notes, None, "")
    survey.see(array, kind)
    rule = survey.tell_at_once(kind) or survey.rule(kind)
    return Converted(to_bytes(array, rule), (*notes, *survey.notes), survey.levels, survey.lost)


class Converted(NamedTuple):
    """Images as bytes, and of `ImageSet` the notes, the levels and what was lost."""

    images: Images
    notes: tuple[str, ...]
    levels: str | None
    lost: str


def have_said(*notes: str) -> None:
    """Remember notes that were shown, so that `as_images` does not repeat them when a model gets the images."""
    _said.update(map(_without_numbers, notes))


def _without_numbers(note: str) -> str:
    """A note without its numbers, which differ between a set and its parts."""
    return re.sub(r"\d+", "", note)


def pixels_sha256(images: npt.ArrayLike | Pixels) -> str:
    """SHA-256, in hexadecimal, of the bytes of uint8 pixels in C order. It does not depend on their shape.

    Raises:
        BadInput: `images` is not uint8.
    """
    if isinstance(images, Pixels):
        digest = hashlib.sha256()
        for _, block in blocks(images):
            digest.update(block.data)
        return digest.hexdigest()
    array = _one_array(images, "images")
    if array.dtype != np.uint8:
        raise BadInput(f"pixels_sha256 takes uint8 pixels, not {array.dtype}; pass them through as_images first")
    return hashlib.sha256(np.ascontiguousarray(array).data).hexdigest()


def _four_axes(array: npt.NDArray[np.generic], name: str) -> npt.NDArray[np.generic]:
    shape = array.shape
    if array.ndim not in (3, 4):
        hint = "; add an axis in front for a single image, in the middle for rows of numbers" if array.ndim == 2 else ""
        raise BadInput(f"{name}: shape {shape} is not (image, height, width) or (image, height, width, channel){hint}")
    if shape[0] == 0:
        raise BadInput(f"{name}: there are no images in an array of shape {shape}; give at least one")
    if 0 in shape[1:3]:
        raise BadInput(f"{name}: images of zero size, shape {shape}; height and width must be at least 1")
    if array.ndim == 3:
        return array[..., None]
    if shape[3] not in OF_PICTURES:
        _check_channels(shape, name)
    return array


def channels_may_come_first(shape: tuple[int, ...]) -> bool:
    """Whether (image, height, width, channel) may rather be (image, channel, height, width)."""
    _, first, second, last = shape
    return last not in OF_PICTURES and first <= MOST_CHANNELS and first < second and first < last


def _check_channels(shape: tuple[int, ...], name: str) -> None:
    """Refuse too many channels, and shapes in which the channels may come first."""
    _, first, second, last = shape
    may_come_first = channels_may_come_first(shape)
    hint = f"give 1 to {MOST_CHANNELS}"
    if may_come_first:
        hint = "the channel axis comes last: np.moveaxis(images, 1, -1)"
        if 2 <= last <= MOST_CHANNELS:
            hint += f"; if these are {first} x {second} pixels, give them turned: np.swapaxes(images, 1, 2)"
    if may_come_first or not 1 <= last <= MOST_CHANNELS:
        raise BadInput(f"{name}: {last} channels in shape {shape}; {hint}")


def _one_array(values: npt.ArrayLike, name: str) -> npt.NDArray[np.generic]:
    """Convert anything array-like to an array of numbers."""
    _refuse_masked(values, name)
    if hasattr(values, "tocsr") and hasattr(values, "toarray"):
        raise BadInput(f"{name}: a sparse matrix; give the dense array, .toarray(), of shape (image, height, width)")
    for value in values if isinstance(values, (list, tuple)) else ():
        # numpy would read the indices of a palette, or the hues of HSV, as grey levels
        if hasattr(value, "getbands") and value.mode not in _PLAIN_MODES:
            raise BadInput(f"{name}: a Pillow picture of mode {value.mode}; give picture.convert('RGB')")
    try:
        array = np.asanyarray(values)
    except Exception as error:  # ragged lists, and objects whose conversion raises any error
        raise BadInput(
            f"{name}: can't be made into one array ({printable(few_words(error, most=120))}); give images of one size"
        ) from None
    _refuse_masked(array, name)
    array = np.asarray(array)
    if array.dtype.name == "bfloat16":  # JAX's type; NumPy reports its kind as "V", not "f"
        array = array.astype(np.float32)
    if array.dtype.kind not in "buif":
        hint = "; several arrays of one size become one with np.stack" if array.dtype.kind == "O" else ""
        raise BadInput(
            f"{name}: dtype {printable(array.dtype)} does not hold pixels; give uint8, or floats in [0, 1]{hint}"
        )
    return array


def _refuse_masked(values: object, name: str) -> None:
    """Refuse masked arrays, alone or in a list: NumPy would drop the mask without a word."""
    for value in values if isinstance(values, (list, tuple)) else (values,):
        if isinstance(value, np.ma.MaskedArray) and np.ma.is_masked(value):
            raise BadInput(
                f"{name}: {int(np.ma.getmaskarray(value).sum())} pixels are masked; say what they are, "
                "such as images.filled(0)"
            )
