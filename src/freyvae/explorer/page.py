"""How does a bundle become one file that anyone can open? Script, style and data in one page, and nothing fetched."""

import base64
import hashlib
import html
import json
import re
import zlib
from collections.abc import Callable
from functools import cache
from importlib.resources import files
from pathlib import Path
from string import Template
from typing import TYPE_CHECKING, Literal

from freyvae import palette
from freyvae.errors import BadInput
from freyvae.explorer.bundle import FORMAT, Bundle, make_bundle
from freyvae.files import write_whole
from freyvae.run import Run

if TYPE_CHECKING:
    from freyvae.model import VAE
    from freyvae.training import TrainingData

_FORMAT = re.compile(rb'<meta name="freyvae-format" content="(\d{1,9})">')
_SHA256 = re.compile(rb'<meta name="freyvae-sha256" content="([0-9a-f]{64})">')
# any of these makes a file, however damaged, one that freyvae wrote
_OURS = re.compile(rb'content="freyvae"|"freyvae-(format|sha256|bundle)"|^[\s\0]*\Z')
_POLICY = re.compile(rb'<meta http-equiv="Content-Security-Policy" content="([^"]*)">')
# what stands for a page's own checksum where it is taken
_NO_SHA256 = "0" * 64
# the tags that the page needs to say of itself stand within its first bytes
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
        vae: its model, where it is at hand already.
        data: its images, likewise, for the codes and the frames.
        say: told what is left out, such as an encoder that is too large for the page.

    Raises:
        BadInput: the run has no model, its data cannot be had, or its decoder is one that the page cannot compute.
    """
    bundle = bundle_of_run(run, vae=vae, data=data)
    for note in bundle.notes if say else ():
        say(note)  # type: ignore[misc]
    write_whole(run.explorer_path, page_text(bundle))
    return run.explorer_path


def bundle_of_run(run: Run, *, vae: "VAE | None" = None, data: "TrainingData | None" = None) -> Bundle:
    """Model and images of a run, as a bundle. Arguments and errors are those of `write_page`."""
    import numpy as np

    from freyvae.training import load_training_data

    recipe = run.recipe
    vae = vae or run.load_model()
    data = data or load_training_data(recipe)
    images = data.images.images
    if images.shape[1:] != tuple(vae.image_shape):
        raise BadInput(
            f"the images of {recipe.data.source} are no longer those that {run.folder} was trained on: "
            f"{images.shape[1:]}, not {tuple(vae.image_shape)}"
        )
    parts = np.zeros(len(images), np.uint8)
    parts[data.split.validation] = 1
    parts[data.split.test] = 2
    return make_bundle(
        vae, images, title=recipe.name, names=recipe.latent_names, parts=parts, is_video=data.images.is_video
    )


def page_text(bundle: Bundle) -> str:
    """The page itself."""
    script, style = script_of("page"), stylesheet() + _static("page.css")
    data = {
        "header": bundle.header,
        "blobs": {name: base64.b64encode(blob).decode() for name, blob in bundle.blobs.items()},
    }
    # no name or title can end the element, whatever stands in it
    text = json.dumps(data, ensure_ascii=True, separators=(",", ":")).replace("<", "\\u003c")
    page = Template(_static("page.html")).substitute(
        policy=content_security_policy(script, style),
        format=FORMAT,
        sha256=_NO_SHA256,
        title=html.escape(str(bundle.header["title"])),
        style=style,
        script=script,
        bundle=text,
        adler32=zlib.adler32(text.encode()),
    )
    return page.replace(_NO_SHA256, hashlib.sha256(page.encode()).hexdigest(), 1)


def script_of(entry: Literal["page", "widget"]) -> str:
    """The script of the page, or of the notebook's widget: one ES module, which imports nothing.

    `make page-script` writes it: esbuild joins the modules of `web/`. What it writes is committed, since whoever
    installs freyvae has no node. An import map of data: URLs would leave the joining to browsers, but a policy that
    allows data: modules allows any other code, too, and anywidget takes one module without a map.
    """
    return _static(f"{entry}.js")


def stylesheet() -> str:
    """The style of everything inside an explorer, its colours first."""
    colours = palette.custom_properties(palette.light_dark)
    return f".freyvae,\n.freyvae-page {{\n{colours}}}\n\n{_static('explorer.css')}"


def content_security_policy(script: str, style: str) -> str:
    """What the page may do: run its own script, use its own style, draw; no request, no eval, no other code."""
    return (
        f"default-src 'none'; script-src 'sha256-{_digest(script)}'; style-src 'sha256-{_digest(style)}'; "
        "img-src data: blob:; connect-src 'none'; base-uri 'none'; form-action 'none'; "
        "require-trusted-types-for 'script'; trusted-types 'none'"
    )


def refuse_foreign_page(path: Path) -> None:
    """Raise `BadInput` for a file that is no page of freyvae's, damaged or not, or of a format that is newer."""
    content = _content(path)
    found = _FORMAT.search(content[:_HEAD_BYTES])
    if found is None and not _OURS.search(content):
        raise BadInput(f"{path} is no explorer page, or is damaged: `freyvae export RUN --format html` writes it anew")
    if found is not None and int(found[1]) > FORMAT:
        raise BadInput(
            f"{path} has format {int(found[1])}; this freyvae reads up to {FORMAT}: update freyvae, "
            "or write the page anew with `freyvae export RUN --format html`"
        )


@cache
def policy_of_this_version() -> str:
    """The policy that a page written now has."""
    return content_security_policy(script_of("page"), stylesheet() + _static("page.css"))


def is_current(path: Path) -> bool:
    """Whether a page on disk is whole, and has the script and style of this freyvae."""
    content = _content(path)
    return _has_this_policy(content) and _is_whole(content)


def is_damaged(path: Path) -> bool:
    """Whether a page on disk is another than was written; those of earlier versions hold no checksum to tell by."""
    content = _content(path)
    head = content[:_HEAD_BYTES]
    is_of_earlier_version = _FORMAT.search(head) and b"freyvae-sha256" not in head and not _has_this_policy(content)
    return not is_of_earlier_version and not _is_whole(content)


def _has_this_policy(content: bytes) -> bool:
    found = _POLICY.search(content[:_HEAD_BYTES])
    return found is not None and html.unescape(found[1].decode("utf-8", "replace")) == policy_of_this_version()


def _is_whole(content: bytes) -> bool:
    """Whether a page has the checksum that it says, taken with zeros in the checksum's own place."""
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


def _digest(text: str) -> str:
    return base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
