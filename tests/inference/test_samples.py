import numpy as np
import pytest

import freyvae
from freyvae.errors import BadInput
from freyvae.inference.samples import codes_like
from freyvae.run import Run


def test_codes_like_a_picture_have_the_moments_of_its_posterior_or_of_the_prior(labelled, picture):
    vae = labelled.load_model()
    image = freyvae.load_images(picture).images
    code, deviation = vae.encode(image)[0], vae.posterior_deviations(image)[0]
    drawn = codes_like(vae, image, 4000, seed=1)
    np.testing.assert_allclose(drawn.mean(axis=0), code, atol=4 * deviation.max() / 4000**0.5)
    np.testing.assert_allclose(drawn.std(axis=0), deviation, rtol=0.06)
    prior = codes_like(vae, image, 4000, distance=1.0, seed=1)
    np.testing.assert_allclose(prior.mean(axis=0), 0.0, atol=0.07)
    np.testing.assert_allclose(prior.std(axis=0), 1.0, rtol=0.06)
    # of independent draws: variances add up
    between = codes_like(vae, image, 4000, distance=0.6, seed=1)
    np.testing.assert_allclose(between.var(axis=0), 0.64 * deviation**2 + 0.36, rtol=0.1)


def test_samples_like_a_picture_are_nearer_to_it_the_smaller_the_distance(labelled, picture):
    own = freyvae.load_images(picture).images[0].astype(float)

    def error(distance):
        found = np.load(freyvae.sample(labelled, count=40, like=picture, distance=distance, out="like.npy"))
        assert found.shape == (40, 8, 8, 1)
        return np.sqrt(np.mean((found - own) ** 2))

    assert error(0.0) < error(1.0)


def test_a_distance_needs_a_picture(labelled, picture):
    with pytest.raises(BadInput, match="distance is that from a picture: give one with like="):
        freyvae.sample(labelled, distance=0.5)
    with pytest.raises(BadInput, match="distance must be a number from 0 to 1, not 2"):
        freyvae.sample(labelled, like=picture, distance=2)


def test_more_samples_like_a_picture_than_memory_holds_are_refused(labelled, picture):
    with pytest.raises(BadInput, match="GiB"):
        freyvae.sample(labelled, count=10**12, like=picture)


@pytest.mark.parametrize(
    "command",
    [
        lambda run, picture: freyvae.sample(run, out="a.jpg"),
        lambda run, picture: freyvae.decode(run, latents=[0.0] * 4, out="a.jpg"),
        lambda run, picture: freyvae.reconstruct(run, picture, out="a.jpg"),
        lambda run, picture: freyvae.walk(run, picture, picture, out="a.jpg"),
        lambda run, picture: freyvae.traverse(run, picture, out="a.jpg"),
        lambda run, picture: freyvae.vary(run, picture, "dark", out="a.jpg"),
        lambda run, picture: freyvae.fill(run, picture, picture, out="a.jpg"),
    ],
    ids=["sample", "decode", "reconstruct", "walk", "traverse", "vary", "fill"],
)
def test_a_file_that_cannot_be_written_is_refused_before_all_work(labelled, picture, monkeypatch, command):
    monkeypatch.delattr(Run, "load_model")
    with pytest.raises(BadInput, match=r"a\.jpg must end in \.png or"):
        command(labelled, picture)
