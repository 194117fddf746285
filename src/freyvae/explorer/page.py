"""Writes a bundle as one HTML file that holds script, style and data. It loads nothing else."""

import base64
import dataclasses
import hashlib
import html
import json
import re
import zlib
from collections.abc import Callable, Sequence
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from freyvae import palette
from freyvae.errors import BadInput
from freyvae.explorer.bundle import FORMAT, Bundle, make_bundle
from freyvae.explorer.groups import read_groups
from freyvae.explorer.projection import read_projection, within_plane
from freyvae.explorer.scores import read_scores
from freyvae.files import replacing, write_whole
from freyvae.run import Run
from freyvae.templates import filled_in

if TYPE_CHECKING:
    from freyvae.model import VAE
    from freyvae.training import TrainingData

_FORMAT = re.compile(rb'<meta name="freyvae-format" content="(\d{1,9})">')
_SHA256 = re.compile(rb'<meta name="freyvae-sha256" content="([0-9a-f]{64})">')
# a file with any of these was written by freyvae, even if it is damaged
_OURS = re.compile(rb'content="freyvae"|"freyvae-(format|sha256|bundle)"|^[\s\0]*\Z')
_POLICY = re.compile(rb'<meta http-equiv="Content-Security-Policy" content="([^"]*)">')
_BUNDLE = re.compile(rb'id="freyvae-bundle">(.*?)</script>', re.DOTALL)
# a page that is opened as a file asks nobody; a served one may ask its server
_NO_REQUESTS, _OWN_REQUESTS = "connect-src 'none'", "connect-src 'self'"
# nor does it start a worker; a served one may start the worker of ONNX Runtime Web, by the policy of web/onnx.js
_NO_WORKER, _OWN_WORKER = "trusted-types 'none'", "trusted-types freyvae-onnx; worker-src 'self'"
# in place of the checksum while the checksum is computed
_NO_SHA256 = "0" * 64
# the meta tags are within the first bytes of a page
_HEAD_BYTES = 4096


def write_page(
    run: Run,
    *,
    vae: "VAE | None" = None,
    data: "TrainingData | None" = None,
    say: Callable[[str], None] | None = None,
) -> Path:
    """Write `explorer/index.html` of a run, whole or not at all, and return its path.

    Args:
        run: a finished run.
        vae: its model, if it is already loaded.
        data: its images for the codes and the frames, if they are already loaded.
        say: called with each remark, such as that the encoder is too large for the page.

    Raises:
        BadInput: the run has no model, its data cannot be loaded, or the page cannot compute its decoder.
    """
    bundle = bundle_of_run(run, vae=vae, data=data)
    for note in bundle.notes if say else ():
        say(note)  # type: ignore[misc]
    write_whole(run.explorer_path, page_text(bundle))
    return run.explorer_path


def keep_if_free(
    run: Run,
    path: Path,
    *,
    what: str,
    out: Path,
    vae: "VAE",
    data: "TrainingData | None" = None,
    say: Callable[[str], None],
    **arrays: Any,
) -> None:
    """As `keep_for_page`, under the run's lock; where that cannot be, it is said, for a table has `what` was found."""
    try:
        with run.lock():
            keep_for_page(run, path, vae=vae, data=data, **arrays)
    except BadInput as reason:  # a run that another process holds, or that is read-only
        say(f"the {what} are in {out}, but not kept for the page: {reason}")


def keep_for_page(run: Run, path: Path, *, vae: "VAE", data: "TrainingData | None" = None, **arrays: Any) -> None:
    """Write what a command found of each of a run's images, in an .npz file, and the page again, where there is one.

    The run's lock must be held. Raises `BadInput` where other files of the run have changed.
    """
    import numpy as np

    with replacing(path) as temporary:
        np.savez(temporary, **arrays)
    run.record_again(path)
    if run.explorer_path.is_file():
        write_page(run, vae=vae, data=data)


def bundle_of_run(run: Run, *, vae: "VAE | None" = None, data: "TrainingData | None" = None) -> Bundle:
    """The bundle of a run's model and images. Arguments and errors are those of `write_page`."""
    import numpy as np

    from freyvae.evaluation import load_measured_data

    recipe = run.recipe
    vae = vae or run.load_model()
    everything = data or load_measured_data(run)
    data = everything.to_show()
    images = data.images[:]
    if images.shape[1:] != tuple(vae.image_shape):
        raise BadInput(
            f"the images of {recipe.data.source} are no longer those that {run.folder} was trained on: "
            f"{images.shape[1:]}, not {tuple(vae.image_shape)}"
        )
    parts = np.zeros(len(images), np.uint8)
    parts[data.split.validation] = 1
    parts[data.split.test] = 2
    projection = read_projection(run, len(everything.images))
    if projection is not None:
        projection = dataclasses.replace(projection, points=within_plane(projection.points)[everything.shown])
    groups, scores = read_groups(run, len(everything.images)), read_scores(run, len(everything.images))
    if groups is not None:
        groups = dataclasses.replace(groups, numbers=groups.numbers[everything.shown])
    if scores is not None:
        scores = dataclasses.replace(scores, shares=scores.shares[everything.shown])
    bundle = make_bundle(
        vae,
        images,
        title=recipe.name,
        names=recipe.latent_names,
        parts=parts,
        is_video=data.images.is_video,
        labels=data.images.labels,
        labels_of_all=everything.images.labels,
        groups=groups,
        scores=scores,
        projection=projection,
        files=data.images.files,
        sample_of=len(everything.images) if len(data.images) < len(everything.images) else 0,
        numbers=everything.shown,
    )
    if bundle.header["sampleOf"]:
        part = f"the page shows {len(data.images):,} of {len(everything.images):,} images, at even distances"
        return dataclasses.replace(bundle, notes=(part, *bundle.notes))
    return bundle


def page_text(*bundles: Bundle) -> str:
    """The HTML of the page: of one bundle, or of two side by side."""
    script, style = script_of("page"), stylesheet() + _static("page.css")
    texts = [_as_json(bundle) for bundle in bundles]
    page = filled_in(
        "explorer/templates/page.html",
        policy=content_security_policy(script, style),
        format=FORMAT,
        sha256=_NO_SHA256,
        title=" beside ".join(bundle.header["title"] for bundle in bundles),
        style=style,
        script=script,
        bundles=[(text, zlib.adler32(text.encode())) for text in texts],
    )
    return page.replace(_NO_SHA256, hashlib.sha256(page.encode()).hexdigest(), 1)


def _as_json(bundle: Bundle) -> str:
    blobs = {name: base64.b64encode(blob).decode() for name, blob in bundle.blobs.items()}
    data = {"header": bundle.header, "blobs": blobs}
    # so that no name or title can end the script element
    return json.dumps(data, ensure_ascii=True, separators=(",", ":")).replace("<", "\\u003c")


def read_bundle(path: Path) -> Bundle:
    """The bundle of a page on disk, without its notes. Raises `BadInput` where it cannot be read."""
    found = _BUNDLE.search(_content(path))
    try:
        data = json.loads(found[1]) if found else {}
        blobs = {name: base64.b64decode(blob) for name, blob in data["blobs"].items()}
        return Bundle(data["header"], blobs)
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise BadInput(f"{path} is damaged: `freyvae export RUN --format html` writes it again") from error


def with_requests(page: bytes, services: Sequence[str]) -> bytes:
    """A page that may ask its own server, and knows what that answers: the names of its services."""
    head = (
        page[:_HEAD_BYTES]
        .decode("utf-8", "surrogateescape")
        .replace("<html ", f'<html data-served="{" ".join(services)}" ', 1)
    )
    return policy_with_requests(head, services).encode("utf-8", "surrogateescape") + page[_HEAD_BYTES:]


def policy_with_requests(policy: str, services: Sequence[str]) -> str:
    """The policy of a page that may ask its own server for these services."""
    policy = policy.replace(_NO_REQUESTS, _OWN_REQUESTS, 1)
    return policy.replace(_NO_WORKER, _OWN_WORKER, 1) if "onnx" in services else policy


def script_of(entry: Literal["page", "widget", "onnx_worker"]) -> str:
    """The script of the page, of the widget for notebooks, or of the page's worker: one ES module without imports.

    `make page-script` joins the modules of `web/` into it with esbuild. The result is committed, since an installed
    freyvae must work without node. With an import map of data: URLs browsers could join the modules, but a policy that
    allows data: modules allows any code, and anywidget takes one module without a map.
    """
    return _static(f"{entry}.js")


def stylesheet() -> str:
    """The stylesheet of an explorer, with the colours first."""
    colours = palette.custom_properties(palette.light_dark)
    return f".freyvae,\n.freyvae-page {{\n{colours}}}\n\n{_static('explorer.css')}"


def content_security_policy(script: str, style: str) -> str:
    """The page's policy: it may run its own script and use its own style; no requests, no eval, no other code.

    The script may compile WebAssembly, in which it multiplies matrices.
    """
    return (
        f"default-src 'none'; script-src 'sha256-{digest(script)}' 'wasm-unsafe-eval'; "
        f"style-src 'sha256-{digest(style)}'; "
        f"img-src data: blob:; {_NO_REQUESTS}; base-uri 'none'; form-action 'none'; "
        f"require-trusted-types-for 'script'; {_NO_WORKER}"
    )


def refuse_foreign_page(path: Path) -> None:
    """Raise `BadInput` if a file is not a page of freyvae, or is of a newer format. A damaged page is accepted."""
    content = _content(path)
    found = _FORMAT.search(content[:_HEAD_BYTES])
    if found is None and not _OURS.search(content):
        raise BadInput(
            f"{path} is not an explorer page, or is damaged: `freyvae export RUN --format html` writes it again"
        )
    if found is not None and int(found[1]) > FORMAT:
        raise BadInput(
            f"{path} has format {int(found[1])}; this freyvae reads up to {FORMAT}: update freyvae, "
            "or write the page again with `freyvae export RUN --format html`"
        )


@cache
def policy_of_this_version() -> str:
    """The policy of pages that this version writes."""
    return content_security_policy(script_of("page"), stylesheet() + _static("page.css"))


def is_current(path: Path) -> bool:
    """Whether a page on disk is undamaged, and has the script and style of this version."""
    content = _content(path)
    return _has_this_policy(content) and _is_whole(content)


def is_damaged(path: Path) -> bool:
    """Whether a page on disk differs from what was written. Pages of early versions have no checksum: False."""
    content = _content(path)
    head = content[:_HEAD_BYTES]
    is_of_earlier_version = _FORMAT.search(head) and b"freyvae-sha256" not in head and not _has_this_policy(content)
    return not is_of_earlier_version and not _is_whole(content)


def _has_this_policy(content: bytes) -> bool:
    found = _POLICY.search(content[:_HEAD_BYTES])
    return found is not None and html.unescape(found[1].decode("utf-8", "replace")) == policy_of_this_version()


def _is_whole(content: bytes) -> bool:
    """Whether a page's checksum is right. It is computed with zeros in its own place."""
    found = _SHA256.search(content[:_HEAD_BYTES])
    if found is None:
        return False
    digest = hashlib.sha256(content[: found.start(1)])
    digest.update(_NO_SHA256.encode())
    digest.update(content[found.end(1) :])
    return digest.hexdigest().encode() == found[1]


def _content(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise BadInput(f"cannot read {path}: {error.strerror or error}") from error


def _static(name: str) -> str:
    return (files("freyvae") / "explorer" / "static" / name).read_text(encoding="utf-8")


def digest(text: str) -> str:
    """The SHA-256 of a script or style, as a policy names it."""
    return base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
