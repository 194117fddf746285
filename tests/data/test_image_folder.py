import numpy as np
import pytest
from PIL import Image, ImageOps

from freyvae.data import load_folder
from freyvae.errors import BadInput

RNG = np.random.default_rng(0)
GREY = RNG.integers(0, 256, (6, 4), dtype=np.uint8)
COLOUR = RNG.integers(0, 256, (6, 4, 3), dtype=np.uint8)


def _save(path, pixels, **options):
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(pixels).save(path, **options)


def _load_one(folder, **options):
    images = load_folder(folder, **options).images
    assert images.dtype == np.uint8
    assert len(images) == 1
    return images[0]


def test_nested_in_natural_order_and_other_files_passed_over(tmp_path):
    for number, name in enumerate(["f1.png", "f2.bmp", "F10.tif", "sub/a.PNG", "sub/deeper/b.tiff"]):
        _save(tmp_path / name, np.full((6, 4), number, np.uint8))
    _save(tmp_path / ".hidden.png", GREY)
    _save(tmp_path / ".git" / "x.png", GREY)
    (tmp_path / "notes.txt").write_text("not a picture")
    images = load_folder(tmp_path)
    assert images.files == ("f1.png", "f2.bmp", "F10.tif", "sub/a.PNG", "sub/deeper/b.tiff")
    np.testing.assert_array_equal(images.images[:, 0, 0, 0], np.arange(5))
    assert images.images.shape == (5, 6, 4, 1)
    assert images.name == tmp_path.name
    assert not images.is_video
    assert images.unreadable == ()
    assert images.notes[0] == "passed over: 2 hidden, 1 .txt"


@pytest.mark.parametrize(("suffix", "options"), [("png", {}), ("bmp", {}), ("tif", {}), ("webp", {"lossless": True})])
@pytest.mark.parametrize("pixels", [GREY, COLOUR], ids=["grey", "colour"])
def test_lossless_formats_come_back_exactly(tmp_path, suffix, options, pixels):
    _save(tmp_path / f"a.{suffix}", pixels, **options)
    np.testing.assert_array_equal(_load_one(tmp_path), pixels.reshape(6, 4, -1))


def test_jpeg_comes_back_nearly(tmp_path):
    smooth = np.linspace(0, 255, 24, dtype=np.uint8).reshape(6, 4)
    _save(tmp_path / "a.jpeg", smooth, quality=95)
    assert np.abs(_load_one(tmp_path)[..., 0].astype(int) - smooth).max() < 12


def test_grey_when_every_picture_is_and_colour_when_one_is_not(tmp_path):
    _save(tmp_path / "a.png", GREY)
    _save(tmp_path / "b.png", np.repeat(GREY[..., None], 3, axis=2))  # colour in name only
    assert load_folder(tmp_path).images.shape == (2, 6, 4, 1)
    _save(tmp_path / "c.png", COLOUR)
    images = load_folder(tmp_path).images
    assert images.shape == (3, 6, 4, 3)
    np.testing.assert_array_equal(images[0], np.repeat(GREY[..., None], 3, axis=2))
    grey = load_folder(tmp_path, grey=True).images
    assert grey.shape == (3, 6, 4, 1)
    np.testing.assert_array_equal(grey[2, ..., 0], np.asarray(Image.fromarray(COLOUR).convert("L")))


@pytest.mark.parametrize("suffix", ["png", "tif"])
def test_sixteen_bits_are_scaled_not_clipped(tmp_path, suffix):
    deep = GREY.astype(np.uint16) * 257
    _save(tmp_path / f"a.{suffix}", deep)
    np.testing.assert_array_equal(_load_one(tmp_path)[..., 0], GREY)


def test_big_endian_32_bit_and_float_tiffs(tmp_path):
    Image.frombytes("I;16B", (4, 6), (GREY.astype(">u2") * 257).astype(">u2").tobytes()).save(tmp_path / "a.tif")
    _save(tmp_path / "b.tif", GREY.astype(np.int32) * 257)
    _save(tmp_path / "c.tif", (GREY / 255).astype(np.float32))
    images = load_folder(tmp_path)
    assert images.files == ("a.tif", "b.tif", "c.tif")
    for image in images.images:
        np.testing.assert_array_equal(image[..., 0], GREY)
    _save(tmp_path / "d.tif", np.full((6, 4), np.nan, np.float32))
    assert load_folder(tmp_path).unreadable == ("d.tif: some pixels are NaN or infinite",)
    # a range that does not tell itself is that of the set, and no fault of one picture
    _save(tmp_path / "e.tif", GREY.astype(np.int32) - 1000)
    with pytest.raises(BadInput, match=r"int32 and uint16 pixels from -\d+ to .*give levels=.-\d+:\d+.$"):
        load_folder(tmp_path)


def test_alpha_is_laid_on_white(tmp_path):
    alpha = np.zeros((6, 4, 1), np.uint8)
    alpha[3:] = 255
    _save(tmp_path / "a.png", np.concatenate([COLOUR, alpha], axis=2))
    pixels = _load_one(tmp_path)
    assert (pixels[:3] == 255).all()
    np.testing.assert_array_equal(pixels[3:], COLOUR[3:])


def test_grey_with_alpha_and_bilevel(tmp_path):
    _save(tmp_path / "a.png", np.stack([GREY, np.full_like(GREY, 255)], axis=2))
    Image.fromarray(GREY > 127).save(tmp_path / "b.png")
    images = load_folder(tmp_path).images
    assert images.shape == (2, 6, 4, 1)
    np.testing.assert_array_equal(images[0, ..., 0], GREY)
    np.testing.assert_array_equal(images[1, ..., 0], np.where(GREY > 127, 255, 0))


def test_palettes_become_their_colours_and_transparent_entries_white(tmp_path):
    picture = Image.fromarray(np.arange(24, dtype=np.uint8).reshape(6, 4), mode=None).convert("P")
    picture.putpalette([value for n in range(256) for value in (n, 255 - n, 7)])
    picture.save(tmp_path / "a.png", transparency=0)
    pixels = _load_one(tmp_path)
    np.testing.assert_array_equal(pixels[0, 0], [255, 255, 255])
    np.testing.assert_array_equal(pixels[0, 1], [1, 254, 7])
    np.testing.assert_array_equal(pixels[5, 3], [23, 232, 7])


def test_cmyk_is_converted(tmp_path):
    Image.fromarray(COLOUR).convert("CMYK").save(tmp_path / "a.tif")
    np.testing.assert_array_equal(_load_one(tmp_path), COLOUR)


def test_exif_orientation_is_applied(tmp_path):
    exif = Image.Exif()
    exif[0x0112] = 6  # stored lying on its side
    _save(tmp_path / "a.png", GREY, exif=exif)
    np.testing.assert_array_equal(_load_one(tmp_path)[..., 0], np.rot90(GREY, -1))


@pytest.mark.parametrize("image_size", ["28x20", "28 X 20", (28, 20)])
def test_any_mix_of_sizes_is_brought_to_one(tmp_path, image_size):
    big = RNG.integers(0, 256, (60, 80), dtype=np.uint8)
    _save(tmp_path / "a.png", big)
    _save(tmp_path / "b.png", GREY)
    _save(tmp_path / "c.png", RNG.integers(0, 256, (28, 20), dtype=np.uint8))
    images = load_folder(tmp_path, image_size=image_size).images
    assert images.shape == (3, 28, 20, 1)
    expected = ImageOps.fit(Image.fromarray(big), (20, 28), method=Image.Resampling.LANCZOS)
    np.testing.assert_array_equal(images[0, ..., 0], np.asarray(expected))


def test_cropping_keeps_the_middle_and_stretches_nothing(tmp_path):
    wide = np.zeros((8, 24), np.uint8)
    wide[:, 8:16] = 200
    _save(tmp_path / "a.png", wide)
    assert (_load_one(tmp_path, image_size=8) == 200).all()


def test_unreadable_files_are_listed_and_left_out(tmp_path):
    noise = RNG.integers(0, 256, (64, 64, 3), dtype=np.uint8)
    _save(tmp_path / "good.png", noise)
    for name in ("cut.png", "cut.jpg", "cut.tif", "cut.webp", "cut.bmp"):
        _save(tmp_path / name, noise)
        content = (tmp_path / name).read_bytes()
        (tmp_path / name).write_bytes(content[: len(content) // 2])
    (tmp_path / "empty.png").touch()
    (tmp_path / "text.jpg").write_text("hello")
    (tmp_path / "postscript.png").write_text("%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 4 4\n")
    (tmp_path / "gone.png").symlink_to(tmp_path / "nowhere.png")
    images = load_folder(tmp_path)
    assert images.files == ("good.png",)
    reasons = dict(line.split(": ", 1) for line in images.unreadable)
    assert set(reasons) == {
        *("cut.png", "cut.jpg", "cut.tif", "cut.webp", "cut.bmp"),
        *("empty.png", "text.jpg", "postscript.png", "gone.png"),
    }
    assert reasons["empty.png"] == "empty"
    assert reasons["text.jpg"] == "not a picture of a kind we read"
    with pytest.raises(
        BadInput, match=r"unreadable: cut.bmp: .*, and 8 more; mend or remove it, or leave out strict=True"
    ):
        load_folder(tmp_path, strict=True)


def test_decompression_bombs_are_not_opened(tmp_path, monkeypatch):
    _save(tmp_path / "a.png", GREY)
    _save(tmp_path / "bomb.png", np.zeros((50, 60), np.uint8))
    _save(tmp_path / "huge.png", np.zeros((500, 60), np.uint8))
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 2000)
    images = load_folder(tmp_path)
    assert images.files == ("a.png",)
    assert [line.split(":")[0] for line in images.unreadable] == ["bomb.png", "huge.png"]
    assert "decompression bomb" in images.unreadable[0]
    assert "decompression bomb" in images.unreadable[1]


def test_bad_folders_are_refused(tmp_path):
    with pytest.raises(BadInput, match=r"nowhere: no such folder"):
        load_folder(tmp_path / "nowhere")
    with pytest.raises(BadInput, match=r"no pictures in this folder; it needs files ending in .png"):
        load_folder(tmp_path)
    (tmp_path / "a.png").write_text("x")
    with pytest.raises(BadInput, match=r"unreadable: a.png: .*; not one picture can be read"):
        load_folder(tmp_path)


def test_of_different_sizes_the_median_is_proposed(tmp_path):
    sizes = [(6, 4), (4, 6), (30, 40), (30, 40), (30, 40), (45, 60), (60, 80)]
    for number, size in enumerate(sizes):
        _save(tmp_path / f"{number}.png", np.zeros(size, np.uint8))
    with pytest.raises(
        BadInput,
        match=r"different sizes, from 4x6 to 60x80 \(height x width\); bring them to one with "
        r"image_size=.30x40., the median: 2 are larger and 2 smaller$",
    ):
        load_folder(tmp_path)
    assert load_folder(tmp_path, image_size="30x40").images.shape == (7, 30, 40, 1)


def test_pictures_of_another_shape_are_neither_larger_nor_smaller(tmp_path):
    for number, size in enumerate([(8, 8), (8, 8), (8, 8), (8, 10), (8, 10)]):
        _save(tmp_path / f"{number}.png", np.zeros(size, np.uint8))
    with pytest.raises(BadInput, match="the median: 0 are larger and 0 smaller, 2 longer or wider"):
        load_folder(tmp_path)


def test_sizes_are_those_of_pictures_turned_the_right_way_up(tmp_path):
    exif = Image.Exif()
    exif[0x0112] = 6
    for name in ("a.jpg", "b.jpg", "c.png"):
        Image.fromarray(GREY).save(tmp_path / name, exif=exif)
    (tmp_path / "cut.jpg").write_bytes(b"\xff\xd8\xff")
    assert load_folder(tmp_path).images.shape == (3, 4, 6, 1)
    Image.fromarray(GREY).save(tmp_path / "d.png")
    with pytest.raises(BadInput, match=r"d.png is 6x4 .*, and all 3 others are 4x6"):
        load_folder(tmp_path)


@pytest.mark.parametrize("name", ["a.png", "z.png"])
def test_the_one_picture_that_is_not_of_the_others_size_is_named(tmp_path, monkeypatch, name):
    for number in range(9):
        _save(tmp_path / f"b{number}.png", GREY)
    _save(tmp_path / name, np.zeros((300, 200), np.uint8))
    monkeypatch.setattr("freyvae.memory.free_bytes_of_machine", lambda: 10**6)  # too little for ten like the large one
    with pytest.raises(BadInput, match=rf"{name} is 300x200 .*, and all 9 others are 6x4; .*image_size=.6x4.$"):
        load_folder(tmp_path)


@pytest.mark.parametrize("image_size", ["0x20", "28x", "x", "big", "-1x2", 0, -3, (28, 0), (1, 2, 3), "1.5x2"])
def test_bad_image_sizes(tmp_path, image_size):
    with pytest.raises(BadInput, match=r"is not HEIGHTxWIDTH in pixels, both at least 1, such as 28x20"):
        load_folder(tmp_path, image_size=image_size)


def test_nothing_is_printed_when_not_a_terminal(tmp_path, capfd):
    _save(tmp_path / "a.png", GREY)
    load_folder(tmp_path)
    assert capfd.readouterr() == ("", "")
