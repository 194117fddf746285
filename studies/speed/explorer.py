"""The speed of the explorer's page in headless Chromium, for a run on the Frey faces, or on drawn faces without them.

Each figure has a limit. `python -m studies.speed` exits with 1 if one is exceeded.
"""

import math
import statistics
import tempfile
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

import freyvae
from freyvae.explorer import write_page
from freyvae.explorer.bundle import make_bundle
from freyvae.explorer.graph import read_graph
from freyvae.explorer.page import page_text
from freyvae.model import VAE
from freyvae.training import train
from studies.shared.browser import NoBrowser, chromium
from studies.shared.markdown import markdown_table
from studies.speed.workload import faces

COLOUR_IMAGES = 1000
QUICK = {"repeats": 6, "loads": 1, "epochs": 1}

# decodes and paints one code after another; a pixel is read back so that the painting is complete when the clock stops
DECODE_AND_DRAW = """repeats => {
    const canvas = document.querySelector(".face"), times = [];
    const dim = freyvae.latents.length;
    for (let repeat = 0; repeat < repeats; repeat++) {
        const latents = Array.from({ length: dim }, () => 4 * Math.random() - 2);
        freyvae.setLatents(latents);
        const began = performance.now();
        freyvae.draw();
        canvas.getContext("2d").getImageData(0, 0, 1, 1);
        times.push(performance.now() - began);
    }
    return times;
}"""


class Figure(NamedTuple):
    """A measured figure, and its limit."""

    name: str
    value: float
    limit: float
    unit: str


def faces_page(folder: Path, epochs: int) -> tuple[Path, str]:
    _, data = faces()
    recipe = freyvae.load_recipe("frey-faces").replace(name=data, data=data, epochs=epochs)
    return write_page(train(recipe, folder / "run", quiet=True)), data


def colour_page(folder: Path) -> tuple[Path, int]:
    """The page of the recipe `images` for 64 x 64 colour, untrained, and the number of its decoder's weights."""
    grey = np.kron(freyvae.synthetic_faces(COLOUR_IMAGES).images, np.ones((1, 3, 3, 1), np.uint8))[:, :64, :60]
    images = np.zeros((COLOUR_IMAGES, 64, 64, 3), np.uint8)
    # a tint and some grain: as easy and as hard to compress as pictures are
    tints = np.random.default_rng(0).uniform(0.4, 1.0, (COLOUR_IMAGES, 1, 1, 3))
    grain = np.random.default_rng(1).normal(0, 3, (COLOUR_IMAGES, 64, 60, 3))
    images[:, :, :60] = np.clip(grey * tints + grain, 0, 255)
    recipe = freyvae.load_recipe("images")
    vae = VAE((64, 64, 3), recipe.latent_dim, network=recipe.network, likelihood=recipe.likelihood, seed=0)
    vae.start_at(images)
    path = folder / "colour.html"
    path.write_text(page_text(make_bundle(vae, images, title="images")), encoding="utf-8")
    return path, read_graph(vae.decoder).weight_count


def open_page(browser: Any, path: Path) -> Any:
    page = browser.new_page(viewport={"width": 1280, "height": 800})
    page.goto(path.as_uri())
    page.wait_for_selector("[data-frames=drawn]")
    return page


def decode_and_draw(browser: Any, path: Path, repeats: int) -> list[float]:
    """Milliseconds of each of a number of frames, sorted."""
    page = open_page(browser, path)
    page.wait_for_selector("[data-faces=drawn]", timeout=300_000)
    page.evaluate(DECODE_AND_DRAW, max(repeats // 10, 3))
    times = page.evaluate(DECODE_AND_DRAW, repeats)
    page.close()
    return sorted(times)


def first_face(browser: Any, path: Path, loads: int) -> float:
    times = []
    for _ in range(loads):
        page = open_page(browser, path)
        times.append(page.evaluate("performance.getEntriesByName('freyvae-first-face')[0].startTime"))
        page.close()
    return statistics.median(times)


def run(repeats: int = 300, loads: int = 9, epochs: int = 20) -> dict[str, Any]:
    """Measure every figure; without Chromium or playwright, return the reason instead."""
    try:
        with tempfile.TemporaryDirectory() as temporary, chromium() as browser:
            return _measured(browser, Path(temporary), repeats, loads, epochs)
    except NoBrowser as reason:
        return {"absent": str(reason)}


def _measured(browser: Any, folder: Path, repeats: int, loads: int, epochs: int) -> dict[str, Any]:
    path, data = faces_page(folder, epochs)
    colour, weights = colour_page(folder)
    drawn = decode_and_draw(browser, path, repeats)
    drawn_colour = decode_and_draw(browser, colour, repeats)
    slow = drawn_colour[math.ceil(0.95 * len(drawn_colour)) - 1]
    kind = f"64 x 64 colour, {weights:,} weights"
    figures = [
        Figure("decode and draw one frame, median", statistics.median(drawn), 2.0, "ms"),
        Figure("first face drawn, from disk, median", first_face(browser, path, loads), 500.0, "ms"),
        Figure("page with every thumbnail", path.stat().st_size / 1e6, 3.0, "MB"),
        Figure(f"{kind}: decode and draw, median", statistics.median(drawn_colour), 16.0, "ms"),
        Figure(f"{kind}: decode and draw, 95 %", slow, 16.0, "ms"),
        Figure(f"{kind}: first face, median", first_face(browser, colour, loads), 1000.0, "ms"),
        Figure(f"{kind}: page of {COLOUR_IMAGES:,} images", colour.stat().st_size / 1e6, 8.0, "MB"),
    ]
    return {"absent": "", "faces": data, "figures": [figure._asdict() for figure in figures]}


def table(found: dict[str, Any]) -> str:
    """Markdown table: each figure and its limit."""
    if found["absent"]:
        return f"absent: {found['absent']}"
    rows = [
        [row["name"], f"{row['value']:.2f} {row['unit']}", f"{row['limit']:g} {row['unit']}"]
        + ["missed" if row["value"] > row["limit"] else ""]
        for row in found["figures"]
    ]
    return markdown_table(["headless Chromium", "found", "at most", ""], rows)


def missed(found: dict[str, Any]) -> list[str]:
    """The names of the figures that are above their limit."""
    return [row["name"] for row in found.get("figures", []) if row["value"] > row["limit"]]
