"""How far from the images are their reconstructions?"""

import numpy as np

from freyvae.data.pixels import blocks
from freyvae.data.statistics import mean_image
from freyvae.model import VAE

LEVELS = 255.0


def rmse_grey_levels(vae: VAE, images: np.ndarray) -> float:
    """Root mean square error of reconstructions without noise, in grey levels of 255, over all values of all images."""
    squares = 0.0
    for _, some in blocks(images):
        squares += _squares(vae.reconstruct(some) * LEVELS, some)
    return float(np.sqrt(squares / images.size))


def mean_image_rmse_grey_levels(train: np.ndarray, images: np.ndarray) -> float:
    """The error of a model that answers with the mean training image, whatever it is shown: what to beat."""
    mean = mean_image(train)
    squares = sum(_squares(mean, block) for _, block in blocks(images))
    return float(np.sqrt(squares / images.size))


def _squares(one: np.ndarray, other: np.ndarray) -> float:
    return float(np.square(one - other.astype(np.float64)).sum())
