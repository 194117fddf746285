"""The page with the sliders, served on this machine."""

from pathlib import Path
from typing import Literal

import freyvae
from freyvae.cli.apps import app
from freyvae.console import wait_for
from freyvae.flags import Whole


@app.command
def explore(
    run: Path,
    beside: Path | None = None,
    *,
    colour_by: str | None = None,
    port: Whole | None = None,
    no_browser: bool = False,
    runtime: Literal["page", "onnx"] = "page",
    onnx_runtime_web: Path | None = None,
) -> None:
    """Serve a run's page with the sliders on this machine, and open it in the browser. Ctrl-C ends it.

    The page needs no server: `explorer/index.html` in the run's folder can be opened, or sent, as a file. The address
    carries a token, without which other users of this machine get no answer.

    Args:
        run: the run folder.
        beside: another run folder: one page shows the same pictures in both. [default: none]
        colour_by: a column of a .csv or .tsv file of the run's images, by which the page colours them, such as
            cells.csv:stage. It is kept in the run: words in place of groups, numbers in place of scores.
            [default: none]
        port: to listen on, at 127.0.0.1. [default: 8765, or the next free one]
        no_browser: only serve.
        runtime: what runs the networks in the page: its own interpreter, or ONNX Runtime Web, for large models.
        onnx_runtime_web: the folder `dist` of the npm package onnxruntime-web. [default: that of node_modules here]
    """
    wait_for("opening the page")
    freyvae.explore(
        run,
        beside=beside,
        colour_by=colour_by,
        port=port,
        no_browser=no_browser,
        runtime=runtime,
        onnx_runtime_web=onnx_runtime_web,
    )
