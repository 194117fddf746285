"""How new is a code? The rate of an image whose code may be like that of any training image, for nothing."""

import numpy as np
from scipy.special import logsumexp

from freyvae.data.pixels import evenly_spaced

# of the training images: a mixture of more says little more
MOST_COMPONENTS = 5000
# numbers of one step: what bounds the memory
VALUES_AT_ONCE = 2**21


class AggregatePosterior:
    """What the codes of training images are like: the mixture q(z) = 1/N sum_n q(z | x_n) of their posteriors.

    It is the prior under which a model's rate is least (Hoffman & Johnson 2016; Tomczak & Welling 2018, section 2).

    Args:
        codes: means of the posteriors, (image, latent); of more than `MOST_COMPONENTS`, as many evenly spaced.
        deviations: standard deviations about them, likewise.
    """

    def __init__(self, codes: np.ndarray, deviations: np.ndarray):
        chosen = evenly_spaced(len(codes), MOST_COMPONENTS)
        self._codes, self._variances = codes[chosen].astype(np.float64), _variances(deviations[chosen])

    def novelty_nats(self, codes: np.ndarray, deviations: np.ndarray) -> np.ndarray:
        """An upper bound of KL(q(z | x) || q(z)) for other images, float64 (image,), in nats.

        The closed form is -log 1/N sum_n exp(-KL(q(z | x) || q(z | x_n))) (Hershey & Olsen 2007, eq.
        20 of one normal): 0 where the posterior is that of all training images, log N where it is that of one of them
        alone, and more the farther it is from the nearest, in units of both deviations.

        Args:
            codes: (image, latent).
            deviations: likewise.
        """
        found = []
        at_once = max(1, VALUES_AT_ONCE // self._codes.size)
        for start in range(0, len(codes), at_once):
            mean = codes[start : start + at_once, None].astype(np.float64)
            variance = _variances(deviations[start : start + at_once, None])
            ratio = variance / self._variances
            distance = np.square(mean - self._codes) / self._variances
            divergences = 0.5 * (ratio + distance - 1.0 - np.log(ratio)).sum(axis=2)
            found.append(np.log(len(self._codes)) - logsumexp(-divergences, axis=1))
        return np.concatenate(found)


def _variances(deviations: np.ndarray) -> np.ndarray:
    """Of deviations that can be too small for a float32, and so 0."""
    variances: np.ndarray = np.square(np.maximum(deviations, np.finfo(np.float32).tiny), dtype=np.float64)
    return variances
