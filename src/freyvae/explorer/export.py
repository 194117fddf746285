"""Exports the networks of a run: as one page, as ONNX, or as arrays of weights."""

import difflib
import io
import json
from pathlib import Path
from typing import Any

import numpy as np

from freyvae.arguments import in_words, text
from freyvae.errors import BadInput
from freyvae.files import as_path, write_whole
from freyvae.run import Run, check_output, opened

FORMATS = ("onnx", "html", "weights")
WEIGHTS_FORMAT = 2  # format 1 also had `expected_pixels`, the name of a formula; the likelihood implies it


def export(run: Run | str | Path, format: str = "onnx", out: str | Path | None = None) -> list[Path]:
    """Write a run's networks for use elsewhere.

    Args:
        run: a finished run, or its folder.
        format: `onnx` writes encoder.onnx and decoder.onnx. `html` writes the explorer's page. `weights` writes
            weights.npz, with arrays named `decoder/LAYER/WEIGHT`, and weights.json, which describes the layers.
        out: the file or a folder for `html`, the folder for the other formats. The default is the run's `export/`, and
            for `html` its `explorer/index.html`.

    Returns:
        the files written.

    Raises:
        BadInput: the format is unknown or cannot hold a network, or `out` cannot be written.
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
    vae = run.load_model()
    if format == "onnx":
        from freyvae.explorer.onnx_export import write_onnx

        return write_onnx(vae, folder)
    return write_weights(vae, folder)


def _write_html(run: Run, out: Path | None) -> Path:
    from freyvae.explorer.page import bundle_of_run, page_text, write_page

    if out is None:
        return write_page(run)
    path = out / "index.html" if out.is_dir() else out
    check_output(path)
    write_whole(path, page_text(bundle_of_run(run)))
    return path


def write_weights(vae: Any, folder: Path) -> list[Path]:
    """Write weights.npz and weights.json of a `VAE`: plain arrays, and Keras's description of the layers."""
    import keras

    from freyvae.model import LIKELIHOODS

    arrays: dict[str, np.ndarray[Any, Any]] = {}
    described: dict[str, Any] = {
        "format": WEIGHTS_FORMAT,
        "image_shape": list(vae.image_shape),
        "latent_dim": vae.latent_dim,
        "likelihood": LIKELIHOODS.saved(vae.pixel_likelihood),
        "posterior": vae.posterior_choice.name,
        "prior": vae.prior_choice.name,
    }
    for part in ("encoder", "decoder"):
        network = getattr(vae, part)
        for weight in network.weights:
            name = f"{part}/{weight.path.removeprefix(f'{network.name}/')}"
            arrays[name] = keras.ops.convert_to_numpy(weight.value)
        described[part] = json.loads(network.to_json())
    # the weights of a posterior's flow, a learned prior and an autoregressive decoder, which are not in the networks
    for part, layer in {"flow": vae.flow, "prior": vae.learned_prior, "autoregression": vae.autoregression}.items():
        for weight in layer.weights if layer is not None else ():
            arrays[f"{part}/{weight.name}"] = keras.ops.convert_to_numpy(weight.value)
    content = io.BytesIO()
    np.savez(content, **arrays)  # type: ignore[arg-type]
    described["arrays"] = {name: {"shape": list(a.shape), "dtype": str(a.dtype)} for name, a in arrays.items()}
    paths = [folder / "weights.npz", folder / "weights.json"]
    write_whole(paths[0], content.getvalue())
    write_whole(paths[1], json.dumps(described, indent=1) + "\n")
    return paths
