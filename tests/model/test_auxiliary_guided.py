"""The decoder learns an image of its own, although the pixels before say nearly all of each pixel."""

import keras
import numpy as np
import pytest
from keras import ops

from freyvae.errors import BadInput
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
    vae = model(AuxiliaryGuided(guidance=0.25, beta=2.0))
    found = vae(IMAGES[:5])
    posterior = vae.posterior(IMAGES[:5])
    assert float(ops.max(posterior.deviation)) > 0
    loss = float(vae.compute_loss(x=IMAGES[:5], y_pred=found, training=False))
    distortion, rate, of_code = (
        ops.convert_to_numpy(found[name]).mean() for name in ("distortion", "rate", "distortion_of_code")
    )
    assert loss == pytest.approx(distortion + 2.0 * rate + 0.25 * of_code, rel=1e-5)
    assert abs(of_code - distortion) > 1.0


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
        vae.fit(IMAGES, epochs=30, batch_size=50, verbose=0)
        errors.append(np.sqrt(np.mean((255.0 * vae.reconstruct(IMAGES) - IMAGES) ** 2)))
    assert errors[1] < 0.5 * errors[0]


def test_without_pixels_before_it_is_refused():
    with pytest.raises(BadInput, match=r"objective auxiliary-guided is for an autoregressive likelihood, and gaussian"):
        VAE((4, 3, 1), 1, likelihood="gaussian", objective="auxiliary-guided")
