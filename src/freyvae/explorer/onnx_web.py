"""What a served page needs to run a model by ONNX Runtime Web: networks as ONNX, and the files of the npm package."""

import importlib
from functools import cached_property
from http import HTTPStatus
from pathlib import Path
from typing import Literal

from freyvae.errors import BadInput
from freyvae.explorer.onnx_export import decoder_as_onnx, encoder_as_onnx
from freyvae.explorer.page import script_of
from freyvae.explorer.service import Answer, Opened, Query, Service, refusal

# where npm puts them
FOLDER = Path("node_modules/onnxruntime-web/dist")
# by WebGPU, and by WebAssembly alone, which is smaller
FILES = (
    "ort.webgpu.min.mjs",
    "ort-wasm-simd-threaded.asyncify.mjs",
    "ort-wasm-simd-threaded.asyncify.wasm",
    "ort.wasm.min.mjs",
    "ort-wasm-simd-threaded.mjs",
    "ort-wasm-simd-threaded.wasm",
)
_KINDS = {".mjs": "text/javascript; charset=utf-8", ".wasm": "application/wasm"}
# of the worker, in which the runtime has neither the page nor its data
_POLICY = "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; connect-src 'self'; worker-src 'self'"


def folder_of_runtime(folder: Path | None = None) -> Path:
    """The folder that holds the files of the npm package; by default that of `node_modules` here.

    Raises:
        BadInput: a file is missing, or the Python package that writes ONNX.
    """
    try:
        importlib.import_module("onnx")
    except ImportError as error:
        raise BadInput('runtime="onnx" needs onnx: pip install "freyvae[onnx]" installs it') from error
    chosen = FOLDER if folder is None else folder
    missing = next((name for name in FILES if not (chosen / name).is_file()), None)
    if missing is not None:
        raise BadInput(
            f"{chosen} has no {missing}: `npm install onnxruntime-web` installs it here; "
            "if it is elsewhere, give the package's folder `dist` by onnx_runtime_web=..."
        )
    return chosen


def services_of_onnx(opened: Opened, folder: Path) -> tuple[Service, ...]:
    """The worker of the page, both networks, and the files of the runtime from a folder."""
    return (
        _Worker(),
        _Network(opened, "decoder"),
        _Network(opened, "encoder"),
        *(_File(folder, name) for name in FILES),
    )


class _OfOnnx(Service):
    """One of the services that the page knows together."""

    name = "onnx"


class _Worker(_OfOnnx):
    """Answers with the script that runs the networks."""

    path = "/explorer/onnx_worker.js"

    def answer(self, query: Query) -> Answer:
        return Answer(script_of("onnx_worker").encode(), _KINDS[".mjs"], policy=_POLICY)


class _File(_OfOnnx):
    """Answers with a file of the runtime."""

    def __init__(self, folder: Path, name: str):
        self._file = folder / name
        self.path = f"/explorer/onnxruntime-web/{name}"

    def answer(self, query: Query) -> Answer:
        return Answer(self._file, _KINDS[self._file.suffix], policy=_POLICY)


class _Network(_OfOnnx):
    """Answers with a network as ONNX, written when it is first asked for; 409 where it cannot be."""

    def __init__(self, opened: Opened, which: Literal["decoder", "encoder"]):
        self._opened, self._which = opened, which
        self.path = f"/explorer/{which}.onnx"

    def answer(self, query: Query) -> Answer:
        try:
            with self._opened.lock:
                return Answer(self._content)
        except BadInput as error:
            return refusal(error, HTTPStatus.CONFLICT)

    @cached_property
    def _content(self) -> bytes:
        vae = self._opened.vae
        if self._which == "decoder":
            return decoder_as_onnx(vae)
        if not vae.posterior_choice.is_diagonal_normal:
            raise BadInput(f"the posterior's flow ({vae.posterior_choice.name}) is not in the encoder's file")
        return encoder_as_onnx(vae)
