"""The speed of the explorer's page in headless Chromium, for a run on the Frey faces, or on drawn faces without them.

Each figure has a limit. `python -m studies.speed` exits with 1 if one is exceeded.
"""

import shutil
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
from studies.shared.markdown import markdown_table
from studies.speed.workload import faces

QUICK = {"repeats": 6, "loads": 1, "epochs": 1}
FLAGS = ["--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking", "--disable-sync"]

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


def convolutional_page(folder: Path) -> tuple[Path, int]:
    import keras
    from keras import layers

    inputs = keras.Input((16,))
    x = layers.Reshape((8, 8, 64))(layers.Dense(8 * 8 * 64, activation="relu")(inputs))
    x = layers.Conv2DTranspose(128, 4, strides=2, padding="same", activation="relu")(x)
    x = layers.Conv2DTranspose(64, 4, strides=2, padding="same", activation="relu")(x)
    x = layers.Conv2DTranspose(48, 4, strides=2, padding="same", activation="relu")(x)
    x = layers.Conv2D(3, 3, padding="same")(x)
    decoder = keras.Model(inputs, x, name="decoder")
    vae = VAE((64, 64, 3), 16, decoder=decoder, likelihood="bernoulli", seed=0)
    images = np.random.default_rng(0).integers(0, 256, (20, 64, 64, 3), dtype=np.uint8)
    path = folder / "convolutional.html"
    path.write_text(page_text(make_bundle(vae, images, title="convolutional")), encoding="utf-8")
    return path, read_graph(decoder).weight_count


def open_page(browser: Any, path: Path) -> Any:
    page = browser.new_page(viewport={"width": 1280, "height": 800})
    page.goto(path.as_uri())
    page.wait_for_selector("[data-frames=drawn]")
    return page


def decode_and_draw(browser: Any, path: Path, repeats: int) -> float:
    page = open_page(browser, path)
    page.wait_for_selector("[data-veil=drawn]", timeout=60_000)
    page.wait_for_selector("[data-faces=drawn]", timeout=300_000)
    page.evaluate(DECODE_AND_DRAW, max(repeats // 10, 3))
    times = page.evaluate(DECODE_AND_DRAW, repeats)
    page.close()
    return statistics.median(times)


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
        from playwright.sync_api import sync_playwright
    except ImportError:
        return {"absent": "playwright is not installed"}
    chromium = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    if chromium is None:
        return {"absent": "there is no Chromium: apt-get install chromium"}
    with tempfile.TemporaryDirectory() as temporary, sync_playwright() as playwright:
        folder = Path(temporary)
        path, data = faces_page(folder, epochs)
        large, weights = convolutional_page(folder)
        browser = playwright.chromium.launch(executable_path=chromium, args=FLAGS)
        drawn = decode_and_draw(browser, path, repeats)
        drawn_large = decode_and_draw(browser, large, max(repeats // 15, 3))
        convolutional = f"64 x 64 colour, convolutional, {weights:,} weights, median"
        figures = [
            Figure("decode and draw one frame, median", drawn, 2.0, "ms"),
            Figure("first face drawn, from disk, median", first_face(browser, path, loads), 500.0, "ms"),
            Figure("page with every thumbnail", path.stat().st_size / 1e6, 3.0, "MB"),
            Figure(convolutional, drawn_large, 100.0, "ms"),
        ]
        browser.close()
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
