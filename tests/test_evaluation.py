"""Measures of images against their definitions."""

import numpy as np
import pytest
from scipy.special import entr

from freyvae.evaluation import bernoulli_floor_nats, mean_image_rmse_grey_levels, rmse_grey_levels

FREY_FLOOR_NATS = 337  # design: "the cross-entropy has a floor of 337 nats per image on this data"


class Constant:
    """A model that answers with one grey, whatever it is shown."""

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


def test_the_bernoulli_floor_is_the_pixels_own_entropy(images):
    share = images / 255
    expected = (entr(share) + entr(1 - share)).sum() / len(images)
    assert bernoulli_floor_nats(images) == pytest.approx(expected)


def test_black_and_white_have_no_floor():
    assert bernoulli_floor_nats(np.array([0, 255], "uint8").reshape(1, 2, 1, 1)) == 0


def test_the_frey_faces_have_the_designs_floor_and_mean_face(frey_faces):
    assert bernoulli_floor_nats(frey_faces) == pytest.approx(FREY_FLOOR_NATS, abs=1)
    # design: "the mean face scores RMSE 0.129" on the post's hundred validation frames
    error = mean_image_rmse_grey_levels(frey_faces[:1800], frey_faces[1800:1900])
    assert error / 255 == pytest.approx(0.129, abs=0.0005)
