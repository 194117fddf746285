"""Exports a run in one of the formats."""

import importlib
from pathlib import Path

from freyvae.errors import BadInput
from freyvae.exports.formats import FORMATS
from freyvae.files import as_path
from freyvae.run import Run, opened


def export(run: Run | str | Path, format: str = "onnx", out: str | Path | None = None) -> list[Path]:
    """Write a run for use elsewhere.

    Args:
        run: a finished run, or its folder.
        format: `onnx` writes encoder.onnx and decoder.onnx. `html` writes the explorer's page. `weights` writes
            weights.npz, with arrays named `decoder/LAYER/WEIGHT`, and weights.json, which describes the layers.
            `parquet` writes codes.parquet: a row for each image of the run, as embedding-atlas opens it. `hub` writes a
            folder for the Hugging Face Hub: the model, its recipe and numbers, and a model card.
        out: the file or a folder for `html`, the folder for the other formats. The default is the run's `export/`, and
            for `html` its `explorer/index.html`.

    Returns:
        the files written.

    Raises:
        BadInput: the format is unknown or cannot hold a network, a program for it is not installed, or `out` cannot be
            written.
    """
    run, out = opened(run), None if out is None else as_path("out", out)
    chosen = FORMATS.named(format)
    if chosen.module:
        try:
            importlib.import_module(chosen.module)
        except ImportError as error:
            raise BadInput(
                f'format="{chosen.name}" needs {chosen.module}: pip install "freyvae[{chosen.extra}]" installs it'
            ) from error
    return chosen.write(run, out)
