"""A served page encodes pictures by its run's model where it does not hold the encoder."""

import http.client
import io
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from tests.explorer.conftest import make_squares, serving, serving_all

from freyvae.explorer.pair import write_pair
from freyvae.explorer.server import Beside, Server, closing, prepare_page, services_of_pair
from freyvae.run import Run


def _picture() -> tuple[np.ndarray, dict[str, Any]]:
    """A picture that is none of the run's, and the file of it that a person chooses."""
    image = np.random.default_rng(1).integers(0, 256, (8, 8), np.uint8)
    file = io.BytesIO()
    Image.fromarray(image).save(file, "png")
    return image, {"name": "mine.png", "mimeType": "image/png", "buffer": file.getvalue()}


def _is_at(page: Any, code: np.ndarray, explorer: str = "freyvae") -> None:
    page.wait_for_function(
        f"code => {explorer}.latents.every((value, latent) => Math.abs(value - code[latent]) < 1e-4)",
        arg=code[0].tolist(),
    )


def test_a_picture_is_encoded_however_large_the_encoder_is(large: Run, open_page: Any) -> None:
    vae = large.load_model()
    assert vae.encoder.count_params() > 4_000_000
    image, file = _picture()
    with serving_all(large) as server:
        page = open_page(server.address(server.token), reduced_motion="reduce")
        assert "It stays on the machine that serves the page." in page.inner_text("main")
        page.set_input_files("input[type=file]", file)
        _is_at(page, vae.encode(image[None, :, :, None]))
        assert page.inner_text(".comparison .what") == "Your picture"
        deviations = page.evaluate("freyvae.deviationsOf(5)")
    pixels = np.load(large.recipe.data.source)[5:6]
    np.testing.assert_allclose(deviations, vae.posterior_deviations(pixels)[0], rtol=1e-4)


def test_the_page_as_a_file_says_that_it_takes_none(large: Run, open_page: Any) -> None:
    page = open_page(large.explorer_path)
    assert "as a file, only when freyvae explore serves it: the encoder has" in page.inner_text("main")
    assert page.locator("input[type=file]").count() == 0


def test_in_a_pair_each_encodes_by_its_own(large: Run, tmp_path: Path, open_page: Any) -> None:
    # the same images in the same file
    other = make_squares(tmp_path, epochs=1, images=np.load(large.recipe.data.source))
    prepare_page(other)
    write_pair(other, large)
    image, file = _picture()
    services = services_of_pair(other, large)
    assert [service.name for service in services] == ["beside/encode"]
    with closing(services), serving(other, handler=Beside, services=services) as server:
        page = open_page(server.address(server.token), reduced_motion="reduce", ready=False)
        page.wait_for_selector("[data-frames=drawn] >> nth=1")
        page.set_input_files("input[type=file] >> nth=1", file)
        for run, explorer in ((large, "beside"), (other, "freyvae")):
            _is_at(page, run.load_model().encode(image[None, :, :, None]), explorer)


@pytest.fixture(scope="module")
def server(large: Run) -> Iterator[Server]:
    with serving_all(large) as server:
        yield server


def _post(server: Server, path: str, body: bytes, **headers: str) -> http.client.HTTPResponse:
    connection = http.client.HTTPConnection("127.0.0.1", server.server_port, timeout=60)
    connection.request("POST", path, body, {"Cookie": server.cookie, **headers})
    response = connection.getresponse()
    response.read()
    connection.close()
    return response


def test_only_the_bytes_of_an_image_are_taken_and_only_from_who_has_the_token(server: Server) -> None:
    path = "/explorer/encode"
    assert _post(server, path, bytes(64)).status == 200
    assert _post(server, path, bytes(63)).status == 400
    assert _post(server, path, bytes(65)).status == 400
    assert _post(server, path, bytes(64), Cookie="").status == 403
    assert _post(server, path, bytes(64), Host="example.org").status == 403
    assert _post(server, "/metrics.json", b"").status == 501
    assert _post(server, "/explorer/draw", b"").status == 501
