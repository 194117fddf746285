"""How far from the images are their reconstructions?"""

import numpy as np

from freyvae.model import VAE

LEVELS = 255.0


def rmse_grey_levels(vae: VAE, images: np.ndarray) -> float:
    """Root mean square error of reconstructions without noise, in grey levels of 255, over all values of all images."""
    return _rmse(vae.reconstruct(images) * LEVELS, images)


def mean_image_rmse_grey_levels(train: np.ndarray, images: np.ndarray) -> float:
    """The error of a model that answers with the mean training image, whatever it is shown: what to beat."""
    return _rmse(train.mean(axis=0, keepdims=True, dtype=np.float64), images)


def _rmse(one: np.ndarray, other: np.ndarray) -> float:
    return float(np.sqrt(np.mean(np.square(one - other.astype(np.float64)))))
