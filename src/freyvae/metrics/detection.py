"""How well does a score tell odd images from others? Area under the ROC curve and average precision, with intervals."""

from dataclasses import dataclass

import numpy as np
from scipy.special import expit, logit
from scipy.stats import beta, norm, rankdata, t

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

    The interval has the variance of DeLong et al. 1988 on the logit of the area, so that it stays within 0 and 1, and
    Student's t with the degrees of freedom of Brunner & Munzel 2000, so that it is wide where images are few. Where all
    odd images score higher than all others there is no variance: its lower end is then that of as many successes as
    there are images of the rarer kind. With two of them it holds the truth about 85 times of 100. One says nothing of
    how others of its kind score: the interval is all of [0, 1].

    Args:
        scores: float (image,), larger is odder.
        is_odd: bool (image,), with both in it.
    """
    odd, others = scores[is_odd], scores[~is_odd]
    # by midranks (Sun & Xu 2014): of each image the share of the other kind on its right side
    together = rankdata(np.concatenate([odd, others]))
    above = (together[: len(odd)] - rankdata(odd)) / len(others)
    below = 1.0 - (together[len(odd) :] - rankdata(others)) / len(odd)
    area, fewer = float(above.mean()), min(len(odd), len(others))
    if fewer < 2:
        return Estimate(value=area, low=0.0, high=1.0)
    if not 0.0 < area < 1.0:
        return proportion(round(area) * fewer, fewer)
    variances = np.array([above.var(ddof=1) / len(odd), below.var(ddof=1) / len(others)])
    variance = variances.sum()
    if not variance:  # all are alike
        return Estimate(value=area, low=area, high=area)
    freedom = variance**2 / (variances**2 / [len(odd) - 1, len(others) - 1]).sum()
    return _about(area, t.ppf(0.5 + LEVEL / 2, freedom) * np.sqrt(variance) / (area * (1.0 - area)))


def average_precision(scores: np.ndarray, is_odd: np.ndarray) -> Estimate:
    """The mean, over the odd images, of the precision among those that score at least as high.

    A score that says nothing has the share of odd images, and a little more where few images are odd. The interval is
    the logit one of Boyd, Eng & Page 2013, as of a share of as many images as are odd; a bootstrap's would be about too
    high a value. With one image of a kind it is all of [0, 1].

    Args:
        scores: float (image,), larger is odder.
        is_odd: bool (image,), with both in it.
    """
    odd, others = (np.sort(kind) for kind in (scores[is_odd], scores[~is_odd]))
    # how many of either kind score at least as high as each odd image
    of_odd, of_others = (len(kind) - np.searchsorted(kind, odd, side="left") for kind in (odd, others))
    value = float((of_odd / (of_odd + of_others)).mean())
    if min(len(odd), len(others)) < 2:
        return Estimate(value=value, low=0.0, high=1.0)
    if value == 1.0:
        return proportion(len(odd), len(odd))
    return _about(value, norm.ppf(0.5 + LEVEL / 2) / np.sqrt(len(odd) * value * (1.0 - value)))


def _about(value: float, half: float) -> Estimate:
    """A value in (0, 1), and the interval of so much to either side of its logit."""
    low, high = expit(logit(value) + half * np.array([-1.0, 1.0]))
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
