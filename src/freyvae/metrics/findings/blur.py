"""Detail that reconstructions lack."""

import numpy as np

from freyvae.data.pixels import evenly_chosen
from freyvae.metrics.measure import Seen
from freyvae.records import Finding

PLACE = 80
_IMAGES = 512
# cycles a pixel: half of the highest frequency that there is
_FINE = 0.25
_LEAST = 0.5


def find(seen: Seen) -> Finding | None:
    """The power of reconstructions beyond a quarter cycle a pixel, as a share of the images'; None for tiny images."""
    images = evenly_chosen(seen.images, _IMAGES)
    if min(images.shape[1:3]) < 8:
        return None
    share = fine_power(255.0 * seen.vae.reconstruct(images)) / max(fine_power(images), 1e-9)
    return Finding(
        name="fine_detail",
        value=share,
        unit="share",
        is_amiss=share < _LEAST,
        sentence=f"Reconstructions have {100 * share:.0f} % of the images' fine detail, by the power beyond a quarter "
        "cycle a pixel.",
        advice="more latents (latent_dim=...), a smaller beta=..., or the recipe images-density, which draws details",
    )


def fine_power(images: np.ndarray) -> float:
    """The mean power of images (image, height, width, channel) at frequencies above a quarter cycle a pixel."""
    values = images.astype(np.float64)
    values -= values.mean(axis=(1, 2), keepdims=True)
    power = np.square(np.abs(np.fft.fft2(values, axes=(1, 2))))
    vertical, horizontal = np.fft.fftfreq(images.shape[1]), np.fft.fftfreq(images.shape[2])
    fine = np.hypot(vertical[:, None], horizontal) > _FINE
    return float(power[:, fine].mean())
