"""The widget in the programs that people open notebooks with."""

import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import nbformat
import pytest

from freyvae.run import Run

pytestmark = pytest.mark.notebooks

SECONDS = 120
CELLS = (
    'import freyvae\nvae = freyvae.load("{run}")\nfaces = freyvae.load_images("synthetic-faces").images',
    'freyvae.explore(vae, {{"training": faces[:300], "validation": faces[300:330]}}, names=["humour", "pose"])',
)
MARIMO = """
import marimo

app = marimo.App()


@app.cell
def _():
    {0}
    return faces, freyvae, vae


@app.cell
def _(faces, freyvae, vae):
    {1}
    return


if __name__ == "__main__":
    app.run()
"""


@contextmanager
def serving(port: int, *words: object) -> Iterator[None]:
    """A program of this environment that answers on a port, until the end of the block."""
    with subprocess.Popen(
        [sys.executable, "-m", *map(str, words)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    ) as process:
        try:
            deadline = time.monotonic() + SECONDS
            while True:
                try:
                    urllib.request.urlopen(f"http://localhost:{port}/", timeout=5).read()
                    break
                except OSError:
                    assert process.poll() is None, "it ended"
                    assert time.monotonic() < deadline, "it does not answer"
                    time.sleep(0.2)
            yield
        finally:
            process.terminate()


@pytest.fixture
def port() -> int:
    with socket.socket() as probe:
        probe.bind(("localhost", 0))
        return int(probe.getsockname()[1])


@pytest.fixture
def page(browser: Any) -> Iterator[Any]:
    context = browser.new_context(viewport={"width": 1100, "height": 900})
    page = context.new_page()
    page.set_default_timeout(1000 * SECONDS)
    yield page
    context.close()


def drag(page: Any) -> None:
    """Move a slider by keys, which the program around the widget must leave to it, and look at what follows."""
    slider = page.get_by_role("slider", name="humour").first
    slider.scroll_into_view_if_needed()
    picture = page.locator("canvas").first
    before = picture.evaluate("canvas => canvas.toDataURL()")
    slider.focus()
    for _ in range(10):
        page.keyboard.press("ArrowRight")
    page.wait_for_function(
        "([canvas, before]) => canvas.toDataURL() !== before", arg=[picture.element_handle(), before]
    )
    assert float(slider.input_value()) > 0
    # it fits its cell
    assert slider.evaluate("one => one.getBoundingClientRect().right <= document.documentElement.clientWidth")
    assert page.get_by_text("held out").count()


def test_the_widget_in_jupyterlab(run: Run, port: int, page: Any, tmp_path: Path) -> None:
    cells = [nbformat.v4.new_code_cell(cell.format(run=run.folder)) for cell in CELLS]
    notebook = nbformat.v4.new_notebook(cells=cells)
    notebook.metadata["kernelspec"] = {"name": "python3", "display_name": "Python 3", "language": "python"}
    nbformat.write(notebook, tmp_path / "faces.ipynb")
    words = ("--no-browser", "--allow-root", f"--port={port}", "--IdentityProvider.token=")
    with serving(port, "jupyterlab", *words, f"--ServerApp.root_dir={tmp_path}"):
        page.goto(f"http://localhost:{port}/lab/tree/faces.ipynb?reset")
        page.locator(".jp-Notebook").wait_for()
        page.get_by_text("Python 3 (ipykernel) | Idle").wait_for()
        page.get_by_role("menuitem", name="Run", exact=True).first.click()
        page.get_by_text("Run All Cells", exact=True).click()
        drag(page)


def test_the_widget_in_marimo(run: Run, port: int, page: Any, tmp_path: Path) -> None:
    cells = [cell.format(run=run.folder).replace("\n", "\n    ") for cell in CELLS]
    (tmp_path / "faces.py").write_text(MARIMO.format(*cells))
    with serving(port, "marimo", "run", tmp_path / "faces.py", "--no-token", "--headless", "--port", port):
        page.goto(f"http://localhost:{port}/")
        drag(page)
