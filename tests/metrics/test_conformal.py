"""A threshold of held-out scores keeps its promise, and is refused where too few images stand for it."""

import numpy as np
import pytest

from freyvae.errors import BadInput
from freyvae.metrics.conformal import conformal_threshold, percentiles


@pytest.mark.parametrize(("count", "level"), [(99, 0.99), (19, 0.9), (100, 0.95)])
def test_a_new_score_is_beyond_with_the_probability_that_is_said(count, level):
    random = np.random.default_rng(0)
    scores = random.normal(size=(20_000, count + 1))
    lines = np.array([conformal_threshold(row[:-1], level) for row in scores[:4000]])
    beyond = np.mean(scores[:4000, -1] > lines)
    # exactly, of scores without ties: the new one is among the n + 1 - k largest
    expected = 1 - np.ceil((count + 1) * level - 1e-9) / (count + 1)
    assert beyond == pytest.approx(expected, abs=4 * np.sqrt(expected / 4000))
    assert beyond <= 1 - level + 0.02


def test_99_images_stand_for_a_threshold_of_99_per_cent_and_10_do_not():
    assert conformal_threshold(np.arange(99.0), 0.99) == 98.0
    with pytest.raises(BadInput, match=r"threshold=0.99 needs at least 99 held-out pictures, and there are 10: "):
        conformal_threshold(np.arange(10.0), 0.99)
    # what is proposed is possible
    assert conformal_threshold(np.arange(10.0), 0.909) == 9.0


def test_percentiles_count_the_held_out_scores_below():
    held_out = np.array([3.0, 1.0, 2.0, 2.0])
    assert percentiles(np.array([0.0, 2.0, 2.5, 9.0]), held_out).tolist() == [0.0, 25.0, 75.0, 100.0]
