"""Codes continuous latents on a stack of bits, in bins of equal mass under the prior.

Townsend, Bird & Barber 2019, appendix B. Finer bins cost nothing, since the bits that choose the bin are returned.
"""

import itertools
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import numpy as np
from keras import ops
from scipy.special import ndtr, ndtri, softmax

from freyvae.engine.programs import Program
from freyvae.errors import BadInput
from freyvae.model import VAE
from freyvae.model.details import Details
from freyvae.model.distributions import IndependentNormals, UnitNormal

# A latent has 2**16 bins: 256 coarse bins with 256 fine bins in each. The coder's probabilities have 24 bits and are
# never zero. If all bins were coded at once, one draw in 256 would come from the prior. In two steps it is one in
# 30,000.
BINS = 256
MOST_BITS_OF_LATENT = 48  # upper bound for coding one latent: 24 bits for each of the two steps
SMALLEST_DEVIATION = 2.0**-20  # far smaller than the width of a bin
SMALLEST_MASS = 1e-30  # for a bin so far from the mean that its mass underflows

# mean and standard deviation of latents, float64 (latent, 1)
Normals = tuple[np.ndarray, np.ndarray]


class Latents:
    """Codes the latents of one image at a time on a stack of bits, by the posterior q(z | x) and the prior p(z).

    A code is a coarse bin for each latent, and a fine bin within it: int (latent, 2), each from 0 to 255. The latents
    of all groups stand side by side, the top group first. Each group is popped by its posterior given those above it,
    and pushed by its own prior.

    Raises:
        BadInput: the model's posterior is a flow.
    """

    def __init__(self, vae: VAE, constriction: Any):
        if not vae.posterior_choice.is_diagonal_normal:
            raise BadInput(
                f"the posterior of this model is {vae.posterior_choice.name}: bits back needs the probability of each "
                "latent's bins, which only a diagonal-normal posterior has"
            )
        categorical = constriction.stream.model.Categorical(perfect=False)
        below = [details.latents for details in vae.groups_below]
        self._groups = [
            Bins(categorical, *_prior(vae)),
            *(UnitNormalBins(categorical, size, group) for group, size in enumerate(below, start=1)),
        ]
        self._ends = list(itertools.accumulate([vae.latent_dim, *below]))
        self.count = self._ends[-1]
        self._encoder = Program(vae, lambda image: _encoded(vae, image))
        self._below = Program(vae, partial(_posterior_below, vae))

    def pop_from_posterior(self, stack: Any, image: np.ndarray, number: int) -> np.ndarray:
        """Take a code z ~ q(z | x) of an image, uint8 (height, width, channel), off the stack."""
        encoded = self._encoder(image[None])
        code = np.zeros((0, 2), np.int32)
        for group, bins in enumerate(self._groups):
            posterior = self._posterior(group, encoded, code)
            code = np.concatenate([code, bins.pop_from_posterior(stack, posterior, number)])
        return code

    def push_to_posterior(self, stack: Any, code: np.ndarray, image: np.ndarray, number: int) -> None:
        """Put a code back onto the stack, which restores the bits that it was drawn with."""
        encoded = self._encoder(image[None])
        for group, (bins, own) in reversed(list(enumerate(zip(self._groups, self._of_groups(code), strict=True)))):
            posterior = self._posterior(group, encoded, code[: self._ends[group] - bins.count])
            bins.push_to_posterior(stack, own, posterior, number)

    def pop_from_prior(self, stack: Any) -> np.ndarray:
        """Take a code z ~ p(z) off the stack."""
        return np.concatenate([bins.pop_from_prior(stack) for bins in self._groups])

    def push_to_prior(self, stack: Any, code: np.ndarray) -> None:
        """Put a code onto the stack: 16 bits a latent if the prior is N(0, I)."""
        for bins, own in reversed(list(zip(self._groups, self._of_groups(code), strict=True))):
            bins.push_to_prior(stack, own)

    def values(self, code: np.ndarray) -> np.ndarray:
        """The latents of a code, which are the medians of its bins: float32 (latent,)."""
        return np.concatenate(
            [bins.values(own) for bins, own in zip(self._groups, self._of_groups(code), strict=False)]
        )

    def _of_groups(self, code: np.ndarray) -> list[np.ndarray]:
        """The code of each group, of all or of the first."""
        return np.split(code, [end for end in self._ends if end < len(code)])

    def _posterior(self, group: int, encoded: tuple[np.ndarray, ...], above: np.ndarray) -> Normals:
        """Mean and standard deviation of the latents of a group, given the code of those above."""
        mean, deviation, *features = encoded
        if group:
            mean, deviation = self._below(self.values(above)[None], features[group - 1])
        mean, deviation = (values[0, :, None].astype(np.float64) for values in (mean, deviation))
        return mean, np.maximum(deviation, SMALLEST_DEVIATION)


class Bins:
    """Codes the latents of one group.

    The prior is a mixture of normals; N(0, I) is one with a single component. Latents are independent within a
    component, but not in the mixture: p(z_i | z_<i) is again a mixture, weighted by the components' probabilities given
    z_<i.

    Args:
        categorical: the coder's model of bins.
        weights: the components' probabilities, float64 (component,).
        means: of the components, float64 (component, latent).
        deviations: likewise.
    """

    def __init__(self, categorical: Any, weights: np.ndarray, means: np.ndarray, deviations: np.ndarray):
        self.count = means.shape[1]
        self._categorical = categorical
        self._weights, self._means, self._deviations = weights, means, deviations
        # bins have equal mass under a normal with the prior's mean and variance in each latent
        mean = self._weights @ self._means
        variance = self._weights @ (self._deviations**2 + (self._means - mean) ** 2)
        below = np.arange(BINS)[:, None] / BINS + np.arange(BINS + 1) / BINS**2
        self._fine_edges = mean[:, None, None] + np.sqrt(variance)[:, None, None] * ndtri(below)
        self._coarse_edges = mean[:, None] + np.sqrt(variance)[:, None] * ndtri(np.arange(BINS + 1) / BINS)
        medians = ndtri(below[:, :-1] + 0.5 / BINS**2)
        self._medians = (mean[:, None, None] + np.sqrt(variance)[:, None, None] * medians).astype("float32")

    def pop_from_posterior(self, stack: Any, posterior: Normals, number: int) -> np.ndarray:
        """Take a code z ~ q(z | x) off the stack, of image `number`."""
        orders, masses = self._coarse_bins(posterior, number)
        coarse = orders[np.arange(self.count), stack.decode(self._categorical, masses)]
        fine = stack.decode(self._categorical, _masses(self._fine_edges_in(coarse), *posterior))
        return np.stack([coarse, fine], axis=1)

    def push_to_posterior(self, stack: Any, code: np.ndarray, posterior: Normals, number: int) -> None:
        """Put a code back onto the stack, which restores the bits that it was drawn with."""
        orders, masses = self._coarse_bins(posterior, number)
        coarse, fine = code.T.copy()
        stack.encode_reverse(fine, self._categorical, _masses(self._fine_edges_in(coarse), *posterior))
        places = np.argsort(orders, axis=1)[np.arange(self.count), coarse].astype(np.int32)
        stack.encode_reverse(places, self._categorical, masses)

    def pop_from_prior(self, stack: Any) -> np.ndarray:
        """Take a code z ~ p(z) off the stack."""
        return self._bin_by_bin(lambda masses: int(stack.decode(self._categorical, masses)[0]))

    def push_to_prior(self, stack: Any, code: np.ndarray) -> None:
        """Put a code onto the stack: 16 bits a latent if the prior is N(0, I)."""
        bins = code.reshape(-1)
        to_come: Iterator[int] = iter(bins.tolist())
        all_masses = []

        def known(masses: np.ndarray) -> int:
            all_masses.append(masses)
            return next(to_come)

        self._bin_by_bin(known)
        stack.encode_reverse(bins, self._categorical, np.concatenate(all_masses))

    def values(self, code: np.ndarray) -> np.ndarray:
        """The latents of a code, which are the medians of its bins: float32 (latent,)."""
        values: np.ndarray = self._medians[np.arange(self.count), *code.T]
        return values

    def _bin_by_bin(self, choose: Callable[[np.ndarray], int]) -> np.ndarray:
        """Build a code bin by bin. `choose` gets the bins' masses under p(z_i | z_<i), float64 (1, bin)."""
        code = np.zeros((self.count, 2), np.int32)
        probabilities = self._weights
        for latent in range(self.count):
            component = self._means[:, latent, None], self._deviations[:, latent, None]
            coarse = choose(probabilities[None] @ _masses(self._coarse_edges[latent], *component))
            masses = _masses(self._fine_edges[latent, coarse], *component)
            fine = choose(probabilities[None] @ masses)
            code[latent] = coarse, fine
            probabilities = probabilities * masses[:, fine]
            probabilities = probabilities / probabilities.sum()
        return code

    def _coarse_bins(self, posterior: Normals, number: int) -> tuple[np.ndarray, np.ndarray]:
        """The coarse bins in a random order for each latent and image, int32 (latent, bin), and their masses.

        The top of the stack holds the coarse bin of the previous image, which determines where in the posterior the
        next code lies. Without a new order for each image, successive codes would be correlated, and not draws.
        """
        random = self._random(number)  # its stream is the same in every version of NumPy
        orders = np.stack([random.permutation(BINS) for _ in range(self.count)]).astype(np.int32)
        return orders, np.take_along_axis(_masses(self._coarse_edges, *posterior), orders, axis=1)

    def _random(self, number: int) -> np.random.RandomState:
        return np.random.RandomState(number)

    def _fine_edges_in(self, coarse: np.ndarray) -> np.ndarray:
        edges: np.ndarray = self._fine_edges[np.arange(self.count), coarse]
        return edges


class UnitNormalBins(Bins):
    """A group below the top one, whose prior is N(0, I): every bin has the same mass, and all are coded at once.

    Args:
        categorical: the coder's model of bins.
        latents: number of them.
        group: its number from the top, so that no two have the same order of bins.
    """

    def __init__(self, categorical: Any, latents: int, group: int):
        super().__init__(categorical, np.ones(1), np.zeros((1, latents)), np.ones((1, latents)))
        self._group = group
        self._equal = np.full((2 * latents, BINS), 1.0 / BINS)

    def pop_from_prior(self, stack: Any) -> np.ndarray:
        """As `Bins.pop_from_prior`."""
        code: np.ndarray = stack.decode(self._categorical, self._equal)
        return code.reshape(-1, 2)

    def push_to_prior(self, stack: Any, code: np.ndarray) -> None:
        """As `Bins.push_to_prior`: 16 bits a latent."""
        stack.encode_reverse(code.reshape(-1).astype(np.int32), self._categorical, self._equal)

    def _random(self, number: int) -> np.random.RandomState:
        return np.random.RandomState([number, self._group])


def _masses(edges: np.ndarray, mean: np.ndarray, deviation: np.ndarray) -> np.ndarray:
    """The mass of normals between edges (..., bin + 1): float64 (normal, bin)."""
    masses: np.ndarray = np.maximum(np.diff(ndtr((edges - mean) / deviation), axis=-1), SMALLEST_MASS)
    return masses


def _encoded(vae: VAE, image: Any) -> tuple[Any, ...]:
    """Mean and deviation of the top group, and the features that the posteriors below are made of."""
    encoded = vae.encoded(image)
    return encoded.posterior.mean, encoded.posterior.deviation, *encoded.features


def _posterior_below(vae: VAE, above: Any, features: Any) -> tuple[Any, Any]:
    """Mean and deviation of the first group below some, given the latents of these, side by side."""
    top, *known = vae.split_groups(above)
    given = iter(known)
    found: list[IndependentNormals] = []

    def choose(details: Details, state: Any) -> Any:
        latents = next(given, None)
        if latents is not None:
            return latents
        if not found:
            found.append(details.posterior(state, features))
        return ops.zeros((1, details.latents))  # what is made of them is not looked at

    vae.decoded(top, choose)
    return found[0].mean, found[0].deviation


def _prior(vae: VAE) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Probabilities (component,), means and standard deviations (component, latent) of the prior's normals, float64."""
    if isinstance(vae.prior, UnitNormal):
        return np.ones(1), np.zeros((1, vae.latent_dim)), np.ones((1, vae.latent_dim))

    def mixture() -> tuple[Any, Any, Any]:
        prior: Any = vae.prior
        return prior.logits, prior.means, prior.log_variances

    logits, means, log_variances = (values.astype(np.float64) for values in Program(vae, mixture)())
    return softmax(logits), means, np.maximum(np.exp(0.5 * log_variances), SMALLEST_DEVIATION)
