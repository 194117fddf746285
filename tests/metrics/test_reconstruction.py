"""Errors of reconstructions agree with their definitions."""

import numpy as np
import pytest

from freyvae.metrics import mean_image_rmse_grey_levels, rmse_grey_levels


class Constant:
    """A model whose output is the same grey for every image."""

    def __init__(self, grey):
        self.grey = grey

    def reconstruct(self, images):
        return np.full(images.shape, self.grey, "float32")


@pytest.fixture
def images():
    return np.random.default_rng(0).integers(0, 256, (7, 4, 3, 1), dtype="uint8")


def test_the_error_is_in_grey_levels_over_all_values(images):
    expected = np.sqrt(np.mean((images.astype(float) - 51) ** 2))
    assert rmse_grey_levels(Constant(0.2), images) == pytest.approx(expected, rel=1e-6)


def test_no_error_and_the_largest_one():
    black = np.zeros((2, 3, 3, 1), "uint8")
    assert rmse_grey_levels(Constant(0.0), black) == 0
    assert rmse_grey_levels(Constant(1.0), black) == 255


def test_the_mean_image_is_the_training_images(images):
    other = np.zeros_like(images)
    expected = np.sqrt(np.mean(images.astype(float).mean(axis=0) ** 2))
    assert mean_image_rmse_grey_levels(images, other) == pytest.approx(expected)
    # no constant image has a smaller error on the images themselves
    assert mean_image_rmse_grey_levels(images, images) < mean_image_rmse_grey_levels(images[:1], images)


def test_the_frey_faces_have_the_designs_mean_face(frey_faces):
    # design: "the mean face scores RMSE 0.129" on the post's hundred validation frames
    error = mean_image_rmse_grey_levels(frey_faces[:1800], frey_faces[1800:1900])
    assert error / 255 == pytest.approx(0.129, abs=0.0005)
