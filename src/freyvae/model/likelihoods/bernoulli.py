"""The post's likelihood: a grey level as the probability of a white pixel."""

from __future__ import annotations

from dataclasses import dataclass

from freyvae.late import keras, np, ops
from freyvae.model.likelihood import Likelihood, Tensor
from freyvae.model.logistic import log_sigmoid


@dataclass(frozen=True)
class Bernoulli(Likelihood):
    """Coin flips, one a value, with a logit each.

    For black and white images, -log p is that of the image. Grey images are not coin flips: -log p has a floor, the
    pixels' own entropy, and is no probability of the bytes.
    """

    name = "bernoulli"
    kind = "cross-entropy of grey levels as coin flips"
    caution = (
        "The Bernoulli likelihood takes grey levels for coin flips and is no probability of the images: it cannot "
        "fall below their own entropy, {least:.1f} nats per {part} image, and has no bits per dimension."
    )

    @property
    def parameters_per_value(self) -> int:
        """The logit."""
        return 1

    def log_prob_of_values(self, parameters: Tensor, levels: Tensor) -> Tensor:
        """As `Likelihood.log_prob_of_values`."""
        (logits,) = self.apart(parameters)
        # x log s(l) + (1 - x) log(1 - s(l)) = x l + log s(-l), for s(l) = exp(l) s(-l) and 1 - s(l) = s(-l)
        return levels / 255.0 * logits + log_sigmoid(-logits)

    def mean(self, parameters: Tensor) -> Tensor:
        """As `Likelihood.mean`."""
        return ops.sigmoid(parameters)

    def sample(self, parameters: Tensor, seed: keras.random.SeedGenerator) -> Tensor:
        """As `Likelihood.sample`: black or white."""
        mean = self.mean(parameters)
        return ops.cast(keras.random.uniform(ops.shape(mean), seed=seed) < mean, "uint8") * 255

    def constant_nats(self, mean: np.ndarray, deviation: np.ndarray, levels: np.ndarray) -> np.ndarray:
        """The cross-entropy with the mean."""
        white = np.clip(mean / 255.0, 1e-3, 1.0 - 1e-3)
        return np.asarray(-(levels / 255.0 * np.log(white) + (1.0 - levels / 255.0) * np.log1p(-white)))

    def said_of(self, images: np.ndarray, part: str) -> list[str]:
        """The caution, unless all pixels are black or white."""
        return super().said_of(images, part) if self.least_nats(images) else []

    def least_nats(self, images: np.ndarray) -> float:
        """The grey levels' own entropy, -x log x - (1 - x) log(1 - x)."""
        from freyvae.data.pixels import blocks

        levels = np.arange(256) / 255.0
        with np.errstate(divide="ignore", invalid="ignore"):
            entropy = np.nan_to_num(-levels * np.log(levels) - (1 - levels) * np.log(1 - levels))
        return float(sum(entropy[block].sum() for _, block in blocks(images, most_bytes=2**22)) / len(images))
