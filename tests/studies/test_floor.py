"""What no model can go under, estimated: known noise is found, and a pixel that the frames beside tell costs little."""

import json

import numpy as np
import pytest
from studies.density import floor
from studies.density.page import floor_in_words


def test_the_noise_of_alike_images_is_that_which_was_added():
    random = np.random.default_rng(0)
    smooth = np.linspace(50, 200, 20)[:, None] + np.linspace(0, 30, 16)
    scenes = smooth + random.uniform(-40, 20, (30, 1, 1))
    images = np.concatenate([scenes, scenes]) + random.normal(0, 3.0, (60, 20, 16))
    found = floor.noise(images.round().astype(np.uint8)[..., None], pairs=60)
    assert found["deviation"] == pytest.approx(3.0, rel=0.05)
    assert found["bits"] == pytest.approx(np.log2(3.0 * np.sqrt(2 * np.pi * np.e)), abs=0.1)


def test_of_its_own_frame_only_pixels_before_are_seen():
    """Another value at a pixel or after it changes nothing of what is seen from it."""
    images = np.random.default_rng(0).integers(0, 256, (3, 6, 5, 1), dtype=np.uint8)
    features, levels = floor.seen(images, np.array([1]))
    assert levels.tolist() == images[1].ravel().tolist()
    for place in range(30):
        changed = images.copy()
        changed[1].reshape(-1)[place:] ^= 255
        np.testing.assert_array_equal(floor.seen(changed, np.array([1]))[0][place], features[place])


@pytest.mark.parametrize("split", floor.SPLITS)
def test_a_pixel_that_the_frames_beside_tell_costs_little(split, monkeypatch):
    monkeypatch.setattr(floor, "BATCH", 128)
    images = np.repeat(np.random.default_rng(0).integers(0, 256, (1, 8, 8, 1), dtype=np.uint8), 60, axis=0)
    found = floor.given_beside(images, split, epochs=2, held_out=10)
    assert found["bits"] < 4
    assert 8 <= found["frames"] <= 10


def test_the_command_writes_what_the_page_says(monkeypatch, tmp_path):
    monkeypatch.setattr(floor, "load_frey_faces", lambda: np.zeros((5, 4, 4, 1), np.uint8))
    monkeypatch.setattr(floor, "noise", lambda images: {"pairs": 200, "deviation": 2.0, "bits": 3.0})
    monkeypatch.setattr(floor, "given_beside", lambda images, split: {"frames": 200, "bits": 4.0})
    assert floor.main(["--out", str(tmp_path)]) == 0
    said = floor_in_words(json.loads((tmp_path / "floor.json").read_text("utf-8")))
    assert "entropy of 3.00 bits" in said
    assert "4.00 bits per" in said
