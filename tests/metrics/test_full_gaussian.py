"""The Gaussian baseline is a probability of the bytes, and its covariance as good as few images tell."""

import numpy as np
import pytest
from scipy import stats

from freyvae.metrics import FullGaussian, full_gaussian, mean_image_nll_nats
from freyvae.metrics.baselines import moments
from freyvae.metrics.full_gaussian import Regularization


def smooth(count, seed=0):
    """Images of 10 x 10, whose pixels go together the more the nearer they are, wherever they are."""
    noise = np.random.default_rng(seed).normal(size=(count, 14, 14, 1))
    mixed = sum(np.roll(noise, shift, axis) for shift in (-1, 0, 1) for axis in (1, 2))[:, 2:-2, 2:-2]
    return np.clip(128 + 20 * mixed, 0, 255).astype(np.uint8)


def correlated(count, seed=0):
    """Images of two values that are strongly correlated."""
    random = np.random.default_rng(seed)
    values = random.multivariate_normal([90, 160], [[400, 360], [360, 400]], count)
    return np.clip(np.round(values), 0, 255).astype("uint8").reshape(count, 2, 1, 1)


def test_the_full_gaussian_sums_to_one_over_every_image_there_is():
    gaussian = FullGaussian.fit(correlated(500), correlated(100, seed=1))
    every = np.stack(np.meshgrid(np.arange(256), np.arange(256)), -1).reshape(-1, 2, 1, 1).astype("uint8")
    assert np.exp(-gaussian.nll_nats(every)).sum() == pytest.approx(1, abs=1e-9)


def test_the_full_gaussian_with_no_correlation_is_scipys_pixel_by_pixel():
    images = np.random.default_rng(0).integers(0, 256, (7, 4, 3, 1), dtype="uint8")
    flat = images.reshape(7, -1)
    mean, deviation = np.full(12, 128.0), np.linspace(40, 90, 12)
    gaussian = FullGaussian(mean, np.diag(deviation), Regularization())
    upper = np.where(flat == 255, np.inf, flat + 0.5)
    lower = np.where(flat == 0, -np.inf, flat - 0.5)
    expected = -np.log(stats.norm.cdf(upper, mean, deviation) - stats.norm.cdf(lower, mean, deviation)).sum(1)
    np.testing.assert_allclose(gaussian.nll_nats(images), expected, rtol=1e-9)


def test_where_deviations_are_wide_it_is_nearly_the_density():
    images = correlated(50)
    covariance = np.array([[400.0, 200.0], [200.0, 400.0]])
    gaussian = FullGaussian(np.array([90.0, 160.0]), np.linalg.cholesky(covariance), Regularization())
    density = stats.multivariate_normal([90, 160], covariance).logpdf(images.reshape(50, 2))
    np.testing.assert_allclose(-gaussian.nll_nats(images), density, atol=0.01)


def test_the_full_gaussian_knows_what_the_constant_does_not():
    train, validation, test = correlated(500), correlated(100, seed=1), correlated(200, seed=2)
    gaussian = FullGaussian.fit(train, validation)
    assert gaussian.nll_nats(test).mean() < mean_image_nll_nats(train, test).mean() - 0.3


def test_where_nothing_goes_together_it_is_as_good_as_the_diagonal():
    images = np.random.default_rng(0).integers(0, 256, (240, 4, 5, 1), dtype="uint8")
    train, validation, test = images[:60], images[60:120], images[120:]
    mean, deviation = moments(train)
    diagonal = FullGaussian(mean, np.diag(deviation), Regularization()).nll_nats(test).mean()
    assert FullGaussian.fit(train, validation).nll_nats(test).mean() < diagonal + 0.1


def test_images_are_moved_by_a_pixel_and_the_edge_comes_in():
    images = np.arange(6, dtype=np.uint8).reshape(1, 2, 3, 1)
    assert full_gaussian.moved_by(images, 1, 0)[0, ..., 0].tolist() == [[0, 1, 2], [0, 1, 2]]
    assert full_gaussian.moved_by(images, 0, -1)[0, ..., 0].tolist() == [[1, 2, 2], [4, 5, 5]]


def test_few_images_tell_more_than_a_share_of_the_diagonal_does():
    images = smooth(140)
    train, validation, test = images[:60], images[60:100], images[100:]
    gaussian = FullGaussian.fit(train, validation)
    assert gaussian.regularization.moved > 0
    assert gaussian.regularization.length < 32
    mean = train.reshape(60, -1).mean(0)
    covariance = np.cov(train.reshape(60, -1).T, bias=True)

    def of(shrinkage):
        shrunk = (1 - shrinkage) * covariance + shrinkage * np.diag(np.diag(covariance))
        return FullGaussian(mean, np.linalg.cholesky(shrunk), Regularization(shrinkage=shrinkage))

    plain = min((of(shrinkage) for shrinkage in (0.1, 0.2, 0.3, 0.5)), key=lambda fit: fit.nll_nats(validation).mean())
    assert gaussian.nll_nats(test).mean() < plain.nll_nats(test).mean() - 5


def test_components_are_kept_and_the_rest_falls_with_the_distance():
    train = smooth(90)
    found = full_gaussian._Covariance(train).factor(Regularization(0.0, 3, 2.0, 0.1))
    covariance = np.cov(train.reshape(90, -1).T, bias=True)
    values, vectors = np.linalg.eigh(covariance)
    kept = vectors[:, -3:] * values[-3:] @ vectors[:, -3:].T
    place = np.indices((10, 10)).reshape(2, -1)
    falls = np.exp(-np.hypot(*(place[:, :, None] - place[:, None])) / 2)
    expected = 0.9 * (kept + (covariance - kept) * falls) + 0.1 * np.diag(np.diag(covariance))
    np.testing.assert_allclose(found @ found.T, expected, rtol=1e-6, atol=1e-6)


@pytest.mark.parametrize("shape", [(1, 1, 1), (1, 1, 3), (1, 2, 1), (9, 9, 3)])
@pytest.mark.parametrize("count", [1, 2, 5])
def test_fewer_images_than_values_have_a_gaussian_too(shape, count):
    """Also of pixels that never changed."""
    random = np.random.default_rng(0)
    for train in (np.zeros((count, *shape), "uint8"), random.integers(0, 256, (count, *shape), dtype="uint8")):
        gaussian = FullGaussian.fit(train, train)
        assert np.isfinite(gaussian.nll_nats(train + np.uint8(255))).all()


def test_the_search_changes_one_thing_at_a_time_while_that_gains():
    best = Regularization(moved=0.2, components=8, length=4.0, shrinkage=0.02)

    def cost(tried):
        places = [
            (values.index(getattr(tried, name)), values.index(getattr(best, name)))
            for name, values in full_gaussian.CHOICES.items()
        ]
        return sum((here - there) ** 2 for here, there in places)

    assert full_gaussian._searched(cost) == best
    # where only much of the diagonal is a covariance, it is reached from the diagonal alone
    assert full_gaussian._searched(lambda tried: cost(tried) if tried.shrinkage > 0.1 else np.inf).shrinkage == 0.2


def test_the_covariance_of_large_images_is_not_tried(monkeypatch):
    monkeypatch.setattr(full_gaussian, "MOST_VALUES", 1)
    assert FullGaussian.fit(correlated(10), correlated(5)) is None
