"""Baselines are valid: probabilities sum to one, and files decode to the images."""

import io
import sys

import numpy as np
import pytest
from PIL import Image
from scipy import stats
from scipy.special import entr

from freyvae.metrics import (
    baselines,
    file_bits_per_dim,
    lossless_bits_per_dim,
    mean_image_nll_nats,
    mosaic_bits_per_dim,
)
from freyvae.model import LIKELIHOODS

FREY_FLOOR_NATS = 337  # design: "the cross-entropy has a floor of 337 nats per image on this data"


@pytest.fixture
def images():
    return np.random.default_rng(0).integers(0, 256, (7, 4, 3, 1), dtype="uint8")


def test_the_bernoulli_floor_is_the_pixels_own_entropy(images):
    share = images / 255
    expected = (entr(share) + entr(1 - share)).sum() / len(images)
    assert LIKELIHOODS["bernoulli"].least_nats(images) == pytest.approx(expected)


def test_black_and_white_have_no_floor():
    assert LIKELIHOODS["bernoulli"].least_nats(np.array([0, 255], "uint8").reshape(1, 2, 1, 1)) == 0


def test_the_frey_faces_have_the_designs_floor(frey_faces):
    assert LIKELIHOODS["bernoulli"].least_nats(frey_faces) == pytest.approx(FREY_FLOOR_NATS, abs=1)


@pytest.mark.parametrize(("mean", "deviation"), [(128, 30), (-20, 5), (300, 40), (7.5, 0.3), (200, 1e4)])
def test_a_discretized_normal_sums_to_one_and_agrees_with_scipy(mean, deviation):
    levels = np.arange(256.0)
    log_prob = baselines.discretized_normal_log_prob(levels, np.array(mean), np.array(deviation))
    assert np.isfinite(log_prob).all()
    assert np.exp(log_prob).sum() == pytest.approx(1, abs=1e-12)
    edges = np.concatenate([[-np.inf], levels[1:] - 0.5, [np.inf]])
    bins = np.diff(stats.norm.cdf(edges, mean, deviation))
    there = bins > 1e-8
    np.testing.assert_allclose(np.exp(log_prob)[there], bins[there], rtol=1e-5)


def test_a_level_far_in_a_tail_still_has_a_finite_cost():
    log_prob = baselines.discretized_normal_log_prob(np.array([250.0]), np.array(3.0), np.array(1.0))
    assert log_prob[0] == pytest.approx(stats.norm.logsf(246.5), rel=1e-6)


def test_the_constant_is_a_normal_around_each_pixels_mean(images):
    train = np.random.default_rng(1).integers(0, 256, (300, 4, 3, 1), dtype="uint8")
    mean, deviation = train.reshape(300, -1).mean(0), train.reshape(300, -1).std(0)
    flat = images.reshape(7, -1).astype(float)
    upper = np.where(flat == 255, np.inf, flat + 0.5)
    lower = np.where(flat == 0, -np.inf, flat - 0.5)
    expected = -np.log(stats.norm.cdf(upper, mean, deviation) - stats.norm.cdf(lower, mean, deviation)).sum(1)
    np.testing.assert_allclose(mean_image_nll_nats(train, images), expected, rtol=1e-9)


def test_the_constant_comes_in_the_models_own_kind(images):
    train = np.random.default_rng(1).integers(0, 256, (300, 4, 3, 1), dtype="uint8")
    flat, pixels = images.reshape(7, -1) / 255, train.reshape(300, -1) / 255
    density = -stats.norm.logpdf(flat, pixels.mean(0), pixels.std(0)).sum(1)
    np.testing.assert_allclose(mean_image_nll_nats(train, images, LIKELIHOODS["gaussian"]), density)
    white = pixels.mean(0)
    coins = -(flat * np.log(white) + (1 - flat) * np.log(1 - white)).sum(1)
    np.testing.assert_allclose(mean_image_nll_nats(train, images, LIKELIHOODS["bernoulli"]), coins)
    assert (mean_image_nll_nats(train, images, LIKELIHOODS["bernoulli"]).mean()) > LIKELIHOODS["bernoulli"].least_nats(
        images
    )


def test_a_pixel_that_never_changed_has_a_finite_cost():
    train = np.zeros((5, 1, 2, 1), "uint8")
    for likelihood in (None, LIKELIHOODS["gaussian"], LIKELIHOODS["bernoulli"]):
        assert np.isfinite(mean_image_nll_nats(train, train + np.uint8(3), likelihood)).all()


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("format", baselines.FILE_FORMATS)
def test_files_are_lossless_and_their_bits_are_counted(format, channels):
    images = np.random.default_rng(0).integers(0, 256, (5, 6, 4, channels), dtype="uint8")
    assert baselines._writes(format, images)  # which makes the format known to Pillow
    encoded = [baselines._encoded(image, format) for image in images]
    for image, file in zip(images, encoded, strict=True):
        decoded = np.asarray(Image.open(io.BytesIO(file))).reshape(6, 4, -1)[:, :, :channels]
        np.testing.assert_array_equal(decoded, image)
    bits = file_bits_per_dim(images, format)
    assert bits == 8 * sum(map(len, encoded)) / images.size
    # noise does not compress; one header costs less than five
    assert 8 < mosaic_bits_per_dim(images, format) < bits


def test_a_mosaic_holds_every_image_once(images):
    mosaic = baselines._mosaic(images)
    assert mosaic.shape == (12, 9, 1)
    np.testing.assert_array_equal(mosaic[:4, 3:6], images[1])
    np.testing.assert_array_equal(mosaic[4:8, :3], images[3])
    assert not mosaic[8:, 3:].any()


def test_many_images_make_several_mosaics(images, monkeypatch):
    one = mosaic_bits_per_dim(images, "PNG")
    monkeypatch.setattr(baselines, "MOSAIC_PIXELS", 12)
    assert mosaic_bits_per_dim(images, "PNG") == file_bits_per_dim(images, "PNG") > one


def test_webp_has_no_images_of_so_many_pixels_in_a_row():
    long = np.zeros((2, 1, 16384, 1), np.uint8)
    assert file_bits_per_dim(long, "WebP") is mosaic_bits_per_dim(long, "WebP") is None
    assert file_bits_per_dim(long, "PNG") < 1.0


def test_a_pillow_without_webp_leaves_it_out(images, monkeypatch):
    monkeypatch.setattr(baselines.features, "check", lambda name: False)
    assert file_bits_per_dim(images, "WebP") is None
    assert mosaic_bits_per_dim(images, "WebP") is None


def test_a_pillow_without_jpeg_xl_leaves_it_out(images, monkeypatch):
    found = lossless_bits_per_dim(images)
    assert list(found) == [f"{format}_{kind}" for format in ("png", "webp", "jpeg_xl") for kind in ("files", "mosaic")]
    assert found["png_mosaic"] == mosaic_bits_per_dim(images, "PNG")
    monkeypatch.setitem(sys.modules, "pillow_jxl", None)
    assert list(lossless_bits_per_dim(images)) == list(found)[:4]


@pytest.mark.parametrize("format", baselines.FILE_FORMATS)
@pytest.mark.parametrize("measured", [file_bits_per_dim, mosaic_bits_per_dim])
def test_of_five_channels_each_is_a_grey_picture(measured, format):
    images = np.random.default_rng(0).integers(0, 256, (3, 6, 4, 5), dtype="uint8")
    alone = [measured(images[..., channel, None], format) for channel in range(5)]
    assert measured(images, format) == pytest.approx(np.mean(alone))
