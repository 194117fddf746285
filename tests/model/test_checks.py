"""Invalid arguments are refused in one line, before anything is built."""

import keras
import pytest

from freyvae.errors import BadInput
from freyvae.model import VAE
from freyvae.model.networks import Dense
from freyvae.model.objectives import AuxiliaryGuided
from freyvae.model.posteriors import Planar

SHAPE = (5, 4, 1)
pytestmark = pytest.mark.backend


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        (
            {"posterior": "normal"},
            "unknown posterior 'normal': choose one of diagonal-normal, inverse-autoregressive, planar",
        ),
        ({"prior": "flat"}, "unknown prior 'flat': choose one of gaussian-mixture, standard-normal, vamp"),
        ({"posterior": "planar", "flow_length": 0}, "flow_length must be at least 1, not 0"),
        ({"flow_length": 5}, "the posterior diagonal-normal has no length: only inverse-autoregressive, planar and"),
        ({"prior_components": 5}, "the prior standard-normal has no components: only gaussian-mixture and vamp have"),
        ({"likelihood": "gaussian", "autoregressive": True}, "the likelihood gaussian has no autoregressive"),
        ({"prior": "vamp", "prior_components": 0}, "prior_components must be at least 1, not 0"),
        ({"importance_samples": 0}, "importance_samples must be at least 1, not 0"),
        ({"latent_dim": 2.5}, r"latent_dim must be a whole number and at least 1, not 2\.5"),
        ({"free_bits": -1.0}, r"free_bits must be at least 0, not -1\.0"),
        ({"beta": float("nan")}, "beta must be a number, not nan"),
        ({"warm_up_steps": float("inf")}, "warm_up_steps must be a number, not inf"),
        ({"shift": float("nan")}, "shift is a probability"),
        ({"seed": -1}, "seed must be a whole number from 0 to 2147483647, not -1"),
        ({"seed": 2**32}, "seed must be a whole number from 0"),
        ({"seed": 1.5}, "seed must be a whole number from 0"),
        ({"importance_samples": 2, "objective": AuxiliaryGuided()}, "without warm-up, .* and guidance"),
        ({"importance_samples": 2, "beta": 0.5}, "goes with beta and noise_scale 1"),
        ({"importance_samples": 2, "warm_up_steps": 3}, "without warm-up"),
        ({"importance_samples": 2, "free_bits": 0.1}, "free_bits"),
        ({"importance_samples": 2, "average_distortion": True}, "average_distortion"),
        ({"importance_samples": 2, "noise_scale": 0.5}, "noise_scale"),
        ({"posterior": "planar", "noise_scale": 0.01}, "whose noise_scale must then be 1"),
        ({"prior": "vamp", "noise_scale": 0.01}, "whose noise_scale must then be 1"),
        ({"posterior": "planar", "free_bits": 0.1}, "free_bits need a rate for each latent"),
        ({"prior": "gaussian-mixture", "free_bits": 0.1}, "free_bits need a rate for each latent"),
    ],
)
def test_choices_that_make_no_sense_are_refused(arguments, line):
    with pytest.raises(BadInput, match=line) as refusal:
        VAE(SHAPE, **arguments)
    assert "\n" not in str(refusal.value)


def test_an_encoder_without_the_numbers_of_the_flow_is_refused_and_one_with_them_is_not():
    count = Planar(3).parameters_per_image(2)
    with pytest.raises(BadInput, match=r"to \[mean, log_variance, flow_parameters\].*15\)"):
        VAE(SHAPE, 2, posterior="planar", flow_length=3, encoder=Dense().encoder(SHAPE, 2))
    with pytest.raises(BadInput, match=r"to \[mean, log_variance\], "):
        VAE(SHAPE, 2, encoder=Dense().encoder(SHAPE, 2, parameters_per_image=count))
    inputs = keras.Input(SHAPE, dtype="uint8")
    features = keras.layers.Flatten()(keras.layers.Rescaling(1 / 255)(inputs))
    own = keras.Model(inputs, [keras.layers.Dense(units)(features) for units in (2, 2, count)])
    VAE(SHAPE, 2, posterior="planar", flow_length=3, encoder=own)
