"""Errors of filled and cleaned frames, and of the same by plain ways."""

from typing import Any

import numpy as np
from scipy.ndimage import gaussian_filter, median_filter

from freyvae.inference.fill import Filling
from freyvae.inference.reconstruct import denoised
from freyvae.model import VAE
from freyvae.training import TrainingData

# which half from above, and which from the left
QUARTERS = {"top left": (0, 0), "top right": (0, 1), "bottom left": (1, 0), "bottom right": (1, 1)}
NOISES = (10, 20, 40)
# of Gaussian filters, in pixels: the best of these on the validation frames is taken
WIDTHS = (0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0, 1.2)
REFINED = 50


def hidden_quarter(name: str, size: tuple[int, ...]) -> np.ndarray:
    """Which pixels are hidden, bool (height, width)."""
    height, width = size
    down, right = QUARTERS[name]
    halves = np.arange(height) >= height // 2, np.arange(width) >= width // 2
    return np.outer(halves[0] == down, halves[1] == right)


def filling(vae: VAE, train: np.ndarray, frames: np.ndarray) -> list[dict[str, Any]]:
    """RMSE at hidden pixels, in grey levels, for each quarter."""
    fill, rows = Filling(vae), []
    for name in QUARTERS:
        hidden = hidden_quarter(name, frames.shape[1:3])

        def error(pixels: np.ndarray, hidden: np.ndarray = hidden) -> float:
            apart = (255.0 * pixels - frames)[:, hidden]
            return float(np.sqrt(np.mean(apart**2)))

        found = fill(frames, hidden)
        rows.append(
            {
                "quarter": name,
                "filled": error(found.expected),
                "mean_image": error(np.broadcast_to(train.mean(axis=0) / 255.0, frames.shape)),
                "nearest_frame": error(nearest_frames(train, frames, ~hidden) / 255.0),
                "reconstructed": error(vae.reconstruct(frames)),
                "accepted": found.accepted,
            }
        )
    return rows


def nearest_frames(train: np.ndarray, frames: np.ndarray, seen: np.ndarray) -> np.ndarray:
    """For each frame the training frame whose seen pixels are nearest in squared error."""
    ours, theirs = (images[:, seen].reshape(len(images), -1).astype(np.float64) for images in (frames, train))
    squares = (ours**2).sum(axis=1)[:, None] - 2.0 * ours @ theirs.T + (theirs**2).sum(axis=1)
    found: np.ndarray = train[squares.argmin(axis=1)]
    return found


def cleaning(vae: VAE, data: TrainingData, frames: np.ndarray) -> list[dict[str, Any]]:
    """RMSE of noisy frames, in grey levels, cleaned in several ways, for each noise."""
    known = data.validation
    error_of_model = vae.reconstruct(known) - known / 255.0
    rows = []
    for deviation in NOISES:
        noisy, noisy_known = (_with_noise(images, deviation) for images in (frames, known))

        def error(pixels: np.ndarray, images: np.ndarray = frames) -> float:
            return float(np.sqrt(np.mean((pixels - images.astype(np.float64)) ** 2)))

        width = min(WIDTHS, key=lambda sigma: error(_smoothed(noisy_known, sigma), known))
        drawn = vae.decode(vae.encode(noisy, refine=REFINED))
        cleaned = denoised(noisy / 255.0, drawn, error=error_of_model, noise=deviation / 255.0)
        rows.append(
            {
                "noise": deviation,
                "noisy": error(noisy.astype(np.float64)),
                "cleaned": error(255.0 * cleaned),
                "drawn": error(255.0 * drawn),
                "gaussian_filter": error(_smoothed(noisy, width)),
                "gaussian_width": width,
                "median_filter": error(median_filter(noisy, (1, 3, 3, 1)).astype(np.float64)),
            }
        )
    return rows


def _smoothed(images: np.ndarray, sigma: float) -> np.ndarray:
    found: np.ndarray = gaussian_filter(images.astype(np.float64), (0, sigma, sigma, 0))
    return found


def _with_noise(images: np.ndarray, deviation: float) -> np.ndarray:
    drawn = images + np.random.default_rng(0).normal(scale=deviation, size=images.shape)
    noisy: np.ndarray = np.rint(np.clip(drawn, 0.0, 255.0)).astype("uint8")
    return noisy
