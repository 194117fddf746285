"""Do the choices of a model make sense, one by one and together? What does not is refused before the first step."""

import math
import numbers
from typing import Any

import keras

from freyvae.errors import BadInput
from freyvae.model.posteriors import POSTERIORS
from freyvae.model.priors import PRIORS
from freyvae.recipe import LARGEST_SEED


def checked_image_shape(image_shape: Any) -> tuple[int, int, int]:
    """(height, width, channel) as whole numbers. Raises `BadInput` for what is no shape of grey or colour images."""
    shape = tuple(int(side) for side in image_shape)
    if len(shape) != 3 or min(shape) < 1 or shape[2] not in (1, 3):
        raise BadInput(f"image_shape must be (height, width, 1 or 3), not {shape}")
    return shape[0], shape[1], shape[2]


def check_choices(
    *,
    latent_dim: int,
    posterior: str,
    flow_length: int,
    prior: str,
    prior_components: int,
    importance_samples: int,
    free_bits: float,
    beta: float,
    warm_up_steps: int,
    noise_scale: float,
    average_distortion: bool,
    shift: float,
    seed: int | None,
) -> None:
    """Raise `BadInput` for a choice that there is none of, that is out of range, or that makes no sense with others."""
    for name, value, known in (("posterior", posterior, POSTERIORS), ("prior", prior, PRIORS)):
        if value not in known:
            raise BadInput(f"unknown {name} {value!r}: choose one of {', '.join(known)}")
    counts = {
        "latent_dim": latent_dim,
        "flow_length": flow_length,
        "prior_components": prior_components,
        "importance_samples": importance_samples,
    }
    for name, count in counts.items():
        if not _is_whole(count) or count < 1:
            raise BadInput(f"{name} must be a whole number and at least 1, not {count}")
    if not all(0 <= value < math.inf for value in (beta, noise_scale, warm_up_steps, free_bits)):
        raise BadInput("beta, noise_scale, warm_up_steps and free_bits must be finite and not negative")
    if not 0 <= shift <= 1:
        raise BadInput(f"shift is a probability, from 0 to 1, not {shift}")
    if seed is not None and not (_is_whole(seed) and 0 <= seed <= LARGEST_SEED):
        raise BadInput(f"seed must be a whole number from 0 to {LARGEST_SEED}, not {seed}")
    weighed = beta != 1 or warm_up_steps or free_bits or average_distortion or noise_scale != 1
    if importance_samples > 1 and weighed:
        raise BadInput(
            "the importance-weighted bound has no rate of its own to weigh: importance_samples above 1 goes with "
            "beta and noise_scale 1, and without warm-up, free_bits and average_distortion"
        )
    if posterior == "diagonal-normal" and prior == "standard-normal":
        return
    # log q(z | x) of a draw is that of noise of deviation 1, and no estimate of a rate under other noise
    if noise_scale != 1:
        raise BadInput(
            "the rate of a flow or of a learned prior is estimated from the draws, whose noise_scale must then be 1: "
            "only the posterior diagonal-normal with the prior standard-normal goes with others"
        )
    if free_bits:
        raise BadInput(
            "free_bits need a rate for each latent, which only the posterior diagonal-normal with the prior "
            "standard-normal has: leave them out, or choose these"
        )


def check_networks(
    encoder: keras.Model,
    decoder: keras.Model,
    *,
    image_shape: tuple[int, int, int],
    latent_dim: int,
    parameters_per_value: int,
    likelihood: str,
    flow_parameters: int,
) -> None:
    """Raise `BadInput` for networks whose shapes do not fit each other, or the likelihood and the posterior.

    The encoder goes from uint8 images (image, *image_shape) to [mean, log_variance], each (image, latent_dim), and
    where the posterior has a flow, to a third output (image, flow_parameters). The decoder goes from (image,
    latent_dim) to (image, height, width, channel * parameters_per_value).
    """
    outputs = encoder.output_shape
    expected_code = [(None, latent_dim)] * 2 + [(None, flow_parameters)] * bool(flow_parameters)
    names = "mean, log_variance" + (", flow_parameters" if flow_parameters else "")
    if encoder.input_shape != (None, *image_shape) or list(outputs) != expected_code:
        raise BadInput(
            f"the encoder goes from {encoder.input_shape} to {outputs}; it must go from {(None, *image_shape)} "
            f"to [{names}], {expected_code}"
        )
    expected_parameters = (None, *image_shape[:2], image_shape[2] * parameters_per_value)
    if decoder.input_shape != (None, latent_dim) or decoder.output_shape != expected_parameters:
        raise BadInput(
            f"the decoder goes from {decoder.input_shape} to {decoder.output_shape}; with the likelihood {likelihood} "
            f"it must go from {(None, latent_dim)} to {expected_parameters}"
        )


def _is_whole(value: Any) -> bool:
    return isinstance(value, numbers.Integral)
