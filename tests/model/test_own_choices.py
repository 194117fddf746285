"""Choices that users write in their own files work like the shipped ones."""

from dataclasses import dataclass

import keras
import numpy as np
import pytest
from keras import layers, ops

from freyvae.evaluation import importance_sampled
from freyvae.explorer.graph import read_graph, with_parameters
from freyvae.model import VAE, Network, Objective, Posterior, Prior, load_vae
from freyvae.model.distributions import IndependentNormals, MixtureOfNormals
from freyvae.model.posterior import Flow

pytestmark = pytest.mark.backend
SHAPE = (5, 4, 1)


@keras.saving.register_keras_serializable("own")
@dataclass(frozen=True)
class Shifted(Prior):
    """A normal with a learned mean and a given standard deviation."""

    name = "shifted"
    deviation: float = 1.0

    def add_weights(self, weights, *, latent_dim, image_shape, seed):
        weights.add("mean", (1, latent_dim), "ones")

    def distribution(self, weights, *, latent_dim, encode):
        mean = ops.convert_to_tensor(weights["mean"])
        log_variance = ops.full((1, latent_dim), 2 * float(np.log(self.deviation)))
        return MixtureOfNormals(ops.zeros(1), mean, log_variance)


@keras.saving.register_keras_serializable("own")
@dataclass(frozen=True)
class Narrow(Posterior):
    """A normal with half the standard deviation that the encoder returns."""

    name = "narrow"

    def distribution(self, outputs, weights):
        mean, log_variance = outputs
        return IndependentNormals(mean, log_variance - 2 * float(np.log(2)))


@keras.saving.register_keras_serializable("own")
@dataclass(frozen=True)
class Scaling(Flow):
    """Each step scales by learned factors. Then all latents of an image are shifted by a number from the encoder."""

    name = "scaling"

    def parameters_per_image(self, latent_dim):
        return 1

    def add_weights(self, weights, *, latent_dim, seed):
        weights.add("log_scales", (self.length, latent_dim), "zeros")

    def transform(self, latents, parameters, weights):
        log_scale = ops.sum(ops.convert_to_tensor(weights["log_scales"]), axis=0)
        return latents * ops.exp(log_scale) + parameters, ops.zeros_like(latents[:, 0]) + ops.sum(log_scale)


@keras.saving.register_keras_serializable("own")
@dataclass(frozen=True)
class Linear(Network):
    """A network without hidden layers."""

    name = "linear"
    bias: bool = True

    def encoder(self, image_shape, latent_dim, *, parameters_per_image=0, seed=None):
        images = keras.Input(image_shape, dtype="uint8")
        pixels = layers.Flatten()(layers.Rescaling(1 / 255)(images))
        units = [latent_dim, latent_dim, *([parameters_per_image] if parameters_per_image else [])]
        return keras.Model(images, [layers.Dense(count, use_bias=self.bias)(pixels) for count in units])

    def decoder(self, latent_dim, image_shape, *, parameters_per_value=1, seed=None):
        latents = keras.Input((latent_dim,))
        shape = (*image_shape[:2], image_shape[2] * parameters_per_value)
        return keras.Model(latents, layers.Reshape(shape)(layers.Dense(int(np.prod(shape)))(latents)))

    def in_words(self, image_shape, latent_dim):
        return "a linear network"


@keras.saving.register_keras_serializable("own")
@dataclass(frozen=True)
class Capacity(Objective):
    """Distortion plus the distance of the rate from a capacity (Burgess et al. 2018, eq. 8)."""

    name = "capacity"
    nats: float = 2.0

    def loss(self, outputs, *, beta, steps, values):
        return ops.mean(outputs["distortion"]) + 10 * ops.abs(ops.mean(outputs["rate"]) - self.nats)


OWN = {
    "prior": Shifted(deviation=0.5),
    "posterior": Narrow(),
    "flow": Scaling(length=3),
    "network": Linear(bias=False),
    "objective": Capacity(nats=1.0),
}


@pytest.mark.parametrize("what", OWN)
def test_a_choice_of_ones_own_is_trained_saved_and_loaded_with_its_fields(what, images, tmp_path):
    own = OWN[what]
    argument = "posterior" if what == "flow" else what
    vae = VAE(SHAPE, 2, seed=0, **{argument: own})
    vae.start_at(images)
    vae.compile(optimizer=keras.optimizers.Adam(0.01))
    history = vae.fit(images, validation_data=images, epochs=4, batch_size=20, verbose=0).history
    assert history["loss"][-1] < history["loss"][0]
    vae.save(tmp_path / "model.keras")
    loaded = load_vae(tmp_path / "model.keras")
    attributes = {"network": "network", "objective": "objective"}
    assert getattr(loaded, attributes.get(argument, f"{argument}_choice")) == own
    np.testing.assert_allclose(loaded.encode(images), vae.encode(images), rtol=1e-5, atol=1e-6)
    np.testing.assert_array_equal(loaded.sample(3), vae.sample(3))
    measured = importance_sampled(loaded, images[:5], samples=10)
    assert np.isfinite(measured.nll).all()
    read_graph(with_parameters(loaded.generator), name="decoder").check_page_can_compute()


def test_a_capacity_is_reached(images):
    vae = VAE(SHAPE, 2, objective=Capacity(nats=1.0), seed=0)
    vae.compile(optimizer=keras.optimizers.Adam(0.01))
    vae.fit(images, epochs=60, batch_size=57, verbose=0)
    assert vae.free_energy(images).rate.mean() == pytest.approx(1.0, abs=0.3)


def test_a_field_of_ones_own_is_checked_by_its_annotation():
    with pytest.raises(ValueError, match="nats must be a number, not 'many'"):
        Capacity(nats="many")
