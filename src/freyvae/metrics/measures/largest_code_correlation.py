"""Do two latents say the same?"""

import numpy as np

from freyvae.metrics.measure import Measure, Seen

_ROUNDING = 1e-6


def largest_code_correlation(codes: np.ndarray) -> float | None:
    """The largest correlation of two latents' codes, (image, latent), by its size, in [0, 1].

    None where no two latents vary, or for fewer than three images. Near 1, one slider moves what another does.
    """
    codes = codes.astype(np.float64)
    # of a latent that says nothing, codes differ by the rounding of float32 alone
    varying = codes[:, codes.std(axis=0) > _ROUNDING * (1.0 + np.abs(codes.mean(axis=0)))]
    if varying.shape[1] < 2 or len(varying) < 3:
        return None
    between = np.asarray(np.corrcoef(varying.T))[np.triu_indices(varying.shape[1], 1)]
    return float(min(1.0, np.abs(between).max()))


def _of(seen: Seen) -> float | None:
    return largest_code_correlation(seen.codes)


MEASURE = Measure(label="largest correlation of two latents' codes", unit="", of=_of)
