"""A run's networks for use elsewhere."""

from pathlib import Path

import freyvae
from freyvae.cli.answer import AsJson, answer_written
from freyvae.cli.apps import app
from freyvae.cli.preparation import prepare_keras


@app.command
def export(run: Path, *, format: str = "onnx", out: Path | None = None, json: AsJson = False) -> None:
    """Write a run for use elsewhere.

    Args:
        run: the run folder.
        format: onnx (encoder and decoder, for any ONNX runtime), html (the explorer's page), weights (an .npz file),
            parquet (a row for each image, as embedding-atlas opens it) or hub (a folder with a model card).
        out: where to. [default: export/ in the run's folder; for html, its explorer/index.html]
        json: print JSON, for other programs, and nothing else.
    """
    prepare_keras()
    written = freyvae.export(run, format, out)
    answer_written(*written, as_json=json)
