import numpy as np
import pytest

from freyvae.data import synthetic_faces
from freyvae.errors import BadInput


@pytest.fixture(scope="module")
def faces():
    return synthetic_faces()


def test_shape_range_and_factors(faces):
    assert faces.name == "synthetic-faces"
    assert faces.is_video
    assert faces.images.shape == (1965, 28, 20, 1)
    assert faces.images.dtype == np.uint8
    assert faces.images.min() >= 8
    assert faces.images.max() <= 238
    assert set(faces.factors) == {"pose", "humour", "blink", "light"}
    for name, values in faces.factors.items():
        assert values.shape == (1965,)
        low, high = (0, 1) if name == "blink" else (-1, 1)
        assert low <= values.min() < low + 0.05
        assert high >= values.max() > high - 0.05


def test_it_is_a_video(faces):
    for name, values in faces.factors.items():
        assert np.abs(np.diff(values)).mean() < 0.06, name
    frames = faces.images[..., 0].astype(float)
    step = np.abs(np.diff(frames, axis=0)).mean()
    shuffled = np.abs(frames - np.random.default_rng(0).permutation(frames)).mean()
    assert step < 0.35 * shuffled


def test_deterministic_by_seed_and_prefixes_agree(faces):
    np.testing.assert_array_equal(faces.images, synthetic_faces().images)
    shorter = synthetic_faces(300)
    np.testing.assert_array_equal(shorter.images, faces.images[:300])
    np.testing.assert_array_equal(shorter.factors["pose"], faces.factors["pose"][:300])
    assert not np.array_equal(synthetic_faces(300, seed=1).images, shorter.images)


def test_every_factor_shows_in_the_pixels(faces):
    # A linear read-out is a lower bound: a latent can represent what a linear function finds in the pixels.
    pixels = faces.images.reshape(1965, -1) / 255.0
    design = np.column_stack([pixels, np.ones(1965)])
    for name, values in faces.factors.items():
        weights, *_ = np.linalg.lstsq(design[::2], values[::2], rcond=None)
        left = values[1::2] - design[1::2] @ weights
        assert 1 - left.var() / values.var() > 0.8, name


def test_it_has_the_parts_of_a_face():
    open_eyed = synthetic_faces()
    f = open_eyed.factors
    straight = (np.abs(f["pose"]) < 0.3) & (f["blink"] < 0.1)
    mean = open_eyed.images[straight, :, :, 0].mean(axis=0)
    cheeks = mean[13:16, [4, 15]].mean()
    assert mean[8:10, [5, 14]].mean() < cheeks - 40  # eyes darker than cheeks
    assert mean[0:8, [0, 19]].mean() < cheeks - 60  # hair at the temples
    assert mean[24:, [0, 19]].mean() > cheeks  # the wall shows beside the chin
    assert abs(mean[:, :10].mean() - mean[:, :9:-1].mean()) < 8  # two alike halves


@pytest.mark.parametrize(
    ("arguments", "message"),
    [({"count": 0}, "count must be a whole number and at least 1"), ({"seed": -1}, "seed must")],
)
def test_bad_arguments(arguments, message):
    with pytest.raises(BadInput, match=message):
        synthetic_faces(**arguments)
