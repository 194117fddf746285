"""Two coordinates for codes of many latents."""

import warnings
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from freyvae.errors import BadInput
from freyvae.metrics.nearest import Posteriors, aggregate_deviations, as_seen

# of each code; fewer show smaller islands
UMAP_NEIGHBOURS = 15


@dataclass(frozen=True, eq=False)
class Plane:
    """Codes in a plane.

    Attributes:
        points: float32 (image, 2).
        explained: the share of the codes' variance along each axis; () of a method whose axes have none.
    """

    points: np.ndarray
    explained: tuple[float, ...]


def pca(posteriors: Posteriors, *, seed: int = 0) -> Plane:
    """The first two principal components of posterior means, in units of the aggregate posterior's deviations.

    Latents that say nothing of an image hardly count: in these units their means do not vary. The sign of an axis is
    such that its largest weight is positive. `seed` has no effect.
    """
    axes, shares = principal_axes(posteriors)
    return Plane((_scaled(posteriors) @ axes).astype(np.float32), tuple(shares.tolist()))


def principal_axes(posteriors: Posteriors) -> tuple[np.ndarray, np.ndarray]:
    """The first two principal components of posterior means, in units of the aggregate posterior's deviations.

    Of one latent, the second is of a latent that does not vary.

    Returns:
        unit vectors, float64 (latent, 2), and the share of all variance along each, float64 (2,).
    """
    codes = _scaled(posteriors)
    variances, axes = np.linalg.eigh(codes.T @ codes / len(codes))
    axes = axes[:, ::-1][:, :2]
    shares = variances[::-1][:2] / max(float(variances.sum()), 1e-12)
    return axes * np.where(axes[np.abs(axes).argmax(axis=0), [0, 1]] < 0, -1.0, 1.0), shares


def _scaled(posteriors: Posteriors) -> np.ndarray:
    """Centred means in units of the aggregate posterior's deviations, float64 (image, latent), two latents at least."""
    codes = posteriors.means.astype(np.float64) / aggregate_deviations(posteriors)
    codes -= codes.mean(axis=0)
    return np.pad(codes, ((0, 0), (0, max(2 - codes.shape[1], 0))))


def umap(posteriors: Posteriors, *, seed: int = 0) -> Plane:
    """UMAP (McInnes et al. 2018), neighbours being those by the angle that `nearest` goes by.

    Raises `BadInput` where the extra `umap` is not installed, or there are too few images.
    """
    if len(posteriors) <= UMAP_NEIGHBOURS:
        raise BadInput(f'method="umap" takes more than {UMAP_NEIGHBOURS} images: method="pca" takes any number')
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            from umap import UMAP
    except ImportError as error:
        raise BadInput("method=\"umap\" needs the extra: pip install 'freyvae[umap]'") from error

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # with a seed it takes one core, and says so
        fitted = UMAP(n_neighbors=UMAP_NEIGHBOURS, random_state=seed).fit_transform(as_seen(posteriors))
    return Plane(np.asarray(fitted, np.float32), ())


METHODS: dict[str, Callable[..., Plane]] = {"pca": pca, "umap": umap}
