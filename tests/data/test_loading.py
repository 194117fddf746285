import numpy as np
import pytest
from PIL import Image

import freyvae.data
from freyvae.data import load_images, synthetic_faces
from freyvae.errors import BadInput


def test_the_two_names(frey_faces, monkeypatch):
    monkeypatch.setattr("freyvae.data.sources.frey_faces.load_frey_faces", lambda *, progress: frey_faces)
    faces = load_images("frey-faces")
    assert faces.is_video
    assert faces.name == "frey-faces"
    np.testing.assert_array_equal(faces.images, frey_faces)
    drawn = load_images("synthetic-faces", seed=4)
    np.testing.assert_array_equal(drawn.images, synthetic_faces(seed=4).images)
    assert drawn.factors is not None
    for name in ("frey-faces", "synthetic-faces"):
        assert load_images(name, image_size="14x10").images.shape == (1965, 14, 10, 1)
        with pytest.raises(BadInput, match="image size 'banana' is not HEIGHTxWIDTH"):
            load_images(name, image_size="banana")


def test_a_folder_and_a_file(tmp_path):
    pixels = np.arange(24, dtype=np.uint8).reshape(6, 4)
    Image.fromarray(pixels).save(tmp_path / "a.png")
    np.testing.assert_array_equal(load_images(tmp_path).images[0, ..., 0], pixels)
    assert load_images(str(tmp_path), image_size="3x2").images.shape == (1, 3, 2, 1)
    np.save(tmp_path / "a.npy", pixels[None])
    np.testing.assert_array_equal(load_images(tmp_path / "a.npy").images[0, ..., 0], pixels)


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("frey_faces", "no such folder or file; did you mean frey-faces"),
        ("Frey-Face", "did you mean frey-faces"),
        ("sinthetic-faces", "did you mean synthetic-faces"),
        ("/dev/null", "/dev/null: neither a file nor a folder"),
        ("cells/", "cells/: no such folder or file; give a folder, a file, or one of caltech"),
    ],
)
def test_missing_paths(source, message, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(BadInput, match=message):
        load_images(source)


def test_all_names_exist_and_are_documented():
    for name in freyvae.data.__all__:
        assert getattr(freyvae.data, name).__doc__, name
    assert freyvae.data.__all__ == sorted(freyvae.data.__all__)
