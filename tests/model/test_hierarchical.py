"""Groups of latents below the code: what the network `hierarchical` draws, counts, keeps and shows."""

import keras
import numpy as np
import pytest
from keras import ops

from freyvae.errors import BadInput
from freyvae.metrics import importance_sampled
from freyvae.model import VAE
from freyvae.model.details import LARGEST_LOG_VARIANCE, Details, details_chosen
from freyvae.model.networks import Convolutional, Hierarchical

pytestmark = pytest.mark.backend
SHAPE = (10, 9, 3)
IMAGES = np.random.default_rng(0).integers(0, 256, (12, *SHAPE), dtype="uint8")


def numpy(tensor):
    return ops.convert_to_numpy(tensor)


def unsettled(vae):
    """Weights of the details with which they count, posteriors that depend on the image and on what is above."""
    random = np.random.default_rng(1)
    for details in vae.groups_below:
        for weight in details.weights:
            weight.assign(numpy(weight.value) + random.normal(0, 0.2, weight.shape))
    return vae


@pytest.fixture(scope="module")
def vae():
    model = VAE(SHAPE, 2, network=Hierarchical(width=4, blocks=2, detail_channels=2), seed=0)
    model.start_at(IMAGES)
    return unsettled(model)


@pytest.mark.parametrize(
    ("shape", "sizes", "precision"),
    [
        ((17, 9, 3), [(5, 5), (10, 5)], "float32"),
        ((1, 12, 1), [(1, 6)], "float32"),
        ((3, 2, 5), [(3, 2)], "bfloat16"),
    ],
    ids=str,
)
def test_each_size_of_the_decoder_has_groups_whatever_the_images(shape, sizes, precision):
    vae = VAE(shape, 2, network=Hierarchical(width=3, detail_channels=3), precision=precision, seed=0)
    assert [details.size for details in vae.groups_below] == sizes
    assert [details.latents for details in vae.groups_below] == [3 * height * width for height, width in sizes]
    images = np.zeros((2, *shape), "uint8")
    assert vae.reconstruct(images).shape == (2, *shape)
    latents = sum(details.latents for details in vae.groups_below)
    assert f"with {latents} latents in {len(sizes)} spatial group" in vae.network.in_words(shape, 2)


def test_a_group_adds_its_latents_scaled_and_mixed_to_the_state():
    details = Details(2, "features", 3, activation="tanh", seed=0)
    details.build((None, 2, 3, 4))
    details.deviation.kernel.assign(np.random.default_rng(0).normal(size=(1, 1, 4, 2)))
    state, latents = (np.random.default_rng(1).normal(size=(5, 2, 3, size)).astype("float32") for size in (4, 2))
    with details_chosen(lambda layer, given: ops.reshape(latents, (5, -1))):
        found = numpy(details(state))
    deviation = np.exp(3 * np.tanh(np.tanh(state) @ numpy(details.deviation.kernel)[0, 0] / 3))
    np.testing.assert_allclose(found, state + deviation * latents @ numpy(details.addition.kernel)[0, 0], atol=1e-5)
    np.testing.assert_array_equal(numpy(details(state)), state)


def test_the_free_energy_is_the_distortion_and_the_kl_of_every_group(vae):
    encoded = vae.encoded(ops.convert_to_tensor(IMAGES))
    found = vae.estimate(ops.convert_to_tensor(IMAGES), encoded, keras.random.SeedGenerator(3))
    kls, log_ratios = [], []
    for group in found.groups:
        mean, log_variance, drawn = map(numpy, (group.posterior.mean, group.posterior.log_variance, group.latents))
        kls.append(0.5 * (mean**2 + np.exp(log_variance) - 1 - log_variance).sum(axis=1))
        squares = drawn**2 - (drawn - mean) ** 2 / np.exp(log_variance)
        log_ratios.append(-0.5 * (squares - log_variance).sum(axis=1))
    assert len(kls) == 1 + 2
    assert min(kl.mean() for kl in kls[1:]) > 1
    np.testing.assert_allclose(numpy(found.parts.rates), np.stack(kls, axis=1), rtol=1e-3)
    latents = ops.concatenate([group.latents for group in found.groups], axis=1)
    distortion = -numpy(vae.pixel_likelihood(vae.decoded_from_all(latents)).log_prob(IMAGES))
    np.testing.assert_allclose(numpy(found.parts.total), distortion + sum(kls), rtol=1e-4)
    np.testing.assert_allclose(numpy(found.log_weights), sum(log_ratios) - distortion, rtol=1e-4)


def test_the_likelihood_is_the_same_by_any_posterior_and_below_the_free_energy():
    vae = VAE((3, 2, 1), 2, network=Hierarchical(width=4, detail_channels=1), seed=0)
    vae.decoder.get_layer("scale").constants.assign(np.full((3, 2, 1), 2.0))  # broad: few draws are enough
    unsettled(vae)
    images = np.random.default_rng(0).integers(90, 160, (4, 3, 2, 1), dtype="uint8")
    found = importance_sampled(vae, images, samples=4000)
    assert (found.nll < found.free_energy).all()
    for weight in vae.groups_below[0].posterior_parameters.weights:
        weight.assign(0 * numpy(weight.value))  # now it is the prior
    blind = importance_sampled(vae, images, samples=4000)
    assert blind.rates[:, 1].max() == 0 < found.rates[:, 1].min()
    np.testing.assert_allclose(found.nll, blind.nll, atol=0.1)


def test_a_posterior_sees_the_image_and_the_groups_above(vae):
    def posteriors(image, code):
        features = iter(vae.encoded(ops.convert_to_tensor(IMAGES[image : image + 1])).features)
        found = []

        def choose(details, state):
            found.append(numpy(details.posterior(state, next(features)).mean))
            return found[-1]

        vae.decoded(ops.convert_to_tensor(np.full((1, 2), code, "float32")), choose)
        return found

    here = posteriors(0, 0.0)
    for others in (posteriors(1, 0.0), posteriors(0, 2.0)):
        assert all(np.abs(one - other).max() > 1e-3 for one, other in zip(here, others, strict=True))


def test_the_decoder_alone_is_the_convolutional_one_with_latents_of_zero_below(vae):
    latents = np.random.default_rng(0).normal(size=(3, 2)).astype("float32")
    alone = numpy(vae.decoder(latents))
    zero = vae.decoded(latents, lambda details, state: ops.zeros((3, details.latents)))
    np.testing.assert_allclose(numpy(zero), alone, atol=1e-6)
    plain = Convolutional(width=4, blocks=2).decoder(2, SHAPE)
    for layer in plain.layers:
        layer.set_weights(vae.decoder.get_layer(layer.name).get_weights())
    np.testing.assert_allclose(numpy(plain(latents)), alone[..., :3], atol=1e-6)
    np.testing.assert_allclose(numpy(vae.generator(latents)), vae.decode(latents), atol=1e-6)


def test_reconstructions_and_samples_have_details_and_codes_decoded_alone_have_none(vae):
    assert np.abs(vae.reconstruct(IMAGES) - vae.decode(vae.encode(IMAGES))).max() > 0.01
    codes = vae.sample_latents(4, seed=1)
    means = vae.sample_means(4, seed=1)
    assert np.abs(means - vae.decode(codes)).max() > 0.01
    np.testing.assert_array_equal(means, vae.sample_means(4, seed=1))
    np.testing.assert_allclose(means, vae.sample_means(codes, seed=1), atol=1e-6)
    np.testing.assert_array_equal(vae.sample(4, seed=1), vae.sample(codes, seed=1))


@pytest.mark.parametrize("far", [1e4, -1e4])
def test_no_weights_make_a_deviation_infinite(far, vae):
    details = vae.groups_below[0]
    before = details.get_weights()
    for layer in (details.posterior_parameters, details.deviation):
        layer.bias.assign(np.full(layer.bias.shape, far))
    state, features = (np.zeros((1, *details.size, 4), "float32") for _ in range(2))
    log_variance = numpy(details.posterior(state, features).log_variance)
    with details_chosen(lambda layer, given: np.ones((1, layer.latents), "float32")):
        found = numpy(details(state))
    details.set_weights(before)
    np.testing.assert_allclose(log_variance, np.sign(far) * LARGEST_LOG_VARIANCE)
    assert np.isfinite(found).all()


def test_a_training_lowers_the_free_energy_and_a_saved_model_has_the_same_numbers(tmp_path):
    network, images = Hierarchical(width=4), IMAGES[:, :7, :6]
    vae = VAE((7, 6, 3), 2, network=network, seed=0)
    vae.start_at(images)
    before = [numpy(weight.value) for weight in vae.trainable_variables]
    vae.compile(optimizer=keras.optimizers.Adam(0.01))
    assert vae.is_mean_over_images
    losses = vae.fit(images, epochs=8, batch_size=6, verbose=0).history["loss"]
    assert losses[-1] < losses[0] - 5
    still = [
        weight.path
        for weight, old in zip(vae.trainable_variables, before, strict=True)
        if np.array_equal(numpy(weight.value), old)
    ]
    assert still == []
    vae.save(tmp_path / "model.keras")
    loaded = keras.models.load_model(tmp_path / "model.keras")
    assert loaded.network == network
    np.testing.assert_array_equal(loaded.reconstruct(images), vae.reconstruct(images))
    for one, other in zip(loaded.get_weights(), vae.get_weights(), strict=True):
        np.testing.assert_array_equal(one, other)


def test_flows_learned_priors_and_the_importance_weighted_bound_go_with_it():
    vae = VAE(
        (3, 2, 3),
        2,
        network=Hierarchical(width=3),
        posterior="planar",
        prior="vamp",
        prior_components=4,
        objective="importance-weighted",
        importance_samples=2,
        seed=0,
    )
    images = IMAGES[:, :3, :2]
    vae.start_at(images)
    vae.compile(optimizer=keras.optimizers.Adam(0.01))
    losses = vae.fit(images, epochs=5, batch_size=6, verbose=0).history["loss"]
    assert losses[-1] < losses[0] - 5


def test_an_encoder_without_the_features_is_refused():
    network = Hierarchical(width=4)
    with pytest.raises(BadInput, match="decoder_1_block_1_details needs a layer encoder_1_block_1 of the encoder"):
        VAE(SHAPE, 2, network=network, encoder=Convolutional(width=5).encoder(SHAPE, 2))
