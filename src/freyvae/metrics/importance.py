"""How probable are images under a model? The likelihood by importance sampling, the posterior being the proposal."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import keras
import numpy as np
from keras import ops

from freyvae.console import Progress, shown
from freyvae.engine.descent import Descent
from freyvae.engine.programs import Program
from freyvae.errors import BadInput
from freyvae.kept_parts import KeptParts, Part
from freyvae.metrics.decoding import decoded_values
from freyvae.model import VAE
from freyvae.model.arrays import FEW, in_chunks

Tensor = Any
# images -> the centres of their posteriors, float32 (image, latent), or nothing where they are the encoder's
Centres = Callable[[np.ndarray], tuple[np.ndarray, ...]]
# the numbers of samples whose estimates show whether the last one has settled
STEPS = (1, 10, 100, 1000, 5000)
# decoded values that one step holds: what bounds the memory, and still keeps a processor busy
VALUES_AT_ONCE = 2**19
# of one image: each is a draw of its own in the program that is compiled
MOST_DRAWS_AT_ONCE = 4


@dataclass(frozen=True, eq=False)
class SampledLikelihood:
    """What was found for each image, in nats, each float64 (image,).

    Attributes:
        rates: KL(q(z | x) || p(z)) of each group of latents, (image, group), the top one first: exact where it has a
            closed form, given the groups above, and averaged over all draws.
        distortion: -E log p(x | z), averaged over all draws.
        nll_by_samples: number of samples S -> the estimate -L_S of -log p(x). All come from the same draws: for an S
            below the largest, L_S is the mean over as many disjoint blocks of S draws as there are.
        refined: the same with posteriors that were refined for each image.
    """

    rates: np.ndarray
    distortion: np.ndarray
    nll_by_samples: dict[int, np.ndarray]
    refined: "SampledLikelihood | None" = None

    @property
    def rate(self) -> np.ndarray:
        """Of all groups of latents together, (image,)."""
        total: np.ndarray = self.rates.sum(axis=1)
        return total

    @property
    def free_energy(self) -> np.ndarray:
        """Distortion and rate, (image,)."""
        total: np.ndarray = self.distortion + self.rate
        return total

    @property
    def nll(self) -> np.ndarray:
        """The estimate with all samples, (image,): an upper bound of -log p(x) on average, tighter the more samples."""
        return self.nll_by_samples[max(self.nll_by_samples)]


def importance_sampled(
    vae: VAE,
    images: np.ndarray,
    *,
    samples: int = 5000,
    refine: int = 0,
    seed: int = 0,
    progress: bool | Progress = False,
    kept: KeptParts | None = None,
) -> SampledLikelihood:
    """Estimate -log p(x) of each image by L_S = log 1/S sum_s p(x | z_s) p(z_s) / q(z_s | x), z_s ~ q(z | x).

    Burda, Grosse & Salakhutdinov 2016, eq. 8. The posterior is the model's own, of deviation 1, whatever `noise_scale`
    it was trained with. Memory is bounded however many images and samples there are: `VALUES_AT_ONCE`.

    An encoder knows the images that it was trained on better than others (the amortization gap: Cremer, Li & Duvenaud
    2018), and S draws from an inaccurate posterior give a loose bound. With `refine` all is estimated once more, after
    each image's posterior was moved so many steps of gradient descent downhill on the free energy without noise, its
    deviations as they are: another bound of the same model's likelihood, which is usually tighter. Of a model with
    groups of latents, only the top group's posterior moves.

    Args:
        vae: the model.
        images: uint8 (image, height, width, channel).
        samples: S.
        refine: steps of gradient descent for each image; 50 are enough for most.
        seed: of the draws.
        progress: told how many draws are done; True shows a bar.
        kept: where parts of the work are kept, to go on from after an interruption.

    Raises:
        BadInput: `samples` below 1, `refine` below 0, or posteriors are to be refined on another backend than JAX.
    """
    if samples < 1:
        raise BadInput(f"samples must be at least 1, not {samples}")
    if refine < 0:
        raise BadInput(f"refine must be at least 0, not {refine}")
    sizes = sorted({step for step in STEPS if step < samples} | {samples})
    images_at_once, draws_at_once = _chunk(vae, len(images), samples)
    posteriors: list[Centres] = [lambda images: ()]
    if refine:
        posteriors.append(_refined(vae, refine))
    # of each its own, so that the encoder's figures are the same with and without refined ones
    noises = [keras.random.SeedGenerator(seed) for _ in posteriors]
    steps = [_step(vae, noise, draws_at_once) for noise in noises]

    def drawn(step: Program, filled: np.ndarray, *centres: np.ndarray, count: int, done: int) -> np.ndarray:
        """Distortion, rates and estimates of the first `count` images, (image, column); `done` draws are behind it."""
        blocks = [_Blocks(size, images_at_once) for size in sizes]
        distortion = np.zeros(images_at_once)
        rates: Any = 0.0
        for before in range(0, samples, draws_at_once):
            values = (each.astype(np.float64) for each in step(filled, *centres))
            for log_weight, log_likelihood, *rates_there in list(zip(*values, strict=True))[: samples - before]:
                distortion -= log_likelihood / samples
                rates = rates + np.stack(rates_there) / samples
                for block in blocks:
                    block.add(log_weight)
            by_now = done + count * min(before + draws_at_once, samples)
            told.advance(by_now, len(posteriors) * len(images) * samples, "importance sampling")
        return np.stack([distortion, *rates, *(-block.mean() for block in blocks)], axis=1)[:count]

    def parts_from(first: int, before: Part | None) -> Iterator[Part]:
        if before is not None and before.state is not None:
            # version 0.2 kept the one state by itself
            for noise, state in zip(noises, np.atleast_2d(before.state), strict=True):
                noise.state.assign(state)
        for start in range(first, len(images), images_at_once):
            chunk = images[start : start + images_at_once]
            # one shape, compiled once: the last images are filled up, the last draws cut off
            filled = np.concatenate([chunk, np.repeat(chunk[-1:], images_at_once - len(chunk), axis=0)])
            found = []
            for number, (step, centres) in enumerate(zip(steps, posteriors, strict=True)):
                done = (len(posteriors) * start + number * len(chunk)) * samples
                found.append(drawn(step, filled, *centres(filled), count=len(chunk), done=done))
            states = np.stack([ops.convert_to_numpy(noise.state) for noise in noises])
            yield Part({"found": np.concatenate(found, axis=1)}, states)

    with shown(progress) as told:
        parts = parts_from(0, None) if kept is None else kept.each(len(images), parts_from)
        columns = np.concatenate([part.columns["found"] for part in parts])
    own, *refined = (_likelihood(of, sizes) for of in np.split(columns, len(posteriors), axis=1))
    return replace(own, refined=refined[0] if refined else None)


def _likelihood(columns: np.ndarray, sizes: Sequence[int]) -> SampledLikelihood:
    distortion, *others = columns.T
    of_groups, nll = others[: -len(sizes)], others[-len(sizes) :]
    return SampledLikelihood(np.stack(of_groups, axis=1), distortion, dict(zip(sizes, nll, strict=True)))


def standard_error(values: Sequence[float] | np.ndarray) -> float | None:
    """Of the mean of values, taken as independent; None for fewer than two."""
    return float(np.std(values, ddof=1) / np.sqrt(len(values))) if len(values) > 1 else None


class _Blocks:
    """The mean over blocks of `size` draws of log 1/size sum_s w_s, for each image, one draw after another."""

    def __init__(self, size: int, images: int):
        self.size = size
        self.drawn = 0
        self.sum_of_logs = np.zeros(images)
        self.log_of_sum = np.full(images, -np.inf)

    def add(self, log_weight: np.ndarray) -> None:
        self.log_of_sum = np.logaddexp(self.log_of_sum, log_weight)
        self.drawn += 1
        if self.drawn % self.size == 0:
            self.sum_of_logs += self.log_of_sum - np.log(self.size)
            self.log_of_sum = np.full_like(self.log_of_sum, -np.inf)

    def mean(self) -> np.ndarray:
        mean: np.ndarray = self.sum_of_logs / (self.drawn // self.size)
        return mean


def _refined(vae: VAE, steps: int) -> Centres:
    """Where so many steps of descent move the encoder's."""
    noise = keras.random.SeedGenerator(0)

    def cost(centres: Tensor, images: Tensor) -> Tensor:
        return vae.estimate(images, vae.encoded(images).centred_at(centres), noise, noise_scale=0.0).parts.total

    encode = Program(vae, lambda images: (vae.encoded(images).posterior.centre,))
    descent = Descent(vae, cost)
    return lambda images: (
        in_chunks(lambda *few: (descent(*few, steps=steps),), in_chunks(encode, images), images, most=FEW),
    )


def _step(vae: VAE, noise: keras.random.SeedGenerator, draws: int) -> Program:
    """A few draws for a few images at once: log-weights, log-likelihoods and the rate of each group, in nats.

    Each is (draw, image). It takes images, and the centres of their posteriors where these are not the encoder's.
    """

    def draw(images: Tensor, *centres: Tensor) -> tuple[Tensor, ...]:
        repeated, encoded = ops.tile(images, (draws, 1, 1, 1)), vae.encoded(images)
        if centres:
            encoded = encoded.centred_at(*centres)
        found = vae.estimate(repeated, encoded.repeated(draws), noise)
        by_draw = (draws, images.shape[0])
        rates = [found.parts.rates[:, group] for group in range(len(found.groups))]
        return tuple(ops.reshape(each, by_draw) for each in (found.log_weights, -found.parts.distortion, *rates))

    return Program(vae, draw, noise=noise)


def _chunk(vae: VAE, images: int, samples: int) -> tuple[int, int]:
    """How many images and how many draws of each to decode at once."""
    rows = max(1, VALUES_AT_ONCE // decoded_values(vae))
    images_at_once = min(images, rows)
    return images_at_once, min(samples, MOST_DRAWS_AT_ONCE, max(1, rows // images_at_once))
