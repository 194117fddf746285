"""Record the explorer's page while its sliders and its plane are dragged, as a GIF.

    python -m studies.recording runs/frey-faces --out docs/pictures/explorer.gif

What the recording shows is decoded; of the images that the run was trained on there are the codes alone, as dots.
"""

import argparse
import math
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from freyvae.explorer import write_page
from freyvae.run import opened
from studies.shared.browser import chromium

# of the window, in pixels, and of the recording
SIZE, WIDTH = (1100, 760), 880
MILLISECONDS = 80
GREYS, COLOURS = 64, 32
# of frames, for a slider and for the plane
STEPS = 24

# a dot that goes where the mouse goes, which a screenshot does not show
POINTER = """() => {
    const dot = document.createElement("div");
    Object.assign(dot.style, {
        position: "fixed", width: "18px", height: "18px", margin: "-9px", borderRadius: "50%", zIndex: 99,
        background: "rgba(230, 120, 30, 0.65)", pointerEvents: "none", left: "-50px", top: "-50px",
    });
    document.body.append(dot);
    addEventListener("pointermove", event => {
        dot.style.left = `${event.clientX}px`;
        dot.style.top = `${event.clientY}px`;
    }, true);
}"""


def frames(page: Any, steps: int = STEPS) -> Iterator[Image.Image]:
    """Screenshots of a page that is open, while a mouse drags each of two sliders and then the plane."""
    page.evaluate(POINTER)

    def shot() -> Image.Image:
        picture = Image.open(BytesIO(page.screenshot())).convert("RGB")
        height = round(WIDTH * picture.height / picture.width)
        return picture.resize((WIDTH, height), Image.Resampling.LANCZOS)

    def drag(places: list[tuple[float, float]]) -> Iterator[Image.Image]:
        page.mouse.move(*places[0])
        page.mouse.down()
        for place in places:
            page.mouse.move(*place)
            page.wait_for_timeout(30)  # for the page to draw it
            yield shot()
        page.mouse.up()

    for slider in page.locator("input[type=range]:visible").all()[:2]:
        box = slider.bounding_box()
        middle, high = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
        # there and back, and to the other side
        turns = [math.sin(2 * math.pi * step / steps) for step in range(steps + 1)]
        yield from drag([(middle - 0.3 * box["width"] * turn, high) for turn in turns])
    box = page.locator(".chart canvas").first.bounding_box()
    across, down = box["x"] + box["width"] / 2, box["y"] + min(box["height"], SIZE[1] - box["y"]) / 2
    around = [2 * math.pi * step / (2 * steps) for step in range(2 * steps + 1)]
    yield from drag(
        [(across + 0.3 * box["width"] * math.sin(2 * a), down - 0.25 * box["height"] * math.sin(a)) for a in around]
    )


def save(pictures: list[Image.Image], out: Path) -> None:
    """Write a GIF that goes on for ever."""
    palette = _palette(pictures[len(pictures) // 2])
    few = [picture.quantize(palette=palette, dither=Image.Dither.NONE) for picture in pictures]
    few[0].save(out, save_all=True, append_images=few[1:], duration=MILLISECONDS, loop=0, optimize=True)


def _palette(picture: Image.Image) -> Image.Image:
    """Greys, and the colours of a picture: of all its pixels so few have one that they would get none."""
    pixels = np.asarray(picture).reshape(-1, 3)
    coloured = pixels[np.ptp(pixels.astype(int), axis=1) > 24]
    colours = Image.fromarray(coloured[None]).quantize(COLOURS, Image.Quantize.MAXCOVERAGE).getpalette()[: 3 * COLOURS]
    greys = np.linspace(0, 255, GREYS).round().astype(int).repeat(3).tolist()
    palette = Image.new("P", (1, 1))
    palette.putpalette(greys + colours)
    return palette


def main() -> None:
    """Record a run's page."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("run", help="a finished run of two latents")
    parser.add_argument("--out", type=Path, default=Path("docs/pictures/explorer.gif"))
    arguments = parser.parse_args()
    with chromium() as browser:
        page = browser.new_page(viewport={"width": SIZE[0], "height": SIZE[1]}, color_scheme="light")
        page.goto(write_page(opened(arguments.run)).resolve().as_uri())
        page.wait_for_selector("[data-frames=drawn]")
        save(list(frames(page)), arguments.out)
    print(f"{arguments.out}: {arguments.out.stat().st_size / 1e6:.2f} MB")


if __name__ == "__main__":
    main()
