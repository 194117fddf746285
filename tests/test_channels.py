"""Images of any number of channels, from an array in a file to pictures, measures, files and the page."""

from typing import Any

import numpy as np
import pytest
from PIL import Image

import freyvae
from freyvae.__main__ import main
from freyvae.errors import BadInput
from freyvae.explorer.bundle import make_bundle

NETWORKS = {
    "dense": {"network": "dense", "hidden": [16]},
    "convolutional": {"network": "convolutional", "network.width": 4},
}
CASES = [(5, "dense"), (2, "convolutional"), (4, "dense"), (16, "convolutional")]


def blobs(channels: int, count: int = 40, height: int = 12, width: int = 10) -> np.ndarray:
    """A disc in each channel, at a place of its own: uint8 (image, height, width, channel)."""
    places = np.random.default_rng(channels).uniform(2, 8, (count, 1, 1, channels, 2))
    rows, columns = np.mgrid[:height, :width][:, :, :, None]
    squares = (rows - places[..., 0]) ** 2 + (columns - places[..., 1]) ** 2
    return np.rint(230 * np.exp(-squares / 6)).astype(np.uint8)


@pytest.fixture(scope="module", params=CASES, ids=lambda case: f"{case[0]}-{case[1]}")
def trained(request: Any, tmp_path_factory: pytest.TempPathFactory) -> tuple[Any, np.ndarray, Any]:
    channels, network = request.param
    folder = tmp_path_factory.mktemp("channels")
    images = blobs(channels)
    np.save(folder / "images.npy", images)
    recipe = freyvae.load_recipe("frey-faces").replace(
        data=str(folder / "images.npy"), split="random", epochs=2, batch_size=8, latent_names=[], **NETWORKS[network]
    )
    return freyvae.train(recipe, folder / "run", quiet=True), images, folder


def test_it_trains_reloads_and_measures(trained: Any) -> None:
    run, images, _ = trained
    assert run.load_model().image_shape == images.shape[1:]
    measured = freyvae.measure(run, samples=10)
    assert measured.nll_nats > 0
    assert measured.baselines["png_mosaic"].bits_per_dim > 0


def test_its_pictures_report_and_page_are_written(trained: Any) -> None:
    run, images, _ = trained
    freyvae.show(run)
    assert run.report_path.is_file()
    page = run.explorer_path.read_text()
    channels = images.shape[3]
    assert "own pictures cannot be dropped on this page: a picture is grey or colour" in page
    assert f"12 by 10 pixels, {channels} channels" in run.report_path.read_text()


def test_codes_samples_and_networks_are_files(trained: Any, tmp_path: Any) -> None:
    run, images, folder = trained
    codes = freyvae.encode(run, folder / "images.npy", out=tmp_path / "codes.npy")
    assert np.load(codes).shape == (40, 2)
    samples = np.load(freyvae.sample(run, count=3, out=tmp_path / "samples.npy"))
    assert (samples.shape, samples.dtype) == ((3, *images.shape[1:]), np.uint8)
    freyvae.sample(run, count=3, out=tmp_path / "samples.png")
    with Image.open(tmp_path / "samples.png") as picture:
        assert picture.mode == "RGB"
    freyvae.decode(run, codes=codes, out=tmp_path / "decoded.npy")
    assert np.load(tmp_path / "decoded.npy").shape == images.shape
    assert len(freyvae.export(run, "onnx", tmp_path / "onnx")) == 2


def test_it_compresses_to_a_file_and_back_but_not_to_pngs(trained: Any, tmp_path: Any) -> None:
    run, images, folder = trained
    found = freyvae.compress(run, folder / "images.npy", tmp_path / "images.freyvae")
    assert found.lossless_bits_per_dim["png_files"] > 0
    back = freyvae.decompress(run, tmp_path / "images.freyvae", tmp_path / "back.npy")
    np.testing.assert_array_equal(back, images)
    with pytest.raises(BadInput, match=rf"a PNG has 1 or 3 channels, not {images.shape[3]}: give .*\.npy"):
        freyvae.decompress(run, tmp_path / "images.freyvae", tmp_path / "folder")


def test_grey_and_colour_images_are_not_taken_for_others(trained: Any) -> None:
    run, images, _ = trained
    with pytest.raises(
        BadInput, match=rf"12 x 10 grey images, but this model is of 12 x 10 images of {images.shape[3]}"
    ):
        run.load_model().encode(images[..., :1])


def test_the_command_shows_them_and_says_the_channels(tmp_path: Any, capsys: pytest.CaptureFixture[str]) -> None:
    np.save(tmp_path / "images.npy", blobs(5))
    assert main(["data", "show", str(tmp_path / "images.npy"), "--out", str(tmp_path / "shown.png")]) == 0
    assert "40 images, 12 x 10 pixels, 5 channels of levels 0 to " in capsys.readouterr().out
    assert (tmp_path / "shown.png").read_bytes().startswith(b"\x89PNG")


def test_strips_one_pixel_high_go_through_convolutions_pictures_and_page() -> None:
    strips = np.random.default_rng(0).integers(0, 256, (6, 1, 1000, 1), dtype=np.uint8)
    vae = freyvae.VAE((1, 1000, 1), 2, network=freyvae.networks.Convolutional(width=4, depth=3), seed=0)
    rebuilt = vae.reconstruct(strips)
    assert rebuilt.shape == strips.shape
    assert freyvae.pictures.reconstructions(vae, strips, count=2).get_size_inches()[0] > 1
    assert freyvae.pictures.manifold(vae, columns=2, rows=2).get_size_inches()[0] > 1
    assert make_bundle(vae, strips, title="strips").header["decoder"]["steps"][-1]["shape"] == [1, 1000, 1]
