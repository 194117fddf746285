"""The density of the codes that the decoder was trained on, which says where its images can be trusted."""

from typing import Any

import numpy as np
import numpy.typing as npt

_Array = npt.NDArray[np.floating]

REFERENCES = 2000
PERCENTILES = 101


def measure_density(codes: _Array, deviations: _Array) -> dict[str, Any]:
    """Estimate the density of training codes with few enough numbers for a page, and its values at the codes.

    In training the decoder sees draws from the posteriors of the training images. The mixture of these posteriors, the
    aggregate posterior, is therefore where the decoder was trained. A mixture of few components is spiky, so they are
    widened by Scott's bandwidth (Scott 1992). All components share one width, so the page can draw the density while
    the user drags.

    Args:
        codes: posterior means of the training images, (image, latent).
        deviations: standard deviations of the noise in their draws, (image, latent).

    Returns:
        `references`, some of the codes, float32 (reference, latent); `widths` of the kernel, float32 (latent,); and
        `percentiles` 0 to 100 of the log-density at the references, float32 (101,). Each reference is left out of its
        own density.
    """
    count, latents = codes.shape
    spread = codes.std(axis=0) if count > 1 else np.zeros(latents)
    bandwidth = spread * count ** (-1.0 / (latents + 4))
    widths = np.sqrt(np.mean(np.square(deviations), axis=0) + np.square(bandwidth))
    widths = np.maximum(widths, 1e-6).astype(np.float32)
    chosen = np.unique(np.linspace(0, count - 1, min(count, REFERENCES)).round().astype(int))
    references = codes[chosen].astype(np.float32)
    scaled = references.astype(np.float64) / widths
    squares = np.sum(np.square(scaled), axis=1)
    exponents = -0.5 * np.maximum(squares[:, None] + squares[None, :] - 2.0 * scaled @ scaled.T, 0.0)
    if len(references) > 1:
        np.fill_diagonal(exponents, -np.inf)
    top = exponents.max(axis=1, keepdims=True)
    others = max(len(references) - 1, 1)
    densities = top[:, 0] + np.log(np.sum(np.exp(exponents - top), axis=1) / others)
    percentiles = np.percentile(densities, np.linspace(0, 100, PERCENTILES)).astype(np.float32)
    return {"references": references, "widths": widths, "percentiles": percentiles}
