"""Exact copies among the images are counted by their pixels, and said."""

import numpy as np
import pytest
from PIL import Image

from freyvae.data import load_folder, load_images
from freyvae.data.copies import copies_note

DISTINCT = np.random.default_rng(0).integers(0, 256, (60, 6, 4, 1), dtype=np.uint8)


@pytest.mark.parametrize(
    ("images", "copies"),
    [
        (np.concatenate([DISTINCT, DISTINCT]), "60 of 120"),
        (np.concatenate([DISTINCT, DISTINCT[:1], DISTINCT[:1]]), "2 of 62"),
        (np.repeat(DISTINCT[:1], 2400, axis=0), "2,399 of 2,400"),
    ],
)
def test_copies_are_counted(images, copies):
    assert copies_note(images) == (
        f"{copies} images are copies of others: held-out images may be among the training images"
    )


def test_no_copies_or_hardly_any_are_not_worth_a_note():
    many = np.arange(300, dtype=np.uint16).view(np.uint8).reshape(300, 1, 2, 1)
    assert copies_note(many) == ""
    assert copies_note(np.concatenate([many, many[:2]])) == ""


def test_a_folder_and_a_file_say_so(tmp_path):
    for number, image in enumerate((DISTINCT[0], DISTINCT[1], DISTINCT[0])):
        Image.fromarray(image[..., 0]).save(tmp_path / f"{number}.png")
    Image.fromarray(DISTINCT[1, ..., 0]).save(tmp_path / "other.bmp")  # another file, the same pixels
    note = "2 of 4 images are copies of others: held-out images may be among the training images"
    assert load_folder(tmp_path).notes == (note,)
    assert load_folder(tmp_path).remarks == (f"note: {note}",)
    np.save(tmp_path / "images.npy", DISTINCT[[0, 1, 0, 1]])
    assert load_images(tmp_path / "images.npy").notes == (note,)
