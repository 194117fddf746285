"""Logistic distributions cut into the 256 grey levels: what two likelihoods are made of."""

from __future__ import annotations

import math

from freyvae.late import keras, ops
from freyvae.model.likelihood import Tensor, as_bytes


def log_sigmoid(values: Tensor) -> Tensor:
    """The logarithm of s(x): min(x, 0) - log(1 + exp(-|x|)), to a float's absolute precision.

    Keras's own has all digits of results near 0, which are lost in sums, and takes a training step a sixth longer.
    """
    size = ops.abs(values)
    return 0.5 * (values - size) - ops.log(1.0 + ops.exp(-size))


# a decoder's numbers of this and more are scales of thousands of times all the range there is, and grow by so much less
WIDE, SLOWLY = 10.0, 1e-4


def without_overflow(log_scale: Tensor) -> Tensor:
    """A decoder's numbers as they are up to `WIDE`, beyond it growing `SLOWLY`.

    In the first steps of a training a decoder may say anything, and of a scale of e^90 no grey level has a probability
    that is a float32. The gradient never is 0, so that it comes back.
    """
    return ops.minimum(log_scale, (1.0 - SLOWLY) * WIDE + SLOWLY * log_scale)


def bounded_log_scale(log_scale: Tensor, *, start: float, smallest: float) -> Tensor:
    """A decoder's number as a log-scale: zero is the scale to start with, none vanishes, and none is beyond floats."""
    return ops.maximum(without_overflow(log_scale) + math.log(start), math.log(smallest))


def share_at_bound(log_scale: Tensor, smallest: float, weights: Tensor | None = None) -> Tensor:
    """The share of log-scales that are at the smallest, each counted by its weight: a scalar in [0, 1]."""
    is_smallest = ops.cast(log_scale <= math.log(smallest) + 1e-6, log_scale.dtype)
    weights = ops.ones_like(is_smallest) if weights is None else weights
    return ops.sum(weights * is_smallest) / ops.sum(weights)


def logistic_log_mass(levels: Tensor, location: Tensor, log_scale: Tensor, last: Tensor = None) -> Tensor:
    """Log-probability, in nats, of grey levels 0 to 255 under a logistic distribution cut into the 256 of them.

    Salimans et al. 2017, eq. 2: P(x) = s((x + 1/2 - m) / w) - s((x - 1/2 - m) / w), the first and last level taking
    the tails. Floats that broadcast: the levels, the location m and log w, these two for pixels in [0, 1]. With `last`
    the probabilities are of all levels from `levels` to these.
    """
    inverse_scale = ops.exp(-log_scale)
    last, wide = (levels, 1.0) if last is None else (last, last - levels + 1.0)
    upper = ((last + 0.5) / 255.0 - location) * inverse_scale
    lower = ((levels - 0.5) / 255.0 - location) * inverse_scale
    # s(b) - s(a) = s(b) s(-a) (1 - exp(a - b)): no cancellation, however far in a tail
    below_top, above_bottom = last < 254.5, levels > 0.5
    width = ops.log(-ops.expm1(-inverse_scale * (wide / 255.0)))
    zero = ops.zeros_like(upper)
    return (
        ops.where(below_top, log_sigmoid(upper), zero)
        + ops.where(above_bottom, log_sigmoid(-lower), zero)
        + ops.where(ops.logical_and(below_top, above_bottom), width, zero)
    )


def draw_logistic(location: Tensor, log_scale: Tensor, seed: keras.random.SeedGenerator) -> Tensor:
    """Draw grey levels: s(x) is the distribution function, so that its inverse makes uniform numbers logistic."""
    uniform = keras.random.uniform(ops.shape(location), 1e-6, 1.0 - 1e-6, seed=seed)
    return as_bytes(location + ops.exp(log_scale) * (ops.log(uniform) - ops.log1p(-uniform)))
