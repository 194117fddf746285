"""Where has the decoder learned anything? The density of the codes that it was trained on."""

from typing import Any

import numpy as np
import numpy.typing as npt

_Array = npt.NDArray[np.floating]

REFERENCES = 2000
PERCENTILES = 101


def measure_density(codes: _Array, deviations: _Array) -> dict[str, Any]:
    """A density of training codes, small enough for a page, and how dense it is where the codes themselves lie.

    In training the decoder sees draws from the posteriors of the training images, so their mixture, the aggregate
    posterior, is where it knows. Each is blurred a little more by Scott's bandwidth (Scott 1992), since a mixture of
    few is spiky; all share one width, which makes a density cheap enough to be drawn as one drags.

    Args:
        codes: posterior means of the training images, (image, latent).
        deviations: standard deviations of the noise that their draws had, (image, latent).

    Returns:
        `references` float32 (reference, latent), `widths` of the kernel float32 (latent,), and `percentiles` float32
        (101,): log-densities, each reference left out of its own, from the sparsest to the densest.
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
