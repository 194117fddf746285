"""What would one pay for the same images under one big Gaussian, with as good a covariance as these images tell?"""

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from scipy.linalg import LinAlgError, cholesky, solve_triangular
from scipy.sparse.linalg import eigsh
from scipy.spatial.distance import cdist

from freyvae.data.pixels import evenly_chosen
from freyvae.data.statistics import mean_image
from freyvae.metrics.baselines import SMALLEST_DEVIATION, discretized_normal_log_prob, moments

# the covariance of images of more values than this does not fit comfortably
MOST_VALUES = 4096
# images that tell the covariance of moved ones, and that choose the regularization
MOST_MOVED = 5000
MOST_CHOOSING = 1000
IMAGES_AT_ONCE = 256
# by which images are moved, (down, right)
EIGHT = [(down, right) for down in (-1, 0, 1) for right in (-1, 0, 1) if (down, right) != (0, 0)]


@dataclass(frozen=True)
class Regularization:
    """How a covariance is estimated from fewer images than it has numbers.

    Its leading principal components are kept, and what they leave is believed the less the farther pixels are apart
    (Fan, Liao & Mincheva 2013; the taper of Furrer, Genton & Nychka 2006). The first values are where a search begins.

    Attributes:
        moved: share of the covariance of images moved by a pixel.
        components: principal components that are kept as they are.
        length: the covariance of the rest falls by exp(-distance / length), in pixels.
        shrinkage: share of the diagonal alone.
    """

    moved: float = 0.05
    components: int = 32
    length: float = 32.0
    shrinkage: float = 0.0


# in the order in which they are looked through
CHOICES: dict[str, tuple[float, ...]] = {
    "shrinkage": (0.0, 0.0003, 0.001, 0.003, 0.01, 0.02, 0.05, 0.1, 0.2, 0.3, 0.5, 1.0),
    "components": (0, 4, 8, 16, 24, 32, 48, 64),
    "length": (1.0, 2.0, 4.0, 8.0, 16.0, 24.0, 32.0, 48.0, 64.0, math.inf),
    "moved": (0.0, 0.02, 0.05, 0.1, 0.2, 0.4, 0.6, 0.8),
}
MOST_COMPONENTS = int(max(CHOICES["components"]))


@dataclass(frozen=True, eq=False)
class FullGaussian:
    """A normal with a full covariance, as a probability of bytes.

    Value by value: P(x_i | x_<i) is the normal's conditional given the bytes before, cut into bins of one level. Every
    factor sums to one over the 256 levels, hence so does the product over all images: nothing is approximated.

    Attributes:
        mean: (value,), in grey levels.
        factor: lower triangular (value, value), the Cholesky factor of the covariance.
        regularization: how the covariance was estimated.
    """

    mean: np.ndarray
    factor: np.ndarray
    regularization: Regularization

    @classmethod
    def fit(cls, train: np.ndarray, validation: np.ndarray) -> "FullGaussian | None":
        """Moments of the training images, regularized as the validation images like best.

        None where images have more than `MOST_VALUES` values.

        Args:
            train: uint8 (image, height, width, channel).
            validation: alike; of many, `MOST_CHOOSING` choose.
        """
        if train[0].size > MOST_VALUES:
            return None
        covariance = _Covariance(train)
        choosing = evenly_chosen(validation, MOST_CHOOSING)

        def fitted(regularization: Regularization) -> "FullGaussian":
            return cls(covariance.mean, covariance.factor(regularization), regularization)

        def cost(regularization: Regularization) -> float:
            try:
                return float(fitted(regularization).nll_nats(choosing).mean())
            except LinAlgError:  # of too little of the diagonal: there are fewer images than values
                return math.inf

        return fitted(_searched(cost))

    def nll_nats(self, images: np.ndarray) -> np.ndarray:
        """-log P of uint8 images, float64 (image,), in nats."""
        costs = []
        deviation = np.diag(self.factor)
        for start in range(0, len(images), IMAGES_AT_ONCE):
            levels = images[start : start + IMAGES_AT_ONCE].reshape(-1, len(self.mean)).astype(np.float64)
            # x = mean + L e, so that E[x_i | x_<i] = x_i - L_ii e_i, with deviation L_ii
            noise = solve_triangular(self.factor, (levels - self.mean).T, lower=True).T
            costs.append(-discretized_normal_log_prob(levels, levels - deviation * noise, deviation).sum(axis=1))
        return np.concatenate(costs)


def _searched(cost: Callable[[Regularization], float]) -> Regularization:
    """The cheapest of `CHOICES` that is found by changing one at a time to the next beside it, while that gains."""
    costs: dict[Regularization, float] = {}

    def cost_of(regularization: Regularization) -> float:
        if regularization not in costs:
            costs[regularization] = cost(regularization)
        return costs[regularization]

    best = Regularization()
    # the diagonal alone is always a covariance: where the first is none, the search begins there
    if cost_of(best) == math.inf:
        best = replace(best, shrinkage=1.0)
    while True:
        before = best
        for name, values in CHOICES.items():
            for step in (-1, 1):
                while True:
                    place = values.index(getattr(best, name)) + step
                    if not 0 <= place < len(values):
                        break
                    change: dict[str, Any] = {name: values[place]}
                    beside = replace(best, **change)
                    if cost_of(beside) >= cost_of(best):
                        break
                    best = beside
        if best == before:
            return best


class _Covariance:
    """The covariance of images, and what of it does not depend on the regularization."""

    def __init__(self, train: np.ndarray) -> None:
        self.mean, deviation = moments(train)
        self.variance = deviation**2
        self.of_images = _covariance(train, self.mean)
        self.of_moved = np.zeros_like(self.of_images)
        some = evenly_chosen(train, MOST_MOVED)
        for down, right in EIGHT:
            images = moved_by(some, down, right)
            self.of_moved += _covariance(images, mean_image(images).reshape(-1)) / len(EIGHT)
        height, width, channels = train.shape[1:]
        places = np.repeat(np.argwhere(np.ones((height, width))), channels, axis=0)
        self.distance: np.ndarray = cdist(places, places)
        self._components: dict[float, np.ndarray] = {}
        self._last_taper: tuple[float, np.ndarray] = (math.inf, np.ones_like(self.distance))

    def factor(self, regularization: Regularization) -> np.ndarray:
        """The Cholesky factor. Raises scipy's `LinAlgError` where the matrix is not positive definite."""
        moved, share = regularization.moved, regularization.shrinkage
        found = self._mixed(moved)
        if share < 1.0:
            kept = self._leading(moved, found)[:, : regularization.components]
            # (1 - s) (K + (C - K) exp(-d / length)) + s diag(C), K of the principal components
            kept = kept @ kept.T
            found -= kept
            found *= self._taper(regularization.length)
            found += kept
            found *= 1.0 - share
            np.fill_diagonal(found, np.diag(found) + share * self.variance)
        else:
            found = np.diag(self.variance)
        return np.asarray(cholesky(found, lower=True, overwrite_a=True, check_finite=False))

    def _taper(self, length: float) -> np.ndarray:
        if self._last_taper[0] != length:
            self._last_taper = length, np.exp(-self.distance / length)
        return self._last_taper[1]

    def _mixed(self, moved: float) -> np.ndarray:
        """With no deviation below the smallest."""
        mixed = (1.0 - moved) * self.of_images + moved * self.of_moved
        np.fill_diagonal(mixed, np.maximum(np.diag(mixed), SMALLEST_DEVIATION**2))
        return mixed

    def _leading(self, moved: float, mixed: np.ndarray) -> np.ndarray:
        """(value, component): principal components times their deviations, the greatest first."""
        if moved not in self._components:
            count = min(MOST_COMPONENTS, len(mixed) - 1)
            found = np.zeros((len(mixed), 0))
            if count:
                variances, vectors = eigsh(mixed, k=count, v0=np.ones(len(mixed)))
                found = (vectors * np.sqrt(np.maximum(variances, 0.0)))[:, ::-1]
            self._components[moved] = found
        return self._components[moved]


def moved_by(images: np.ndarray, down: int, right: int) -> np.ndarray:
    """Images (image, height, width, channel) moved by a pixel at most; what comes in is the edge's."""
    padded = np.pad(images, ((0, 0), (1, 1), (1, 1), (0, 0)), mode="edge")
    height, width = images.shape[1:3]
    return padded[:, 1 - down : 1 - down + height, 1 - right : 1 - right + width]


def _covariance(images: np.ndarray, mean: np.ndarray) -> np.ndarray:
    """The values' covariance about a mean, float64 (value, value)."""
    covariance = np.zeros((len(mean), len(mean)))
    for start in range(0, len(images), IMAGES_AT_ONCE):
        centered = images[start : start + IMAGES_AT_ONCE].reshape(-1, len(mean)) - mean
        covariance += centered.T @ centered / len(images)
    return covariance
