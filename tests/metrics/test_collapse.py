"""Dead latents are counted as in Burda et al., and reported in plain words."""

import numpy as np
import pytest

from freyvae.metrics import is_active, kl_per_latent_nats, verdict
from freyvae.model import VAE

GOOD = {"rmse_grey_levels": 10.0, "mean_image_rmse_grey_levels": 30.0, "nll_nats": 1.0, "mean_image_nll_nats": 2.0}


def test_a_latent_is_active_if_its_means_vary_by_more_than_a_hundredth():
    codes = np.random.default_rng(0).normal(size=(5000, 3)) * [1.0, 0.09, 0.11]
    assert is_active(codes).tolist() == [True, False, True]


def test_the_kl_of_each_latent_sums_to_the_rate(monkeypatch):
    monkeypatch.setattr("freyvae.model.arrays.CHUNK", 4)
    vae = VAE((4, 3, 1), 3, seed=0)
    images = np.random.default_rng(0).integers(0, 256, (8, 4, 3, 1), dtype="uint8")
    each = kl_per_latent_nats(vae, images)
    assert each.shape == (3,)
    assert each.sum() == pytest.approx(vae.free_energy(images).rate.mean(), rel=1e-5)


@pytest.mark.parametrize(
    ("names", "words"), [("a", "The latent is"), ("ab", "Both latents are"), ("abc", "All latents are")]
)
def test_a_model_that_uses_its_latents_is_well(names, words):
    healthy, said = verdict(active=[True] * len(names), names=names, **GOOD)
    assert healthy
    assert said == f"{words} active, and the model does better than a constant."


@pytest.mark.parametrize(
    ("names", "words"),
    [("a", "the latent is dead"), ("ab", "both latents are dead"), ("abc", "all 3 latents are dead")],
)
def test_a_collapsed_posterior_is_said_to_be_one(names, words):
    constant = GOOD | {"rmse_grey_levels": 29.9}
    healthy, said = verdict(active=[False] * len(names), names=names, **constant)
    assert not healthy
    assert "has collapsed" in said
    assert words in said
    assert "no better than a constant: 29.9 grey levels of error, where the mean training image alone has 30.0" in said


def test_codes_below_the_posteriors_noise_are_told_apart_from_no_codes():
    healthy, said = verdict(active=[False, False], names=["z1", "z2"], **GOOD)
    assert not healthy
    assert "lies below the posterior's own noise" in said


def test_some_dead_latents_are_named():
    assert "1 of 3 latents is dead (b)" in verdict(active=[True, False, True], names="abc", **GOOD)[1]
    healthy, said = verdict(active=[True] + 10 * [False], names="abcdefghijk", **GOOD)
    assert not healthy
    assert "10 of 11 latents are dead (b, c, d, e, f, g, h, i and 2 more)" in said


def test_a_likelihood_no_better_than_a_constants_is_said():
    healthy, said = verdict(active=[True], names="a", **GOOD | {"nll_nats": 2.5})
    assert not healthy
    assert "cost no less under the model (2.5 nats) than under a constant around the mean training image (2.0" in said


def test_one_image_does_not_tell_what_is_active():
    assert is_active(np.zeros((1, 3))).all()
    healthy, said = verdict(active=[True], names="a", is_one_image=True, **GOOD)
    assert healthy
    assert said == "The model does better than a constant; one image does not tell which latents are active."
