"""What pixels cost adds up to what images cost, with every kind of decoder."""

import numpy as np
import pytest

from freyvae.errors import BadInput
from freyvae.metrics import image_costs as module
from freyvae.metrics.image_costs import cost_maps, image_costs
from freyvae.model import VAE
from freyvae.model.likelihoods import MixtureOfLogistics
from freyvae.model.networks import Hierarchical

SHAPE = (4, 5, 3)
IMAGES = np.random.default_rng(0).integers(0, 256, (7, *SHAPE), dtype="uint8")
NEIGHBOURHOOD = MixtureOfLogistics(autoregressive=True, context="neighbourhood")
MODELS = {
    "plain": {},
    "coupled": {"likelihood": MixtureOfLogistics(coupled=True)},
    "autoregressive": {"likelihood": NEIGHBOURHOOD},
    "hierarchical": {"network": Hierarchical(width=4, detail_channels=2)},
    "flow": {"posterior": "planar", "flow_length": 1},
}


@pytest.fixture(scope="module", params=MODELS)
def vae(request):
    choices = {"network": "dense", **MODELS[request.param]}
    return VAE(SHAPE, 2, seed=0, **choices)


def test_pixels_add_up_to_the_free_energy(vae):
    (costs,) = image_costs(vae, IMAGES, samples=1, seed=3)
    assert costs.distortion.shape == costs.distortion_of_code.shape == costs.error.shape == (7, *SHAPE[:2])
    same_draws = vae.free_energy(IMAGES, samples=1, seed=3)
    np.testing.assert_allclose(costs.distortion.sum(axis=(1, 2)), same_draws.distortion, rtol=1e-4)
    np.testing.assert_allclose(costs.rate, same_draws.rate, rtol=1e-4, atol=1e-4)
    error = np.sqrt(np.square(costs.error).mean())
    assert error == pytest.approx(np.sqrt(np.mean((255 * vae.reconstruct(IMAGES) - IMAGES) ** 2)), rel=1e-4)
    np.testing.assert_allclose(costs.codes, vae.encode(IMAGES), rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(costs.deviations, vae.posterior_deviations(IMAGES), rtol=1e-4, atol=1e-5)
    # the code alone is asked apart of an autoregressive decoder
    assert np.array_equal(costs.distortion, costs.distortion_of_code) == (vae.autoregression is None)


def test_maps_are_in_bits():
    vae = VAE(SHAPE, 2, seed=0)
    (costs,) = image_costs(vae, IMAGES, samples=1, seed=3)
    maps = cost_maps(vae, IMAGES, samples=1, seed=3)
    np.testing.assert_allclose(maps * np.log(2), costs.distortion_of_code, rtol=1e-5)


def test_chunks_are_in_the_order_of_the_images(monkeypatch):
    vae = VAE(SHAPE, 2, seed=0)
    monkeypatch.setattr(module, "MOST_AT_ONCE", 4)
    chunks = list(image_costs(vae, IMAGES))
    assert [len(chunk.rate) for chunk in chunks] == [4, 3]
    np.testing.assert_allclose(np.concatenate([chunk.codes for chunk in chunks]), vae.encode(IMAGES), atol=1e-5)


def test_a_pixel_out_of_place_costs_more_than_others():
    vae = VAE((6, 6, 1), 1, likelihood="discretized-logistic", seed=0)
    images = np.full((20, 6, 6, 1), 100, "uint8")
    vae.start_at(images)
    images[3, 2, 4] = 250
    found = cost_maps(vae, images)
    assert np.unravel_index(found.argmax(), found.shape) == (3, 2, 4)


def test_images_of_another_shape_and_no_draws_are_refused():
    vae = VAE(SHAPE, 2, seed=0)
    with pytest.raises(BadInput, match="images are 4 x 4 colour images, but this model is of 4 x 5 colour images"):
        cost_maps(vae, IMAGES[:, :, :4])
    with pytest.raises(BadInput, match="samples must be a whole number and at least 1, not 0"):
        cost_maps(vae, IMAGES, samples=0)
