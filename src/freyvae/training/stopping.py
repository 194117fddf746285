"""When is a training over, and which epoch's weights does it keep?

Both follow from the history and its clock alone, so that a training that was interrupted answers as one that was not.
"""

from collections.abc import Mapping, Sequence

from freyvae.recipe import Recipe

Rows = Sequence[Mapping[str, float]]


def kept_epoch(rows: Rows, recipe: Recipe) -> int:
    """The epoch, from 1, whose weights a training with this history keeps: the last, or with patience the best.

    The best has the lowest validation free energy after the warm-up, in which a model may have a low one because it is
    not yet what is asked for.
    """
    counted = [row["val_free_energy"] for row in rows[recipe.training.warm_up_epochs :]]
    if not recipe.training.patience or not counted:
        return len(rows)
    return recipe.training.warm_up_epochs + counted.index(min(counted)) + 1


def is_within_warm_up(epochs: int, recipe: Recipe) -> bool:
    """Whether a training that ended after so many epochs never had an epoch after its warm-up."""
    return epochs <= recipe.training.warm_up_epochs


def is_over(rows: Rows, recipe: Recipe, seconds: float = 0.0) -> bool:
    """Whether a training has had all its epochs, or as many without a better one as its patience, or its minutes.

    Args:
        rows: the history.
        recipe: how long to train.
        seconds: that all epochs so far took. Where an epoch more, as long as their mean, would exceed the minutes, they
            are over; the first epoch is always trained.
    """
    is_stale = recipe.training.patience > 0 and len(rows) - kept_epoch(rows, recipe) >= recipe.training.patience
    return len(rows) >= recipe.training.epochs or is_stale or _share_of_minutes(rows, recipe, seconds, more=1) > 1.0


def share_done(rows: Rows, recipe: Recipe, seconds: float, *, more: float = 0.0) -> float:
    """The share of a training that is done, 0 to 1, `more` epochs counted too: of its epochs or of its minutes."""
    of_epochs = (len(rows) + more) / recipe.training.epochs
    return min(max(of_epochs, _share_of_minutes(rows, recipe, seconds, more=more)), 1.0)


def _share_of_minutes(rows: Rows, recipe: Recipe, seconds: float, *, more: float) -> float:
    if not recipe.training.minutes or not rows:
        return 0.0
    return seconds * (1.0 + more / len(rows)) / (60.0 * recipe.training.minutes)
