"""The report of a measured run, as a browser lays it out."""

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

from freyvae.evaluation import measure
from freyvae.reporting import summary
from freyvae.run import Run


def test_a_phone_shows_every_table_and_breaks_no_word(run: Run, tmp_path: Path, open_page: Callable[..., Any]) -> None:
    measured = Run(shutil.copytree(run.folder, tmp_path / "measured"))
    measure(measured, samples=10, progress=False)
    summary.report(measured)
    phone = {"viewport": {"width": 390, "height": 844}, "is_mobile": True}
    page = open_page(measured.report_path, ready=False, **phone)
    assert page.evaluate("document.documentElement.scrollWidth") == 390
    tables = page.evaluate("[...document.querySelectorAll('.measured')].map(one => one.scrollWidth - one.clientWidth)")
    assert len(tables) == 5
    assert max(tables) == 0
    # a row is at most as high as its label of four words with one word in each line
    lines = "row => row.clientHeight / parseFloat(getComputedStyle(row).lineHeight)"
    assert max(page.evaluate(f"[...document.querySelectorAll('.measured tr')].map({lines})")) < 5.5
