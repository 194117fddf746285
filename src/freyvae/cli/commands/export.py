"""A run's networks for use elsewhere."""

from pathlib import Path

import freyvae
from freyvae.cli.apps import app
from freyvae.cli.preparation import prepare_keras
from freyvae.console import print_lines


@app.command
def export(run: Path, *, format: str = "onnx", out: Path | None = None) -> None:
    """Write a run for use elsewhere.

    Args:
        run: the run folder.
        format: onnx (encoder and decoder, for any ONNX runtime), html (the explorer's page), weights (an .npz file),
            parquet (a row for each image, as embedding-atlas opens it) or hub (a folder with a model card).
        out: where to. [default: export/ in the run's folder; for html, its explorer/index.html]
    """
    prepare_keras()
    for path in freyvae.export(run, format, out):
        print_lines(str(path))
