"""What labels can be read from codes, beside what can be read from the pixels themselves."""

import functools
from collections.abc import Callable

import numpy as np
import scipy.linalg
import scipy.sparse.linalg

from freyvae.data.pixels import Images, Pixels, blocks
from freyvae.metrics.nearest import Posteriors, nearest
from freyvae.records import LabelScores

# so that the solutions below take seconds: images to fit on, and to score on
MOST_FITTED, MOST_SCORED = 4000, 2000
NEIGHBOURS = 10
# of a feature of unit variance; one of them is chosen on a fifth of the training images
STRENGTHS = tuple(10.0**exponent for exponent in range(-1, 5))
# sides of images whose pixels are compared as they are; larger ones are averaged in whole blocks
SIDE = 64

Fitted = Callable[[np.ndarray], np.ndarray]


def label_scores(
    train: Posteriors,
    train_images: Images | Pixels,
    train_labels: np.ndarray,
    apart: Posteriors,
    apart_images: Images | Pixels,
    apart_labels: np.ndarray,
) -> LabelScores | None:
    """Fit classifiers on training images, and score them on images apart.

    The linear one is least squares on targets of -1 and 1 with a ridge (Hastie et al. 2009, section 4.2), whose
    strength is chosen on a fifth of the training images. Neighbours are those by the angle between codes; of principal
    components and pixels they are Euclidean. There are as many components as latents.

    Args:
        train: posteriors of the training images.
        train_images: uint8 (image, height, width, channel).
        train_labels: which label, int64 (image,), from 0.
        apart: posteriors of other images.
        apart_images: likewise.
        apart_labels: likewise.

    Returns:
        None where the training images, of which there must be ten, have one label alone.
    """
    if len(train) < NEIGHBOURS or len(np.unique(train_labels)) < 2:
        return None
    pixels, apart_pixels = _flat(train_images), _flat(apart_images)
    components, apart_components = principal_components(pixels, apart_pixels, train.means.shape[1])
    features = {
        "codes": (train.means, apart.means),
        "pca": (components, apart_components),
        "pixels": (pixels, apart_pixels),
    }
    near = {name: nearest_rows(*pair, NEIGHBOURS) for name, pair in features.items() if name != "codes"}
    near["codes"] = nearest(apart, train, NEIGHBOURS)[0]
    most_frequent = np.bincount(train_labels).argmax()
    return LabelScores(
        labels=len(np.unique(train_labels)),
        linear={
            name: _share(linear_predictions(own, train_labels, other), apart_labels)
            for name, (own, other) in features.items()
        },
        neighbours={name: _share(vote(train_labels[near[name]]), apart_labels) for name in features},
        most_frequent=float((apart_labels == most_frequent).mean()),
        fitted=len(train),
        scored=len(apart),
    )


def linear_predictions(features: np.ndarray, labels: np.ndarray, apart: np.ndarray) -> np.ndarray:
    """The label of each row apart by a linear classifier fitted to the others: int64 (image,)."""
    mean = features.mean(axis=0, dtype=np.float64)
    scale = np.sqrt(np.square(features - mean, dtype=np.float64).mean()) or 1.0
    rows, apart = ((values - mean) / scale for values in (features, apart))
    targets = np.where(labels[:, None] == np.arange(labels.max() + 1), 1.0, -1.0)
    held_out = np.arange(len(rows)) % 5 == 4
    chosen = STRENGTHS[0]
    if held_out.any() and len(np.unique(labels[~held_out])) > 1:
        fits = ridge(rows[~held_out], targets[~held_out], STRENGTHS)
        right = [_share(fit(rows[held_out]).argmax(axis=1), labels[held_out]) for fit in fits]
        chosen = STRENGTHS[int(np.argmax(right))]
    return np.asarray(ridge(rows, targets, (chosen,))[0](apart).argmax(axis=1))


def ridge(rows: np.ndarray, targets: np.ndarray, strengths: tuple[float, ...]) -> list[Fitted]:
    """For each strength a, what minimises |targets - rows w - b|^2 + a |w|^2, as a function of other rows.

    Solved for the weights or for their duals, whichever are fewer (Hastie et al. 2009, eq. 18.16).
    """
    center, level = rows.mean(axis=0), targets.mean(axis=0)
    rows, targets = rows - center, targets - level
    is_dual = len(rows) < rows.shape[1]
    gram = rows @ rows.T if is_dual else rows.T @ rows
    right = targets if is_dual else rows.T @ targets
    found: list[Fitted] = []
    for strength in strengths:
        solved = scipy.linalg.solve(gram + strength * np.eye(len(gram)), right, assume_a="pos")
        weights = rows.T @ solved if is_dual else solved
        found.append(functools.partial(_plane, center=center, weights=weights, level=level))
    return found


def _plane(rows: np.ndarray, *, center: np.ndarray, weights: np.ndarray, level: np.ndarray) -> np.ndarray:
    return np.asarray((rows - center) @ weights + level)


def principal_components(rows: np.ndarray, apart: np.ndarray, count: int) -> tuple[np.ndarray, np.ndarray]:
    """Rows and others projected on the first principal components of the rows: (row, component) each."""
    mean = rows.mean(axis=0)
    count = min(count, min(rows.shape) - 1)
    if count < 1 or not (rows - mean).any():
        return rows - mean, apart - mean
    start = np.random.default_rng(0).normal(size=min(rows.shape))
    axes = scipy.sparse.linalg.svds(rows - mean, k=count, v0=start)[2]
    return (rows - mean) @ axes.T, (apart - mean) @ axes.T


def nearest_rows(rows: np.ndarray, apart: np.ndarray, count: int) -> np.ndarray:
    """Which rows are nearest to each row apart, Euclidean, the nearest first: int64 (row apart, count)."""
    center = rows.mean(axis=0)  # differences of large products would lose digits
    rows, apart = rows - center, apart - center
    squares = np.square(rows).sum(axis=1) - 2 * apart @ rows.T
    return np.argsort(squares, axis=1, kind="stable")[:, :count]


def vote(labels: np.ndarray) -> np.ndarray:
    """The most frequent label of each row of neighbours (row, neighbour); of several, that of the nearest."""
    counts = (labels[:, :, None] == labels[:, None, :]).sum(axis=2)
    return np.take_along_axis(labels, counts.argmax(axis=1)[:, None], axis=1)[:, 0]


def _share(told: np.ndarray, labels: np.ndarray) -> float:
    return float((told == labels).mean())


def _flat(images: Images | Pixels) -> np.ndarray:
    """Pixels as rows of float32 in [0, 1]; images with a side above 64 averaged in whole squares."""
    count, height, width, channels = images.shape
    step = -(-max(height, width) // SIDE)
    step = min(step, height, width)
    rows, columns = height // step, width // step
    found = np.empty((count, rows * columns * channels), np.float32)
    for start, some in blocks(images):
        squares = some[:, : rows * step, : columns * step].reshape(-1, rows, step, columns, step, channels)
        found[start : start + len(some)] = squares.mean(axis=(2, 4), dtype=np.float32).reshape(len(some), -1) / 255
    return found
