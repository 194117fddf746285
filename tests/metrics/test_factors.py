"""Scores of representations that are constructed to be perfect, mixed and uninformative."""

import sys

import numpy as np
import pytest
from sklearn.metrics import mutual_info_score

from freyvae.errors import BadInput
from freyvae.metrics import factor_scores, factors

ROWS = 1500


@pytest.fixture(scope="module")
def truth():
    random = np.random.default_rng(0)
    return [{name: random.uniform(-1, 1, ROWS) for name in ("pose", "humour")} for _ in range(2)]


def scores(truth, represent):
    codes = [represent(one["pose"], one["humour"], np.random.default_rng(7 + i)) for i, one in enumerate(truth)]
    return factor_scores(codes[0], truth[0], codes[1], truth[1])


def test_a_latent_for_each_factor_is_perfect(truth):
    found = scores(truth, lambda pose, humour, _: np.stack([-3 * humour + 1, 0.5 * pose], axis=1))
    assert found.factors == ("pose", "humour")
    np.testing.assert_allclose(found.r2, [[0, 1], [1, 0]], atol=0.02)
    np.testing.assert_allclose(found.informativeness, 1, atol=0.02)
    assert found.mutual_information_gap > 0.9
    assert found.disentanglement > 0.97
    assert found.completeness > 0.97


def test_independent_latents_know_nothing(truth):
    found = scores(truth, lambda pose, humour, random: random.normal(size=(ROWS, 2)))
    np.testing.assert_allclose(found.r2, 0, atol=0.02)
    assert (found.informativeness < 0.02).all()
    assert found.mutual_information_gap < 0.03
    assert found.disentanglement < 0.2


def test_mixed_latents_know_everything_and_disentangle_nothing(truth):
    found = scores(truth, lambda pose, humour, _: np.stack([pose + humour, pose - humour], axis=1))
    np.testing.assert_allclose(found.r2, 0.5, atol=0.07)
    assert (found.informativeness > 0.9).all()
    assert found.mutual_information_gap < 0.1
    assert found.disentanglement < 0.1
    assert found.completeness < 0.1


def test_two_latents_for_a_factor_are_disentangled_but_not_complete():
    importances = np.array([[0.5, 0.0], [0.5, 0.0], [0.0, 1.0]])
    assert factors.disentanglement(importances) == pytest.approx(1)
    # half of all importance at an entropy of log 2 over log 3, half at none
    assert factors.completeness(importances) == pytest.approx(1 - 0.5 * np.log(2) / np.log(3))


def test_scores_of_what_has_no_choice_or_no_importance():
    assert factors.completeness(np.array([[0.3, 0.7]])) == 1
    assert factors.disentanglement(np.zeros((2, 2))) == 0


def test_mutual_information_is_scikit_learns():
    random = np.random.default_rng(0)
    one = random.integers(0, 20, 500)
    other = (one + random.integers(0, 4, 500)) % 20
    assert factors._mutual_information(one, other) == pytest.approx(mutual_info_score(one, other))


def test_a_factor_that_never_changes_has_no_gap():
    codes = np.random.default_rng(0).normal(size=(100, 2))
    assert factors.mutual_information_gap(codes, np.ones((100, 1))) == 0


def test_one_latent_has_no_rival():
    code = np.random.default_rng(0).uniform(size=(2000, 1))
    assert factors.mutual_information_gap(code, code) == pytest.approx(1)


def test_without_scikit_learn_the_extra_is_named(monkeypatch, truth):
    monkeypatch.setitem(sys.modules, "sklearn", None)
    monkeypatch.setitem(sys.modules, "sklearn.ensemble", None)
    with pytest.raises(BadInput, match=r"freyvae\[factors\]"):
        scores(truth, lambda pose, humour, _: np.stack([pose, humour], axis=1))
