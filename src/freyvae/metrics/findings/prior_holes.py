"""Places in the prior that no image fills."""

import math

import numpy as np

from freyvae.data.pixels import evenly_spaced
from freyvae.metrics.measure import Seen
from freyvae.model import VAE
from freyvae.model.objectives.free_energy import FreeEnergy
from freyvae.records import Finding

PLACE = 50
_MOST_IMAGES = 2000
_RIDGE = 1e-3
# accuracies that are told from chance by their own error, and that a person would see
_DEVIATIONS, _LEAST = 3.0, 0.6


def find(seen: Seen) -> Finding | None:
    """How well codes drawn from posteriors are told from codes drawn from the prior: 0.5 is not at all.

    A two-sample test by a classifier (Lopez-Paz & Oquab 2017): a linear one on the codes, their squares and products,
    fitted on one half and scored on the other, both ways. None for fewer than 50 images.
    """
    chosen = evenly_spaced(len(seen.images), _MOST_IMAGES)
    images = seen.images[chosen]
    if len(images) < 50:
        return None
    # of a flow's posterior the deviation is known, and taken for a normal's
    noise = np.random.default_rng(0).normal(size=(len(images), seen.codes.shape[1]))
    drawn = seen.codes[chosen] + seen.vae.posterior_deviations(images) * noise
    accuracy = two_sample_accuracy(drawn, seen.vae.sample_latents(len(images), seed=1))
    error = 0.5 / math.sqrt(2 * len(images))
    return Finding(
        name="prior_told_from_codes",
        value=accuracy,
        unit="accuracy",
        is_amiss=accuracy > max(_LEAST, 0.5 + _DEVIATIONS * error),
        sentence=f"Codes of images and of the prior are told apart in {100 * accuracy:.0f} % of cases, where 50 % is "
        "chance: samples come from places that no image fills.",
        advice=_advice(seen.vae),
    )


def _advice(vae: VAE) -> str:
    learns = "more prior_components=... find" if vae.prior_choice.name == "vamp" else 'prior="vamp" learns'
    together = "; a larger beta=... draws them together" if isinstance(vae.objective, FreeEnergy) else ""
    return f"{learns} where they are{together}"


def two_sample_accuracy(one: np.ndarray, other: np.ndarray) -> float:
    """How often a classifier tells two samples (sample, number) of equal size apart, on halves it was not fitted to."""
    values = np.concatenate([one, other]).astype(np.float64)
    values = (values - values.mean(axis=0)) / np.maximum(values.std(axis=0), 1e-9)
    count = values.shape[1]
    first, second = np.triu_indices(count) if count <= 32 else (np.arange(count), np.arange(count))
    rows = np.concatenate([np.ones((len(values), 1)), values, values[:, first] * values[:, second]], axis=1)
    labels = np.repeat([-1.0, 1.0], [len(one), len(other)])
    half = np.arange(len(values)) % 2 == 0
    right = []
    for fitted, scored in ((half, ~half), (~half, half)):
        gram = rows[fitted].T @ rows[fitted]
        gram += _RIDGE * np.trace(gram) / len(gram) * np.eye(len(gram))
        weights = np.linalg.solve(gram, rows[fitted].T @ labels[fitted])
        right.append(np.sign(rows[scored] @ weights) == labels[scored])
    return float(np.concatenate(right).mean())
