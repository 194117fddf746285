"""Reconstruction errors of images of the data set, for comparison with a picture that the user drops on the page."""

from typing import Any

import numpy as np
import numpy.typing as npt

from freyvae.data.pixels import evenly_spaced

MOST_IMAGES = 400  # enough for percentiles: four images for each
PERCENTILES = 101


def reconstruction_percentiles(vae: Any, images: npt.NDArray[np.uint8], codes: npt.NDArray[np.float32]) -> list[float]:
    """Percentiles, 0 to 100, of the RMSE of each image's reconstruction, in grey levels of 255.

    The page compares the error of a dropped picture with them. Its code would not do: the code of any picture may lie
    among the codes of the data.

    Args:
        vae: a `freyvae.VAE`.
        images: uint8 (image, height, width, channel), held-out images if there are any. At most `MOST_IMAGES` of them
            are used, evenly spread.
        codes: the codes of the images, float32 (image, latent).
    """
    chosen = evenly_spaced(len(images), MOST_IMAGES)
    # rounded to whole grey levels, as on the page
    rebuilt = np.rint(255 * vae.decode(codes[chosen]))
    errors = np.sqrt(np.mean(np.square(rebuilt - images[chosen]), axis=(1, 2, 3), dtype=np.float64))
    return [round(float(error), 3) for error in np.percentile(errors, np.linspace(0, 100, PERCENTILES))]
