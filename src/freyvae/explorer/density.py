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
        `percentiles` 0 to 100 of the log-density at draws from the posteriors of the references, one each, float32
        (101,). Each reference is left out of the density of its own draw. With many latents a draw lies far from its
        mean, and the density at the means says nothing of draws: any draw from the prior would be far from the data.
    """
    count, latents = codes.shape
    spread = codes.std(axis=0) if count > 1 else np.zeros(latents)
    bandwidth = spread * min(count, REFERENCES) ** (-1.0 / (latents + 4))
    widths = np.sqrt(np.mean(np.square(deviations), axis=0) + np.square(bandwidth))
    widths = np.maximum(widths, 1e-6).astype(np.float32)
    chosen = np.unique(np.linspace(0, count - 1, min(count, REFERENCES)).round().astype(int))
    references = codes[chosen].astype(np.float32)
    noise = np.random.default_rng(0).standard_normal(references.shape)
    scaled = references.astype(np.float64) / widths
    drawn = scaled + noise * deviations[chosen] / widths
    apart = np.sum(np.square(drawn), axis=1)[:, None] + np.sum(np.square(scaled), axis=1)[None, :]
    exponents = -0.5 * np.maximum(apart - 2.0 * drawn @ scaled.T, 0.0)
    if len(references) > 1:
        np.fill_diagonal(exponents, -np.inf)
    top = exponents.max(axis=1, keepdims=True)
    others = max(len(references) - 1, 1)
    densities = top[:, 0] + np.log(np.sum(np.exp(exponents - top), axis=1) / others)
    percentiles = np.percentile(densities, np.linspace(0, 100, PERCENTILES)).astype(np.float32)
    return {"references": references, "widths": widths, "percentiles": percentiles}
