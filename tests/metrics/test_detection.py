"""Areas, precisions and shares are scikit-learn's and SciPy's, and intervals hold what they should."""

import numpy as np
import pytest
from scipy.stats import binomtest, norm
from sklearn.metrics import average_precision_score, roc_auc_score

from freyvae.metrics.detection import area_under_roc, average_precision, proportion


@pytest.fixture(params=[False, True], ids=["no ties", "ties"])
def scored(request):
    random = np.random.default_rng(0)
    is_odd = random.random(300) < 0.2
    scores = random.normal(size=300) + is_odd
    return (np.round(2 * scores) if request.param else scores), is_odd


def test_area_and_precision_are_those_of_scikit_learn(scored):
    assert area_under_roc(*scored).value == pytest.approx(roc_auc_score(scored[1], scored[0]))
    assert average_precision(*scored).value == pytest.approx(average_precision_score(scored[1], scored[0]))


def test_the_variance_of_an_area_is_delongs(scored):
    scores, is_odd = scored
    wins = np.heaviside(scores[is_odd][:, None] - scores[~is_odd], 0.5)
    variance = wins.mean(axis=1).var(ddof=1) / is_odd.sum() + wins.mean(axis=0).var(ddof=1) / (~is_odd).sum()
    found, area = area_under_roc(scores, is_odd), wins.mean()
    half = norm.ppf(0.975) * np.sqrt(variance) / (area * (1 - area))
    logits = [np.log(end / (1 - end)) for end in (found.low, area, found.high)]
    np.testing.assert_allclose(np.diff(logits), half)


def test_intervals_hold_the_true_value_about_as_often_as_they_say():
    random = np.random.default_rng(1)
    is_odd = np.arange(120) < 40
    true = norm.cdf(1 / np.sqrt(2))  # of two normals of deviation 1, whose means are 1 apart
    found = [area_under_roc(random.normal(size=120) + is_odd, is_odd) for _ in range(400)]
    held = np.mean([one.low <= true <= one.high for one in found])
    assert 0.92 <= held <= 0.98


def test_a_bootstrap_interval_is_about_the_value_and_the_same_at_every_call(scored):
    found = average_precision(*scored)
    assert found.low < found.value < found.high
    assert found == average_precision(*scored)


def test_odd_images_that_are_all_above_have_an_area_of_one():
    scores, is_odd = np.array([1.0, 2.0, 3.0, 4.0]), np.array([False, False, True, True])
    found = area_under_roc(scores, is_odd)
    assert (found.value, found.low, found.high) == (1.0, 1.0, 1.0)
    assert average_precision(scores, is_odd).value == 1.0


@pytest.mark.parametrize("odd", [1, 999])
def test_one_image_of_a_kind_says_nothing_of_others(odd):
    scores = np.arange(1000.0)
    for measure in (area_under_roc, average_precision):
        found = measure(scores, (scores < odd))
        assert (found.low, found.high) == (0.0, 1.0)


@pytest.mark.parametrize(("count", "of"), [(0, 10), (3, 200), (10, 10), (1, 1)])
def test_the_interval_of_a_share_is_clopper_and_pearsons(count, of):
    found, exact = proportion(count, of), binomtest(count, of).proportion_ci(method="exact")
    assert (found.value, found.low, found.high) == pytest.approx((count / of, exact.low, exact.high))
