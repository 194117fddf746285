"""Each finding is amiss where its fault was made, and only there."""

from types import SimpleNamespace

import numpy as np
import pytest

from freyvae.metrics.findings import FINDINGS, findings
from freyvae.metrics.findings.blur import fine_power
from freyvae.metrics.findings.prior_holes import two_sample_accuracy
from freyvae.metrics.measure import Seen
from freyvae.model import LIKELIHOODS, VAE
from freyvae.model.likelihoods import MixtureOfLogistics
from freyvae.model.likelihoods.discretized_logistic import DiscretizedLogistic

SHAPE = (12, 10, 1)
RANDOM = np.random.default_rng(0)
IMAGES = RANDOM.integers(0, 256, (80, *SHAPE), dtype="uint8")


@pytest.fixture(scope="module")
def vae():
    model = VAE(SHAPE, 2, hidden=(8,), seed=0)
    model.start_at(IMAGES)
    return model


def found(name, **changes):
    """The finding of this name of a model that is seen so."""
    seen = Seen(**{"vae": None, "images": IMAGES, "train": IMAGES, "codes": RANDOM.normal(size=(80, 2)), **changes})
    module = next(find for find in FINDINGS if find.__module__.endswith(f".{name}"))
    return module(seen)


def test_a_latent_whose_codes_do_not_vary_is_dead(vae):
    codes = RANDOM.normal(size=(80, 4))
    assert not found("dead_latents", codes=codes, vae=vae).is_amiss
    codes[:, 1] = 0.3
    finding = found("dead_latents", codes=codes, vae=vae)
    assert (finding.is_amiss, finding.value) == (True, 1)
    assert finding.sentence.startswith("1 of 4 latents carry nothing")
    assert finding.advice == "latent_dim=3 loses nothing; a longer warm_up_epochs=... or free_bits=0.1 may wake them"
    assert found("dead_latents", codes=codes[:1], vae=vae) is None


@pytest.mark.parametrize(
    ("choices", "dead", "holes"),
    [
        (
            {"prior": "vamp"},
            "beta=0.1 keeps them alive; a longer warm_up_epochs=... may wake them",
            "more prior_components=... find where they are; a larger beta=... draws them together",
        ),
        (
            {"objective": "importance-weighted"},
            'objective="free-energy" with beta=0.1 keeps them alive',
            'prior="vamp" learns where they are',
        ),
    ],
)
def test_what_is_advised_goes_with_the_models_choices(choices, dead, holes):
    model = VAE(SHAPE, 2, hidden=(8,), seed=0, **choices)
    assert found("dead_latents", codes=np.zeros((80, 2)), vae=model).advice == dead
    assert found("prior_holes", codes=np.zeros((80, 2), "float32"), vae=model).advice == holes


def test_a_validation_loss_that_rises_again_is_overfitting():
    falling = np.exp(-np.arange(40) / 5)
    assert not found("overfitting", history={"val_free_energy": 100 + 50 * falling}).is_amiss
    rising = 100 + 50 * falling + np.maximum(np.arange(40) - 20, 0)
    finding = found("overfitting", history={"val_free_energy": rising})
    assert finding.is_amiss
    assert finding.value == pytest.approx(rising[-1] - rising.min())
    assert finding.advice.startswith("patience=20 keeps the best epoch; ")
    kept = found("overfitting", history={"val_free_energy": rising}, keeps_best=True)
    assert not kept.is_amiss
    assert "patience" not in kept.advice
    assert found("overfitting", history={}) is None


def test_a_validation_loss_that_still_falls_is_underfitting():
    assert not found("underfitting", history={"val_free_energy": 100 + 50 * np.exp(-np.arange(40) / 4)}).is_amiss
    finding = found("underfitting", history={"val_free_energy": 200.0 - np.arange(40)})
    assert (finding.is_amiss, finding.value) == (True, 4)
    assert "in the last 4 epochs" in finding.sentence
    assert "epochs=80" in finding.advice


def test_codes_that_the_prior_does_not_fill_are_told_from_it():
    normal = RANDOM.normal(size=(500, 3))
    assert two_sample_accuracy(normal, RANDOM.normal(size=(500, 3))) < 0.57
    assert two_sample_accuracy(normal, 0.3 * RANDOM.normal(size=(500, 3))) > 0.8
    correlated = normal @ np.array([[1.0, 0.95, 0], [0, 0.31, 0], [0, 0, 1]])
    assert two_sample_accuracy(normal, correlated) > 0.7
    ring = normal[:, :2] / np.linalg.norm(normal[:, :2], axis=1, keepdims=True) * 2
    assert two_sample_accuracy(RANDOM.normal(size=(500, 2)), ring) > 0.7


def test_holes_are_amiss_for_posteriors_far_from_the_prior(vae):
    model = SimpleNamespace(
        posterior_deviations=lambda images: np.full((len(images), 2), 0.1),
        sample_latents=vae.sample_latents,
        prior_choice=vae.prior_choice,
        objective=vae.objective,
    )
    many = np.repeat(IMAGES, 10, axis=0)
    full = RANDOM.normal(scale=np.sqrt(0.99), size=(800, 2))
    assert not found("prior_holes", vae=model, images=many, codes=full).is_amiss
    assert found("prior_holes", vae=model, images=many, codes=0.2 * full).is_amiss
    assert found("prior_holes", vae=model, images=IMAGES[:20]) is None


@pytest.mark.parametrize("kind", ["discretized-logistic", "mixture-of-logistics"])
def test_scales_at_their_bound_are_counted(kind):
    model = VAE(SHAPE, 2, hidden=(8,), likelihood=kind, seed=0)
    codes = np.zeros((80, 2), "float32")
    assert found("scale_at_bound", vae=model, codes=codes).value == 0
    constants = next(weight for weight in model.decoder.weights if "constants" in weight.path)
    constants.assign(np.full(constants.shape, -20.0, "float32"))
    finding = found("scale_at_bound", vae=model, codes=codes)
    assert finding.is_amiss
    assert finding.value == pytest.approx(1.0)


def test_a_likelihood_without_a_smallest_scale_has_no_such_finding():
    model = VAE(SHAPE, 2, hidden=(8,), likelihood="bernoulli", seed=0)
    assert found("scale_at_bound", vae=model, codes=np.zeros((80, 2), "float32")) is None
    assert LIKELIHOODS["categorical"].share_at_bound(None) is None


def test_bits_of_what_hardly_varies_are_those_of_the_background(vae):
    assert found("background", vae=vae) is None
    assert found("background", vae=vae, train=IMAGES[:1]) is None
    images = IMAGES.copy()
    images[:, :11] = 90 + RANDOM.integers(0, 2, (80, 11, 10, 1))
    finding = found("background", vae=vae, images=images, train=images, codes=np.zeros((80, 2), "float32"))
    assert finding.is_amiss
    assert 0.5 < finding.value < 1
    assert finding.advice == "crop the images"  # each pixel has a scale of its own
    one_scale = VAE(SHAPE, 2, hidden=(8,), likelihood=DiscretizedLogistic(scale_per="image"), seed=0)
    finding = found("background", vae=one_scale, images=images, train=images, codes=np.zeros((80, 2), "float32"))
    assert 'likelihood.scale_per="pixel"' in finding.advice


def test_levels_that_stretching_left_out_are_missing(vae):
    assert not found("missing_levels", vae=vae).is_amiss
    stretched = 4 * RANDOM.integers(0, 64, (80, 30, 30, 1), dtype="uint8")
    finding = found("missing_levels", vae=vae, train=stretched)
    assert finding.is_amiss
    assert finding.value == pytest.approx(0.75, abs=0.01)
    told = VAE(SHAPE, 2, hidden=(8,), likelihood=MixtureOfLogistics(channel_palette="image"))
    assert found("missing_levels", vae=told, train=stretched) is None


def test_held_out_images_that_are_nearly_in_the_training_images_leak():
    rows = np.random.default_rng(1)
    train, images = (rows.integers(0, 256, (60, 40, 34, 1), dtype="uint8") for _ in range(2))
    assert found("leak", images=images, train=train).value == 0
    images[:6] = train[10:16]
    images[:6, 0, 0] ^= 3
    assert found("leak", images=train, train=train, is_held_out=False) is None
    finding = found("leak", images=images, train=train)
    assert (finding.is_amiss, finding.value) == (True, pytest.approx(0.1))
    assert finding.sentence.startswith("6 of 60 held-out images")


def test_smooth_reconstructions_lack_fine_detail():
    def reconstructed(pixels):
        return SimpleNamespace(reconstruct=lambda images: pixels[: len(images)] / 255.0)

    assert found("blur", vae=reconstructed(IMAGES)).value == pytest.approx(1.0)
    smooth = sum(np.roll(IMAGES.astype(float), shift, axis) for shift in (-1, 0, 1) for axis in (1, 2)) / 6
    finding = found("blur", vae=reconstructed(smooth))
    assert finding.is_amiss
    assert finding.value == pytest.approx(fine_power(smooth) / fine_power(IMAGES))


def test_all_of_them_say_a_number_a_sentence_and_what_to_try(vae):
    history = {"val_free_energy": list(range(200, 150, -1))}
    codes = vae.encode(IMAGES)
    made = list(findings(Seen(vae=vae, images=IMAGES, train=IMAGES, codes=codes, history=history)))
    assert len({finding.name for finding in made}) == len(made) >= 6
    for finding in made:
        assert np.isfinite(finding.value)
        assert finding.sentence.endswith(".")
        assert finding.advice
        assert type(finding.is_amiss) is bool
