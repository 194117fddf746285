"""How well latents predict the factors that drew the images, and whether each latent predicts one of them."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from freyvae.errors import BadInput

# histogram bins of a latent and of a factor, as in disentanglement_lib's `discretizer_fn`
BINS = 20


@dataclass(frozen=True, eq=False)
class FactorScores:
    """How latents and factors go together.

    Attributes:
        factors: names.
        r2: float64 (latent, factor): the share of a factor's variance that a line through one latent explains, on
            images apart from those that it was fitted on; below 0 where it does worse than the mean.
        mutual_information_gap: Chen et al. 2018, eq. 6: how much more the best latent knows of a factor than the next
            one, as a share of the factor's entropy, averaged over the factors. 1 at best.
        disentanglement: Eastwood & Williams 2018, section 2: 1 if each latent serves one factor.
        completeness: the same: 1 if each factor is served by one latent.
        informativeness: (factor,) R2 of each factor predicted from all latents, on the images apart.
    """

    factors: tuple[str, ...]
    r2: np.ndarray
    mutual_information_gap: float
    disentanglement: float
    completeness: float
    informativeness: np.ndarray


def factor_scores(
    codes: np.ndarray,
    factors: Mapping[str, np.ndarray],
    apart_codes: np.ndarray,
    apart_factors: Mapping[str, np.ndarray],
) -> FactorScores:
    """Measure codes (image, latent) against factors, each (image,): fitted on the first two, scored on the last two.

    Importances for disentanglement and completeness are those of gradient-boosted trees, as in disentanglement_lib
    (Locatello et al. 2019); factors being continuous, they are regressed and not classified.

    Raises:
        BadInput: the extra `factors` is not installed.
    """
    try:
        from sklearn.ensemble import GradientBoostingRegressor
    except ImportError as error:
        raise BadInput("scores of known factors need the extra: pip install 'freyvae[factors]'") from error

    names = tuple(factors)
    truth, apart = (np.stack([values[name] for name in names], axis=1) for values in (factors, apart_factors))
    trees = [GradientBoostingRegressor(random_state=0).fit(codes, values) for values in truth.T]
    importances = np.stack([tree.feature_importances_ for tree in trees], axis=1)
    predicted = np.stack([tree.predict(apart_codes) for tree in trees], axis=1)
    return FactorScores(
        factors=names,
        r2=_lines_r2(codes, truth, apart_codes, apart),
        mutual_information_gap=mutual_information_gap(apart_codes, apart),
        disentanglement=disentanglement(importances),
        completeness=completeness(importances),
        informativeness=_r2(predicted, apart),
    )


def mutual_information_gap(codes: np.ndarray, factors: np.ndarray) -> float:
    """MIG of codes (image, latent) and factors (image, factor), both cut into 20 bins: Chen et al. 2018, eq. 6."""
    latents, truths = (np.stack([_binned(column) for column in values.T]) for values in (codes, factors))
    gaps = []
    for truth in truths:
        known = sorted((_mutual_information(latent, truth) for latent in latents), reverse=True) + [0.0]
        entropy = _mutual_information(truth, truth)
        gaps.append((known[0] - known[1]) / entropy if entropy > 0 else 0.0)
    return float(np.mean(gaps))


def disentanglement(importances: np.ndarray) -> float:
    """D of importances (latent, factor): Eastwood & Williams 2018, section 2.

    sum_i rho_i (1 - H_K(P_i)), P_i being latent i's importances for the K factors as shares, rho_i its share of all.
    """
    return _one_each(importances)


def completeness(importances: np.ndarray) -> float:
    """C of importances (latent, factor): the same the other way round, over the latents of each factor."""
    return _one_each(importances.T)


def _one_each(importances: np.ndarray) -> float:
    total = importances.sum()
    if total <= 0:
        return 0.0
    if importances.shape[1] == 1:
        return 1.0  # nothing to choose between
    weights = importances.sum(axis=1)
    shares = importances / np.where(weights > 0, weights, 1.0)[:, None]
    entropies = -(shares * np.log(np.where(shares > 0, shares, 1.0))).sum(axis=1) / np.log(importances.shape[1])
    return float((weights / total * (1.0 - entropies)).sum())


def _binned(values: np.ndarray) -> np.ndarray:
    edges = np.histogram_bin_edges(values, BINS)
    return np.clip(np.searchsorted(edges, values, side="right") - 1, 0, BINS - 1)


def _mutual_information(one: np.ndarray, other: np.ndarray) -> float:
    """I(one; other) of bins, in nats; of a thing with itself, its entropy."""
    joint = np.bincount(one * BINS + other, minlength=BINS * BINS).reshape(BINS, BINS) / len(one)
    independent = joint.sum(axis=1, keepdims=True) * joint.sum(axis=0, keepdims=True)
    there = joint > 0
    return float((joint[there] * np.log(joint[there] / independent[there])).sum())


def _lines_r2(codes: np.ndarray, factors: np.ndarray, apart_codes: np.ndarray, apart: np.ndarray) -> np.ndarray:
    """R2 (latent, factor) of the least-squares line through each latent alone."""
    center, level = codes.mean(axis=0, dtype=np.float64), factors.mean(axis=0)
    spread = np.square(codes - center).sum(axis=0)
    slopes = (codes - center).T @ (factors - level) / np.where(spread > 0, spread, 1.0)[:, None]
    return np.stack(
        [_r2(level + np.outer(z - c, s), apart) for z, c, s in zip(apart_codes.T, center, slopes, strict=True)]
    )


def _r2(predicted: np.ndarray, truth: np.ndarray) -> np.ndarray:
    variance = truth.var(axis=0)
    return np.asarray(1.0 - np.square(truth - predicted).mean(axis=0) / np.where(variance > 0, variance, 1.0))
