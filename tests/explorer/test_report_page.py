"""The report of a measured run, as a browser lays it out."""

import re
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from freyvae.evaluation import measure
from freyvae.reporting import summary
from freyvae.run import Run

# of each figure and table: its top and bottom on the page
BOXES = """[...document.querySelectorAll('figure, .measured, .plot, .headline')].map(one => {
    const box = one.getBoundingClientRect();
    return [box.left, box.top + scrollY, box.right, box.bottom + scrollY];
})"""


@pytest.fixture(scope="module")
def report(run: Run, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The report of the drawn faces, measured, with all its pictures."""
    measured = Run(shutil.copytree(run.folder, tmp_path_factory.mktemp("report") / "measured"))
    measure(measured, samples=10, progress=False)
    summary.show(measured)
    return measured.report_path


def test_a_phone_shows_every_table_and_breaks_no_word(report: Path, open_page: Callable[..., Any]) -> None:
    phone = {"viewport": {"width": 390, "height": 844}, "is_mobile": True}
    page = open_page(report, ready=False, **phone)
    assert page.evaluate("document.documentElement.scrollWidth") == 390
    tables = page.evaluate("[...document.querySelectorAll('.measured')].map(one => one.scrollWidth - one.clientWidth)")
    assert len(tables) == 5
    assert max(tables) == 0
    # a row is at most as high as its label of four words with one word in each line
    lines = "row => row.clientHeight / parseFloat(getComputedStyle(row).lineHeight)"
    assert max(page.evaluate(f"[...document.querySelectorAll('.measured tr')].map({lines})")) < 5.5


def test_a_desktop_shows_the_verdict_and_the_plot_at_once_in_two_columns_without_holes(
    report: Path, open_page: Callable[..., Any]
) -> None:
    assert report.stat().st_size < 2 * 2**20
    page = open_page(report, ready=False, viewport={"width": 1440, "height": 900}, color_scheme="dark")
    assert page.locator(".verdict").bounding_box()["y"] < page.locator(".plot").bounding_box()["y"]
    plot = page.locator(".plot").bounding_box()
    assert plot["y"] + plot["height"] < 900
    # the model's dot has the colour of the part that was measured, which is that of the explorer
    assert (
        page.evaluate("getComputedStyle(document.querySelector('.ours .dot')).backgroundColor") == "rgb(79, 207, 168)"
    )
    for section in page.locator("section:has(figure)").all():
        boxes = section.locator("figure").evaluate_all("all => all.map(one => one.getBoundingClientRect().toJSON())")
        left, right = ([box for box in boxes if (box["left"] > 720) == side] for side in (False, True))
        ends = [max(box["bottom"] for box in column) for column in (left, right)]
        # balanced: no more is empty below the shorter column than the highest picture of the two
        assert abs(ends[0] - ends[1]) < max(box["height"] for box in boxes)


def test_paper_breaks_no_figure_and_no_table(report: Path, open_page: Callable[..., Any]) -> None:
    page = open_page(report, ready=False, viewport={"width": 688, "height": 1000})
    page.emulate_media(media="print")
    # of a page of A4 less its margins, 182 mm by 265 mm; what fits none would have to be broken
    boxes = page.evaluate(BOXES)
    assert len(boxes) > 12
    assert max(bottom - top for _, top, _, bottom in boxes) < 1000
    avoid = "one => getComputedStyle(one).breakInside"
    assert set(page.evaluate(f"[...document.querySelectorAll('figure, .measured, table, .plot')].map({avoid})")) == {
        "avoid"
    }
    pages = re.findall(rb"/Type ?/Page\b", page.pdf(format="A4"))
    assert 4 <= len(pages) <= 7
