"""Near-duplicates are found by a hash that small changes leave nearly alone, and unrelated images do not share."""

import io

import numpy as np
import pytest
from PIL import Image

from freyvae.metrics import near_duplicates
from freyvae.metrics.near_duplicates import BITS, IMAGES_AT_ONCE, MOST_BITS, difference_hashes


def scenes(count, seed=0, size=(48, 40), channels=3):
    """Smooth random pictures: a coarse grid of noise, enlarged."""
    coarse = np.random.default_rng(seed).integers(0, 256, (count, 9, 8, channels), dtype=np.uint8)
    enlarged = [Image.fromarray(image.squeeze()).resize(size[::-1], Image.Resampling.BICUBIC) for image in coarse]
    return np.stack([np.asarray(image) for image in enlarged]).reshape(count, *size, channels)


def distance(one, other):
    return np.bitwise_count(difference_hashes(one) ^ difference_hashes(other)).sum(axis=1, dtype=int)


def as_jpeg(image):
    file = io.BytesIO()
    Image.fromarray(image).save(file, "JPEG", quality=75)
    return np.asarray(Image.open(file))


def resized(image):
    return np.asarray(Image.fromarray(image).resize((64, 80), Image.Resampling.LANCZOS))


CHANGES = {
    "copied": lambda image: image,
    "saved as JPEG": as_jpeg,
    "resized": resized,
    "lighter": lambda image: np.minimum(image * 0.8 + 40, 255).astype(np.uint8),
}


@pytest.mark.parametrize("change", CHANGES)
def test_a_changed_copy_is_found_and_only_that(change):
    train, others = scenes(300), scenes(20, seed=1)
    changed = np.stack([CHANGES[change](image) for image in train[[3, 299]]])
    assert near_duplicates(changed, train).tolist() == [True, True]
    assert not near_duplicates(others, train).any()
    if changed.shape == others[:2].shape:
        both = np.concatenate([others[:5], changed, others[5:]])
        assert np.flatnonzero(near_duplicates(both, train)).tolist() == [5, 6]


def test_strokes_at_other_places_of_a_dark_image_are_no_near_duplicates_and_moved_little_they_are():
    strokes = np.zeros((7, 28, 28, 1), np.uint8)
    for number, stroke in enumerate(strokes):
        stroke[4:14, 3 + 3 * number : 6 + 3 * number] = 255
    assert np.bitwise_count(difference_hashes(strokes)).sum(axis=1).max() <= MOST_BITS // 2
    assert not near_duplicates(strokes[1::2], strokes[::2]).any()
    assert near_duplicates(strokes // 2, strokes).all()


@pytest.mark.parametrize("shape", [(64, 1, 1), (64, 8, 1), (8, 64, 1), (1, 64, 1)])
def test_stripes_are_near_duplicates_of_their_copies_alone(shape):
    """Also of those that vary only from top to bottom."""
    random = np.random.default_rng(0)
    long, across = max(shape), shape.index(64)
    stripes = random.integers(0, 256, (60, *((long, 1) if across == 0 else (1, long)), 1), dtype="uint8")
    stripes = np.broadcast_to(stripes, (60, *shape))
    assert not near_duplicates(stripes[:30], stripes[30:]).any()
    assert near_duplicates(stripes[:30] // 2 + 40, stripes).all()


def test_flat_images_are_near_duplicates_of_those_of_nearly_their_grey_level():
    flat = np.array([0, 255, 100, 102], "uint8").reshape(4, 1, 1, 1).repeat(20, 1).repeat(20, 2)
    assert near_duplicates(flat, flat[[0, 3]]).tolist() == [True, False, True, True]


def test_unrelated_images_differ_in_about_half_of_the_bits():
    distances = distance(scenes(200), scenes(200, seed=1))
    assert 0.45 < distances.mean() / BITS < 0.55
    assert distances.min() > 2 * MOST_BITS


def test_a_bit_says_that_a_cell_is_lighter_than_the_one_before():
    rising = np.broadcast_to(np.arange(17, dtype=np.uint8)[:, None], (1, 16, 17, 1))
    assert (difference_hashes(rising) == 2**64 - 1).all()
    assert (difference_hashes(rising[:, :, ::-1]) == 0).all()
    step = np.zeros((1, 16, 17, 1), np.uint8)
    step[0, 5, 9:] = 1  # only the ninth difference of the sixth row
    bits = np.unpackbits(difference_hashes(step).view(np.uint8)).reshape(16, 16)
    assert np.argwhere(bits).tolist() == [[5, 8]]


@pytest.mark.parametrize("shape", [(1, 1, 1), (1, 1000, 1), (5, 3, 5), (100, 16, 2)])
def test_images_of_any_shape_have_a_hash(shape):
    images = np.random.default_rng(0).integers(0, 256, (3, *shape), dtype=np.uint8)
    assert near_duplicates(images, images).all()


def test_more_images_than_are_looked_at_at_once():
    train = scenes(2 * IMAGES_AT_ONCE + 10, channels=1, size=(20, 17))
    assert near_duplicates(train[::-1], train).all()
    assert near_duplicates(scenes(IMAGES_AT_ONCE + 3, seed=1, channels=1, size=(20, 17)), train).sum() == 0


def test_of_no_images_none_is_a_near_duplicate():
    images = scenes(3)
    assert near_duplicates(images[:0], images).shape == (0,)
    assert near_duplicates(images, images[:0]).tolist() == [False] * 3
    assert difference_hashes(images[:0]).shape == (0, 4)
