"""A recipe that trains in a moment."""

import numpy as np
import pytest

from freyvae.recipe import Recipe

QUICK = {
    "data": "images.npy",
    "split": "random",
    "validation": 20,
    "test": 10,
    "hidden": (16,),
    "batch_size": 10,
    "epochs": 6,
}


@pytest.fixture
def recipe(tmp_path, monkeypatch):
    """A recipe that trains in a moment, in a separate folder."""
    monkeypatch.chdir(tmp_path)
    images = np.random.default_rng(0).integers(0, 256, (90, 6, 5), dtype="uint8")
    np.save("images.npy", images)
    return Recipe().replace(name="quick", **QUICK)
