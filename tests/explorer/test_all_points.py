"""A served page shows every image of a run that the page holds a sample of."""

import json
import shutil
from collections.abc import Iterator
from http.client import HTTPConnection
from pathlib import Path
from typing import Any
from unittest.mock import Mock

import numpy as np
import pytest
from tests.explorer.conftest import accessibility_findings, make_squares, serving_all, squares

import freyvae
from freyvae.explorer import all_points
from freyvae.explorer import bundle as bundle_module
from freyvae.explorer.all_points import AllPoints, is_of, is_sample, key_of, write_points
from freyvae.explorer.page import is_current, keep_for_page, read_bundle, write_page
from freyvae.explorer.scores import SCORES_FORMAT
from freyvae.explorer.server import Server, prepare_page, services_of
from freyvae.explorer.service import Opened
from freyvae.run import Run
from freyvae.training import TrainingData

IMAGES, POINTS = 400, 100


@pytest.fixture(scope="module")
def sampled(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """A run of four latents on 400 images, whose page holds 100 of them. Tests must not change it."""
    run = make_squares(tmp_path_factory.mktemp("sampled"))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(bundle_module, "MOST_POINTS", POINTS)
        prepare_page(run)
    return run


@pytest.fixture
def copied(sampled: Run, tmp_path: Path) -> Run:
    """The same run to change."""
    shutil.copytree(sampled.folder, tmp_path / "run", ignore=shutil.ignore_patterns("points.bin"))
    return Run(tmp_path / "run")


@pytest.fixture(scope="module")
def served(sampled: Run) -> Iterator[Server]:
    with serving_all(sampled) as server:
        yield server


def _ask(server: Server, path: str, *, cookie: str | None = None) -> tuple[int, bytes]:
    connection = HTTPConnection("127.0.0.1", server.server_port, timeout=10)
    connection.request("GET", path, headers={"Cookie": server.cookie if cookie is None else cookie})
    response = connection.getresponse()
    return response.status, response.read()


def _points(run: Run) -> tuple[dict[str, Any], np.ndarray, np.ndarray, np.ndarray]:
    """The header of a run's file of points, their numbers, places and parts."""
    line, _, rest = run.points_path.read_bytes().partition(b"\n")
    header = json.loads(line)
    count = header["points"]
    assert (len(line) + 1) % 4 == 0
    numbers = np.frombuffer(rest, "<i4", count)
    places = np.frombuffer(rest, "<f4", 2 * count, offset=4 * count).reshape(-1, 2)
    return header, numbers, places, np.frombuffer(rest, np.uint8, count, offset=12 * count)


def _write(run: Run) -> AllPoints:
    points = AllPoints(Opened(run), read_bundle(run.explorer_path))
    points._thread.join()
    return points


def test_a_page_is_told_where_its_images_cannot_be_placed(copied: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(all_points, "write_points", Mock(side_effect=MemoryError("out of memory")))
    answer = _write(copied).answer({})
    assert (answer.status, answer.content) == (409, b"the images can't be placed: out of memory\n")


def test_every_image_has_its_place_on_the_plane_of_the_page(copied: Run) -> None:
    _write(copied)
    header, numbers, places, parts = _points(copied)
    assert header["points"] == header["images"] == IMAGES
    assert sorted(numbers.tolist()) == list(range(IMAGES))
    bundle = read_bundle(copied.explorer_path)
    middle, *rows = np.frombuffer(bundle.blobs["plane"], "<f4").reshape(-1, 4)[:3]
    expected = (copied.load_model().encode(squares()) - middle) @ np.array(rows).T
    assert places == pytest.approx(expected[numbers], abs=1e-5)
    held_out = freyvae.training.load_training_data(copied.recipe).split.validation
    assert sorted(numbers[parts > 0].tolist()) == sorted(held_out.tolist())
    # none of the groups is drawn over another, and the first points are a sample
    assert np.corrcoef(numbers, np.arange(IMAGES))[0, 1] < 0.2


def test_groups_and_scores_of_the_run_are_those_of_all_points_and_make_them_anew(
    copied: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = key_of(copied, read_bundle(copied.explorer_path))
    monkeypatch.setattr(bundle_module, "MOST_POINTS", POINTS)
    scores = np.random.default_rng(0).normal(size=IMAGES)
    with copied.lock():
        kept = {"format": SCORES_FORMAT, "by": "oddness", "scores": scores}
        keep_for_page(copied, copied.scores_path, vae=copied.load_model(), **kept)
    found = freyvae.cluster(copied, count=3, out=copied.folder / "clusters.csv")
    bundle = read_bundle(copied.explorer_path)
    assert bundle.header["points"] == POINTS
    assert key_of(copied, bundle) != before
    _write(copied)
    header, numbers, _, _ = _points(copied)
    assert header["columns"] == ["parts", "groups", "scores"]
    groups, levels = np.frombuffer(copied.points_path.read_bytes()[-2 * IMAGES :], np.uint8).reshape(2, -1)
    assert np.array_equal(groups, found.mixture.groups[numbers])
    assert np.array_equal(levels, (256 * (np.argsort(np.argsort(scores)) / IMAGES))[numbers].astype(np.uint8))


def test_a_page_that_is_written_again_while_it_is_served_has_its_own_points(
    copied: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bundle_module, "MOST_POINTS", POINTS)
    points = _write(copied)
    assert points.answer({}).status == 200
    assert _points(copied)[0]["columns"] == ["parts"]
    freyvae.cluster(copied, count=3, out=copied.folder / "clusters.csv")
    assert points.answer({}).status == 202
    points._thread.join()
    assert points.answer({}).status == 200
    assert _points(copied)[0]["columns"] == ["parts", "groups"]
    copied.explorer_path.write_text("no page")
    assert points.answer({}).status == 409


def test_labels_that_were_corrected_are_those_of_the_points(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Also of images that the page does not hold, and while it is served."""
    monkeypatch.setattr(bundle_module, "MOST_POINTS", POINTS)
    table, labels = tmp_path / "labels.csv", np.repeat(["a", "b"], IMAGES // 2)
    table.write_text("\n".join(["label", *labels]))
    run = make_squares(tmp_path, labels=str(table), epochs=1)
    prepare_page(run)
    points = _write(run)
    held = np.frombuffer(read_bundle(run.explorer_path).blobs["numbers"], "<i4")
    corrected = int(np.setdiff1d(np.arange(IMAGES), held)[0])
    for expected in ("a", "b"):
        assert points.answer({}).status == 200
        header, numbers, _, _ = _points(run)
        assert header["columns"] == ["parts", "labels"]
        found = np.frombuffer(run.points_path.read_bytes()[-IMAGES:], np.uint8)[numbers == corrected]
        assert [read_bundle(run.explorer_path).header["labels"][place] for place in found] == [expected]
        labels[corrected] = "b"
        table.write_text("\n".join(["label", *labels]))
        write_page(run)
        if expected == "a":
            assert points.answer({}).status == 202
            points._thread.join()


def test_points_that_are_there_are_not_made_again_unless_they_are_damaged_or_of_another_page(copied: Run) -> None:
    _write(copied)
    whole = copied.points_path.read_bytes()
    bundle = read_bundle(copied.explorer_path)
    key = key_of(copied, bundle)
    assert is_of(copied.points_path, key)
    assert not is_of(copied.points_path, "another")
    assert AllPoints(Opened(copied), bundle).answer({}).status == 200
    for spoiled in (whole[:-1], whole[:200] + b"\x7f" + whole[201:], b"", b"{}\n"):
        copied.points_path.write_bytes(spoiled)
        assert not is_of(copied.points_path, key)
    _write(copied)
    assert copied.points_path.read_bytes() == whole


def test_an_interrupted_placing_leaves_nothing(copied: Run) -> None:
    bundle = read_bundle(copied.explorer_path)
    assert not write_points(Opened(copied), bundle, "key", on_block=lambda done: False)
    assert not copied.points_path.exists()
    assert write_points(Opened(copied), bundle, "key", on_block=lambda done: True)
    assert is_of(copied.points_path, "key")


def test_the_images_of_a_sample_keep_their_numbers(
    copied: Run, monkeypatch: pytest.MonkeyPatch, open_page: Any
) -> None:
    """Of images that are not read into memory, the page is made of some."""
    shown = np.arange(0, IMAGES, 8)
    monkeypatch.setattr(TrainingData, "shown", property(lambda self: shown))
    write_page(copied)
    bundle = read_bundle(copied.explorer_path)
    assert np.frombuffer(bundle.blobs["numbers"], "<i4").tolist() == shown.tolist()
    page = open_page(copied.explorer_path, reduced_motion="reduce")
    page.locator(".filmstrip .field").fill("17")
    page.locator(".filmstrip .field").press("Enter")
    assert page.locator(".filmstrip .value").text_content().startswith(f"Image 17 of {IMAGES}")
    code = copied.load_model().encode(squares()[16:17])[0]
    np.testing.assert_allclose(page.evaluate("freyvae.latents"), code, atol=1e-4)


def test_a_page_that_holds_all_images_needs_no_service(run: Run) -> None:
    assert not is_sample(read_bundle(run.explorer_path))
    assert services_of(run) == ()


def test_pictures_are_those_of_the_numbers(served: Server) -> None:
    status, content = _ask(served, "/explorer/pictures?numbers=399,0,7")
    assert status == 200
    assert content == squares()[[399, 0, 7]].tobytes()


@pytest.mark.parametrize(
    "query",
    ["", "numbers=", "numbers=400", "numbers=-1", "numbers=a", "numbers=nan", "numbers=1e99", "numbers=" + "1," * 601],
)
def test_pictures_that_there_are_not(served: Server, query: str) -> None:
    status, content = _ask(served, f"/explorer/pictures?{query}")
    assert status == 400
    assert content.count(b"\n") == 1


@pytest.mark.parametrize("path", ["/explorer/points.bin", "/explorer/pictures?numbers=1"])
def test_they_need_the_token(served: Server, path: str) -> None:
    assert _ask(served, path, cookie="")[0] == 403


def test_images_that_are_gone_are_said(copied: Run) -> None:
    data = Path(copied.recipe.data.source)
    kept = data.read_bytes()
    try:
        np.save(data, 255 - squares())
        with serving_all(copied) as server:
            status, content = _ask(server, "/explorer/pictures?numbers=1")
            assert (status, b"holds other images now" in content) == (409, True)
            server_services = server.RequestHandlerClass.services  # type: ignore[attr-defined]
            server_services["/explorer/points.bin"]._thread.join()
            status, content = _ask(server, "/explorer/points.bin")
            assert (status, b"holds other images now" in content) == (409, True)
        assert not copied.points_path.exists()
    finally:
        data.write_bytes(kept)


def test_the_page_on_disk_still_asks_nobody(served: Server, sampled: Run) -> None:
    _, page = _ask(served, "/explorer/index.html")
    assert b"connect-src 'self'" in page[:4096]
    assert b"connect-src 'none'" in sampled.explorer_path.read_bytes()[:4096]
    assert is_current(sampled.explorer_path)


@pytest.fixture
def page(served: Server, open_page: Any) -> Any:
    page = open_page(served.address(served.token), reduced_motion="reduce")
    page.wait_for_selector(f"[data-points='{IMAGES}']")
    return page


def _missing(page: Any, sampled: Run) -> int:
    """The number of an image that the page does not hold, from 0."""
    held = np.frombuffer(read_bundle(sampled.explorer_path).blobs["numbers"], "<i4")
    return int(np.setdiff1d(np.arange(IMAGES), held)[50])


def test_a_served_page_shows_all_images_and_their_density(page: Any) -> None:
    page.wait_for_selector(f".all-points[data-drawn='{IMAGES}']")
    assert f"All {IMAGES} images are points" in page.text_content(".everything")
    assert not page.get_by_text(f"shows {POINTS} of them").is_visible()
    lines = """() => {
        const canvas = document.querySelector(".contours");
        const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
        return data.filter((value, at) => at % 4 === 3 && value > 0).length;
    }"""
    drawn = page.evaluate(lines)
    assert drawn > 500
    page.get_by_role("button", name="held out", exact=True).click()
    page.get_by_role("button", name="training", exact=True).click()
    assert page.evaluate(lines) < drawn
    page.get_by_role("button", name="training", exact=True).click()
    page.get_by_role("checkbox", name="contours").uncheck()
    assert page.evaluate(lines) == 0


def test_pictures_themselves_stand_in_the_tiles_of_the_plane(page: Any) -> None:
    page.wait_for_selector("[data-thumbnails]")
    before = int(page.get_attribute("[data-thumbnails]", "data-thumbnails"))
    for _ in range(3):
        page.get_by_role("button", name="Zoom in").click()
    page.wait_for_selector("[data-thumbnails]")
    tiles = page.evaluate("""() => {
        const canvas = document.querySelector("[data-thumbnails]");
        const { data, width } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
        const found = [];
        for (let y = 0; y < canvas.height; y += 8) for (let x = 0; x < width; x += 8) {
            const tile = [];
            for (let row = 0; row < 8; row++) for (let column = 0; column < 8; column++)
            {
                const at = 4 * ((y + row) * width + x + column);
                tile.push(data[at + 3] ? data[at] : -1);
            }
            if (tile[0] >= 0) found.push(tile.join());
        }
        return found;
    }""")
    originals = {",".join(map(str, image.ravel().tolist())) for image in squares()}
    assert before > 10
    assert tiles
    assert originals.issuperset(tiles)


def test_a_slow_answer_takes_nothing_away_from_what_was_chosen_meanwhile(page: Any, sampled: Run) -> None:
    page.evaluate(f"() => {{ freyvae.pickNumber({_missing(page, sampled)}); freyvae.pick(3); }}")
    page.wait_for_load_state("networkidle")
    page.wait_for_timeout(100)
    number = np.frombuffer(read_bundle(sampled.explorer_path).blobs["numbers"], "<i4")[3]
    assert page.text_content(".comparison .what").startswith(f"Image {number + 1}, ")


def test_an_image_that_the_page_does_not_hold_is_found_by_its_number_and_compared(page: Any, sampled: Run) -> None:
    number = _missing(page, sampled)
    search = page.get_by_role("searchbox", name="Find an image")
    search.fill(str(number + 1))
    search.press("Enter")
    page.wait_for_function(
        "text => document.querySelector('.comparison .what').textContent.startsWith(text)", arg=f"Image {number + 1}, "
    )
    code = sampled.load_model().encode(squares()[number : number + 1])[0]
    assert page.evaluate("freyvae.latents") == pytest.approx(code.tolist(), abs=1e-4)
    shown = page.evaluate("""() => Array.from(
        document.querySelector(".comparison canvas").getContext("2d").getImageData(0, 0, 8, 8).data
    ).filter((_, at) => at % 4 === 0)""")
    assert shown == squares()[number].ravel().tolist()


def test_any_of_all_points_can_be_hovered_and_clicked(page: Any, sampled: Run) -> None:
    number = _missing(page, sampled)
    _, numbers, places, _ = _points(sampled)
    (left, right), (bottom, top) = read_bundle(sampled.explorer_path).header["plane"]["ranges"]
    x, y = places[numbers == number][0]
    box = page.get_by_role("application").bounding_box()
    across = float((x - left) / (right - left) * box["width"])
    down = float((top - y) / (top - bottom) * box["height"])
    page.mouse.move(box["x"] + across, box["y"] + down)
    page.wait_for_function("text => document.querySelector('.card').textContent === text", arg=f"Image {number + 1}")
    assert page.locator(".card").is_visible()
    page.mouse.down()
    page.mouse.up()
    page.wait_for_function(
        "text => document.querySelector('.comparison .what').textContent.startsWith(text)", arg=f"Image {number + 1}, "
    )


def test_without_webgl_the_sample_is_drawn_and_the_density_all_the_same(
    served: Server, open_page: Any, browser: Any
) -> None:
    page = open_page("about:blank", ready=False)
    page.add_init_script("""
        const plain = HTMLCanvasElement.prototype.getContext;
        HTMLCanvasElement.prototype.getContext = function (kind, ...others) {
            return kind === "webgl" ? null : plain.call(this, kind, ...others);
        };
    """)
    page.goto(served.address(served.token))
    page.wait_for_selector(f"[data-points='{IMAGES}']")
    painted = """selector => {
        const canvas = document.querySelector(selector);
        const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
        return data.some(value => value > 0);
    }"""
    assert page.locator(".all-points").is_hidden()
    assert page.evaluate(painted, ".contours")
    assert page.evaluate(painted, ".board canvas:nth-of-type(3)")


@pytest.mark.parametrize(("width", "height"), [(390, 844), (1024, 768)])
def test_no_accessibility_finding(served: Server, open_page: Any, width: int, height: int) -> None:
    viewport = {"width": width, "height": height}
    page = open_page(served.address(served.token), viewport=viewport, reduced_motion="reduce")
    page.wait_for_selector(f"[data-points='{IMAGES}']")
    assert accessibility_findings(page) == []
    assert page.evaluate("document.documentElement.scrollWidth") == width


def test_the_page_as_a_file_says_that_it_holds_a_sample(sampled: Run, open_page: Any) -> None:
    page = open_page(sampled.explorer_path)
    assert f"The page shows {POINTS} of them, at even distances." in page.text_content(".lede")
    assert page.locator(".everything").is_hidden()
    assert page.get_by_role("checkbox", name="contours").is_hidden()
