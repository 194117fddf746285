"""Areas, precisions and shares are scikit-learn's and SciPy's, and intervals hold what they should."""

import numpy as np
import pytest
from scipy.optimize import brentq
from scipy.stats import binomtest, brunnermunzel, norm, t
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


def test_the_variance_of_an_area_is_delongs_and_its_degrees_of_freedom_are_brunner_and_munzels(scored):
    scores, is_odd = scored
    wins = np.heaviside(scores[is_odd][:, None] - scores[~is_odd], 0.5)
    variance = wins.mean(axis=1).var(ddof=1) / is_odd.sum() + wins.mean(axis=0).var(ddof=1) / (~is_odd).sum()
    found, area = area_under_roc(scores, is_odd), wins.mean()
    # SciPy tells no degrees of freedom, but a p-value, which is that of t with these
    tested = brunnermunzel(scores[~is_odd], scores[is_odd])
    freedom = brentq(lambda df: 2 * t.sf(abs(tested.statistic), df) - tested.pvalue, 1, 1000)
    half = t.ppf(0.975, freedom) * np.sqrt(variance) / (area * (1 - area))
    logits = [np.log(end / (1 - end)) for end in (found.low, area, found.high)]
    np.testing.assert_allclose(np.diff(logits), half, rtol=1e-6)


# of two normals of deviation 1, whose means are 1 apart
@pytest.mark.parametrize(("odd", "of", "least"), [(40, 120, 0.93), (10, 200, 0.91), (5, 100, 0.9)])
def test_intervals_hold_the_true_value_about_as_often_as_they_say(odd, of, least):
    random = np.random.default_rng(1)
    is_odd = np.arange(of) < odd
    many, several = random.normal(size=(40_000, of // odd)), random.normal(size=40_000) + 1
    precise = average_precision_score(
        np.repeat([1, 0], [40_000, many[:, 1:].size]), np.r_[several, many[:, 1:].ravel()]
    )
    for measure, true in ((area_under_roc, norm.cdf(1 / np.sqrt(2))), (average_precision, precise)):
        found = [measure(random.normal(size=of) + is_odd, is_odd) for _ in range(400)]
        assert np.mean([one.low <= true <= one.high for one in found]) >= least


def test_odd_images_that_are_all_above_have_an_area_of_one_of_which_few_are_not_sure():
    scores, is_odd = np.array([1.0, 2.0, 3.0, 4.0]), np.array([False, False, True, True])
    for measure, chosen, (value, low, high) in (
        (area_under_roc, is_odd, (1.0, 0.025**0.5, 1.0)),
        (area_under_roc, ~is_odd, (0.0, 0.0, 1 - 0.025**0.5)),
        (average_precision, is_odd, (1.0, 0.025**0.5, 1.0)),
    ):
        found = measure(scores, chosen)
        assert (found.value, found.low, found.high) == pytest.approx((value, low, high))


def test_scores_that_are_all_alike_have_an_area_of_a_half():
    found = area_under_roc(np.ones(10), np.arange(10) < 4)
    assert (found.value, found.low, found.high) == (0.5, 0.5, 0.5)


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
