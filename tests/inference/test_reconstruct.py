import numpy as np
import pytest
from PIL import Image

import freyvae
from freyvae.errors import BadInput
from freyvae.inference.reconstruct import denoised


def test_reconstructions_are_the_models(labelled, picture):
    images = freyvae.load_images(picture.parent).images
    found = np.load(freyvae.reconstruct(labelled, picture.parent, out="again.npy"))
    np.testing.assert_array_equal(found, np.rint(255 * labelled.load_model().reconstruct(images)))
    with Image.open(freyvae.reconstruct(labelled, picture)) as both:
        assert both.height == 2 * both.width


def test_a_noisy_pixel_is_weighed_by_the_variances_of_noise_and_model():
    error = np.array([0.1, -0.1]).reshape(2, 1, 1, 1)
    found = denoised(np.full((1, 1, 1, 1), 0.8), np.full((1, 1, 1, 1), 0.2), error=error, noise=0.2)
    np.testing.assert_allclose(found, (0.01 * 0.8 + 0.04 * 0.2) / 0.05)


def test_noise_is_taken_out_of_noisy_pictures(labelled, picture, tmp_path):
    clean = freyvae.load_images(picture.parent).images.astype(float)
    noisy = np.clip(clean + np.random.default_rng(0).normal(scale=60, size=clean.shape), 0, 255)
    np.save(tmp_path / "noisy.npy", noisy.round().astype("uint8"))

    def error(images):
        return np.sqrt(np.mean((images.astype(float) - clean) ** 2))

    cleaned = np.load(freyvae.reconstruct(labelled, tmp_path / "noisy.npy", noise=60, out="clean.npy"))
    assert error(cleaned) < 0.7 * error(noisy)
    with pytest.raises(BadInput, match="noise must be finite and not negative"):
        freyvae.reconstruct(labelled, picture, noise=-1)
