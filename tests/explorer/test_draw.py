"""A served page draws details that the page leaves out."""

import threading
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from tests.explorer.conftest import make_squares, serving_all

from freyvae import networks
from freyvae.explorer.draw import Draw
from freyvae.explorer.server import prepare_page
from freyvae.explorer.service import Opened
from freyvae.model import VAE
from freyvae.model.likelihoods import MixtureOfLogistics
from freyvae.run import Run


@pytest.fixture(scope="module")
def hierarchical(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """A run whose model has groups of latents below the code, with its page."""
    run = make_squares(tmp_path_factory.mktemp("draw"), network=networks.Hierarchical(width=3), epochs=1, latent_dim=2)
    prepare_page(run)
    return run


@pytest.fixture
def page(hierarchical: Run, open_page: Any) -> Iterator[Any]:
    with serving_all(hierarchical) as server:
        yield open_page(server.address(server.token), reduced_motion="reduce", viewport={"width": 1024, "height": 768})


def _drawn(page: Any) -> list[int]:
    return page.evaluate("""() => Array.from(
        document.querySelector(".drawn canvas").getContext("2d").getImageData(0, 0, 8, 8).data
    ).filter((_, at) => at % 4 === 0)""")


def test_details_are_drawn_at_the_present_code_and_another_time_others(page: Any, hierarchical: Run) -> None:
    vae = hierarchical.load_model()
    page.evaluate("freyvae.setLatents([0.5, -1])")
    button = page.get_by_role("button", name="Draw details")
    button.focus()
    for seed in range(2):
        page.keyboard.press("Enter")
        page.wait_for_function("() => !document.querySelector('.buttons button:last-child').disabled")
        expected = np.rint(255 * vae.sample_means(np.array([[0.5, -1.0]], "float32"), seed=seed)).ravel()
        assert np.abs(np.array(_drawn(page)) - expected).max() <= 1
    assert "One draw of the whole model at this code" in page.text_content(".drawn")
    page.evaluate("freyvae.setLatents([0, 0])")
    assert "at an earlier code" in page.text_content(".drawn")


def test_the_page_as_a_file_says_what_is_left_out_and_has_no_button(hierarchical: Run, open_page: Any) -> None:
    page = open_page(hierarchical.explorer_path)
    assert "are left out" in page.text_content(".left-out")
    assert page.get_by_role("button", name="Draw details").count() == 0


class _With(Opened):
    def __init__(self, vae: VAE):
        self.lock = threading.RLock()
        self._vae = vae


def test_pixels_of_an_autoregressive_decoder_are_drawn() -> None:
    vae = VAE((4, 3, 1), 2, hidden=(4,), likelihood=MixtureOfLogistics(autoregressive=True), seed=0)
    answer = Draw(_With(vae)).answer({"z": ["0.25,-1"], "seed": ["3"]})
    assert answer.content == vae.sample(np.array([[0.25, -1.0]], "float32"), seed=3).tobytes()


@pytest.mark.parametrize(
    "query",
    [{}, {"z": ["1"]}, {"z": ["1"], "seed": ["0"]}, {"z": ["1,x"], "seed": ["0"]}, {"z": ["1,2"], "seed": ["-1"]}],
)
def test_no_code_is_one_line(query: dict[str, list[str]]) -> None:
    answer = Draw(_With(VAE((4, 3, 1), 2, hidden=(4,), seed=0))).answer(query)
    assert answer.status == 400
    assert isinstance(answer.content, bytes)
    assert answer.content.count(b"\n") == 1
