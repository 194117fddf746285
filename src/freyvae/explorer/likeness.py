"""How well does the model rebuild images like the data? What a picture of one's own is compared with."""

from typing import Any

import numpy as np
import numpy.typing as npt

MOST_IMAGES = 400  # enough for a hundredth of them to be four
PERCENTILES = 101


def reconstruction_percentiles(vae: Any, images: npt.NDArray[np.uint8], codes: npt.NDArray[np.float32]) -> list[float]:
    """Percentiles, 0 to 100, of the RMSE of each image's reconstruction, in grey levels of 255.

    The page judges a dropped picture by them: its code alone may lie among the data's, whatever it shows.

    Args:
        vae: a `freyvae.VAE`.
        images: uint8 (image, height, width, channel), held out if there are such; of many, some are taken, evenly.
        codes: theirs, float32 (image, latent).
    """
    chosen = np.unique(np.linspace(0, len(images) - 1, min(len(images), MOST_IMAGES)).round().astype(int))
    # as the page does it: whole grey levels
    rebuilt = np.rint(255 * vae.decode(codes[chosen]))
    errors = np.sqrt(np.mean(np.square(rebuilt - images[chosen]), axis=(1, 2, 3), dtype=np.float64))
    return [round(float(error), 3) for error in np.percentile(errors, np.linspace(0, 100, PERCENTILES))]
