import logging

import numpy as np
import pytest

from freyvae.data import ImageSet, split, split_indices, synthetic_faces
from freyvae.errors import BadInput


def _is_a_partition(parts, count):
    together = np.concatenate([parts.train, parts.validation, parts.test])
    assert all(part.dtype == np.int64 for part in (parts.train, parts.validation, parts.test))
    np.testing.assert_array_equal(np.sort(together), np.arange(count))


def test_blog_is_the_posts():
    parts = split_indices(1965, "blog")
    np.testing.assert_array_equal(parts.train, np.arange(1800))
    np.testing.assert_array_equal(parts.validation, np.arange(1800, 1900))
    np.testing.assert_array_equal(parts.test, np.arange(1900, 1965))
    assert parts.note == ""


def test_random_follows_the_published_protocol():
    parts = split_indices(1965, "random", validation=200, test=200, seed=3)
    expected = np.random.RandomState(3).permutation(1965)
    np.testing.assert_array_equal(parts.train, expected[:1565])
    np.testing.assert_array_equal(parts.validation, expected[1565:1765])
    np.testing.assert_array_equal(parts.test, expected[1765:])


def test_blocked_runs_are_contiguous():
    parts = split_indices(100, "blocked", validation=0.2, test=5)
    np.testing.assert_array_equal(parts.train, np.arange(75))
    np.testing.assert_array_equal(parts.validation, np.arange(75, 95))
    np.testing.assert_array_equal(parts.test, np.arange(95, 100))


@pytest.mark.parametrize("scheme", ["random", "blocked"])
@pytest.mark.parametrize("count", [3, 10, 1965])
def test_every_image_once(scheme, count):
    _is_a_partition(split_indices(count, scheme, is_video=True), count)


def test_a_set_may_have_a_published_split():
    parts = split_indices(9, "given", parts=(5, 1, 3))
    assert [part.tolist() for part in (parts.train, parts.validation, parts.test)] == [[0, 1, 2, 3, 4], [5], [6, 7, 8]]
    images = np.arange(9, dtype=np.uint8).reshape(9, 1, 1, 1)
    train, validation = split(ImageSet(images, "set", is_video=False, parts=(5, 1, 3)))
    assert (train.ravel().tolist(), validation.ravel().tolist()) == ([0, 1, 2, 3, 4], [5])
    with pytest.raises(BadInput, match="no published split of their own; choose the random or blocked"):
        split_indices(9, "given")
    with pytest.raises(BadInput, match=r"parts of \[5, 1, 4\] images do not hold 9"):
        split_indices(9, "given", parts=(5, 1, 4))


def test_a_part_may_be_empty():
    parts = split_indices(2, "random", validation=1, test=0)
    assert [len(parts.train), len(parts.validation), len(parts.test)] == [1, 1, 0]
    assert len(split_indices(2, "random", validation=0.0, test=0, is_video=True).train) == 2


def test_only_a_random_split_of_a_video_is_said_to_flatter():
    note = split_indices(1965, "random", is_video=True).note
    assert "96%" in note
    assert "flatter" in note
    assert split_indices(1965, "random").note == ""
    assert split_indices(1965, "blocked", is_video=True).note == ""


@pytest.mark.parametrize(
    ("count", "scheme", "arguments", "message"),
    [
        (1, "random", {}, "at least 2 images.*only 1"),
        (0, "blog", {}, "at least 2 images"),
        (1899, "blog", {}, "blog split trains on 1800.*only 1899; choose the random or blocked"),
        (10, "randon", {}, "unknown split 'randon'; did you mean 'random'"),
        (10, "zzz", {}, "choose one of blog, random, blocked"),
        (
            10,
            "random",
            {"validation": 5, "test": 5},
            "nothing is left to train on: 5 validation and 5 test images out of 10",
        ),
        (10, "blocked", {"validation": 10}, "validation holds out 10 images, but there are only 10"),
        (10, "blocked", {"test": 200}, "test holds out 200 images"),
        (10, "random", {"validation": 0.6, "test": 0.6}, "nothing is left"),
        (10, "random", {"validation": -1}, "validation must not be negative"),
        (10, "random", {"test": -0.1}, "test must be a fraction between 0 and 1"),
        (10, "random", {"test": 1.5}, "not 1.5"),
        (10, "random", {"test": float("nan")}, "not nan"),
        (10, "random", {"test": True}, "not True"),
        (10, "random", {"test": "a few"}, "not 'a few'"),
        (10, "random", {"seed": -1}, "seed of a random split must lie in 0 to 4294967295"),
    ],
)
def test_bad_splits_are_refused(count, scheme, arguments, message):
    with pytest.raises(BadInput, match=message):
        split_indices(count, scheme, **arguments)


def test_split_gives_images_and_keeps_the_test_part_away():
    images = synthetic_faces(1965).images
    train, held_out = split(images, "blog")
    np.testing.assert_array_equal(train, images[:1800])
    np.testing.assert_array_equal(held_out, images[1800:1900])


@pytest.mark.parametrize(
    ("images", "scheme"),
    [
        (np.zeros((1965, 28, 20), np.uint8), "blog"),
        (synthetic_faces(), "blog"),
        (np.zeros((500, 28, 20, 1), np.uint8), "random"),
        (np.zeros((1965, 28, 20, 3), np.uint8), "random"),
        (synthetic_faces(500), "blocked"),
    ],
    ids=["the post's", "drawn as the post's", "fewer", "colour", "video"],
)
def test_split_chooses_what_suits_the_images(images, scheme):
    for ours, theirs in zip(split(images), split(images, scheme), strict=True):
        np.testing.assert_array_equal(ours, theirs)


def test_split_of_a_video_logs_the_note(caplog):
    faces = synthetic_faces(50)
    with caplog.at_level(logging.WARNING):
        train, held_out = split(faces, "random", validation=5, test=5)
        split(ImageSet(images=faces.images, name="cells", is_video=False), "random")
    assert (train.shape, held_out.shape) == ((40, 28, 20, 1), (5, 28, 20, 1))
    assert len(caplog.records) == 1
    assert "flatter" in caplog.text
