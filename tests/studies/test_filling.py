import json

import numpy as np
import pytest
from studies.filling import __main__ as study
from studies.filling.measures import hidden_quarter, nearest_frames

import freyvae


@pytest.mark.long
def test_the_page_is_written_from_a_training(tmp_path, monkeypatch, frey_faces):
    monkeypatch.chdir(tmp_path)
    np.save("faces.npy", frey_faces[::10])
    recipe = freyvae.load_recipe("frey-faces").replace(
        data="faces.npy", split="blocked", validation=20, test=8, epochs=3, hidden=(16,), latent_dim=3
    )
    assert study.make(recipe, tmp_path / "run", tmp_path / "docs") == 0
    found = json.loads((tmp_path / "docs" / "filling.json").read_text())
    assert found["frames"] == 8
    page = (tmp_path / "docs" / "filling.md").read_text()
    for row in (*found["filling"], *found["cleaning"]):
        assert f"{row.get('filled', row.get('cleaned')):.1f}" in page
    assert study.show(recipe, tmp_path / "run", tmp_path) == 0
    assert (tmp_path / "filling.png").is_file()


def test_the_nearest_frame_is_nearest_where_pixels_are_seen():
    seen = ~hidden_quarter("top left", (4, 4))
    seen[:2] = False
    frames = np.zeros((1, 4, 4, 1), "uint8")
    train = np.stack([np.full((4, 4, 1), 9, "uint8"), np.zeros((4, 4, 1), "uint8")])
    train[1, :2] = 255  # far off where nothing is seen
    np.testing.assert_array_equal(nearest_frames(train, frames, seen), train[1:])
