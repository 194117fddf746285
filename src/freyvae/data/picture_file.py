"""Reads one picture file of any format, depth and metadata."""

import contextlib
import io
import stat
import struct
import sys
import warnings
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from freyvae.console import printable
from freyvae.data.image_size import fit_picture
from freyvae.data.levels import SIXTEEN_BITS, Range, kind_of, to_bytes
from freyvae.data.pixels import Images
from freyvae.errors import BadInput, few_words
from freyvae.memory import check_fits

SUFFIXES = (
    *(".png", ".apng", ".jpg", ".jpeg", ".jpe", ".jfif", ".webp", ".bmp", ".dib", ".gif", ".tif", ".tiff"),
    *(".pbm", ".pgm", ".ppm", ".pnm", ".pfm", ".jp2", ".j2k", ".jpx", ".jpf", ".jpc", ".j2c", ".avif"),
)

# Only these decoders may read a file, whatever its name.
_FORMATS = ("PNG", "JPEG", "WEBP", "BMP", "DIB", "GIF", "TIFF", "PPM", "JPEG2000", "AVIF")

_ORIENTATION = 0x0112
# where Pillow finds it in a JPEG
_WITH_ORIENTATION = {"exif", "xmp", "XML:com.adobe.xmp", "Raw profile type exif"}
# The operation that undoes each orientation: EXIF 2.3, section 4.6.4, tag 274.
_TURNED: dict[int, Callable[[Any], Any]] = {
    2: lambda pixels: pixels[:, ::-1],
    3: lambda pixels: pixels[::-1, ::-1],
    4: lambda pixels: pixels[::-1],
    5: lambda pixels: np.swapaxes(pixels, 0, 1),
    6: lambda pixels: np.rot90(pixels, -1),
    7: lambda pixels: np.swapaxes(pixels[::-1, ::-1], 0, 1),
    8: lambda pixels: np.rot90(pixels),
}

_ON_THEIR_SIDE = (5, 6, 7, 8)
# of a TIFF: ImageWidth, ImageLength
_SIDES = (256, 257)

_PNG = b"\x89PNG\r\n\x1a\n"
_MOST_BYTES_OF_PNG = 2**30
# before so many are read, it is asked whether there is memory
_LARGE_BYTES = 2**24

# of these layouts Pillow reads one or three channels, and drops the others, which a TIFF does not call transparency
_MODES_THAT_DROP = ("LX", "RGBXX", "RGBXXX")

_are_set: ContextVar[bool] = ContextVar("warnings", default=False)
_NOTHING = contextlib.nullcontext()

_Values: TypeAlias = npt.NDArray[Any]


class Unreadable(Exception):
    """A picture can't be read, for the reason given."""


@dataclass(frozen=True, eq=False)
class Stored:
    """The values of a picture as stored in its file, turned the right way up.

    Attributes:
        values: (height, width) or (height, width, 3), in the depth of the file.
        kind: the kind of the values, as in `levels.kind_of`; also `bytes` if the format defines the value of white.
        eight_bit: uint8 in the shape of `values`: the bytes that the format itself defines, or None.
        alpha: uint8 (height, width), or None for an opaque picture.
        has_more: whether further pages or frames follow in the file.
    """

    values: _Values
    kind: str
    eight_bit: Images | None = None
    alpha: Images | None = None
    has_more: bool = False

    @property
    def has_own_rule(self) -> bool:
        """Whether values of 16 bits become bytes by the format's rule, so that no `levels` say what happens to them."""
        return self.kind == "integers" and self.eight_bit is not None

    def to_image(self, levels: Range, *, asked: bool, size: tuple[int, int] | None, grey: bool) -> Images:
        """Convert the picture to uint8 (height, width, 1 or 3), with transparent pixels laid on white.

        Args:
            levels: the values that become black and white.
            asked: whether the user gave `levels`. Otherwise the bytes that the format defines are used, if there are
                any.
            size: (height, width), or None.
            grey: turn colour into grey.
        """
        if not asked and self.eight_bit is not None and (self.kind == "bytes" or levels == SIXTEEN_BITS):
            pixels = self.eight_bit
        else:
            pixels = to_bytes(self.values, levels)
        if self.alpha is not None or grey or size not in (None, pixels.shape[:2]):
            from PIL import Image

            picture = Image.fromarray(pixels)
            if self.alpha is not None:
                picture = picture.convert("RGBA")
                picture.putalpha(Image.fromarray(self.alpha))
                picture = Image.alpha_composite(Image.new("RGBA", picture.size, "white"), picture).convert("RGB")
            picture = picture.convert("L") if grey else picture
            pixels = np.array(picture if size is None else fit_picture(picture, size))
        if pixels.ndim == 2:
            return pixels[..., None]
        red = pixels[..., 0]
        # most pictures of colour show it in their middle: then there is no need to look at all of it
        middle = pixels[len(pixels) // 2]
        if (middle[:, :1] == middle).all() and (red == pixels[..., 1]).all() and (red == pixels[..., 2]).all():
            return pixels[..., :1]
        return pixels


def read_picture(path: Path) -> Stored:
    """Read the first picture in a file.

    Raises:
        Unreadable: the file is damaged, of another kind, not a regular file, or too large.
    """
    return next(iter(_read(path, most=1)))


def read_pictures(path: Path) -> tuple[list[Stored], bool]:
    """Read every page or frame of a file, and say whether they are a video.

    Raises:
        Unreadable: as in `read_picture`.
        BadInput: the pages or frames do not fit into memory.
    """
    return _read(path, most=None), path.suffix.lower() not in (".tif", ".tiff")


def size_of_picture(path: Path) -> tuple[int, int]:
    """(height, width) of the first picture in a file, turned the right way up. The pixels are not read.

    Raises:
        Unreadable: the file is no picture, or its header is damaged.
    """
    try:
        if not path.is_file():
            raise Unreadable("neither a file nor a link to one")
        with pillow_warnings(), _opened(path) as opened:
            # of a PNG without EXIF before the pixels, Pillow would read the pixels to look for it behind them
            has_exif = opened.format != "PNG" or "exif" in opened.info
            is_turned = has_exif and _orientation(opened) in _ON_THEIR_SIDE
            # some versions of Pillow have turned a TIFF's by now
            width, height = (opened.tag_v2[tag] for tag in _SIDES) if opened.format == "TIFF" else opened.size
            return (width, height) if is_turned else (height, width)
    except Exception as error:  # damaged files make Pillow raise almost anything
        raise Unreadable(printable(few_words(error, most=120))) from None


def _read(path: Path, *, most: int | None) -> list[Stored]:
    try:
        about = path.stat()
    except OSError as error:
        raise Unreadable(error.strerror or type(error).__name__) from None
    if not stat.S_ISREG(about.st_mode):  # opening a FIFO would block, and reading a device may never end
        raise Unreadable("neither a file nor a link to one")
    if about.st_size == 0:
        raise Unreadable("empty")
    try:
        return _decode(path, name=str(path), most=most)
    except Unreadable:
        content = _content_of_png(path)
        if not content:
            raise
        # The pixels may be intact although texts or profiles are broken, or larger than Pillow allows.
        with contextlib.suppress(Unreadable):
            return _decode(io.BytesIO(_without_metadata(content)), name=str(path), most=most)
        raise


def _decode(source: Path | io.BytesIO, *, name: str, most: int | None) -> list[Stored]:
    from PIL import Image, UnidentifiedImageError

    try:
        with pillow_warnings(), _opened(source) as opened:
            # of a JPEG the further ones are previews and depth maps
            count = 1 if most == 1 or opened.format == "MPO" else getattr(opened, "n_frames", 1)
            needed = 2 * count * opened.width * opened.height * 3
            if count > 1 or needed > _LARGE_BYTES:
                check_fits(needed, printable(name), "take fewer pages or frames")
            return [_stored(opened, source, frame) for frame in range(count)]
    except UnidentifiedImageError:
        channels = _channels_of_tiff(source)
        raise (_of_channels(channels) if channels > 1 else Unreadable("not a picture of a kind we read")) from None
    except (Image.DecompressionBombError, Image.DecompressionBombWarning):
        raise Unreadable(f"more than {Image.MAX_IMAGE_PIXELS} pixels, a decompression bomb?") from None
    except (BadInput, Unreadable):
        raise
    except Exception as error:  # damaged files make Pillow raise almost anything
        raise Unreadable(printable(few_words(error, most=120))) from None


def _opened(source: str | Path | io.BytesIO) -> Any:
    """The picture in a file, which is closed at the end of a `with` block."""
    from PIL import Image

    if isinstance(source, io.BytesIO):
        source.seek(0)
    return Image.open(source, formats=_decoders())


@cache
def _decoders() -> list[str]:
    """The decoders that may read a file, as far as this Pillow has them."""
    from PIL import Image

    Image.init()
    return [name for name in _FORMATS if name in Image.OPEN]


def _stored(opened: Any, source: Path | io.BytesIO, frame: int) -> Stored:
    """One page or frame of an opened picture."""
    if frame:
        opened.seek(frame)
    raw_mode, white = _raw_mode(opened), _white_of_ppm(opened)
    if raw_mode.partition(";")[0] in _MODES_THAT_DROP:
        raise _of_channels(_channels_of_tiff(source))
    opened.load()
    eight_bit = alpha = None
    if opened.mode.startswith("I") or opened.mode == "F":
        values = np.array(opened)
        values = values.astype(values.dtype.newbyteorder("="))
        if not np.isfinite(values).all():
            raise Unreadable("some pixels are NaN or infinite")
        if white:
            eight_bit = to_bytes(values, SIXTEEN_BITS)
    else:
        picture = opened
        if opened.has_transparency_data:
            picture = opened.convert("RGBA")
            alpha = np.array(picture.getchannel("A"))
        mode = "L" if picture.mode in ("1", "L") else "RGB"
        values = eight_bit = np.array(picture if picture.mode == mode else picture.convert(mode))
        if ";16" in raw_mode and raw_mode.split(";")[0] in ("LA", "RGB", "RGBA", "RGBX"):
            values = _sixteen_bits(source, frame, raw_mode, values)
    kind = "bytes" if white else kind_of(values.dtype)
    if white:  # Pillow has scaled the values to 8 or 16 bits: restore those of the file
        values = np.rint(values * (white / (65535 if opened.mode == "I" else 255)))
    turn = _TURNED.get(_orientation(opened))
    if turn is None:
        return Stored(values, kind, eight_bit, alpha, _has_more(opened))
    return Stored(
        turn(values),
        kind,
        eight_bit=None if eight_bit is None else np.ascontiguousarray(turn(eight_bit)),
        alpha=None if alpha is None else np.ascontiguousarray(turn(alpha)),
        has_more=_has_more(opened),
    )


def _channels_of_tiff(source: Path | io.BytesIO) -> int:
    """The samples of a pixel on the first page of a TIFF; 0 of another file."""
    from PIL.TiffImagePlugin import SAMPLESPERPIXEL, ImageFileDirectory_v2

    with contextlib.suppress(Exception), contextlib.ExitStack() as stack:  # a damaged one raises almost anything
        file = source if isinstance(source, io.BytesIO) else stack.enter_context(source.open("rb"))
        file.seek(0)
        tags = ImageFileDirectory_v2(file.read(8))
        file.seek(tags.next)
        tags.load(file)
        return int(tags.get(SAMPLESPERPIXEL, 1))
    return 0


def _of_channels(channels: int) -> Unreadable:
    return Unreadable(
        f"a TIFF of {channels} channels; such files are not read: save all images as one .npy, "
        "(image, height, width, channel)"
    )


def _raw_mode(opened: Any) -> str:
    """Pillow's name for the layout of the pixels, such as `RGB;16B` for 16-bit colour, which Pillow cuts to 8 bits."""
    arguments = opened.tile[0].args if opened.tile else ""
    return str(arguments[0] if isinstance(arguments, tuple) and arguments else arguments)


def _white_of_ppm(opened: Any) -> int:
    """The value of white in a PGM or PPM if it is neither 255 nor 65535, otherwise 0."""
    arguments: Any = opened.tile[0].args if opened.format == "PPM" and opened.tile else ()
    white = arguments[-1] if isinstance(arguments, tuple) and len(arguments) == 2 else 0
    return white if isinstance(white, int) and white not in (255, 65535) else 0


def _sixteen_bits(source: Path | io.BytesIO, frame: int, raw_mode: str, high: Images) -> _Values:
    """Read 16-bit colour. Pillow returns the high byte, `high`, and with the byte order swapped the low byte."""
    with _opened(source) as again:
        if frame:
            again.seek(frame)
        if raw_mode.startswith("LA"):  # Pillow can't swap these, but it can read the four bytes of a pixel as RGBA
            again.tile = [tile._replace(args="RGBA") for tile in again.tile]
            low = np.array(again)[..., 1:2]
        else:
            native = "B" if sys.byteorder == "little" else "L"
            order = raw_mode[-1]
            swapped = raw_mode[:-1] + {"B": "L", "L": "B", "N": native}[order]
            again.tile = [
                tile._replace(args=(swapped, *tile.args[1:]) if isinstance(tile.args, tuple) else swapped)
                for tile in again.tile
            ]
            low = np.array(again)[..., :3]
    values: _Values = high.astype(np.uint16) * np.uint16(256) + low
    return values


def _orientation(opened: Any) -> int:
    """The EXIF orientation; 1 if there is none, or if it can't be read."""
    if opened.format == "JPEG" and not opened.info.keys() & _WITH_ORIENTATION:
        return 1  # to be told so by Pillow takes as long as the pixels of a small picture
    with contextlib.suppress(Exception):  # broken EXIF makes Pillow raise almost anything
        return int(opened.getexif().get(_ORIENTATION, 1))
    return 1


def _has_more(opened: Any) -> bool:
    with contextlib.suppress(Exception):
        # the further pictures of a JPEG are previews and depth maps
        return bool(getattr(opened, "is_animated", False)) and opened.format != "MPO"
    return False


def _content_of_png(path: Path) -> bytes:
    """The bytes of a PNG; empty for another file, or for one that is too large."""
    with contextlib.suppress(OSError), path.open("rb") as file:
        if file.read(len(_PNG)) == _PNG and path.stat().st_size <= _MOST_BYTES_OF_PNG:
            return _PNG + file.read()
    return b""


def _without_metadata(content: bytes) -> bytes:
    """Keep of a PNG only the critical chunks, the transparency, and the EXIF block if its checksum is right."""
    kept, place = [_PNG], len(_PNG)
    while place + 12 <= len(content):
        (length,) = struct.unpack(">I", content[place : place + 4])
        chunk = content[place : place + 12 + length]
        kind, checksum = chunk[4:8], chunk[-4:]
        is_whole = struct.pack(">I", zlib.crc32(chunk[4:-4])) == checksum
        if kind[:1].isupper() or kind == b"tRNS" or (kind == b"eXIf" and is_whole):
            kept.append(chunk)
        place += 12 + length
    return b"".join(kept)


def pillow_warnings() -> contextlib.AbstractContextManager[None]:
    """Ignore Pillow's warnings of odd metadata, which does not affect the pixels; raise those of bombs as errors.

    Within another such block it does nothing: around many pictures it takes a tenth less time than around each.
    """
    return _NOTHING if _are_set.get() else _minding_warnings()


@contextmanager
def _minding_warnings() -> Iterator[None]:
    from PIL import Image

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        warnings.simplefilter("error", Image.DecompressionBombWarning)
        token = _are_set.set(True)
        try:
            yield
        finally:
            _are_set.reset(token)
