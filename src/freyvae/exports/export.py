"""Exports a run: a format is a file beside this one, or of the explorer."""

import difflib
from pathlib import Path

from freyvae.arguments import in_words, text
from freyvae.errors import BadInput
from freyvae.files import as_path, write_whole
from freyvae.run import Run, check_output, opened

FORMATS = ("onnx", "html", "weights", "parquet", "hub")


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
    if text("format", format) not in FORMATS:
        near = difflib.get_close_matches(format, FORMATS, n=1, cutoff=0.5)
        hint = f"did you mean {near[0]!r}?" if near else f"choose one of {', '.join(FORMATS)}"
        raise BadInput(f"unknown export format {in_words(format)}: {hint}")
    if format == "html":
        return [_write_html(run, out)]
    folder = run.folder / "export" if out is None else out
    if folder.exists() and not folder.is_dir():
        raise BadInput(f"{folder} is a file: give a folder for the {format} files")
    if format == "parquet":
        from freyvae.exports.parquet import write_parquet

        return [write_parquet(run, folder / "codes.parquet")]
    if format == "hub":
        from freyvae.exports.hub import write_hub

        return write_hub(run, folder / "hub" if out is None else folder)
    vae = run.load_model()
    if format == "onnx":
        from freyvae.explorer.onnx_export import write_onnx

        return write_onnx(vae, folder)
    from freyvae.exports.weights import write_weights

    return write_weights(vae, folder)


def _write_html(run: Run, out: Path | None) -> Path:
    from freyvae.explorer.page import bundle_of_run, page_text, write_page

    if out is None:
        return write_page(run)
    path = out / "index.html" if out.is_dir() else out
    check_output(path)
    write_whole(path, page_text(bundle_of_run(run)))
    return path
