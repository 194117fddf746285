"""A training in the browser while it lasts."""

import http.cookiejar
import json
import threading
import urllib.error
import urllib.request
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

import freyvae
from freyvae import training
from freyvae.errors import BadInput
from freyvae.live import follower as follower_module
from freyvae.live import train as train_module
from freyvae.live.feed import Feed
from freyvae.live.follower import SHARE, LiveFollower
from freyvae.live.server import served
from freyvae.model import VAE
from freyvae.model.networks import Hierarchical
from freyvae.recipe import Recipe, load_recipe
from freyvae.reporting.pictures import album
from freyvae.run import Run

EPOCHS = 6


@pytest.fixture
def recipe(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Recipe:
    """A recipe that trains in a moment, in a folder of its own."""
    monkeypatch.chdir(tmp_path)
    np.save("images.npy", freyvae.synthetic_faces(90).images)
    return load_recipe("frey-faces").replace(
        name="quick", data="images.npy", split="random", hidden=[16], batch_size=30, epochs=EPOCHS
    )


def test_who_looks_on_is_told_what_is_new_to_them() -> None:
    feed = Feed()
    assert feed.news(0, 0).state == {"state": "waiting"}
    feed.tell(rows=[{"epoch": 1}, {"epoch": 2}], pictures={"epoch": 2}, state={"state": "training"})
    first = feed.news(0, 0)
    assert (first.rows, first.seen, first.pictures) == ([{"epoch": 1}, {"epoch": 2}], 2, {"epoch": 2})
    feed.tell(rows=[{"epoch": 3}])
    news = feed.news(first.seen, first.drawn)
    assert (news.rows, news.seen, news.pictures) == ([{"epoch": 3}], 3, None)
    assert feed.wait(0, 0.0) == 2
    assert feed.wait(2, 0.01) == 2


def test_the_page_shows_curves_reconstructions_samples_and_codes_as_they_form(
    recipe: Recipe, open_page: Callable[..., Any]
) -> None:
    feed, run, begun = Feed(), Run("live"), threading.Event()
    with served(run, feed, title="faces & <b>", port=0, say=str) as page:
        shown = open_page(page.address, ready=False, viewport={"width": 1440, "height": 900})
        assert shown.locator("#state").inner_text() == "waiting for the training to begin"
        follower = LiveFollower(feed, on_begin=begun.set)
        arguments = {"quiet": True, "callbacks": [follower]}
        worker = threading.Thread(target=training.train_model, args=(recipe, "live"), kwargs=arguments)
        worker.start()
        shown.wait_for_selector(f"body[data-drawn='{EPOCHS}']", timeout=60_000)
        worker.join()
        assert begun.is_set()
        assert shown.locator("h1").inner_text() == "faces & <b>"
        paths = [path.get_attribute("d") for path in shown.locator(".curve").all()]
        assert [path.count("L") for path in paths] == [EPOCHS - 1] * 2
        # there are nine validation images
        for name, columns, rows in (("reconstructions", 9, 2), ("samples", 10, 3)):
            image = shown.locator(f"#{name}")
            assert image.evaluate("one => [one.naturalWidth, one.naturalHeight]") == [columns * 21 - 1, rows * 29 - 1]
        parts = {part: shown.locator(f".point.{part}").count() for part in ("training", "validation")}
        split = training.load_training_data(run.recipe).split
        assert parts == {"training": len(split.train), "validation": len(split.validation)}
        history = run.read_history()
        assert f"validation {history['val_free_energy'][-1]:.0f}" in shown.locator("#curves").text_content()
        feed.tell(state=feed.state | {"state": "done"})
        shown.locator("#state", has_text="trained: 6 epochs in ").wait_for()
        # all of it in one screen
        assert shown.evaluate("document.documentElement.scrollHeight") <= 900
        shown.set_viewport_size({"width": 390, "height": 844})
        assert shown.evaluate("document.documentElement.scrollWidth") == 390
    alone = training.train(recipe, "alone", quiet=True)
    for ours, theirs in zip(run.load_model().get_weights(), alone.load_model().get_weights(), strict=True):
        np.testing.assert_array_equal(ours, theirs)


def test_who_has_no_token_is_told_who_printed_it(tmp_path: Path) -> None:
    with (
        served(Run(tmp_path), Feed(), title="x", port=0, say=str) as page,
        pytest.raises(urllib.error.HTTPError, match="403") as refused,
    ):
        urllib.request.urlopen(page.address.partition("?")[0])
    assert b"that <code>freyvae train --live</code> printed" in refused.value.read()


@pytest.mark.parametrize("end", ["done", "stopped"])
def test_who_looks_on_is_told_the_end(tmp_path: Path, end: str) -> None:
    feed = Feed()
    jar = urllib.request.HTTPCookieProcessor(http.cookiejar.CookieJar())
    opener = urllib.request.build_opener(jar)
    with served(Run(tmp_path), feed, title="x", port=0, say=str) as page:
        opener.open(page.address).read()
        feed.tell(state={"state": "training"})
        events = opener.open(page.address.partition("?")[0].removesuffix("/live") + "/live/events")
        first = events.readline()
        feed.tell(state={"state": end})
        rest = events.read()
    states = [json.loads(line.removeprefix(b"data: "))["state"] for line in (first, *rest.split(b"\n")) if line.strip()]
    assert states[0] == "training"
    assert states[-1] == end


def test_pictures_take_a_small_share_of_the_time(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = SimpleNamespace(now=0.0)
    monkeypatch.setattr(follower_module.time, "perf_counter", lambda: clock.now)
    feed = Feed()
    follower = LiveFollower(feed, on_begin=lambda: None)

    def draw(epoch: int) -> dict[str, int]:
        clock.now += 0.05
        return {"epoch": epoch}

    monkeypatch.setattr(follower, "_pictures", draw)
    monkeypatch.setattr(follower, "_progress", dict)
    follower._recorder = SimpleNamespace(rows=[{}], is_over=False)
    for epoch in range(1000):
        clock.now += 0.3
        follower.on_epoch_end(epoch)
    assert feed.news(0, 0).seen == 1000
    assert 20 <= feed.news(0, 0).drawn <= 1 + SHARE * clock.now / 0.05
    assert follower.spent <= SHARE * clock.now + 0.05


def test_pictures_of_a_hierarchy_are_of_all_its_groups(monkeypatch: pytest.MonkeyPatch) -> None:
    images = np.random.default_rng(0).integers(0, 256, (12, 16, 16, 1), np.uint8)
    vae = VAE((16, 16, 1), 2, network=Hierarchical(width=4), seed=0)
    follower = LiveFollower(Feed(), on_begin=lambda: None)
    follower.set_model(vae)
    follower._images, follower._shown, follower._parts = images, images[:3], [0] * 9
    follower._latents = vae.sample_latents(4)
    follower._recorder = SimpleNamespace(recipe=SimpleNamespace(latent_names=()))
    drawn: list[Any] = []
    monkeypatch.setattr(follower_module, "_png", lambda pixels, columns: drawn.append(pixels) or "")
    follower._pictures(1)
    reconstructions, samples = drawn
    np.testing.assert_array_equal(reconstructions[3:], follower_module.to_bytes(vae.reconstruct(images[:3])))
    np.testing.assert_array_equal(samples, follower_module.to_bytes(vae.sample_means(follower._latents)))
    assert (reconstructions[3:] != follower_module.to_bytes(vae.decode(vae.encode(images[:3])))).any()


def test_train_live_serves_the_run_until_it_is_told_to_stop(recipe: Recipe, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(album, "CAPTIONS", {"examples": album.CAPTIONS["examples"]})
    said: list[str] = []
    seen: list[Any] = []

    def look() -> None:
        jar = urllib.request.HTTPCookieProcessor(http.cookiejar.CookieJar())
        opener = urllib.request.build_opener(jar)
        address = [line for line in said if "live at " in line][-1].removeprefix("live at ")
        assert b"<title>quick: training</title>" in opener.open(address).read()
        base = address.partition("?")[0]
        assert b"quick" in opener.open(f"{base}report.html").read()
        seen.append(json.loads(opener.open(f"{base}live/events").read().removeprefix(b"data: ")))
        raise KeyboardInterrupt

    monkeypatch.setattr(train_module, "stay", look)
    chosen = {"live": True, "port": 0, "no_browser": True, "say": said.append}
    for _ in range(2):  # trained, and reloaded
        run = freyvae.train(recipe, "run", **chosen)
        assert run.is_finished
    for news in seen:
        assert (news["state"], news["epoch"], len(news["rows"])) == ("done", EPOCHS, EPOCHS)
        assert news["has_pages"]
    assert said[-1] == "stopped"
    for choice in ({"port": 8000}, {"no_browser": True}):
        with pytest.raises(BadInput, match=r"port=\.\.\. and no_browser=True are of live=True: give that too"):
            freyvae.train(recipe, "run", **choice)
    with pytest.raises(BadInput, match="live must be True or False"):
        freyvae.train(recipe, "run", live="yes")
