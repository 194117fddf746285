"""Values of any depth become bytes by one rule, or are refused. Nearly black images are always noted."""

import re
import struct
import zlib

import numpy as np
import pytest
from PIL import Image

from freyvae.data import as_images, load_file, load_folder, load_images
from freyvae.data.levels import dark_note, levels_text, parse_levels, to_bytes
from freyvae.errors import BadInput

SHAPE = (3, 12, 10)
DTYPES = ["uint8", "int16", "uint16", "int32", "uint32", "int64", "uint64", "float16", "float32", "float64"]


def _values(rng, bits, dtype, channels=()):
    """Integers that use all of the given bits, including the highest."""
    values = rng.integers(0, 2**bits, (*SHAPE, *channels))
    values.flat[0], values.flat[1] = 0, 2**bits - 1
    return values.astype(dtype)


def _png_of_16_bits(pixels):
    """A PNG of uint16 (height, width, 2, 3 or 4), as Pillow can't write it."""
    height, width, channels = pixels.shape

    def chunk(kind, content):
        return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))

    rows = b"".join(b"\0" + row.astype(">u2").tobytes() for row in pixels)
    header = struct.pack(">IIBBBBB", width, height, 16, {2: 4, 3: 2, 4: 6}[channels], 0, 0, 0)
    chunks = chunk(b"IHDR", header), chunk(b"IDAT", zlib.compress(rows)), chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunks)


def _tiff_of_16_bits(pixels, order, compression):
    """A TIFF of uint16 (height, width, 3), as Pillow can't write it."""
    height, width, channels = pixels.shape
    content = pixels.astype(f"{order}u2").tobytes()
    content = zlib.compress(content) if compression == 8 else content
    tags = [(256, width), (257, height), (258, None), (259, compression), (262, 2), (273, 0), (277, channels)]
    tags += [(278, height), (279, len(content))]
    after = 8 + 2 + 12 * len(tags) + 4
    fields = b""
    for tag, value in tags:
        if tag == 258:
            fields += struct.pack(f"{order}HHII", tag, 3, channels, after)
        else:
            value = after + 2 * channels if tag == 273 else value
            fields += struct.pack(f"{order}HHII", tag, 4, 1, value)
    magic = b"II*\0" if order == "<" else b"MM\0*"
    head = magic + struct.pack(f"{order}I", 8) + struct.pack(f"{order}H", len(tags)) + fields
    return head + struct.pack(f"{order}I", 0) + struct.pack(f"{order}{channels}H", *[16] * channels) + content


def _suggested(line):
    """The levels that an error suggests."""
    return re.findall(r'(?:--levels |levels=")([^\s",]+)', line)


def _is_nearly_black(images):
    return 0 < images.max() < 64


@pytest.mark.parametrize(
    ("kind", "dtype"),
    [("array", dtype) for dtype in DTYPES]
    + [("file", dtype) for dtype in DTYPES]
    + [("folder", dtype) for dtype in ("uint8", "uint16", "int32", "float32")],
)
def test_no_depth_in_any_dtype_comes_out_nearly_black_in_silence(tmp_path, caplog, monkeypatch, kind, dtype):
    rng = np.random.default_rng(0)
    most = {"uint8": 8, "int16": 15, "float16": 10}.get(dtype, 20)
    for bits in range(1, most + 1):
        if dtype == "uint16" and bits > 16:
            break
        values = _values(rng, bits, dtype)
        place = tmp_path / f"{bits}" if kind == "folder" else tmp_path / f"{bits}.npy"
        if kind == "folder":
            place.mkdir()
            for number, image in enumerate(values):
                Image.fromarray(image).save(place / f"{number}.tif")
        elif kind == "file":
            np.save(place, values)

        def read(levels=None, place=place, values=values):
            if kind == "array":
                caplog.clear()
                monkeypatch.setattr("freyvae.data.images._said", set())
                return as_images(values, levels=levels), caplog.messages
            images = load_images(place, levels=levels)
            return images.images, images.notes

        try:
            images, notes = read()
        except BadInput as refusal:
            ways = _suggested(str(refusal))
            for levels in ways:
                read(levels)
            images, notes = read(ways[0])
            # cameras and microscopes have 10, 12, 14 or 16 bits
            whole = bits + bits % 2 if 8 < bits <= 16 and dtype[0] != "f" else bits
            assert ways[0] == ("0:255" if dtype[0] == "f" and 6 < bits <= 8 else f"0:{2**whole - 1}")
        if _is_nearly_black(images):
            assert any("nearly black; levels auto makes it white" in note for note in notes), (bits, dtype, notes)
        lightest, notes = read("auto")
        assert (lightest.min(), lightest.max()) == (0, 255)
        assert not notes


@pytest.mark.parametrize("dtype", DTYPES)
def test_bytes_are_the_stated_rule_whatever_the_dtype(dtype):
    rng = np.random.default_rng(1)
    for _ in range(20):
        low, high = sorted(rng.integers(-200 if dtype[0] != "u" else 0, 255, 2).tolist())
        high += 1
        values = rng.integers(0 if dtype[0] == "u" else -300, 256, SHAPE).astype(dtype)
        exact = 255 * np.clip((values.astype(float) - low) / (high - low), 0, 1)
        images = as_images(values, levels=(low, high))[..., 0]
        assert np.abs(images - exact).max() <= 0.5 + 1e-3
        order = np.argsort(values, axis=None)
        assert (np.diff(images.ravel()[order].astype(int)) >= 0).all()


def test_what_levels_say_is_what_no_levels_mean():
    rng = np.random.default_rng(2)
    deep = rng.integers(0, 65536, SHAPE).astype(np.uint16)
    deep.flat[0] = 65535
    np.testing.assert_array_equal(as_images(deep), as_images(deep, levels="0:65535"))
    np.testing.assert_array_equal(as_images(deep)[..., 0], np.rint(deep / 257))
    for values in (rng.random(SHAPE), rng.random(SHAPE, np.float32)):
        np.testing.assert_array_equal(as_images(values), as_images(values, levels="0:1"))
        np.testing.assert_array_equal(as_images(values)[..., 0], np.rint(values.astype(np.float32) * np.float32(255)))
    grey = rng.integers(0, 256, SHAPE, np.uint8)
    np.testing.assert_array_equal(as_images(grey, levels="0:255")[..., 0], grey)
    np.testing.assert_array_equal(as_images(grey > 9, levels="0:1"), as_images(grey > 9))


def test_a_large_array_is_converted_in_pieces_as_it_would_be_whole(monkeypatch):
    values = np.random.default_rng(3).integers(0, 4096, (7, 5, 4)).astype(np.uint16)
    whole = to_bytes(values, (0, 4095))
    monkeypatch.setattr("freyvae.data.levels._VALUES_AT_ONCE", 30)
    np.testing.assert_array_equal(to_bytes(values, (0, 4095)), whole)


def test_levels_survive_being_text():
    rng = np.random.default_rng(4)
    for _ in range(200):
        low, high = sorted(rng.normal(0, 10.0 ** rng.integers(-12, 12), 2).tolist())
        assert parse_levels(levels_text((low, high))) == (low, high)
        whole = int(rng.integers(-(2**62), 2**62))
        assert parse_levels(levels_text((whole, 2**63 - 1))) == (whole, 2**63 - 1)
    assert parse_levels((np.uint16(0), np.float32(0.5))) == (0, 0.5)
    assert parse_levels(" -1:1 ") == (-1, 1)
    assert (parse_levels("auto"), parse_levels(None)) == ("auto", None)


@pytest.mark.parametrize(
    "levels",
    [
        "4095",
        "0:",
        ":1",
        "1:1",
        "2:1",
        "0:1:2",
        "a:b",
        "nan:1",
        "0:inf",
        "",
        "Auto",
        7,
        (1,),
        (True, 5),
        (0, None),
        b"0:1",
    ],
)
def test_bad_levels_are_refused(tmp_path, levels):
    np.save(tmp_path / "a.npy", np.zeros((2, 3, 3), np.uint8))
    Image.fromarray(np.zeros((3, 3), np.uint8)).save(tmp_path / "a.png")
    for read in (
        lambda: as_images([[[1]]], levels=levels),
        lambda: load_images(tmp_path / "a.npy", levels=levels),
        lambda: load_images(tmp_path, levels=levels),
        lambda: load_images("synthetic-faces", levels=levels),
    ):
        with pytest.raises(BadInput, match=r"^levels .* is neither LOW:HIGH, .*, nor auto$"):
            read()


def test_a_constant_set_has_no_range_to_find():
    with pytest.raises(BadInput, match="every pixel is 7, so levels auto finds no range"):
        as_images(np.full((2, 3, 3), 7), levels="auto")


def test_what_is_lost_is_said_once(tmp_path, caplog, monkeypatch):
    monkeypatch.setattr("freyvae.data.images._said", set())
    deep = _values(np.random.default_rng(5), 16, "uint16")
    np.save(tmp_path / "deep.npy", deep)
    np.save(tmp_path / "stretched.npy", np.arange(256, dtype=np.uint16).reshape(1, 16, 16) * 257)
    np.save(tmp_path / "rounded.npy", np.array([[[-1e-9, 1.0000001]]]))
    count = len(np.unique(deep))
    lost = f"{count:,} stored values became {len(np.unique(as_images(deep)))} of 256 grey levels"
    caplog.clear()
    assert load_file(tmp_path / "deep.npy").notes == (f"16-bit pixels, 0 to 65535, became bytes: {lost}",)
    assert load_file(tmp_path / "deep.npy").lost == lost
    assert load_file(tmp_path / "deep.npy", levels="0:65535").lost == lost
    assert load_file(tmp_path / "stretched.npy").notes == ()
    assert load_file(tmp_path / "stretched.npy").lost == ""
    assert load_file(tmp_path / "rounded.npy").notes == ("float pixels that leave [0, 1] by rounding were clipped",)
    as_images(deep)
    assert caplog.messages == []  # the notes of the file had it already
    for bits in (4, 4, 3):
        as_images(_values(np.random.default_rng(5), bits, "uint8"))
    assert [line for line in caplog.messages if "lightest pixel has grey level 15" in line] == caplog.messages
    assert len(caplog.messages) == 1


def test_levels_that_leave_little_are_said_and_advice_can_be_followed():
    rng = np.random.default_rng(0)
    saturated = rng.integers(0, 4096, (4, 30, 30)).astype("uint16")
    saturated[0, 0, 0] = 65535
    for values, levels, words in (
        (saturated, None, r"except for a few pixels the grey levels end at 1\d of 255"),
        (saturated, "0:1000", r"levels 0:1000 make 7\d% of the pixels black or white"),
        (saturated, "70000:80000", "make 100% of the pixels black or white"),
    ):
        assert re.search(words, dark_note(as_images(values, levels=levels), levels))
    assert dark_note(as_images(saturated, levels="auto"), "auto") != ""
    for constant in (300.0, -5.0):
        with pytest.raises(BadInput) as refusal:
            as_images(np.full((2, 3, 3), constant))
        for levels in _suggested(str(refusal.value)):
            as_images(np.full((2, 3, 3), constant), levels=levels)
    with pytest.raises(BadInput) as refusal:
        as_images(np.full((2, 3, 3), 2**15 - 1, "uint16") - np.eye(3, dtype="uint16"))
    assert len(set(_suggested(str(refusal.value)))) == len(_suggested(str(refusal.value)))


def test_dark_photographs_are_read_as_they_are(tmp_path):
    for top in (0, 40):
        image = np.zeros((6, 4), np.uint8)
        image[0, 0] = top
        Image.fromarray(image).save(tmp_path / "a.png")
        images = load_folder(tmp_path)
        np.testing.assert_array_equal(images.images[0, ..., 0], image)
        assert len(images.notes) == (top > 0)


@pytest.mark.parametrize("suffix", ["png", "tif"])
def test_the_range_is_that_of_the_whole_set(tmp_path, suffix):
    rng = np.random.default_rng(6)
    dark, light = rng.integers(0, 200, (6, 4)).astype(np.uint16), rng.integers(0, 4096, (6, 4)).astype(np.uint16)
    light[0, 0] = 4000
    Image.fromarray(dark).save(tmp_path / f"1.{suffix}")  # alone, it would be read as bytes
    Image.fromarray(light).save(tmp_path / f"2.{suffix}")
    with pytest.raises(BadInput, match=r"uint16 pixels from \d+ to 4\d+, .*give levels=.0:4095., or levels=.auto. for"):
        load_folder(tmp_path)
    images = load_folder(tmp_path, levels="0:4095")
    np.testing.assert_array_equal(images.images[..., 0], np.rint(np.stack([dark, light]) * (255 / 4095)))
    assert images.levels == "0:4095"
    both = np.stack([dark, light])
    found = load_folder(tmp_path, levels="auto")
    assert found.levels == f"{both.min()}:{both.max()}"
    np.testing.assert_array_equal(found.images, load_folder(tmp_path, levels=found.levels).images)
    assert found.images.max() == 255


def test_levels_of_pictures_of_different_depths_are_said(tmp_path):
    Image.fromarray(np.full((6, 4), 200, np.uint8)).save(tmp_path / "1.png")
    Image.fromarray(np.full((6, 4), 4000, np.uint16)).save(tmp_path / "2.png")
    images = load_folder(tmp_path, levels="0:4095")
    assert images.images[:, 0, 0, 0].tolist() == [12, 249]
    assert images.notes == ("levels 0:4095 were taken for pictures of different depths: 1 of bytes, 1 of integers",)


def _deep_colour(name, pixels):
    if name.endswith("png"):
        return _png_of_16_bits(pixels)
    order, compression = {"le": ("<", 1), "be": (">", 1), "zip": ("<", 8), "zip-be": (">", 8)}[name.split(".")[0]]
    return _tiff_of_16_bits(pixels, order, compression)


@pytest.mark.parametrize("name", ["a.png", "le.tif", "be.tif", "zip.tif", "zip-be.tif"])
def test_colour_of_16_bits_is_seen_in_all_of_them(tmp_path, name):
    rng = np.random.default_rng(7)
    twelve = rng.integers(0, 4096, (6, 4, 3)).astype(np.uint16)
    twelve[0, 0, 0] = 4095
    (tmp_path / name).write_bytes(_deep_colour(name, twelve))
    with pytest.raises(BadInput, match=r"uint16 pixels from \d+ to 4095, .*give levels=.0:4095"):
        load_folder(tmp_path)
    images = load_folder(tmp_path, levels="0:4095").images[0]
    np.testing.assert_array_equal(images, np.rint(twelve * (255 / 4095)))
    (tmp_path / name).write_bytes(_deep_colour(name, twelve * 16))
    images = load_folder(tmp_path)
    np.testing.assert_array_equal(images.images[0], (twelve * 16) >> 8)  # the high byte, as always
    assert images.levels is None  # since no levels make them
    assert "became bytes" in images.notes[0]
    (tmp_path / name).write_bytes(_deep_colour(name, twelve >> 4))
    np.testing.assert_array_equal(load_folder(tmp_path).images[0], twelve >> 4)


@pytest.mark.parametrize("channels", [2, 4])
def test_alpha_of_16_bits_is_laid_on_white_after_the_levels(tmp_path, channels):
    pixels = np.full((6, 4, channels), 4095, np.uint16)
    pixels[0, :, :-1] = 0
    pixels[..., -1] = 65535
    pixels[3:, :, -1] = 0
    pixels[3:, :, :-1] = 7
    (tmp_path / "a.png").write_bytes(_png_of_16_bits(pixels))
    with pytest.raises(BadInput, match="uint16 pixels from 0 to 4095"):
        load_folder(tmp_path)
    image = load_folder(tmp_path, levels="0:4095").images[0]
    assert image.shape == (6, 4, 1)
    assert image[:, 0, 0].tolist() == [0, 255, 255, 255, 255, 255]
    palette = Image.fromarray(np.arange(24, dtype=np.uint8).reshape(6, 4)).convert("P")
    palette.save(tmp_path / "a.png", transparency=0)
    assert load_folder(tmp_path, levels="0:23").images[0, 0, :2, 0].tolist() == [255, 11]


@pytest.mark.parametrize("white", [1, 15, 100, 255, 1023, 4095, 50000])
@pytest.mark.parametrize("kind", ["P2", "P5"])
def test_a_pgm_says_itself_what_white_is(tmp_path, white, kind):
    values = np.linspace(0, white, 24).astype(int).reshape(6, 4)
    if kind == "P2":
        content = " ".join(map(str, values.ravel())).encode()
    else:
        content = values.astype(">u2" if white > 255 else "u1").tobytes()
    (tmp_path / "a.pgm").write_bytes(f"{kind} 4 6 {white}\n".encode() + content)
    images = load_folder(tmp_path).images[0, ..., 0]
    assert np.abs(images - values * (255 / white)).max() <= 0.51
    asked = load_folder(tmp_path, levels=f"0:{2 * white}").images[0, ..., 0]
    assert np.abs(asked - values * (127.5 / white)).max() <= 0.51


def test_frey_and_drawn_faces_take_levels_too():
    faces = load_images("synthetic-faces", levels="auto")
    assert faces.levels == "36:234"
    assert (faces.images.min(), faces.images.max()) == (0, 255)


def test_sixteen_bits_are_a_rule_that_is_kept_and_other_values_are_not(tmp_path):
    deep = np.random.default_rng(0).integers(0, 2**16, (2, 6, 4), dtype=np.uint16)
    deep[0, 0, 0] = 65535
    np.save(tmp_path / "deep.npy", deep)
    assert load_file(tmp_path / "deep.npy").levels == "0:65535"
    for number, image in enumerate(deep):
        Image.fromarray(image).save(tmp_path / f"{number}.png")
    grey = load_folder(tmp_path)
    assert grey.levels == "0:65535"
    assert grey.lost == load_folder(tmp_path, levels="0:65535").lost == load_file(tmp_path / "deep.npy").lost
    np.testing.assert_array_equal(load_folder(tmp_path, levels="0:65535").images, grey.images)
    # beside bytes, one rule would not do for both
    Image.fromarray(np.full((6, 4), 200, np.uint8)).save(tmp_path / "shallow.png")
    assert load_folder(tmp_path).levels is None
    np.save(tmp_path / "wide.npy", deep.astype(np.int64) >> 8)
    assert load_file(tmp_path / "wide.npy").levels is None
