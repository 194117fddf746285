"""The importance-sampled likelihood against the exact one of a linear model, and its memory against a bound."""

import keras
import numpy as np
import pytest
from keras import ops
from sklearn.decomposition import FactorAnalysis
from tests.linear_gaussian import SCALES, VALUES, LinearGaussian

from freyvae import kept_parts
from freyvae.errors import BadInput
from freyvae.kept_parts import keeping
from freyvae.metrics import importance, importance_sampled, standard_error
from freyvae.model import VAE
from freyvae.model.distributions import IndependentNormals, UnitNormal
from freyvae.model.groups import Encoded

LATENTS, IMAGES = 2, 40
pytestmark = pytest.mark.backend
on_jax = pytest.mark.skipif(keras.backend.backend() != "jax", reason="the gradient is taken with JAX")


class LinearVAE:
    """p(x | z) = N(mean + z loadings, SCALES^2), and the exact posterior, shifted and widened by the arguments."""

    variables = ()
    image_shape = (VALUES, 1, 1)
    latent_dim = LATENTS
    pixel_likelihood = LinearGaussian()
    prior = UnitNormal(LATENTS)
    autoregression = None
    draw_groups, estimate = VAE.draw_groups, VAE.estimate

    def __init__(self, *, moved=0.0, widened=1.0):
        random = np.random.default_rng(0)
        whitened, _ = np.linalg.qr((random.normal(size=(LATENTS, VALUES)) / SCALES).T)
        # orthogonal under the noise: the exact posterior is then diagonal, as q is
        self.loadings = whitened.T * SCALES * np.array([[4.0], [2.0]])
        self.mean = np.full(VALUES, 128.0)
        self.variance = 1 / np.diag(np.eye(LATENTS) + self.loadings / SCALES**2 @ self.loadings.T)
        self.moved, self.widened = moved, widened
        noise = SCALES * random.normal(size=(IMAGES, VALUES))
        values = self.mean + random.normal(size=(IMAGES, LATENTS)) @ self.loadings + noise
        self.images = np.clip(np.round(values), 0, 255).astype("uint8").reshape(IMAGES, *self.image_shape)

    def posterior(self, images):
        centered = ops.reshape(ops.cast(images, "float32"), (-1, VALUES)) - ops.convert_to_tensor(
            self.mean.astype("float32")
        )
        weights = (self.loadings / SCALES**2).T * self.variance
        mean = ops.matmul(centered, ops.convert_to_tensor(weights.astype("float32"))) + self.moved
        log_variance = ops.convert_to_tensor(np.log(self.widened * self.variance).astype("float32"))
        return IndependentNormals(mean, ops.broadcast_to(log_variance, ops.shape(mean)))

    def encoded(self, images):
        return Encoded(self.posterior(images))

    def decoded(self, latents, choose, training=False):
        decoded = ops.matmul(latents, ops.convert_to_tensor(self.loadings.astype("float32")))
        mean = ops.convert_to_tensor(self.mean.astype("float32"))
        return ops.reshape(decoded + mean, (-1, *self.image_shape))

    def likelihood_of(self, parameters, latents, images, training=False):
        return LinearGaussian()(parameters)

    def exact_nll(self):
        flat = self.images.reshape(IMAGES, VALUES).astype(float)
        model = FactorAnalysis(LATENTS).fit(flat)
        model.components_, model.noise_variance_, model.mean_ = self.loadings, SCALES**2, self.mean
        return -model.score_samples(flat)


@pytest.mark.parametrize("samples", [1, 7, 30])
def test_at_the_exact_posterior_any_number_of_samples_is_exact(samples):
    vae = LinearVAE()
    found = importance_sampled(vae, vae.images, samples=samples)
    assert max(found.nll_by_samples) == samples
    for nll in found.nll_by_samples.values():
        np.testing.assert_allclose(nll, vae.exact_nll(), atol=2e-3)


def test_away_from_it_the_estimate_agrees_within_its_standard_error():
    vae = LinearVAE(moved=0.1, widened=2.0)
    # far apart: on torch, Keras adds the number of the draw to the seed, and neighbours share most of their draws
    runs = [importance_sampled(vae, vae.images, samples=1000, seed=seed).nll for seed in range(0, 60000, 10000)]
    # over the draws, for each image; the bias of L_S is far below it
    error = np.std(runs, axis=0, ddof=1) / np.sqrt(len(runs))
    off = np.mean(runs, axis=0) - vae.exact_nll()
    assert (np.abs(off) < 5 * error + 2e-3).all()
    assert abs(off.mean()) < 0.005


def test_more_samples_are_tighter_and_none_is_below_the_truth():
    vae = LinearVAE(moved=0.2, widened=2.0)
    found = importance_sampled(vae, vae.images, samples=1000)
    assert list(found.nll_by_samples) == [1, 10, 100, 1000]
    means = [nll.mean() for nll in found.nll_by_samples.values()]
    # blocks within blocks: by Jensen's inequality for every single image, not only on average
    for fewer, more in zip(found.nll_by_samples.values(), list(found.nll_by_samples.values())[1:], strict=False):
        assert (more <= fewer + 1e-9).all()
    assert means[0] - vae.exact_nll().mean() > 0.2
    # over twelve seeds, the estimates' standard deviation is 0.005
    assert means[-1] == pytest.approx(vae.exact_nll().mean(), abs=0.02)
    # one sample: the free energy itself, up to the sampled rate
    assert means[0] == pytest.approx(found.free_energy.mean(), abs=0.05)


def test_the_free_energy_is_the_models_own():
    vae = VAE((4, 3, 1), 2, seed=0)
    images = np.random.default_rng(0).integers(0, 256, (5, 4, 3, 1), dtype="uint8")
    found = importance_sampled(vae, images, samples=200)
    expected = vae.free_energy(images, samples=30)
    np.testing.assert_allclose(found.rate, expected.rate, rtol=1e-4)
    np.testing.assert_allclose(found.distortion, expected.distortion, rtol=0.05)


def test_draws_follow_the_seed():
    vae = LinearVAE(moved=0.2)
    one, same, other = (importance_sampled(vae, vae.images[:3], samples=5, seed=seed).nll for seed in (0, 0, 1))
    np.testing.assert_array_equal(one, same)
    assert (one != other).all()


@pytest.mark.parametrize("samples", [10, 1000])
def test_memory_is_bounded_whatever_the_number_of_samples_and_images(monkeypatch, samples):
    monkeypatch.setattr(importance, "VALUES_AT_ONCE", 9 * VALUES)
    vae = LinearVAE(moved=0.2)
    rows, decoded = [], vae.decoded
    vae.decoded = lambda latents, *others, **more: rows.append(len(latents)) or decoded(latents, *others, **more)
    many = np.concatenate([vae.images, vae.images[:3]])
    assert importance_sampled(vae, many, samples=samples).nll.shape == (IMAGES + 3,)
    assert set(rows) == {9}
    few = importance_sampled(vae, vae.images[:2], samples=samples)
    assert set(rows) == {9, min(2 * importance.MOST_DRAWS_AT_ONCE, 8)}
    assert max(few.nll_by_samples) == samples


def test_images_and_draws_in_chunks_are_the_same_measure(monkeypatch):
    vae = LinearVAE()
    monkeypatch.setattr(importance, "VALUES_AT_ONCE", 7 * VALUES)
    done, words = [], set()

    class Told:
        def advance(self, share, total, said):
            done.append(share / total)
            words.add(said)

    found = importance_sampled(vae, vae.images, samples=11, progress=Told())
    np.testing.assert_allclose(found.nll, vae.exact_nll(), atol=2e-3)
    assert done == sorted(done)
    assert done[-1] == pytest.approx(1.0)
    assert words == {"importance sampling"}


def test_images_of_more_values_than_fit_go_one_by_one(monkeypatch):
    monkeypatch.setattr(importance, "VALUES_AT_ONCE", 1)
    vae = LinearVAE()
    found = importance_sampled(vae, vae.images[:2], samples=3)
    np.testing.assert_allclose(found.nll, vae.exact_nll()[:2], atol=2e-3)


@on_jax
def test_refined_posteriors_lie_at_the_exact_ones_and_leave_the_encoders_figures_alone(monkeypatch):
    monkeypatch.setattr(importance, "VALUES_AT_ONCE", 15 * VALUES)  # in three chunks
    monkeypatch.setattr(importance, "FEW", 8)
    vae = LinearVAE(moved=0.5)
    found = importance_sampled(vae, vae.images, samples=30, refine=100)
    plain = importance_sampled(vae, vae.images, samples=30)
    assert plain.refined is None
    np.testing.assert_array_equal(found.nll, plain.nll)
    # the encoder is wrong by half a unit: 30 draws say too little, and of refined posteriors each says all
    assert (plain.nll - vae.exact_nll()).mean() > 0.02
    assert (plain.free_energy - vae.exact_nll()).mean() > 1.0
    np.testing.assert_allclose(found.refined.nll, vae.exact_nll(), atol=5e-3)
    assert found.refined.free_energy.mean() == pytest.approx(vae.exact_nll().mean(), abs=0.1)


@on_jax
@pytest.mark.parametrize(
    "choices", [{"posterior": "planar"}, {"prior": "gaussian-mixture"}, {"network": "hierarchical"}], ids=str
)
def test_posteriors_of_every_kind_are_refined(choices):
    vae = VAE((8, 8, 1), 2, seed=0, **choices)
    images = np.random.default_rng(0).integers(0, 256, (5, 8, 8, 1), dtype="uint8")
    found = importance_sampled(vae, images, samples=100, refine=30)
    assert found.refined.free_energy.mean() < found.free_energy.mean() - 0.05
    assert found.refined.nll.mean() < found.nll.mean() + 0.05
    assert found.refined.rates.shape == found.rates.shape


@on_jax
def test_a_refined_measurement_goes_on_where_it_was_interrupted(monkeypatch, tmp_path):
    monkeypatch.setattr(importance, "VALUES_AT_ONCE", 15 * VALUES)
    vae = LinearVAE(moved=0.5)

    class Interrupting:
        def advance(self, share, total, said):
            if share / total > 0.8:
                raise KeyboardInterrupt

    def measured(progress=False):
        with keeping(tmp_path / "measured.npz", lambda: "the same", lambda line: None) as kept:
            return importance_sampled(vae, vae.images, samples=12, refine=20, kept=kept, progress=progress)

    monkeypatch.setattr(kept_parts, "SECONDS_BETWEEN_SAVES", 0.0)
    with pytest.raises(KeyboardInterrupt):
        measured(Interrupting())
    whole = importance_sampled(vae, vae.images, samples=12, refine=20)
    assert list((tmp_path / "measured.npz.parts").iterdir())
    found = measured()
    np.testing.assert_array_equal(found.nll, whole.nll)
    np.testing.assert_array_equal(found.refined.nll, whole.refined.nll)


@pytest.mark.skipif(keras.backend.backend() == "jax", reason="of the other backends")
def test_on_another_backend_nothing_is_refined():
    with pytest.raises(BadInput, match="KERAS_BACKEND=jax"):
        importance_sampled(LinearVAE(), LinearVAE().images, samples=3, refine=1)


def test_refining_by_less_than_no_step_is_refused():
    vae = LinearVAE()
    with pytest.raises(BadInput, match="refine must be at least 0, not -1"):
        importance_sampled(vae, vae.images, refine=-1)


def test_no_sample_is_refused():
    vae = LinearVAE()
    with pytest.raises(BadInput, match="samples must be at least 1, not 0"):
        importance_sampled(vae, vae.images, samples=0)


def test_the_standard_error_is_that_of_a_mean():
    assert standard_error(np.array([1.0, 3.0])) == pytest.approx(1.0)
    assert standard_error(np.array([1.0])) is None


def test_the_models_own_noise_is_left_as_it_was():
    vae = VAE((4, 3, 1), 2, seed=0)
    before = ops.convert_to_numpy(vae.noise.state.value)
    importance_sampled(vae, np.zeros((2, 4, 3, 1), "uint8"), samples=3)
    np.testing.assert_array_equal(ops.convert_to_numpy(vae.noise.state.value), before)
