"""The VAE as a Keras model: its errors, its results, and saving."""

import contextlib

import keras
import numpy as np
import pytest

import freyvae
from freyvae.engine.shuffling import ShuffledBatches
from freyvae.errors import BadInput
from freyvae.metrics import importance_sampled
from freyvae.model import VAE, load_vae
from freyvae.model.likelihoods import LIKELIHOODS
from freyvae.model.networks import Dense
from freyvae.model.posteriors import InverseAutoregressive, Sylvester
from freyvae.model.priors import GaussianMixture, Vamp

pytestmark = pytest.mark.backend
SHAPE = (5, 4, 1)


@pytest.fixture(scope="module")
def images():
    return np.random.default_rng(0).integers(0, 256, (40, *SHAPE), dtype="uint8")


def small_vae(**changes):
    vae = VAE(SHAPE, **{"latent_dim": 2, "seed": 0, **changes})
    vae.compile(optimizer="adam")
    return vae


def test_the_default_networks_are_the_posts():
    vae = VAE((28, 20, 1), likelihood="bernoulli")
    dense = [layer for network in (vae.encoder, vae.decoder) for layer in network.layers if hasattr(layer, "units")]
    assert [(layer.kernel.shape[0], layer.units) for layer in dense] == [
        (560, 256),
        (256, 2),
        (256, 2),
        (2, 256),
        (256, 560),
    ]


@pytest.mark.parametrize("likelihood", LIKELIHOODS)
def test_it_learns(images, likelihood):
    vae = small_vae(likelihood=likelihood)
    same = np.repeat(images[:4], 10, axis=0)
    before = vae.free_energy(same, samples=10).total.mean()
    vae.fit(same, epochs=60, batch_size=10, verbose=0)
    assert vae.free_energy(same, samples=10).total.mean() < before - 1


def test_codes_are_the_same_at_every_call_and_fit_the_decoder(images):
    vae = small_vae()
    codes = vae.encode(images)
    assert codes.shape == (40, 2)
    assert codes.dtype == np.float32
    np.testing.assert_array_equal(codes, vae.encode(images))
    decoded = vae.decode(codes)
    assert decoded.shape == (40, *SHAPE)
    assert decoded.dtype == np.float32
    np.testing.assert_array_equal(decoded, vae.reconstruct(images))
    np.testing.assert_allclose(decoded, vae.generator.predict(codes, verbose=0), rtol=1e-5)
    np.testing.assert_allclose(codes, vae.encoder.predict(images, verbose=0)[0], rtol=1e-4, atol=1e-5)


def test_more_images_than_a_chunk_are_encoded_as_they_are_alone(images, monkeypatch):
    vae = small_vae()
    together = vae.encode(images)
    monkeypatch.setattr("freyvae.model.arrays.CHUNK", 7)
    np.testing.assert_allclose(vae.encode(images), together, rtol=1e-5, atol=1e-6)


def test_what_is_prepared_is_not_compiled_again_and_nothing_is_changed_by_it(images, caplog):
    vae, other = small_vae(), small_vae()
    codes = other.encode(images)
    expected = [codes, other.encode(images[:7]), other.decode(codes)]
    vae.prepare(encode=[40, 7], decode=[33])
    with noting_compilations():
        found = [vae.encode(images), vae.encode(images[:7]), vae.decode(codes)]
        assert not caplog.records
        vae.decode(codes[:3])
    assert bool(caplog.records) == (keras.backend.backend() == "jax")  # this one was not compiled before
    for ours, theirs in zip(found, expected, strict=True):
        np.testing.assert_array_equal(ours, theirs)


def noting_compilations():
    """Log every compilation, if the backend is JAX."""
    if keras.backend.backend() != "jax":
        return contextlib.nullcontext()
    import jax

    return jax.log_compiles()


def test_encoder_and_generator_share_the_trained_weights_and_can_be_saved_alone(images, tmp_path):
    vae = small_vae()
    generator, encoder = vae.generator, vae.encoder
    vae.fit(images, epochs=1, batch_size=10, verbose=0)
    codes = vae.encode(images)
    np.testing.assert_allclose(generator.predict(codes, verbose=0), vae.decode(codes), rtol=1e-5)
    generator.save(tmp_path / "generator.keras")
    encoder.save(tmp_path / "encoder.keras")
    loaded = keras.saving.load_model(tmp_path / "generator.keras")
    np.testing.assert_allclose(loaded.predict(codes, verbose=0), vae.decode(codes), rtol=1e-5)
    loaded = keras.saving.load_model(tmp_path / "encoder.keras")
    np.testing.assert_allclose(loaded.predict(images, verbose=0)[0], codes, rtol=1e-4, atol=1e-5)


def test_free_energy_is_distortion_plus_rate_per_image_and_is_what_training_reports(images):
    vae = small_vae()
    parts = vae.free_energy(images, samples=50)
    assert parts.distortion.shape == parts.rate.shape == (40,)
    np.testing.assert_allclose(parts.total, parts.distortion + parts.rate)
    reported = vae.evaluate(images, batch_size=40, verbose=0, return_dict=True)
    assert set(reported) == {"loss", "free_energy", "distortion", "rate", "bits_per_dim"}
    assert reported["free_energy"] == pytest.approx(parts.total.mean(), rel=0.02)
    assert reported["loss"] == pytest.approx(reported["free_energy"], rel=1e-5)
    assert reported["bits_per_dim"] == pytest.approx(reported["free_energy"] / (20 * np.log(2)), rel=1e-5)


def test_a_density_has_no_bits_per_dimension(images):
    vae = small_vae(likelihood="gaussian")
    assert "bits_per_dim" not in vae.evaluate(images, verbose=0, return_dict=True)


def test_beta_weighs_the_rate_in_the_loss_and_not_in_the_free_energy(images):
    reported = small_vae(beta=3.0).evaluate(images, verbose=0, return_dict=True)
    assert reported["loss"] == pytest.approx(reported["distortion"] + 3 * reported["rate"], rel=1e-4)
    assert reported["free_energy"] == pytest.approx(reported["distortion"] + reported["rate"], rel=1e-4)


def test_the_posts_loss_averages_the_cross_entropy_and_sums_the_kl(images):
    vae = small_vae(likelihood="bernoulli", average_distortion=True, noise_scale=0.01)
    reported = vae.evaluate(images, verbose=0, return_dict=True)
    assert reported["loss"] == pytest.approx(reported["distortion"] / 20 + reported["rate"], rel=1e-4)


def test_warm_up_lets_the_rate_in_step_by_step(images):
    slow = VAE(SHAPE, 2, warm_up_steps=8, seed=0)
    slow.compile(optimizer=keras.optimizers.SGD(0.0))
    same = np.repeat(images[:1], 40, axis=0)  # every batch has the same rate
    history = slow.fit(same, epochs=3, batch_size=10, verbose=0).history
    # four steps an epoch: mean weights of (1..4)/8, (5..8)/8, 1
    rates = np.array(history["rate"])
    weights = (np.array(history["loss"]) - np.array(history["distortion"])) / rates
    np.testing.assert_allclose(weights, [0.3125, 0.8125, 1.0], rtol=0.05)
    assert slow.evaluate(images, verbose=0, return_dict=True)["loss"] > 0


def test_saving_keeps_everything(images, tmp_path):
    # without noise, since a .keras file does not hold the state of its generator
    vae = small_vae(likelihood="gaussian", beta=2.0, noise_scale=0.0, warm_up_steps=3)
    vae.fit(images, epochs=2, batch_size=10, verbose=0)
    vae.save(tmp_path / "model.keras")
    loaded = load_vae(tmp_path / "model.keras")
    assert {**loaded.get_config(), "encoder": 0, "decoder": 0} == {**vae.get_config(), "encoder": 0, "decoder": 0}
    np.testing.assert_array_equal(loaded.encode(images), vae.encode(images))
    np.testing.assert_array_equal(loaded.free_energy(images).total, vae.free_energy(images).total)
    before = vae.fit(images, epochs=1, batch_size=10, verbose=0, shuffle=False).history["loss"]
    after = loaded.fit(images, epochs=1, batch_size=10, verbose=0, shuffle=False).history["loss"]
    # the optimizer's moments and the step count were saved with it
    np.testing.assert_allclose(after, before, rtol=1e-6)


# every posterior and every prior, with draws from each
LATENT_SIDES = {
    "planar": {"posterior": "planar", "flow_length": 2},
    "sylvester, mixture": {"posterior": Sylvester(2), "prior": GaussianMixture(4)},
    "autoregressive, vamp": {"posterior": InverseAutoregressive(2), "prior": Vamp(4)},
    "vamp": {"prior": "vamp", "prior_components": 4, "importance_samples": 3},
}


@pytest.mark.parametrize("choices", LATENT_SIDES.values(), ids=LATENT_SIDES)
def test_whatever_the_posterior_and_the_prior_it_trains_and_is_saved(images, tmp_path, choices):
    vae = small_vae(**choices)
    before = {id(weight): np.array(weight) for weight in vae.trainable_variables}
    reported = vae.fit(images, validation_data=images, epochs=1, batch_size=20, verbose=0).history
    assert all(np.isfinite(value).all() for value in reported.values())
    moved = [weight for weight in vae.trainable_variables if (np.array(weight) != before[id(weight)]).any()]
    # except one: at first, equal gates multiply the effect of the inner weights of the autoregressive network by zero
    assert len(moved) >= len(before) - (6 if isinstance(vae.posterior_choice, InverseAutoregressive) else 0)
    parts = vae.free_energy(images, samples=20)
    assert parts.total.mean() == pytest.approx(reported["val_free_energy"][0], rel=0.02)
    assert vae.sample_means(3).shape == (3, *SHAPE)
    assert vae.sample_latents(3, seed=1).shape == (3, 2)
    vae.save(tmp_path / "model.keras")
    loaded = load_vae(tmp_path / "model.keras")
    assert {**loaded.get_config(), "encoder": 0, "decoder": 0} == {**vae.get_config(), "encoder": 0, "decoder": 0}
    np.testing.assert_array_equal(loaded.encode(images), vae.encode(images))
    np.testing.assert_array_equal(loaded.sample_latents(5), vae.sample_latents(5))
    np.testing.assert_array_equal(loaded.free_energy(images).total, vae.free_energy(images).total)


def test_the_importance_weighted_loss_lies_below_the_free_energy_that_is_reported_with_it(images):
    vae, plain = small_vae(importance_samples=20), small_vae()
    for network in (vae, plain):
        # codes that carry information, so that draws differ
        kernel = network.decoder.get_layer("location").kernel
        kernel.assign(3.0 * np.array(kernel))
    reported, expected = (v.evaluate(images, batch_size=40, verbose=0, return_dict=True) for v in (vae, plain))
    assert reported["free_energy"] == pytest.approx(expected["free_energy"], rel=0.02)
    assert reported["rate"] == pytest.approx(expected["rate"], rel=1e-4)
    assert expected["loss"] == pytest.approx(expected["free_energy"], rel=1e-5)
    assert reported["loss"] < reported["free_energy"] - 0.1


def test_free_bits_are_a_floor_of_the_rate_in_the_loss_and_not_in_the_free_energy(images):
    reported = small_vae(free_bits=50.0, beta=2.0).evaluate(images, batch_size=40, verbose=0, return_dict=True)
    assert reported["loss"] == pytest.approx(reported["distortion"] + 2.0 * 2 * 50.0, rel=1e-4)
    assert reported["free_energy"] == pytest.approx(reported["distortion"] + reported["rate"], rel=1e-4)
    free = small_vae(free_bits=1e-6).evaluate(images, batch_size=40, verbose=0, return_dict=True)
    assert free["loss"] == pytest.approx(free["free_energy"], rel=1e-4)


def test_networks_of_ones_own_stand_in_for_the_posts(images):
    inputs = keras.Input(SHAPE, dtype="uint8")
    hidden = keras.layers.Conv2D(4, 3, activation="relu")(keras.layers.Rescaling(1 / 255)(inputs))
    hidden = keras.layers.Flatten()(hidden)
    encoder = keras.Model(inputs, [keras.layers.Dense(3)(hidden), keras.layers.Dense(3)(hidden)])
    vae = small_vae(latent_dim=3, encoder=encoder)
    vae.fit(images, epochs=1, batch_size=10, verbose=0)
    assert vae.encode(images).shape == (40, 3)


def test_seeds_make_everything_the_same(images):
    first, second, other = (small_vae(seed=seed) for seed in (1, 1, 2))
    for vae in (first, second, other):
        vae.fit(images, epochs=2, batch_size=10, verbose=0, shuffle=False)
    np.testing.assert_array_equal(first.encode(images), second.encode(images))
    assert np.abs(first.encode(images) - other.encode(images)).max() > 1e-3
    np.testing.assert_array_equal(first.sample_means(3, seed=5), second.sample_means(3, seed=5))
    assert np.abs(first.sample_means(3, seed=5) - first.sample_means(3, seed=6)).max() > 0


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        ({"latent_dim": 0}, "latent_dim must be a whole number and at least 1, not 0"),
        ({"likelihood": "poisson"}, "unknown likelihood 'poisson'"),
        ({"beta": -1.0}, r"beta must be at least 0, not -1\.0"),
        ({"image_shape": (5, 4)}, "image_shape must be"),
        ({"image_shape": (5, 4, 17)}, "image_shape must be"),
        ({"encoder": Dense().encoder(SHAPE, 3)}, "the encoder goes from"),
        ({"decoder": Dense().decoder(2, SHAPE)}, "the decoder goes from"),
    ],
)
def test_what_does_not_fit_is_refused(arguments, line):
    with pytest.raises(BadInput, match=line):
        VAE(**{"image_shape": SHAPE, **arguments})


@pytest.mark.parametrize(
    ("call", "line"),
    [
        (
            lambda vae: vae.encode(np.zeros((2, 6, 4, 1), "uint8")),
            "images are 6 x 4 grey images, but this model is of 5",
        ),
        (lambda vae: vae.encode(np.full((2, *SHAPE), 2.0)), "images"),
        (lambda vae: vae.fit(np.zeros((2, 5, 4, 3), "uint8")), "training images are 5 x 4 colour images"),
        (lambda vae: vae.decode([[1.0, 2.0, 3.0]]), r"must have the shape \(image, 2\)"),
        (lambda vae: vae.decode([[1.0, np.nan]]), "must be finite"),
        (lambda vae: vae.decode(np.zeros((0, 2))), "no latents in an empty array"),
        (lambda vae: vae.encode((np.zeros((2, *SHAPE), "uint8"),)), r"shape \(1, 2, 5, 4, 1\)"),
        (lambda vae: vae.evaluate(np.full((2, *SHAPE), 2.0)), "images"),
        (lambda vae: vae.predict(np.zeros((2, 6, 4, 1), "uint8")), "images are 6 x 4 grey images"),
        (lambda vae: vae.fit(np.zeros((2, *SHAPE), "uint8"), sample_weight=np.ones(2)), "sample_weight has no effect"),
        (lambda vae: vae.fit(np.zeros((2, *SHAPE), "uint8"), class_weight={0: 2.0}), "class_weight has no effect"),
        (lambda vae: vae.sample(0), "at least 1, not 0"),
        (lambda vae: vae.free_energy(np.zeros((2, *SHAPE), "uint8"), samples=0), "at least 1, not 0"),
    ],
)
def test_wrong_arrays_are_refused(call, line):
    with pytest.raises(BadInput, match=line):
        call(small_vae())


def test_pixels_in_floats_are_the_same_images_wherever_they_enter(images):
    vae, pixels, once = small_vae(), images / 255.0, {"shuffle": False, "verbose": 0}
    np.testing.assert_array_equal(vae.encode(keras.ops.convert_to_tensor(pixels)), vae.encode(images))
    for measured in (
        lambda given: small_vae().fit(given, validation_data=(given,), **once).history["val_free_energy"],
        lambda given: small_vae().fit(given, given, validation_data=(given, given), **once).history["val_loss"],
    ):
        np.testing.assert_array_equal(measured(pixels), measured(images))


class TestLoading:
    def test_no_file(self, tmp_path):
        with pytest.raises(BadInput, match="no model at"):
            load_vae(tmp_path / "model.keras")

    def test_a_truncated_file(self, tmp_path):
        path = tmp_path / "model.keras"
        small_vae().save(path)
        path.write_bytes(path.read_bytes()[:-500])
        with pytest.raises(BadInput, match="is truncated"):
            load_vae(path)

    def test_a_foreign_zip(self, tmp_path):
        import zipfile

        path = tmp_path / "model.keras"
        with zipfile.ZipFile(path, "w") as archive:
            archive.writestr("hello.txt", "hello")
        with pytest.raises(BadInput, match="cannot be loaded in safe mode"):
            load_vae(path)

    def test_another_keras_model(self, tmp_path):
        path = tmp_path / "model.keras"
        keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)]).save(path)
        with pytest.raises(BadInput, match="holds a Sequential, not a freyvae VAE"):
            load_vae(path)

    def test_a_lambda(self, tmp_path):
        path = tmp_path / "model.keras"
        inputs = keras.Input((2,))
        outputs = keras.layers.Lambda(lambda values: values * 2, output_shape=(2,))(inputs)
        keras.Model(inputs, outputs).save(path)
        with pytest.raises(BadInput, match="safe mode"):
            load_vae(path)

    def test_an_unregistered_class(self, tmp_path):
        class Stranger(keras.layers.Layer):
            def call(self, values):
                return values

        path = tmp_path / "model.keras"
        inputs = keras.Input((2,))
        keras.Model(inputs, Stranger()(inputs)).save(path)
        with pytest.raises(BadInput, match="Stranger"):
            load_vae(path)


def test_the_designs_ten_lines(frey_faces):
    train, held_out = freyvae.split(frey_faces, "blog")
    vae = freyvae.VAE(image_shape=(28, 20, 1), latent_dim=2)
    vae.compile(optimizer="adam")
    history = vae.fit(train, validation_data=held_out, epochs=2, batch_size=100, verbose=0)
    assert history.history["val_free_energy"][1] < history.history["val_free_energy"][0]
    assert vae.encode(held_out).shape == (100, 2)
    assert vae.decode([[0.5, -1.0]]).shape == (1, 28, 20, 1)


def test_keras_own_fit_shows_every_image_once_an_epoch_in_the_order_of_seed_and_step(images):
    vae = small_vae()
    batches = ShuffledBatches(vae, images, batch_size=15, seed=3)

    def epoch():
        batches.on_epoch_begin()
        return np.concatenate([batches[number][0] for number in range(len(batches))])

    first, again = epoch(), epoch()
    np.testing.assert_array_equal(first, again)
    assert sorted(map(bytes, first)) == sorted(map(bytes, images))
    vae.optimizer.iterations.assign(3)
    assert (epoch() != first).any()


def test_nothing_is_kept_for_gradients_where_nothing_is_learned(monkeypatch, images):
    seen = []

    def watched(method):
        def call(self, *arguments, **choices):
            found = method(self, *arguments, **choices)
            seen.append(getattr(found.mean(), "requires_grad", False))
            return found

        return call

    for name in ("likelihood", "likelihood_of"):
        monkeypatch.setattr(VAE, name, watched(getattr(VAE, name)))
    vae = small_vae()
    vae.decode(vae.encode(images))
    vae.free_energy(images)
    importance_sampled(vae, images[:3], samples=2)
    assert len(seen) >= 3
    assert not any(seen)
