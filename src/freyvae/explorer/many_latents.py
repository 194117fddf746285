"""What the page of a model with more than two latents needs beside: a plane, the latents' order, and where to begin."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from freyvae.data.pixels import evenly_spaced
from freyvae.metrics import is_active, kl_per_latent_nats
from freyvae.metrics.nearest import Posteriors, aggregate_deviations
from freyvae.metrics.projection import principal_axes

_Array = npt.NDArray[np.floating]

MOST_IMAGES = 2000  # from which the rates of the latents are estimated
_MARGIN = 0.03  # of the range of the codes, by which the plane reaches beyond them


@dataclass(frozen=True, eq=False)
class PrincipalPlane:
    """The plane of the first two principal components, in units of the aggregate posterior's deviations.

    Attributes:
        middle: the mean code, (latent,).
        rows: a code is at `rows @ (code - middle)`, (2, latent).
        steps: the least change of the code that moves it by 1 along an axis, and not along the other, (2, latent).
        ranges: the lowest and the highest place that it shows, along each axis.
        explained: the share of the codes' variance along each axis.
    """

    middle: _Array
    rows: _Array
    steps: _Array
    ranges: tuple[tuple[float, float], tuple[float, float]]
    explained: tuple[float, float]

    @classmethod
    def of(cls, codes: _Array, deviations: _Array) -> "PrincipalPlane":
        """The plane of codes (image, latent) and the deviations of their posteriors."""
        posteriors = Posteriors(codes, deviations)
        axes, (across, up) = principal_axes(posteriors)
        scales, middle = aggregate_deviations(posteriors), codes.mean(axis=0, dtype=np.float64)
        rows, steps = axes.T / scales, axes.T * scales
        places = (codes - middle) @ rows.T
        low, high = places.min(axis=0), places.max(axis=0)
        margin = _MARGIN * np.maximum(high - low, 1e-6)
        left, bottom, right, top = map(float, (*(low - margin), *(high + margin)))
        return cls(middle, rows, steps, ((left, right), (bottom, top)), (float(across), float(up)))


def order_of_latents(vae: Any, images: npt.NDArray[np.uint8], codes: _Array, deviations: _Array) -> dict[str, Any]:
    """What each latent carries.

    Args:
        vae: a `freyvae.VAE`.
        images: uint8 (image, height, width, channel).
        codes: posterior means of the images, (image, latent).
        deviations: of their posteriors, (image, latent).

    Returns:
        `order`, the latents from the one that says most of an image to the one that says least; `nats`, the KL of each
        latent, or None where latents have no rate of their own; and `active`, whether the codes vary along each.
    """
    nats = kl_per_latent_nats(vae, images[evenly_spaced(len(images), MOST_IMAGES)])
    # without rates: the capacity of a Gaussian channel with this signal and this noise
    signal, noise = codes.var(axis=0, dtype=np.float64), np.mean(np.square(deviations), axis=0, dtype=np.float64)
    carried = nats if nats is not None else 0.5 * np.log1p(signal / np.maximum(noise, 1e-12))
    return {
        "order": np.argsort(-carried, kind="stable").tolist(),
        "nats": None if nats is None else [round(float(value), 4) for value in nats],
        "active": is_active(codes).tolist(),
    }


def typical_point(codes: _Array, among: npt.NDArray[np.integer]) -> int:
    """Which of some codes is as far from the mean code as the median code is, each latent in its own deviation."""
    spread = np.maximum(codes.std(axis=0), 1e-6)
    away = np.linalg.norm((codes - codes.mean(axis=0)) / spread, axis=1)
    return int(among[np.argmin(np.abs(away[among] - np.median(away)))])
