"""How fast is the explorer's page? In headless Chromium, on a run of the Frey faces (or the drawn ones without them).

    python benchmarks/explorer.py

prints each figure beside its limit, and exits with 1 when one is missed.
"""

import shutil
import statistics
import sys
import tempfile
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

import freyvae
from freyvae.data import DataUnavailable, load_frey_faces
from freyvae.explorer import write_page
from freyvae.explorer.bundle import make_bundle
from freyvae.explorer.graph import read_graph
from freyvae.explorer.page import page_text
from freyvae.model import VAE
from freyvae.training import train

REPEATS = 300
LOADS = 9
FLAGS = ["--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking", "--disable-sync"]

# decode and paint one code after another, and read a pixel back, so that the painting is done when the clock stops
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
    """A measured figure, and the most that it may be."""

    name: str
    value: float
    limit: float
    unit: str


def faces_page(folder: Path) -> tuple[Path, str]:
    data = "frey-faces"
    try:
        load_frey_faces(progress=False)
    except DataUnavailable:
        data = "synthetic-faces"
    recipe = freyvae.load_recipe("frey-faces").replace(name=data, data=data, epochs=20)
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


def first_face(browser: Any, path: Path) -> float:
    times = []
    for _ in range(LOADS):
        page = open_page(browser, path)
        times.append(page.evaluate("performance.getEntriesByName('freyvae-first-face')[0].startTime"))
        page.close()
    return statistics.median(times)


def measure(folder: Path) -> tuple[list[Figure], str]:
    from playwright.sync_api import sync_playwright

    chromium = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    if chromium is None:
        sys.exit("there is no Chromium: apt-get install chromium")
    path, data = faces_page(folder)
    large, weights = convolutional_page(folder)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=FLAGS)
        figures = [
            Figure("decode and draw one frame, median", decode_and_draw(browser, path, REPEATS), 2.0, "ms"),
            Figure("first face drawn, from disk, median", first_face(browser, path), 500.0, "ms"),
            Figure("page with 1965 thumbnails", path.stat().st_size / 1e6, 3.0, "MB"),
            Figure(
                f"64 x 64 colour, convolutional, {weights:,} weights, median",
                decode_and_draw(browser, large, 20),
                100.0,
                "ms",
            ),
        ]
        browser.close()
    return figures, data


def main() -> int:
    with tempfile.TemporaryDirectory() as folder:
        figures, data = measure(Path(folder))
    print(f"explorer, headless Chromium, {data}")
    for figure in figures:
        verdict = "" if figure.value <= figure.limit else "  MISSED"
        print(f"  {figure.name:58} {figure.value:8.2f} {figure.unit}  (at most {figure.limit:g}){verdict}")
    return int(any(figure.value > figure.limit for figure in figures))


if __name__ == "__main__":
    sys.exit(main())
