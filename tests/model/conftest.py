"""Small images, on which models train in a moment."""

import numpy as np
import pytest

SHAPE = (5, 4, 1)


@pytest.fixture(scope="module")
def images():
    return np.random.default_rng(0).integers(0, 256, (57, *SHAPE), dtype="uint8")


@pytest.fixture(scope="module")
def held_out():
    return np.random.default_rng(1).integers(0, 256, (23, *SHAPE), dtype="uint8")
