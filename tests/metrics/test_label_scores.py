"""What labels can be read from codes: as scikit-learn's classifiers read them."""

import sys

import numpy as np
import pytest
from sklearn.decomposition import PCA
from sklearn.linear_model import Ridge, RidgeClassifier
from sklearn.neighbors import KNeighborsClassifier

from freyvae.data.pixels import blocks, evenly_spaced
from freyvae.metrics.label_scores import (
    label_scores,
    linear_predictions,
    nearest_rows,
    principal_components,
    ridge,
    vote,
)
from freyvae.metrics.nearest import Posteriors


@pytest.mark.parametrize("features", [4, 60])
def test_the_ridge_is_scikit_learns(features):
    random = np.random.default_rng(0)
    rows, targets, apart = (
        random.normal(size=(30, features)),
        random.normal(size=(30, 3)),
        random.normal(size=(9, features)),
    )
    for strength, fit in zip((0.1, 10.0), ridge(rows, targets, (0.1, 10.0)), strict=True):
        np.testing.assert_allclose(fit(apart), Ridge(alpha=strength).fit(rows, targets).predict(apart), rtol=1e-6)


def test_the_linear_classifier_is_one_of_scikit_learns():
    random = np.random.default_rng(1)
    labels = random.integers(0, 3, 300)
    rows = random.normal(size=(300, 6)) + 1.5 * np.eye(6)[labels]
    apart = random.normal(size=(200, 6)) + 1.5 * np.eye(6)[random.integers(0, 3, 200)]
    found = linear_predictions(rows, labels, apart)
    scale = rows.std()
    peers = [RidgeClassifier(alpha=10.0**e * scale**2).fit(rows, labels).predict(apart) for e in range(-1, 5)]
    assert max((found == peer).mean() for peer in peers) > 0.99


def test_components_are_scikit_learns_but_for_their_signs():
    rows, apart = np.random.default_rng(2).normal(size=(2, 40, 8)) * np.arange(1, 9)
    own, other = principal_components(rows, apart, 3)
    pca = PCA(3).fit(rows)
    for found, expected in ((own, pca.transform(rows)), (other, pca.transform(apart))):
        found, expected = (values @ values.T for values in (found, expected))
        np.testing.assert_allclose(found, expected, atol=1e-6)


def test_the_vote_is_that_of_the_nearest():
    random = np.random.default_rng(3)
    rows, apart, labels = random.normal(size=(50, 3)), random.normal(size=(20, 3)), random.integers(0, 3, 50)
    near = nearest_rows(rows, apart, 1)
    np.testing.assert_array_equal(vote(labels[near]), KNeighborsClassifier(1).fit(rows, labels).predict(apart))
    assert vote(np.array([[2, 1, 1, 0], [2, 1, 0, 3]])).tolist() == [1, 2]


def test_a_label_that_codes_hold_and_pixels_hide_is_read_from_codes():
    random = np.random.default_rng(4)
    labels = random.integers(0, 2, 300)
    codes = (random.normal(size=(300, 2)) + 6 * labels[:, None]).astype("float32")
    posteriors = Posteriors(codes, np.full_like(codes, 0.1))
    images = random.integers(0, 256, (300, 6, 5, 3), dtype="uint8")
    found = label_scores(posteriors[:200], images[:200], labels[:200], posteriors[200:], images[200:], labels[200:])
    assert (found.labels, found.fitted, found.scored) == (2, 200, 100)
    assert found.linear["codes"] > 0.95
    assert found.neighbours["codes"] > 0.95
    for told in (found.linear["pixels"], found.neighbours["pixels"], found.linear["pca"], found.neighbours["pca"]):
        assert 0.3 < told < 0.7
    assert found.most_frequent == pytest.approx(max(labels[200:].mean(), 1 - labels[200:].mean()), abs=0.2)


def test_one_label_and_too_few_images_have_no_scores():
    posteriors, images = (
        Posteriors(np.zeros((12, 2), "float32"), np.ones((12, 2), "float32")),
        np.zeros((12, 3, 3, 1), "uint8"),
    )
    one, two = np.zeros(12, int), np.arange(12) % 2
    assert label_scores(posteriors, images, one, posteriors, images, one) is None
    assert label_scores(posteriors[:9], images[:9], two[:9], posteriors, images, two) is None
    assert label_scores(posteriors, images, two, posteriors, images, two) is not None
    np.testing.assert_array_equal(evenly_spaced(10, 4), [0, 3, 6, 9])


def test_large_images_are_averaged_in_squares_and_read_some_at_a_time(monkeypatch):
    random = np.random.default_rng(5)
    labels = random.integers(0, 3, 90)
    codes = random.normal(size=(90, 2)).astype("float32")
    small = random.integers(0, 256, (90, 50, 33, 3), dtype="uint8")
    large = small.repeat(3, axis=1).repeat(3, axis=2)[:, :, :-1]  # an edge that fills no square is left out
    small, read = small[:, :, :-1], []

    def few(images):
        for start, some in blocks(images, most_bytes=7 * images[0].nbytes):
            read.append(len(some))
            yield start, some

    def found(images):
        posteriors = Posteriors(codes, np.ones_like(codes))
        return label_scores(posteriors[:60], images[:60], labels[:60], posteriors[60:], images[60:], labels[60:])

    before = found(small)
    monkeypatch.setattr(sys.modules["freyvae.metrics.label_scores"], "blocks", few)
    assert found(large) == before
    assert max(read) == 7
