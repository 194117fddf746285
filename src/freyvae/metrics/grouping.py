"""Groups of codes: a mixture of normals, with as many components as the codes call for."""

import warnings
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from freyvae.data.pixels import evenly_spaced
from freyvae.errors import BadInput
from freyvae.metrics.nearest import Posteriors, aggregate_deviations

# so many are tried where none is given, each about sqrt(2) times the last
COUNTS = (1, 2, 3, 4, 6, 8, 11, 16, 23, 32, 45, 64)
# images that the number is chosen on, evenly spread
MOST_CHOSEN_ON = 10_000
# added to each variance, in units of the aggregate posterior's: groups of copies have none of their own
LEAST_VARIANCE = 1e-4


@dataclass(frozen=True, eq=False)
class Mixture:
    """Groups of images, the largest first.

    Attributes:
        groups: which group each image is in, int64 (image,), from 0.
        probabilities: of that group, given the code, float64 (image,).
        typical: log-density of each code in its group, in nats, float64 (image,): the highest is the most typical.
        criterion: number of groups -> Bayesian information criterion, in nats per image, lower is better; empty where
            the number was given.
    """

    groups: np.ndarray
    probabilities: np.ndarray
    typical: np.ndarray
    criterion: dict[int, float]

    @property
    def sizes(self) -> np.ndarray:
        """Images in each group, int64 (group,)."""
        return np.bincount(self.groups)


def mixture(posteriors: Posteriors, count: int | None = None, *, seed: int = 0) -> Mixture:
    """Fit a mixture of diagonal normals to codes, in units of the aggregate posterior's deviations.

    Without `count` the number of groups is that of `COUNTS` with the lowest Bayesian information criterion (Schwarz
    1978), -log p + parameters / 2 log images.

    Args:
        posteriors: of the images, at least two.
        count: of groups; those in which no image is most probable are left out.
        seed: of the start.

    Raises:
        BadInput: the extra `scikit-learn` is not installed.
    """
    codes = posteriors.means.astype(np.float64) / aggregate_deviations(posteriors)
    few = codes[evenly_spaced(len(codes), MOST_CHOSEN_ON)]
    criterion: dict[int, float] = {}
    if count is None:
        for tried in COUNTS:
            if 2 * tried <= len(few) or tried == 1:
                criterion[tried] = float(_fitted(few, tried, seed).bic(few) / (2 * len(few)))
        count = min(criterion, key=lambda tried: criterion[tried])
    fitted = _fitted(codes, count, seed)
    probabilities = fitted.predict_proba(codes)
    chosen = probabilities.argmax(axis=1)
    order = np.argsort(-np.bincount(chosen, minlength=count), kind="stable")
    away = (codes - fitted.means_[chosen]) ** 2 / fitted.covariances_[chosen]
    return Mixture(
        groups=np.argsort(order)[chosen],
        probabilities=probabilities.max(axis=1),
        typical=-0.5 * (away + np.log(2 * np.pi * fitted.covariances_[chosen])).sum(axis=1),
        criterion=criterion,
    )


def _fitted(codes: np.ndarray, count: int, seed: int):  # type: ignore[no-untyped-def]
    try:
        from sklearn.exceptions import ConvergenceWarning
        from sklearn.mixture import GaussianMixture
    except ImportError as error:
        raise BadInput("groups need the extra: pip install 'freyvae[scikit-learn]'") from error

    with warnings.catch_warnings():
        # fewer different codes than groups, or a fit that a hundred steps do not end: either is good enough for groups
        warnings.simplefilter("ignore", ConvergenceWarning)
        return GaussianMixture(count, covariance_type="diag", reg_covar=LEAST_VARIANCE, random_state=seed).fit(codes)


@dataclass(frozen=True)
class Agreement:
    """How far groups and labels agree.

    Attributes:
        adjusted_rand: adjusted Rand index (Hubert & Arabie 1985): 1 if they are the same, 0 on average by chance.
        mutual_information: normalised by the mean of both entropies: 1 if they are the same, and above 0 by chance.
    """

    adjusted_rand: float
    mutual_information: float


def agreement(groups: np.ndarray, labels: Sequence[str]) -> Agreement:
    """How far groups, int64 (image,), agree with the images' labels."""
    _, numbers = np.unique(np.asarray(labels, dtype=str), return_inverse=True)
    table = np.zeros((groups.max() + 1, numbers.max() + 1))
    np.add.at(table, (groups, numbers), 1)
    return Agreement(adjusted_rand=_adjusted_rand(table), mutual_information=_mutual_information(table))


def _adjusted_rand(table: np.ndarray) -> float:
    def pairs(counts: np.ndarray) -> float:
        return float((counts * (counts - 1) / 2).sum())

    both, rows, columns = pairs(table), pairs(table.sum(axis=1)), pairs(table.sum(axis=0))
    expected = rows * columns / max(pairs(table.sum()), 1.0)
    most = (rows + columns) / 2
    return 1.0 if most == expected else (both - expected) / (most - expected)


def _mutual_information(table: np.ndarray) -> float:
    joint = table / table.sum()

    def entropy(shares: np.ndarray) -> float:
        return -float((shares[shares > 0] * np.log(shares[shares > 0])).sum())

    rows, columns = entropy(joint.sum(axis=1)), entropy(joint.sum(axis=0))
    mean = (rows + columns) / 2
    return 1.0 if mean == 0 else (rows + columns - entropy(joint)) / mean
