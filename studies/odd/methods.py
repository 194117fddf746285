"""What is compared with freyvae's scores: plain baselines, and PyOD's detectors on the codes."""

import importlib
from collections.abc import Iterator

import numpy as np
from scipy.spatial import cKDTree

from freyvae.model import VAE

NEIGHBOURS = 5
# module and class of detectors, each with its defaults
DETECTORS = {
    "PyOD ECOD": ("ecod", "ECOD", {}),
    "PyOD IForest": ("iforest", "IForest", {"random_state": 0}),
    "PyOD LOF": ("lof", "LOF", {}),
    "PyOD KNN": ("knn", "KNN", {}),
}
# freyvae's `--by error`, which is what others are usually compared with
ERROR = "reconstruction error"
BASELINES = (ERROR, f"distance to the {NEIGHBOURS}th code")


def baselines(vae: VAE, train: np.ndarray, images: np.ndarray, errors: np.ndarray) -> dict[str, np.ndarray]:
    """Scores of images by `BASELINES`, each (image,), larger is odder; the errors are freyvae's."""
    distances = cKDTree(vae.encode(train)).query(vae.encode(images), k=NEIGHBOURS)[0][:, -1]
    return dict(zip(BASELINES, (errors, distances), strict=True))


def detectors(codes: np.ndarray, others: np.ndarray) -> Iterator[tuple[str, np.ndarray]]:
    """Scores of the codes of others by each of `DETECTORS`, fitted to codes (image, latent); none without PyOD."""
    for name, (module, kind, choices) in DETECTORS.items():
        try:
            detector = getattr(importlib.import_module(f"pyod.models.{module}"), kind)(**choices)
        except ImportError:
            return
        yield name, detector.fit(codes).decision_function(others)
