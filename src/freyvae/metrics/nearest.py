"""Which pictures are nearest to others, by the posteriors of their codes? Exact, by blocks."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

# distances held at once, float32: 16 MiB, which a processor's caches come near to
BLOCK = 1 << 22


@dataclass(frozen=True, eq=False)
class Posteriors:
    """Diagonal normal distributions of latents, one an image.

    Attributes:
        means: the codes, float32 (image, latent).
        deviations: about them, float32 (image, latent), above 0.
    """

    means: np.ndarray
    deviations: np.ndarray

    def __len__(self) -> int:
        return len(self.means)


# of one latent: difference of the means, and both deviations, each (query, image) or what becomes that -> (query, image)
Term = Callable[[np.ndarray, np.ndarray, np.ndarray], np.ndarray]


def _of_means(apart: np.ndarray, one: np.ndarray, other: np.ndarray) -> np.ndarray:
    return apart * apart


def _wasserstein(apart: np.ndarray, one: np.ndarray, other: np.ndarray) -> np.ndarray:
    return apart * apart + np.square(one - other)


def _kullback_leibler(apart: np.ndarray, one: np.ndarray, other: np.ndarray) -> np.ndarray:
    # KL(one, other) + KL(other, one): the logarithms cancel
    ratio = np.square(one / other)
    precision = 1 / np.square(one) + 1 / np.square(other)
    return np.asarray(0.5 * (apart * apart * precision + ratio + 1 / ratio - 2))


def _bhattacharyya(apart: np.ndarray, one: np.ndarray, other: np.ndarray) -> np.ndarray:
    both = np.square(one) + np.square(other)
    return np.asarray(0.25 * apart * apart / both + 0.5 * np.log(both / (2 * one * other)))


@dataclass(frozen=True)
class Distance:
    """A distance of two posteriors: a sum over latents.

    Attributes:
        in_short: what it is, for a person.
        term: of one latent.
        is_scaled: whether each latent is first divided by the deviation of the aggregate posterior among the images.
        is_squared: whether the sum is of squares, and its root the distance.
    """

    in_short: str
    term: Term
    is_scaled: bool = False
    is_squared: bool = False


DISTANCES = {
    "means": Distance("Euclidean, of the means", _of_means, is_squared=True),
    "scaled": Distance(
        "Euclidean, of the means in deviations of the aggregate posterior", _of_means, is_scaled=True, is_squared=True
    ),
    "wasserstein": Distance("Wasserstein-2", _wasserstein, is_squared=True),
    "kullback-leibler": Distance("symmetrised Kullback-Leibler divergence, in nats", _kullback_leibler),
    "bhattacharyya": Distance("Bhattacharyya distance, in nats", _bhattacharyya),
}
DEFAULT = "bhattacharyya"


def nearest(
    queries: Posteriors, among: Posteriors, count: int, *, by: str = DEFAULT, block: int = BLOCK
) -> tuple[np.ndarray, np.ndarray]:
    """The nearest of many images to each query, every distance computed: nothing is approximated.

    Memory does not grow with queries times images. Of two that are as near, the one that comes first is named first.

    Args:
        queries: of whom the nearest are sought.
        among: of whom they are.
        count: how many, at most as many as there are.
        by: a name of `DISTANCES`.
        block: how many distances are held at once.

    Returns:
        which they are, int64 (query, count), and how far, float64 (query, count), the nearest first.
    """
    distance = DISTANCES[by]
    scales = aggregate_deviations(among) if distance.is_scaled else np.ones(among.means.shape[1], np.float32)
    # a latent's numbers next to each other
    columns = [np.ascontiguousarray(values.T) for values in (among.means, among.deviations)]
    at_once = max(1, min(len(queries), block // max(count, 4096)))
    indices = np.empty((len(queries), count), np.int64)
    distances = np.empty((len(queries), count))
    for first in range(0, len(queries), at_once):
        rows = slice(first, first + at_once)
        one = Posteriors(queries.means[rows], queries.deviations[rows])
        step = max(count, block // len(one))
        found = np.empty((len(one), 0), np.int64), np.empty((len(one), 0), np.float32)
        for start in range(0, len(among), step):
            means, deviations = (values[:, start : start + step] for values in columns)
            sums = _sums(one, means, deviations, distance.term, scales)
            found = _best(found, sums, start, count)
        order = np.lexsort((found[0], found[1]), axis=1)
        indices[rows] = np.take_along_axis(found[0], order, axis=1)
        distances[rows] = np.take_along_axis(found[1], order, axis=1)
    return indices, np.sqrt(distances) if distance.is_squared else np.maximum(distances, 0.0)


def aggregate_deviations(posteriors: Posteriors) -> np.ndarray:
    """The deviation of each latent over all images, their posteriors' own noise included: float32 (latent,)."""
    variance = posteriors.means.var(axis=0, dtype=np.float64) + np.square(posteriors.deviations, dtype=np.float64).mean(0)
    return np.sqrt(variance).astype(np.float32)


def _sums(
    one: Posteriors, means: np.ndarray, deviations: np.ndarray, term: Term, scales: np.ndarray
) -> np.ndarray:
    """The sum over latents: float32 (query, image)."""
    sums = np.zeros((len(one), means.shape[1]), np.float32)
    for latent, scale in enumerate(scales):
        apart = (one.means[:, latent, None] - means[latent]) / scale
        sums += term(apart, one.deviations[:, latent, None], deviations[latent][None])
    return sums


def _best(
    found: tuple[np.ndarray, np.ndarray], sums: np.ndarray, start: int, count: int
) -> tuple[np.ndarray, np.ndarray]:
    """The nearest of those that were found before and of one more block."""
    numbers = np.broadcast_to(np.arange(start, start + sums.shape[1]), sums.shape)
    if sums.shape[1] > count:
        kept = np.argpartition(sums, count - 1, axis=1)[:, :count]
        # argpartition picks any of those that are as near as the last one: the first of them are wanted
        last = np.take_along_axis(sums, kept, axis=1).max(axis=1, keepdims=True)
        for row in np.flatnonzero((sums <= last).sum(axis=1) > count):
            near = np.flatnonzero(sums[row] <= last[row])
            kept[row] = near[np.argsort(sums[row, near], kind="stable")[:count]]
        numbers, sums = (np.take_along_axis(values, kept, axis=1) for values in (numbers, sums))
    numbers, sums = (np.concatenate(pair, axis=1) for pair in zip(found, (numbers, sums), strict=True))
    order = np.lexsort((numbers, sums), axis=1)[:, :count]
    return np.take_along_axis(numbers, order, axis=1), np.take_along_axis(sums, order, axis=1)
