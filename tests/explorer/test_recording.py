"""The page is recorded while it is dragged: what follows the mouse is seen in the recording."""

import numpy as np
from PIL import Image
from studies.recording.__main__ import frames, save


def test_the_face_follows_the_mouse_in_a_recording(run, open_page, tmp_path):
    page = open_page(run.explorer_path)
    pictures = list(frames(page, steps=4))
    assert len(pictures) == 2 * 5 + 9
    out = tmp_path / "page.gif"
    save(pictures, out)
    with Image.open(out) as recorded:
        assert recorded.n_frames == len(pictures)
        levels = np.asarray(recorded.convert("RGB"), int)
    # in the recording's own colours a page looks as it does
    assert np.abs(levels - np.asarray(pictures[0], int)).mean() < 4
    for first, last in ((0, 1), (5, 6), (10, 12)):
        assert np.asarray(pictures[first]).tobytes() != np.asarray(pictures[last]).tobytes()
