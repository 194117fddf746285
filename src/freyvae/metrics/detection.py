"""How well does a score tell odd images from others? Area under the ROC curve and average precision, with intervals."""

from dataclasses import dataclass

import numpy as np
from scipy.stats import beta, norm, rankdata

# of the interval of an average precision
RESAMPLES = 1000
LEVEL = 0.95


@dataclass(frozen=True, kw_only=True)
class Estimate:
    """A share or a probability, with its 95 % confidence interval.

    Attributes:
        value: it, in [0, 1].
        low: the interval's lower end.
        high: its upper end.
    """

    value: float
    low: float
    high: float


def area_under_roc(scores: np.ndarray, is_odd: np.ndarray) -> Estimate:
    """The probability that an odd image scores higher than another, a tie counting half.

    The interval is DeLong's (DeLong et al. 1988), on the logit of the area, so that it stays within 0 and 1. Where all
    odd images score higher than all others, the variance is zero and so is its width. One image of a kind says nothing
    of how others of it score: the interval is then all of [0, 1].

    Args:
        scores: float (image,), larger is odder.
        is_odd: bool (image,), with both in it.
    """
    odd, others = scores[is_odd], scores[~is_odd]
    # by midranks (Sun & Xu 2014): of each image the share of the other kind on its right side
    together = rankdata(np.concatenate([odd, others]))
    above = (together[: len(odd)] - rankdata(odd)) / len(others)
    below = 1.0 - (together[len(odd) :] - rankdata(others)) / len(odd)
    area = float(above.mean())
    if min(len(odd), len(others)) < 2:
        return Estimate(value=area, low=0.0, high=1.0)
    variance = above.var(ddof=1) / len(odd) + below.var(ddof=1) / len(others)
    if not 0.0 < area < 1.0:
        return Estimate(value=area, low=area, high=area)
    logit, half = np.log(area / (1.0 - area)), norm.ppf(0.5 + LEVEL / 2) * np.sqrt(variance) / (area * (1.0 - area))
    low, high = 1.0 / (1.0 + np.exp(-(logit + half * np.array([-1.0, 1.0]))))
    return Estimate(value=area, low=float(low), high=float(high))


def average_precision(scores: np.ndarray, is_odd: np.ndarray, *, seed: int = 0) -> Estimate:
    """The mean, over the odd images, of the precision among those that score at least as high.

    A score that says nothing has the share of odd images. The interval holds the middle 95 % of `RESAMPLES` bootstrap
    samples, each with as many odd and other images as there are; with one image of a kind it is all of [0, 1].

    Args:
        scores: float (image,), larger is odder.
        is_odd: bool (image,), with both in it.
        seed: of the bootstrap.
    """
    random = np.random.default_rng(seed)
    kinds = scores[is_odd], scores[~is_odd]
    odd, others = map(np.sort, kinds)
    # how many of either kind score below each odd image
    below = [np.searchsorted(kind, odd, side="left") for kind in (odd, others)]

    def precision(*counts: np.ndarray) -> float:
        """Where each image is there so many times: int (image,) of the odd ones and of the others, in their order."""
        at_least = [
            count.sum() - np.concatenate([[0], np.cumsum(count)])[place]
            for count, place in zip(counts, below, strict=True)
        ]
        of_odd, of_others = (number[counts[0] > 0] for number in at_least)
        return float(np.average(of_odd / (of_odd + of_others), weights=counts[0][counts[0] > 0]))

    value = precision(np.ones(len(odd), int), np.ones(len(others), int))
    if min(len(odd), len(others)) < 2:
        return Estimate(value=value, low=0.0, high=1.0)

    ranks = [np.argsort(np.argsort(kind, kind="stable")) for kind in kinds]
    drawn = [
        precision(*[np.bincount(rank[random.integers(0, len(rank), len(rank))], minlength=len(rank)) for rank in ranks])
        for _ in range(RESAMPLES)
    ]
    low, high = np.quantile(drawn, [0.5 - LEVEL / 2, 0.5 + LEVEL / 2])
    return Estimate(value=value, low=float(low), high=float(high))


def proportion(count: int, of: int) -> Estimate:
    """A share of independent images, with the interval of Clopper & Pearson (1934), which holds for any number of them.

    Args:
        count: how many.
        of: of how many, at least one.
    """
    tail = 0.5 - LEVEL / 2
    low = float(beta.ppf(tail, count, of - count + 1)) if count else 0.0
    high = float(beta.ppf(1.0 - tail, count + 1, of - count)) if count < of else 1.0
    return Estimate(value=count / of, low=low, high=high)
