"""Where to draw the line between odd and ordinary: a threshold that held-out images stand for."""

import math

import numpy as np

from freyvae.errors import BadInput


def conformal_threshold(held_out: np.ndarray, level: float) -> float:
    """The score that a new image of the same kind exceeds with a probability of at most 1 - level.

    It is the k-th smallest of n held-out scores, k = ceil((n + 1) level): exact for any model and any score, as long as
    held-out and new images are exchangeable (Vovk et al. 2005; Bates et al. 2023, section 2).

    Args:
        held_out: scores of images that nothing was trained on, (image,).
        level: in (0, 1).

    Raises:
        BadInput: so few images say nothing of so high a level.
    """
    count = len(held_out)
    # 99 images make 0.99 possible, whatever a float makes of 100 * 0.99
    place = math.ceil((count + 1) * level - 1e-9)
    if place > count:
        needed = fewest(level)
        raise BadInput(
            f"threshold={level:g} needs at least {needed} held-out pictures, and there are {count}: "
            f"give threshold={highest_level(count):g} or less, or train with validation={needed} or more"
        )
    return float(np.sort(held_out)[place - 1])


def fewest(level: float) -> int:
    """How many held-out images it takes to say something of a level."""
    return math.ceil(level / (1.0 - level) - 1e-9)


def highest_level(count: int) -> float:
    """The highest level that so many held-out images say something of, in thousandths."""
    return math.floor(1000 * count / (count + 1)) / 1000


def percentiles(scores: np.ndarray, held_out: np.ndarray) -> np.ndarray:
    """The share of held-out scores below each score, float64 (image,), in per cent."""
    return 100.0 * np.searchsorted(np.sort(held_out), scores, side="left") / len(held_out)
