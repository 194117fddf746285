"""The decoder learns an image of its own, although the pixels before say nearly all of each pixel."""

import keras
import numpy as np
import pytest
from keras import ops

from freyvae.model import VAE
from freyvae.model.likelihoods import MixtureOfLogistics
from freyvae.model.networks import Dense
from freyvae.model.objectives import AuxiliaryGuided, FreeEnergy

pytestmark = pytest.mark.backend
LIKELIHOOD = MixtureOfLogistics(autoregressive=True, context="neighbourhood")
# flat images, which any pixel before gives away
IMAGES = np.repeat(np.random.default_rng(0).integers(20, 235, (200, 1, 1, 1), dtype="uint8"), 12, axis=1).reshape(
    200, 4, 3, 1
)


def model(objective):
    return VAE((4, 3, 1), 1, network=Dense(hidden=(16,)), likelihood=LIKELIHOOD, objective=objective, seed=0)


def test_the_loss_is_the_free_energy_and_the_weighed_cost_of_what_the_decoder_says_alone():
    outputs = {"distortion": [10.0, 20.0], "rate": [1.0, 3.0], "distortion_of_code": [40.0, 80.0]}
    outputs = {name: ops.convert_to_tensor(np.array(values, "float32")) for name, values in outputs.items()}
    objective = AuxiliaryGuided(guidance=0.25, beta=2.0)
    loss = objective.loss(outputs, beta=ops.convert_to_tensor(2.0), steps=None, values=12)
    assert float(loss) == pytest.approx(15.0 + 2.0 * 2.0 + 0.25 * 60.0)


def test_what_the_code_alone_costs_is_what_the_decoders_own_parameters_say():
    vae = model(AuxiliaryGuided())
    latents = ops.convert_to_tensor(np.zeros((5, 1), "float32"))
    bound = vae.likelihood(latents, IMAGES[:5])
    np.testing.assert_allclose(
        ops.convert_to_numpy(bound.of_code.log_prob(IMAGES[:5])),
        ops.convert_to_numpy(LIKELIHOOD(vae.decoder(latents)).log_prob(IMAGES[:5])),
        rtol=1e-6,
    )


def test_the_decoder_draws_the_images_that_it_otherwise_leaves_to_the_pixels_before():
    errors = []
    for objective in (FreeEnergy(), AuxiliaryGuided(guidance=1.0)):
        vae = model(objective)
        vae.start_at(IMAGES)
        vae.compile(optimizer=keras.optimizers.Adam(0.01))
        vae.fit(IMAGES, epochs=20, batch_size=50, verbose=0)
        errors.append(np.sqrt(np.mean((255.0 * vae.reconstruct(IMAGES) - IMAGES) ** 2)))
    assert errors[1] < 0.5 * errors[0]


def test_without_pixels_before_it_is_the_free_energy():
    """A step of training, on the same draws."""
    losses = []
    for objective in (FreeEnergy(), AuxiliaryGuided()):
        vae = VAE((4, 3, 1), 1, network=Dense(hidden=(4,)), likelihood="gaussian", objective=objective, seed=0)
        vae.compile(optimizer=keras.optimizers.SGD(0.0))
        losses.append(vae.fit(IMAGES, epochs=1, batch_size=50, verbose=0).history["loss"])
    assert losses[0] == losses[1]


def test_samples_of_a_guided_decoder_need_not_be_drawn_pixel_by_pixel():
    assert model(FreeEnergy()).has_to_draw
    assert not model(AuxiliaryGuided()).has_to_draw
    assert model(AuxiliaryGuided(guidance=0.0)).has_to_draw
