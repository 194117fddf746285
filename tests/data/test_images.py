import dataclasses
import re

import jax.numpy as jnp
import numpy as np
import pytest
import scipy.sparse
from PIL import Image

from freyvae.data import ImageSet, as_images, pixels_sha256
from freyvae.data.image_size import fit_images
from freyvae.data.images import _said
from freyvae.errors import BadInput

RNG = np.random.default_rng(0)
BYTES = RNG.integers(0, 256, (4, 5, 6, 1), dtype=np.uint8)
COLOUR = RNG.integers(0, 256, (4, 5, 6, 3), dtype=np.uint8)


@pytest.mark.parametrize("images", [BYTES, COLOUR], ids=["grey", "colour"])
def test_uint8_is_taken_as_it_is(images):
    assert as_images(images) is images


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (BYTES[..., 0], BYTES),
        (BYTES.tolist(), BYTES),
        (BYTES.astype(np.int64), BYTES),
        (BYTES.astype(np.int16), BYTES),
        (BYTES.astype(np.uint16), BYTES),
        (np.ma.array(BYTES, mask=False), BYTES),
        (np.zeros((2, 3, 3), np.int64), np.zeros((2, 3, 3, 1))),
        (np.array([[[-1e-9, 0.5, 1.0000001]]]), [[[[0], [128], [255]]]]),
        ([Image.fromarray(image[..., 0]) for image in BYTES], BYTES),
        (BYTES > 100, np.where(BYTES > 100, 255, 0)),
        (BYTES.astype(np.uint16) * 257, BYTES),
        (BYTES / 255, BYTES),
        ((BYTES / 255).astype(np.float32), BYTES),
        (jnp.asarray(BYTES / 255.0, jnp.float32), BYTES),
        (BYTES[::-1, :, ::2], BYTES[::-1, :, ::2]),
        (np.zeros((2, 3, 3), np.uint16), np.zeros((2, 3, 3, 1))),
        (jnp.ones((2, 3, 3), jnp.bfloat16), np.full((2, 3, 3, 1), 255)),
    ],
    ids=[
        *("3 axes", "list", "int64", "int16", "bytes in uint16", "nothing masked", "black", "rounded", "Pillow"),
        *("bool", "uint16", "f64", "f32", "jax", "strided", "black16", "bfloat16"),
    ],
)
def test_everything_else_comes_out_as_the_same_bytes(given, expected):
    images = as_images(given)
    assert images.dtype == np.uint8
    assert images.flags.c_contiguous
    np.testing.assert_array_equal(images, expected)


def test_uint16_is_rounded_to_the_nearest_byte():
    values = np.arange(65536, dtype=np.uint16).reshape(1, 256, 256)
    np.testing.assert_array_equal(as_images(values).ravel(), np.rint(np.arange(65536) / 257))


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (np.full((2, 3, 3), np.nan), "NaN or infinite"),
        (np.full((2, 3, 3), np.inf), "NaN or infinite"),
        (np.array([[[0.0, 200.0]]]), r'from 0 to 200.*give levels="0:255", or levels="auto" for 0:200'),
        (np.array([[[-1.0, 1.0]]]), r'from -1 to 1.*give levels="-1:1"$'),
        (np.array([[[0, 300]]]), r'int64 pixels from 0 to 300.*give levels="0:1023"'),
        (np.array([[[-1, 3]]], np.int8), r'int8 pixels from -1 to 3.*give levels="-1:3"'),
        (np.array([[[0, 4000]]], np.uint16), r'uint16 pixels from 0 to 4000.*levels="0:4095".*levels="0:65535" if'),
        (np.array([[[0, 1]]]), r'int64 pixels from 0 to 1,.*levels="0:1", or levels="0:255" if they are dark bytes'),
        (np.array([[[1.0 + 1 / 255]]]), r'float64 pixels from 1.00392 to 1.00392.*give levels="0:1.0039'),
        (np.zeros((2, 30, 30, 17)), r"17 channels in shape \(2, 30, 30, 17\); give 1 to 16$"),
        (
            np.zeros((2, 3, 9, 9)),
            r"the channel axis comes last.*; if these are 3 x 9 pixels.*np.swapaxes\(images, 1, 2\)",
        ),
        (np.zeros((2, 5, 28, 20)), r"20 channels.*the channel axis comes last: np.moveaxis\(images, 1, -1\)$"),
        ([Image.new("RGBA", (2, 2))], r"a Pillow picture of mode RGBA; give picture.convert\('RGB'\)"),
        (np.zeros((0, 3, 3)), r"there are no images"),
        (np.zeros((2, 0, 3, 1)), r"images of zero size, shape \(2, 0, 3, 1\)"),
        (np.zeros((2, 3, 3, 0)), r"0 channels"),
        (np.zeros((3, 3)), r"shape \(3, 3\).*add an axis in front"),
        (np.zeros((1, 2, 3, 3, 1)), r"shape \(1, 2, 3, 3, 1\) is not"),
        (7, r"shape \(\) is not"),
        (np.array([[[None]]]), r"dtype object does not hold pixels"),
        (np.array([[["a"]]]), r"dtype <U1 does not hold pixels"),
        (np.zeros((1, 2, 2), complex), r"dtype complex128"),
        (np.zeros((1, 2, 2), "M8[s]"), r"dtype datetime64\[s\] does not hold pixels"),
        (np.zeros((1, 2, 2), [("r\x1b", "u1")]), r"dtype \[\('r.*does not hold pixels"),
        (np.array([np.zeros((2, 2)), None], object), r"dtype object does not hold pixels.*np.stack"),
        (scipy.sparse.eye_array(3), r"a sparse matrix; give the dense array, .toarray\(\)"),
        (np.ma.array(BYTES, mask=BYTES > 200), r"[1-9]\d* pixels are masked; say what they are.*filled\(0\)"),
        ([np.ma.array(image, mask=image > 200) for image in BYTES], r"pixels are masked"),
        ([Image.new("P", (3, 3))], r"a Pillow picture of mode P; give picture.convert"),
        ([np.zeros((2, 2)), np.zeros((3, 3))], r"can't be made into one array.*one size"),
    ],
)
def test_bad_input_is_refused_in_one_line(given, message):
    with pytest.raises(BadInput, match=message) as caught:
        as_images(given, name="cells.npy")
    assert str(caught.value).startswith("cells.npy: ")
    assert "\n" not in str(caught.value)


def test_sha256_is_of_the_bytes_whatever_the_shape():
    digest = pixels_sha256(BYTES)
    assert re.fullmatch("[0-9a-f]{64}", digest)
    assert digest == pixels_sha256(BYTES.reshape(4, 30)) == pixels_sha256(np.asfortranarray(BYTES))
    assert digest != pixels_sha256(BYTES[::-1])
    with pytest.raises(BadInput, match="uint8 pixels, not float64"):
        pixels_sha256(BYTES / 255)


def test_image_set_is_frozen():
    images = ImageSet(images=BYTES, name="cells", is_video=False)
    assert images.files is None
    assert images.factors is None
    assert images.unreadable == images.notes == ()
    assert images.levels is None
    with pytest.raises(dataclasses.FrozenInstanceError):
        images.name = "other"  # type: ignore[misc]


@pytest.mark.parametrize("channels", [2, 5, 16])
def test_two_to_sixteen_channels_are_taken_unchanged(channels):
    images = np.random.default_rng(0).integers(0, 256, (2, 30, 20, channels), dtype=np.uint8)
    assert as_images(images) is images
    np.testing.assert_array_equal(as_images(images / 255), images)


def test_four_channels_are_taken_with_a_note(caplog):
    images = np.full((2, 30, 20, 4), 200, np.uint8)
    _said.clear()
    assert as_images(images) is images
    assert "if the last is transparency, drop it: images[..., :3]" in caplog.text


def test_the_way_out_for_wide_images_of_many_channels_is_taken():
    wide = np.zeros((2, 3, 9, 9), np.uint8)
    assert as_images(np.swapaxes(wide, 1, 2)).shape == (2, 9, 3, 9)
    assert as_images(np.moveaxis(wide, 1, -1)).shape == (2, 9, 9, 3)


def test_each_channel_is_resized_as_a_grey_image_and_there_is_no_grey_of_five():
    images = np.random.default_rng(0).integers(0, 256, (2, 30, 20, 5), dtype=np.uint8)
    fitted = fit_images(images, (10, 8), grey=False)
    for channel in range(5):
        alone = fit_images(images[..., channel, None], (10, 8), grey=False)
        np.testing.assert_array_equal(fitted[..., channel, None], alone)
    with pytest.raises(BadInput, match=r"these images have 5 channels; leave it out, or give images.mean"):
        fit_images(images, None, grey=True)


def test_a_set_is_shown_in_a_line():
    images = as_images(np.zeros((3, 4, 5, 3), np.uint8))
    assert repr(ImageSet(images=images, name="cells", is_video=False)) == "<ImageSet cells: 3 images of 4 x 5, colour>"
