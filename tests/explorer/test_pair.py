"""Two runs on the same images stand side by side in one page."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from unittest.mock import Mock

import numpy as np
import pytest
from PIL import Image
from tests.explorer.conftest import accessibility_findings, make_squares, serving, squares

import freyvae
from freyvae.__main__ import main
from freyvae.errors import BadInput
from freyvae.explorer import server
from freyvae.explorer.pair import _apart, write_pair
from freyvae.explorer.server import Beside, prepare_page
from freyvae.run import Run

Pair = tuple[Run, Run]


@pytest.fixture(scope="module")
def pair(tmp_path_factory: pytest.TempPathFactory) -> Pair:
    folder = tmp_path_factory.mktemp("pair")
    both = make_squares(folder, "four"), make_squares(folder, "two", latent_dim=2)
    for each in both:
        prepare_page(each)
    write_pair(*both)
    return both


@pytest.fixture
def page(pair: Pair, open_page: Any) -> Any:
    page = open_page(pair[0].beside_path, reduced_motion="reduce", ready=False)
    page.wait_for_function("() => document.querySelectorAll('[data-frames=drawn]').length === 2")
    return page


def _errors(page: Any) -> list[float]:
    """The error that each of the two says."""
    return [float(re.search(r"RMSE ([\d.]+)", text)[1]) for text in page.locator(".score").all_text_contents()]  # type: ignore[index]


def _titles(page: Any) -> list[str]:
    return page.locator(".comparison .what").all_text_contents()


def test_an_image_that_is_chosen_in_one_is_chosen_in_both_each_with_its_own_error(page: Any, pair: Pair) -> None:
    assert page.title() == "squares (four) beside squares (two)"
    begun_at = _titles(page)
    assert begun_at[0].startswith("Image ")
    assert begun_at[0].partition(",")[0] == begun_at[1].partition(",")[0]
    right = page.get_by_role("region", name="squares (two)", exact=True)
    right.get_by_role("searchbox").fill("18")
    right.get_by_role("searchbox").press("Enter")
    assert [title.partition(",")[0] for title in _titles(page)] == ["Image 18"] * 2
    image = squares()[17:18]
    for run, explorer, said in zip(pair, ("freyvae", "beside"), _errors(page), strict=True):
        vae = run.load_model()
        code = vae.encode(image)
        assert page.evaluate(f"{explorer}.latents") == pytest.approx(code[0].tolist(), abs=1e-4)
        assert said == pytest.approx(np.sqrt(np.mean(np.square(np.rint(255 * vae.decode(code)) - image))), abs=0.2)
    # what one sees is in the link
    page.wait_for_function("() => location.hash.includes('frame=17&beside&') && location.hash.endsWith('frame=17')")
    address = page.url
    page.goto("about:blank")
    page.goto(address)
    page.wait_for_function("() => document.querySelectorAll('[data-frames=drawn]').length === 2")
    assert [title.partition(",")[0] for title in _titles(page)] == ["Image 18"] * 2


def test_a_picture_of_the_users_goes_to_both(page: Any, pair: Pair, tmp_path: Path) -> None:
    picture = squares()[30]
    Image.fromarray(picture[..., 0]).save(tmp_path / "mine.png")
    page.locator("input[type=file]").nth(1).set_input_files(tmp_path / "mine.png")
    page.wait_for_function(
        "() => Array.from(document.querySelectorAll('.comparison .what'), e => e.textContent).join() === "
        "'Your picture,Your picture'"
    )
    for run, explorer in zip(pair, ("freyvae", "beside"), strict=True):
        code = run.load_model().encode(picture[None])[0]
        assert page.evaluate(f"{explorer}.latents") == pytest.approx(code.tolist(), abs=1e-4)


def test_the_theme_is_that_of_both(page: Any) -> None:
    page.get_by_role("button", name="Dark theme").first.click()
    page.wait_for_function("() => document.querySelectorAll('button[aria-label=\"Light theme\"]').length === 2")


@pytest.mark.parametrize("width", [390, 1440])
def test_no_accessibility_finding(pair: Pair, open_page: Any, width: int) -> None:
    page = open_page(
        pair[0].beside_path, reduced_motion="reduce", ready=False, viewport={"width": width, "height": 900}
    )
    page.wait_for_function("() => document.querySelectorAll('[data-frames=drawn]').length === 2")
    page.evaluate("freyvae.pick(3); beside.pick(3)")
    assert accessibility_findings(page) == []
    assert page.evaluate("document.documentElement.scrollWidth") == width
    # both pictures are in the first screen where they stand side by side
    if width > 1000:
        bottoms = [shown.bounding_box() for shown in page.locator(".comparison .score").all()]
        assert all(box["y"] + box["height"] < 900 for box in bottoms)


@pytest.fixture
def served(pair: Pair) -> Iterator[Any]:
    with serving(pair[0], handler=Beside) as server:
        yield server


def test_the_address_leads_to_both(served: Any, open_page: Any) -> None:
    page = open_page(served.address(served.token), ready=False)
    page.wait_for_function("() => document.querySelectorAll('[data-frames=drawn]').length === 2")
    assert page.url.startswith(f"http://127.0.0.1:{served.server_port}/explorer/beside.html")


def test_nothing_is_begun_for_a_page_of_the_first_alone(pair: Pair, monkeypatch: pytest.MonkeyPatch) -> None:
    said: list[str] = []
    monkeypatch.setattr(server, "services_of", lambda *given, **named: pytest.fail("all images would be encoded"))
    monkeypatch.setattr(server.Server, "serve_forever", Mock(side_effect=KeyboardInterrupt))
    server.serve(pair[0], beside=pair[1], port=0, browser=False, say=said.append)
    assert said[-1] == "stopped"


def test_titles_that_are_alike_are_told_apart_by_as_much_of_the_folders_as_it_takes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert _apart(Path("a/run"), Path("a/other")) == ("run", "other")
    assert _apart(Path("one/run"), Path("two/run")) == ("one/run", "two/run")
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    assert _apart(Path("."), Path("../there")) == ("here", "there")


def test_runs_that_cannot_stand_side_by_side_are_refused_in_a_line(
    pair: Pair, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    other = make_squares(tmp_path, "other", images=255 - squares())
    capsys.readouterr()
    assert main(["explore", str(pair[0].folder), str(other.folder), "--no-browser"]) == 2
    said = capsys.readouterr().err.strip().splitlines()
    assert len(said) == 1
    assert "was trained on other images than" in said[0]
    with pytest.raises(BadInput, match="beside itself"):
        freyvae.explore(pair[0], beside=pair[0].folder)
    with pytest.raises(BadInput, match="no run at"):
        freyvae.explore(pair[0], beside=tmp_path / "nowhere")
    with pytest.raises(BadInput, match="not a model"):
        freyvae.explore(pair[0].load_model(), beside=pair[1])
