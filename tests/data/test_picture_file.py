"""A picture is read with any metadata, and files that are not pictures never block."""

import io
import os
import socket
import struct
import zlib

import numpy as np
import pytest
from PIL import Image, ImageOps, PngImagePlugin, features

from freyvae.data import load_file, load_folder
from freyvae.data.picture_file import Unreadable, read_picture, size_of_picture
from freyvae.errors import BadInput

RNG = np.random.default_rng(0)
GREY = RNG.integers(0, 256, (6, 4), dtype=np.uint8)
COLOUR = RNG.integers(0, 256, (6, 4, 3), dtype=np.uint8)


def _load_one(folder):
    images = load_folder(folder, strict=True)
    assert len(images.images) == 1
    return images.images[0]


def test_of_a_camera_s_jpeg_with_previews_the_first_picture_is_read(tmp_path):
    first, preview = (Image.fromarray(np.full((6, 4, 3), level, np.uint8)) for level in (40, 200))
    first.save(tmp_path / "phone.jpg", "MPO", save_all=True, append_images=[preview.resize((2, 3))])
    with Image.open(tmp_path / "phone.jpg") as opened:
        assert (opened.format, opened.n_frames) == ("MPO", 2)
    images = load_file(tmp_path / "phone.jpg").images
    assert images.shape[:3] == (1, 6, 4)
    assert np.abs(images.astype(int) - 40).max() <= 2


@pytest.mark.parametrize("orientation", [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 65535])
@pytest.mark.parametrize("suffix", ["png", "jpg", "tif", "webp"])
def test_pixels_are_turned_as_the_orientation_says(tmp_path, suffix, orientation):
    exif = Image.Exif()
    exif[0x0112] = orientation
    options = {"lossless": True} if suffix == "webp" else {}
    Image.fromarray(COLOUR).save(tmp_path / f"a.{suffix}", exif=exif, **options)
    with Image.open(tmp_path / f"a.{suffix}") as picture:
        expected = np.array(ImageOps.exif_transpose(picture).convert("RGB"))
    np.testing.assert_array_equal(_load_one(tmp_path), expected)
    assert expected.shape[:2] == ((4, 6) if 5 <= orientation <= 8 else (6, 4))
    assert size_of_picture(tmp_path / f"a.{suffix}") == expected.shape[:2]


def test_16_bit_and_transparent_pictures_are_turned_too(tmp_path):
    exif = Image.Exif()
    exif[0x0112] = 6
    Image.fromarray(GREY.astype(np.uint16) * 257).save(tmp_path / "a.png", exif=exif)
    np.testing.assert_array_equal(_load_one(tmp_path)[..., 0], np.rot90(GREY, -1))
    alpha = np.full((6, 4, 1), 255, np.uint8)
    alpha[0] = 0
    Image.fromarray(np.concatenate([COLOUR, alpha], axis=2)).save(tmp_path / "a.png", exif=exif)
    laid = COLOUR.copy()
    laid[0] = 255
    np.testing.assert_array_equal(_load_one(tmp_path), np.rot90(laid, -1))


def test_broken_exif_never_makes_a_picture_unreadable(tmp_path):
    exif = Image.Exif()
    exif[0x0112] = 6
    exif[0x010F], exif[0x011A], exif[0x9003] = "maker", 72.0, "2024:01:01 00:00:00"
    exif[0x8769] = {0x9000: b"0230", 0xA002: 5}
    good = exif.tobytes()
    upright, turned = (6, 4, 3), (4, 6, 3)
    shapes = set()
    for seed in range(150):
        rng = np.random.default_rng(seed)
        block = bytearray(good)
        for place in rng.integers(len(b"Exif\0\0"), len(block), rng.integers(1, 6)):
            block[place] = rng.integers(256)
        block = block[: rng.integers(8, len(block))] if seed % 5 == 0 else block
        suffix, options = [("jpg", {"quality": 95}), ("png", {}), ("webp", {"lossless": True})][seed % 3]
        path = tmp_path / f"{seed}" / f"a.{suffix}"
        path.parent.mkdir()
        Image.fromarray(COLOUR).save(path, exif=bytes(block), **options)
        shape = _load_one(path.parent).shape
        assert shape in (upright, turned), f"seed {seed}"
        shapes.add(shape)
    assert shapes == {upright, turned}


@pytest.mark.parametrize("type_of_tag", range(1, 13))
def test_an_odd_tag_beside_the_orientation_is_no_matter(tmp_path, type_of_tag):
    # the date, as a number or what else a tag may be, with a value that may lie outside of the block
    orientation = struct.pack("<HHIHH", 0x0112, 3, 1, 6, 0)
    for count, value in [(1, 7), (3, 0xFFFFFF), (0, 0), (2**31, 8)]:
        odd = struct.pack("<HHII", 0x0132, type_of_tag, count, value)
        block = b"Exif\0\0II*\0" + struct.pack("<IH", 8, 2) + orientation + odd + struct.pack("<I", 0)
        Image.fromarray(COLOUR).save(tmp_path / "a.jpg", exif=block)
        assert _load_one(tmp_path).shape == (4, 6, 3)


def _chunk(kind, content, checksum=None):
    checksum = zlib.crc32(kind + content) if checksum is None else checksum
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", checksum)


def _png_with(*chunks, pixels=COLOUR):
    """A PNG with additional chunks after its header."""
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "png")
    content = buffer.getvalue()
    return content[:33] + b"".join(chunks) + content[33:]


METADATA = {
    "compressed text": lambda: _chunk(b"zTXt", b"a\0\0" + zlib.compress(b"x" * 2**21)),
    "international text": lambda: _chunk(b"iTXt", b"a\0\1\0\0\0" + zlib.compress(b"x" * 2**21)),
    "plain text": lambda: _chunk(b"tEXt", b"a\0" + b"x" * (PngImagePlugin.MAX_TEXT_MEMORY + 1)),
    "colour profile": lambda: _chunk(b"iCCP", b"a\0\0" + zlib.compress(b"x" * 2**21)),
    "many texts": lambda: _chunk(b"zTXt", b"a\0\0" + zlib.compress(b"x" * 2**20)) * 70,
    "wrong checksum of a text": lambda: _chunk(b"tEXt", b"a\0b", checksum=1),
    "wrong checksum of EXIF": lambda: _chunk(b"eXIf", b"II*\0", checksum=1),
    "short physical size": lambda: _chunk(b"pHYs", b"\0"),
    "short chromaticities": lambda: _chunk(b"cHRM", b"\0" * 3),
    "short gamma": lambda: _chunk(b"gAMA", b""),
    "short rendering": lambda: _chunk(b"sRGB", b""),
    "animation of nothing": lambda: _chunk(b"acTL", b"\0"),
    "unknown": lambda: _chunk(b"abCd", b"?", checksum=7),
}


@pytest.mark.parametrize("name", METADATA)
def test_metadata_of_a_png_never_make_its_pixels_unreadable(tmp_path, name):
    (tmp_path / "a.png").write_bytes(_png_with(METADATA[name]()))
    np.testing.assert_array_equal(_load_one(tmp_path), COLOUR)


def test_orientation_and_transparency_outlive_a_text_that_is_too_large(tmp_path):
    exif = Image.Exif()
    exif[0x0112] = 6
    palette = Image.fromarray(np.arange(24, dtype=np.uint8).reshape(6, 4)).convert("P")
    palette.save(tmp_path / "a.png", transparency=0, exif=exif)
    expected = _load_one(tmp_path)
    content = (tmp_path / "a.png").read_bytes()
    (tmp_path / "a.png").write_bytes(content[:33] + METADATA["compressed text"]() + content[33:])
    np.testing.assert_array_equal(_load_one(tmp_path), expected)
    assert expected.shape == (4, 6, 1)
    assert expected[0, -1, 0] == 255


def test_damaged_pixels_of_a_png_stay_unreadable(tmp_path):
    content = bytearray(_png_with(METADATA["compressed text"]()))
    content[-20] ^= 1  # in the pixels' checksum, before the last chunk of 12 bytes
    (tmp_path / "a.png").write_bytes(content)
    with pytest.raises(BadInput, match=r"unreadable: a\.png: "):
        load_folder(tmp_path)


LOSSLESS = ["png", "apng", "bmp", "dib", "gif", "tif", "tiff", "pgm", "pnm", "webp", "jp2", "j2k", "jpx", "jpf"]
NEARLY = ["jpg", "jpeg", "jpe", "jfif", "avif"]
NEEDED = {"jp2": "jpg_2000", "j2k": "jpg_2000", "jpx": "jpg_2000", "jpf": "jpg_2000", "avif": "avif", "webp": "webp"}


@pytest.mark.parametrize("upper", [False, True])
@pytest.mark.parametrize("suffix", LOSSLESS + NEARLY)
def test_every_common_kind_is_read(tmp_path, suffix, upper):
    if suffix in NEEDED and not features.check(NEEDED[suffix]):
        pytest.skip(f"this Pillow has no {suffix}")
    smooth = np.add.outer(np.arange(0, 160, 10), np.arange(0, 80, 5)).astype(np.uint8)
    formats = {"jpf": "JPEG2000", "apng": "PNG", "dib": "DIB", "pgm": "PPM", "pnm": "PPM"}
    options = {"lossless": True} if suffix == "webp" else {"quality": 95} if suffix in NEARLY else {}
    name = f"a.{suffix.upper() if upper else suffix}"
    Image.fromarray(smooth).save(tmp_path / name, format=formats.get(suffix), **options)
    error = np.abs(_load_one(tmp_path)[..., 0].astype(int) - smooth).max()
    assert error <= (0 if suffix in LOSSLESS else 6)


def test_other_decoders_are_not_let_loose_on_a_file(tmp_path):
    for number, kind in enumerate(["TGA", "PCX", "ICO", "SGI", "EPS", "PDF"]):
        Image.fromarray(COLOUR).save(tmp_path / f"{number}.png", format=kind)
    with pytest.raises(BadInput, match=r"unreadable: 0\.png: not a picture of a kind we read, and 5 more"):
        load_folder(tmp_path)


def test_what_is_no_regular_file_is_left_out_at_once(tmp_path):
    Image.fromarray(GREY).save(tmp_path / "good.png")
    os.mkfifo(tmp_path / "pipe.png")
    (tmp_path / "zero.png").symlink_to("/dev/zero")
    (tmp_path / "linked-pipe.png").symlink_to(tmp_path / "pipe.png")
    with socket.socket(socket.AF_UNIX) as listener:
        before = os.getcwd()
        os.chdir(tmp_path)  # a socket's path may be no longer than 108 bytes
        try:
            listener.bind("socket.png")
        finally:
            os.chdir(before)
        images = load_folder(tmp_path)
    assert images.files == ("good.png",)
    reasons = {line.split(": ")[0]: line.split(": ")[1] for line in images.unreadable}
    assert set(reasons) == {"pipe.png", "zero.png", "socket.png"}  # both names of the pipe are one file
    assert set(reasons.values()) == {"neither a file nor a link to one"}
    with pytest.raises(BadInput, match="neither a file nor a folder"):
        load_file(tmp_path / "pipe.png")


@pytest.mark.parametrize(
    ("suffix", "is_video"), [("tif", False), ("gif", True), ("webp", True), ("png", True), ("avif", True)]
)
def test_pages_and_frames_are_a_set_and_in_a_folder_the_first_is_taken(tmp_path, suffix, is_video):
    if suffix in NEEDED and not features.check(NEEDED[suffix]):
        pytest.skip(f"this Pillow has no {suffix}")
    frames = [np.full((16, 12), grey, np.uint8) for grey in (20, 120, 220)]
    first, *others = [Image.fromarray(frame) for frame in frames]
    options = {"lossless": True} if suffix == "webp" else {}
    first.save(tmp_path / f"a.{suffix}", save_all=True, append_images=others, **options)
    images = load_file(tmp_path / f"a.{suffix}")
    assert images.is_video == is_video
    assert images.images.shape == (3, 16, 12, 1)
    assert np.abs(images.images.astype(int) - np.stack(frames)[..., None]).max() <= (2 if suffix == "avif" else 0)
    Image.fromarray(frames[1]).save(tmp_path / "b.png")
    folder = load_folder(tmp_path)
    assert folder.images.shape == (2, 16, 12, 1)
    assert folder.notes == (
        f"only the first page or frame of a.{suffix} was read; to read all of them, give that file instead of the "
        "folder",
        *(note for note in folder.notes[1:] if "nearly black" in note),
    )


def test_pages_take_a_size_levels_and_grey_as_pictures_do(tmp_path):
    deep = [Image.fromarray(page.astype(np.uint16) * 16) for page in (GREY, GREY[::-1])]
    deep[0].save(tmp_path / "a.tif", save_all=True, append_images=deep[1:])
    with pytest.raises(BadInput, match=r"a.tif: uint16 pixels from \d+ to \d+, .*give levels=.0:4095"):
        load_file(tmp_path / "a.tif")
    images = load_file(tmp_path / "a.tif", levels="0:4080", image_size="3x2")
    assert images.images.shape == (2, 3, 2, 1)
    assert images.levels == "0:4080"
    pages = [Image.fromarray(COLOUR), Image.fromarray(GREY.T)]
    pages[0].save(tmp_path / "b.tif", save_all=True, append_images=pages[1:])
    with pytest.raises(BadInput, match=r"b.tif: pages of different sizes, 6x4 and 4x6 .* image_size=.6x4"):
        load_file(tmp_path / "b.tif")
    assert load_file(tmp_path / "b.tif", image_size="6x4").images.shape == (2, 6, 4, 3)
    assert load_file(tmp_path / "b.tif", image_size="6x4", grey=True).images.shape == (2, 6, 4, 1)


def test_more_frames_than_memory_holds_are_refused_before_they_are_read(tmp_path, monkeypatch):
    frames = [Image.fromarray(np.full((60, 50), grey, np.uint8)) for grey in range(10)]
    frames[0].save(tmp_path / "a.tif", save_all=True, append_images=frames[1:])
    monkeypatch.setattr("freyvae.memory.free_bytes_of_machine", lambda: 50_000)
    with pytest.raises(BadInput, match=r"a.tif: needs .* GiB of memory, more than .* free; .*fewer pages or frames"):
        load_file(tmp_path / "a.tif")
    for number in range(10):
        frames[0].save(tmp_path / f"{number}.png")
    (tmp_path / "a.tif").unlink()
    with pytest.raises(BadInput, match=r"needs .* GiB of memory, .*give a smaller image_size="):
        load_folder(tmp_path)
    assert load_folder(tmp_path, image_size=5).images.shape == (10, 5, 5, 1)


def _tiff(pixels, *, planar, extra):
    """A TIFF 6.0 file of uint8 (height, width, channel), grey and what `extra` says of the channels after the first."""
    height, width, channels = pixels.shape
    strips = np.moveaxis(pixels, -1, 0) if planar else pixels[None]
    tags = {
        256: [width],
        257: [height],
        258: [8] * channels,  # bits of each sample
        259: [1],  # not compressed
        262: [1],  # black is 0
        273: [0] * len(strips),  # where the strips are
        277: [channels],
        278: [height],
        279: [strips[0].size] * len(strips),
        284: [2 if planar else 1],
        338: extra,
    }
    place = 8 + 2 + 12 * len(tags) + 4
    after = place + sum(2 * len(values) for values in tags.values() if len(values) > 2)
    tags[273] = [after + number * strips[0].size for number in range(len(strips))]
    entries, more = b"", b""
    for tag, values in tags.items():
        packed = struct.pack(f"<{len(values)}H", *values)
        entries += struct.pack("<HHI", tag, 3, len(values))
        entries += packed.ljust(4, b"\0") if len(packed) <= 4 else struct.pack("<I", place + len(more))
        more += packed if len(packed) > 4 else b""
    return b"II*\0" + struct.pack("<IH", 8, len(tags)) + entries + bytes(4) + more + strips.tobytes()


@pytest.mark.parametrize("planar", [False, True], ids=["contiguous", "planar"])
@pytest.mark.parametrize("channels", [2, 4, 5])
def test_a_tiff_of_channels_is_refused_with_what_to_do(tmp_path, channels, planar):
    pixels = np.random.default_rng(0).integers(0, 256, (6, 4, channels), dtype=np.uint8)
    (tmp_path / "a.tif").write_bytes(_tiff(pixels, planar=planar, extra=[0] * (channels - 1)))
    with pytest.raises(Unreadable, match=f"a TIFF of {channels} channels; .*save all images as one .npy, "):
        read_picture(tmp_path / "a.tif")
    with pytest.raises(BadInput, match=f"a.tif: a TIFF of {channels} channels"):
        load_folder(tmp_path)


def test_a_grey_tiff_with_transparency_is_read(tmp_path):
    pixels = np.random.default_rng(0).integers(0, 256, (6, 4, 2), dtype=np.uint8)
    (tmp_path / "a.tif").write_bytes(_tiff(pixels, planar=False, extra=[2]))
    np.testing.assert_array_equal(read_picture(tmp_path / "a.tif").alpha, pixels[..., 1])
