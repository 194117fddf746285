"""When is a training over, and which epoch's weights does it keep?

Both follow from the history alone, so that a training that was interrupted answers as one that was not.
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


def is_over(rows: Rows, recipe: Recipe) -> bool:
    """Whether a training with this history has had all its epochs, or as many without a better one as its patience."""
    is_stale = recipe.training.patience > 0 and len(rows) - kept_epoch(rows, recipe) >= recipe.training.patience
    return len(rows) >= recipe.training.epochs or is_stale
