"""The epoch that a training keeps, and the epoch at which it ends, follow from its history."""

import pytest

from freyvae.recipe import Recipe
from freyvae.training.stopping import is_over, kept_epoch, share_done


def rows(*energies):
    return [{"val_free_energy": energy} for energy in energies]


@pytest.mark.parametrize(
    ("patience", "warm_up", "energies", "kept", "over"),
    [
        (0, 0, (3.0, 1.0, 2.0), 3, False),
        (0, 0, (3.0, 1.0, 2.0, 2.0, 2.0), 5, True),
        (2, 0, (3.0, 1.0, 2.0), 2, False),
        (2, 0, (3.0, 1.0, 2.0, 1.5), 2, True),
        # an equal value is not better
        (2, 0, (3.0, 1.0, 1.0, 1.0), 2, True),
        (2, 0, (3.0, 1.0, 2.0, 0.5), 4, False),
        # epochs of the warm-up are never the best, and do not count for patience
        (2, 3, (1.0, 2.0, 3.0), 3, False),
        (2, 3, (1.0, 2.0, 3.0, 9.0), 4, False),
        (1, 3, (1.0, 2.0, 3.0, 9.0, 9.5), 4, True),
        (2, 9, (5.0, 4.0, 3.0, 4.0, 5.0), 5, True),
        (3, 0, (), 0, False),
    ],
)
def test_the_kept_epoch_and_the_end_follow_from_the_history(patience, warm_up, energies, kept, over):
    recipe = Recipe().replace(epochs=5, patience=patience, warm_up_epochs=warm_up)
    assert kept_epoch(rows(*energies), recipe) == kept
    assert is_over(rows(*energies), recipe) is over


def test_minutes_end_a_training_before_an_epoch_that_would_exceed_them():
    recipe = Recipe().replace(epochs=100, minutes=1)
    rows = [{"val_free_energy": 1.0}] * 4
    assert not is_over(rows, recipe, seconds=48.0)  # another takes 12
    assert is_over(rows, recipe, seconds=48.1)
    assert not is_over(rows[:0], recipe, seconds=0.0)
    assert not is_over(rows, recipe.replace(minutes=0), seconds=1e9)
    assert is_over([*rows] * 25, recipe, seconds=1.0)


def test_the_share_that_is_done_is_of_epochs_or_of_minutes_whichever_is_more():
    recipe = Recipe().replace(epochs=10, minutes=1)
    rows = [{"val_free_energy": 1.0}] * 2
    assert share_done(rows, recipe, 6.0) == pytest.approx(0.2)
    assert share_done(rows, recipe, 30.0) == pytest.approx(0.5)
    assert share_done(rows, recipe, 30.0, more=0.5) == pytest.approx(0.625)
    assert share_done(rows, recipe, 300.0) == 1.0
    assert share_done([], recipe, 0.0, more=0.5) == pytest.approx(0.05)
