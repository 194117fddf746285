"""Which pictures are nearest to others, by the posteriors of their codes? Exact, by blocks."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from freyvae.data.pixels import Images, Pixels
from freyvae.errors import BadInput
from freyvae.model import VAE

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

    @classmethod
    def of(cls, vae: VAE, images: Images | Pixels) -> "Posteriors":
        """Those of images, uint8 (image, height, width, channel). Raises `BadInput` where the model has none."""
        if not hasattr(vae, "posterior_deviations"):
            raise BadInput("distances are of posteriors, and this model has none")
        found = cls(vae.encode(images), vae.posterior_deviations(images))
        if not (np.isfinite(found.means).all() and np.isfinite(found.deviations).all()):
            raise BadInput("the model's codes are not finite numbers: train anew, with a lower learning rate")
        return found

    def __len__(self) -> int:
        return len(self.means)

    def __getitem__(self, rows: slice | np.ndarray) -> "Posteriors":
        return Posteriors(self.means[rows], self.deviations[rows])


# of one latent: the means' difference (query, image), deviations (query, 1) and (1, image) -> (query, image)
Term = Callable[[np.ndarray, np.ndarray, np.ndarray], np.ndarray]
# the scale of each latent (latent,) and posteriors -> what the terms are of
Prepare = Callable[[np.ndarray, Posteriors], Posteriors]


@dataclass(frozen=True)
class Distance:
    """A distance of two posteriors: what is made of a sum over latents.

    Attributes:
        in_short: what it is, and its unit.
        term: of one latent.
        prepare: done to the posteriors before.
        finish: done to the sums.
    """

    in_short: str
    term: Term
    prepare: Prepare = lambda scales, posteriors: posteriors
    finish: Callable[[np.ndarray], np.ndarray] = np.sqrt


def _of_means(apart: np.ndarray, one: np.ndarray, other: np.ndarray) -> np.ndarray:
    return np.asarray(apart * apart)


def _wasserstein(apart: np.ndarray, one: np.ndarray, other: np.ndarray) -> np.ndarray:
    return np.asarray(apart * apart + np.square(one - other))


def _kullback_leibler(apart: np.ndarray, one: np.ndarray, other: np.ndarray) -> np.ndarray:
    # KL(one, other) + KL(other, one): the logarithms cancel
    ratio = np.square(one / other)
    precision = 1 / np.square(one) + 1 / np.square(other)
    return np.asarray(0.5 * (apart * apart * precision + ratio + 1 / ratio - 2))


def _bhattacharyya(apart: np.ndarray, one: np.ndarray, other: np.ndarray) -> np.ndarray:
    both = np.square(one) + np.square(other)
    return np.asarray(0.25 * apart * apart / both + 0.5 * np.log(both / (2 * one * other)))


def _scaled(scales: np.ndarray, posteriors: Posteriors) -> Posteriors:
    return Posteriors(posteriors.means / scales, posteriors.deviations)


def _on_sphere(scales: np.ndarray, posteriors: Posteriors) -> Posteriors:
    """Scaled means, and 1 as one more latent, at length 1."""
    means = np.concatenate([posteriors.means / scales, np.ones((len(posteriors), 1), np.float32)], axis=1)
    means /= np.linalg.norm(means, axis=1, keepdims=True)
    return Posteriors(means, np.ones_like(means))


def _degrees(chords: np.ndarray) -> np.ndarray:
    return np.asarray(np.degrees(2 * np.arcsin(np.minimum(np.sqrt(chords) / 2, 1))))


DISTANCES = {
    # Without the 1, codes of two latents would be told apart by their direction alone. Of many latents it is nothing.
    "angle": Distance(
        "the angle in degrees between means in deviations of the aggregate posterior, seen from one such deviation off",
        _of_means,
        _on_sphere,
        _degrees,
    ),
    "scaled": Distance("Euclidean, of means in deviations of the aggregate posterior", _of_means, _scaled),
    "means": Distance("Euclidean, of the means", _of_means),
    "wasserstein": Distance("Wasserstein-2", _wasserstein),
    "kullback-leibler": Distance(
        "Kullback-Leibler divergence there and back, in nats", _kullback_leibler, finish=np.asarray
    ),
    "bhattacharyya": Distance("Bhattacharyya distance, in nats", _bhattacharyya, finish=np.asarray),
}
DEFAULT = "angle"


def nearest(
    queries: Posteriors,
    among: Posteriors,
    count: int,
    *,
    by: str = DEFAULT,
    others_only: bool = False,
    block: int = BLOCK,
) -> tuple[np.ndarray, np.ndarray]:
    """The nearest of many images to each query, every distance computed: nothing is approximated.

    Memory does not grow with queries times images. Of two that are as near, the one that comes first is named first.

    Args:
        queries: of whom the nearest are sought.
        among: of whom they are.
        count: how many, at most as many as there are.
        by: a name of `DISTANCES`. The aggregate posterior, q(z) = mean over images of q(z | x), is that of `among`.
        others_only: the queries are the images themselves, and none is its own neighbour.
        block: how many distances are held at once.

    Returns:
        which they are, int64 (query, count), and how far, float64 (query, count), the nearest first.
    """
    distance = DISTANCES[by]
    scales = aggregate_deviations(among)
    queries, among = (distance.prepare(scales, posteriors) for posteriors in (queries, among))
    # a latent's numbers next to each other
    columns = [np.ascontiguousarray(values.T) for values in (among.means, among.deviations)]
    at_once = max(1, min(len(queries), block // 4096))
    indices = np.empty((len(queries), count), np.int64)
    distances = np.empty((len(queries), count))
    for first in range(0, len(queries), at_once):
        one = queries[first : first + at_once]
        step = max(count, block // len(one))
        found = np.empty((len(one), 0), np.int64), np.empty((len(one), 0), np.float32)
        for start in range(0, len(among), step):
            sums = _sums(one, columns[0][:, start : start + step], columns[1][:, start : start + step], distance.term)
            if others_only:
                own = np.arange(len(one)) + first - start
                rows = np.flatnonzero((own >= 0) & (own < sums.shape[1]))
                sums[rows, own[rows]] = np.inf
            found = _best(found, sums, start, count)
        rows_of = slice(first, first + at_once)
        indices[rows_of], distances[rows_of] = found
    return indices, distance.finish(np.maximum(distances, 0.0))


def aggregate_deviations(posteriors: Posteriors) -> np.ndarray:
    """The deviation of each latent over all images, their posteriors' own noise included: float32 (latent,).

    A latent that says nothing of an image has a deviation of noise alone: in its units the means are all near 0.
    """
    noise = np.square(posteriors.deviations, dtype=np.float64).mean(axis=0)
    return np.asarray(np.sqrt(posteriors.means.var(axis=0, dtype=np.float64) + noise), np.float32)


def as_seen(posteriors: Posteriors) -> np.ndarray:
    """Points on a sphere, float32 (image, latent + 1), whose Euclidean distances grow as the default angle does."""
    return _on_sphere(aggregate_deviations(posteriors), posteriors).means


def _sums(one: Posteriors, means: np.ndarray, deviations: np.ndarray, term: Term) -> np.ndarray:
    """The sum over latents: float32 (query, image)."""
    sums: np.ndarray = np.zeros((len(one), means.shape[1]), np.float32)
    for latent in range(len(means)):
        apart = one.means[:, latent, None] - means[latent]
        sums += term(apart, one.deviations[:, latent, None], deviations[latent][None])
    return sums


def _best(
    found: tuple[np.ndarray, np.ndarray], sums: np.ndarray, start: int, count: int
) -> tuple[np.ndarray, np.ndarray]:
    """The nearest of those that were found before and of one more block, in order."""
    numbers = np.broadcast_to(np.arange(start, start + sums.shape[1]), sums.shape)
    if sums.shape[1] > count:
        kept = np.argpartition(sums, count - 1, axis=1)[:, :count]
        # of those that are as near as the last one, argpartition takes any: the first of them are wanted
        last = np.take_along_axis(sums, kept, axis=1).max(axis=1, keepdims=True)
        for row in np.flatnonzero((sums <= last).sum(axis=1) > count):
            near = np.flatnonzero(sums[row] <= last[row])
            kept[row] = near[np.argsort(sums[row, near], kind="stable")[:count]]
        numbers, sums = (np.take_along_axis(values, kept, axis=1) for values in (numbers, sums))
    numbers, sums = (np.concatenate(pair, axis=1) for pair in zip(found, (numbers, sums), strict=True))
    order = np.lexsort((numbers, sums), axis=1)[:, :count]
    return np.take_along_axis(numbers, order, axis=1), np.take_along_axis(sums, order, axis=1)
