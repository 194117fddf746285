"""How like the real images drawn ones are, on features that need no download.

The features of an image are its first 64 principal components, of the training images' pixels, each divided by its
standard deviation: shape and colour as they are, and nothing that a network was taught.
"""

from dataclasses import dataclass

import numpy as np
from sklearn.decomposition import PCA
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.model_selection import StratifiedKFold, cross_val_predict
from sklearn.neighbors import NearestNeighbors

COMPONENTS = 64
# of a ball's radius: distance to so manieth neighbour (Kynkäänniemi et al. 2019)
NEIGHBOURS = 3


@dataclass(frozen=True)
class Quality:
    """Samples beside as many real images.

    Attributes:
        two_sample_accuracy: of a classifier that tells them apart, cross-validated; 0.5 is best, 1 is worst.
        precision: share of the samples that are within the real images (Kynkäänniemi et al. 2019).
        recall: share of the real images that are within the samples.
    """

    two_sample_accuracy: float
    precision: float
    recall: float


def quality(train: np.ndarray, real: np.ndarray, drawn: np.ndarray, *, seed: int = 0) -> Quality:
    """Compare drawn images with real ones that are not in training, as many of both; all (image, ...) of one shape."""
    components = min(COMPONENTS, len(train) - 1, train[0].size)
    features = PCA(components, whiten=True, random_state=seed).fit(_flat(train))
    of_real, of_drawn = (features.transform(_flat(images)) for images in (real, drawn))
    both = np.concatenate([of_real, of_drawn])
    folds = StratifiedKFold(5, shuffle=True, random_state=seed)
    labels = np.repeat([0, 1], [len(real), len(drawn)])
    predicted = cross_val_predict(HistGradientBoostingClassifier(random_state=seed), both, labels, cv=folds)
    return Quality(
        two_sample_accuracy=float(np.mean(predicted == labels)),
        precision=_share_within(of_drawn, of_real),
        recall=_share_within(of_real, of_drawn),
    )


def _flat(images: np.ndarray) -> np.ndarray:
    return images.reshape(len(images), -1).astype(np.float32) / 255.0


def _share_within(points: np.ndarray, others: np.ndarray) -> float:
    """The share of points in a ball around one of the others that reaches to its own third neighbour."""
    found = NearestNeighbors(n_neighbors=NEIGHBOURS + 1).fit(others)
    radii = found.kneighbors(others)[0][:, -1]
    distances = np.linalg.norm(points[:, None] - others[None], axis=-1)
    return float(np.mean((distances <= radii).any(axis=1)))
