"""One small trained run, one browser, and pages that fail a test if they log errors or send requests elsewhere."""

import os
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from studies.shared.browser import NoBrowser, chromium

import freyvae
from freyvae.explorer import write_page
from freyvae.explorer.server import Server, closing, make_server, services_of
from freyvae.run import Run
from freyvae.training import train


def make_run(folder: Path, **changes: Any) -> Run:
    recipe = freyvae.load_recipe("frey-faces").replace(
        name="faces", data="synthetic-faces", epochs=3, hidden=[64], **changes
    )
    run = train(recipe, folder, quiet=True)
    write_page(run)
    return run


def squares() -> Any:
    """400 images of 8 by 8: bright squares before a dark ground, each at its own place."""
    images = np.zeros((400, 8, 8, 1), np.uint8)
    places = np.random.default_rng(0).integers((0, 0, 90), (6, 6, 255), (len(images), 3))
    for number, (across, down, level) in enumerate(places):
        images[number, down : down + 3, across : across + 3] = level
    return images


def make_squares(folder: Path, name: str = "run", images: Any = None, **changes: Any) -> Run:
    """A run of four latents on the squares, or on other images, in a file beside it; without a page."""
    data = folder / f"{'squares' if images is None else name}.npy"
    np.save(data, squares() if images is None else images)
    choices: dict[str, Any] = {"latent_dim": 4, "latent_names": (), "epochs": 2, **changes}
    if "network" not in choices:
        choices["hidden"] = (16,)
    recipe = freyvae.load_recipe("frey-faces").replace(
        name="squares", data=str(data), split="random", validation=40, test=0, **choices
    )
    return freyvae.train(recipe, folder / name, quiet=True, pictures=False)


@pytest.fixture(scope="session")
def run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """A run on the drawn faces, with its page. Tests must not change it."""
    return make_run(tmp_path_factory.mktemp("explorer") / "faces")


@pytest.fixture(scope="session")
def vae(run: Run) -> Any:
    return run.load_model()


@pytest.fixture(scope="session")
def large(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """A run whose encoder has more weights than a page holds, with its page. Tests must not change it."""
    network = freyvae.networks.Dense(hidden=(2000, 2000))
    run = make_squares(tmp_path_factory.mktemp("large"), network=network, epochs=1)
    write_page(run)
    return run


@pytest.fixture(scope="session")
def browser() -> Iterator[Any]:
    """Debian's Chromium, driven by Playwright."""
    try:
        with chromium() as opened:
            yield opened
    except NoBrowser as reason:
        if os.environ.get("FREYVAE_REQUIRE_BROWSER") == "1":
            pytest.fail(f"FREYVAE_REQUIRE_BROWSER=1, but {reason}")
        pytest.skip(str(reason))


@contextmanager
def serving(run: Run, **choices: Any) -> Iterator[Server]:
    """A run's page, served until the end of the block."""
    with make_server(run, port=0, **choices) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        try:
            yield server
        finally:
            server.shutdown()
            thread.join()


@contextmanager
def serving_all(run: Run) -> Iterator[Server]:
    """The same with all that its server computes."""
    services = services_of(run)
    with closing(services), serving(run, services=services) as server:
        yield server


def accessibility_findings(page: Any) -> list[str]:
    """What axe finds on a page, targets that are too small too."""
    if os.environ.get("FREYVAE_REQUIRE_BROWSER") != "1":
        pytest.importorskip("axe_playwright_python")
    import axe_playwright_python

    axe = (Path(axe_playwright_python.__file__).parent / "axe.min.js").read_text(encoding="utf-8")
    page.evaluate(f"() => {{ {axe} }}")
    found: list[str] = page.evaluate("""axe.run({ rules: { "target-size": { enabled: true } } })
        .then(results => results.violations.map(({ id, nodes }) => `${id}: ${nodes[0].html}`))""")
    return found


OpenPage = Callable[..., Any]


class Watch:
    """Records errors in the console of pages, and requests to other addresses."""

    def __init__(self) -> None:
        self.complaints: list[str] = []

    def over(self, page: Any) -> None:
        page.on("console", lambda message: self._heard(message.text) if message.type == "error" else None)
        page.on("pageerror", lambda error: self._heard(str(error)))
        page.on("request", lambda request: self._asked(request.url))

    def _heard(self, text: str) -> None:
        self.complaints.append(text)

    def _asked(self, address: str) -> None:
        if not address.startswith(("file://", "data:", "blob:", "http://127.0.0.1:")):
            self.complaints.append(f"request to {address}")


@pytest.fixture(scope="session")
def watch() -> Watch:
    return Watch()


@pytest.fixture(autouse=True)
def _no_complaints(watch: Watch) -> Iterator[None]:
    """Check after every test that there was no console error, and no request to another address."""
    watch.complaints.clear()
    yield
    assert watch.complaints == []


# Each page that is opened draws the same numbers (mulberry32), or a walk could end where it began, once in a thousand.
SAME_DRAWS = """
  let state = 1;
  Math.random = () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
"""


def _new_context(browser: Any, **options: Any) -> Any:
    context = browser.new_context(**{"viewport": {"width": 1280, "height": 800}, **options})
    context.set_default_timeout(10_000)
    context.add_init_script(SAME_DRAWS)
    return context


@pytest.fixture
def open_page(browser: Any, watch: Watch) -> Iterator[OpenPage]:
    """Open an explorer page in a separate browser context."""
    contexts = []

    def open_it(address: str | Path, *, fragment: str = "", ready: bool = True, **options: Any) -> Any:
        if isinstance(address, Path):
            address = address.as_uri()
        context = _new_context(browser, **options)
        contexts.append(context)
        page = context.new_page()
        watch.over(page)
        page.goto(address + (f"#{fragment}" if fragment else ""))
        if ready:
            page.wait_for_selector("[data-frames=drawn]")
        return page

    yield open_it
    for context in contexts:
        context.close()


@pytest.fixture(scope="session")
def _desk(browser: Any, watch: Watch) -> Any:
    context = _new_context(browser, reduced_motion="reduce")
    page = context.new_page()
    watch.over(page)
    return page


@pytest.fixture
def page(run: Run, _desk: Any) -> Any:
    """The run's page from disk, on a desktop, with reduced motion, so that changes are immediate."""
    _desk.goto("about:blank")
    _desk.goto(run.explorer_path.as_uri())
    _desk.wait_for_selector("[data-frames=drawn]")
    return _desk
