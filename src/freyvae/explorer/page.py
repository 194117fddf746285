"""How does a bundle become one file that anyone can open? Script, style and data in one page, and nothing fetched."""

import base64
import hashlib
import html
import json
import re
from collections.abc import Callable
from importlib.resources import files
from pathlib import Path
from string import Template
from typing import TYPE_CHECKING

from freyvae.errors import BadInput
from freyvae.explorer.bundle import FORMAT, Bundle, make_bundle
from freyvae.files import write_whole
from freyvae.run import Run

if TYPE_CHECKING:
    from freyvae.model import VAE
    from freyvae.training import TrainingData

_IMPORT = re.compile(r'^import (\{[^}]*\}) from "\./([\w-]+\.js)";\n', re.MULTILINE)
_EXPORT = re.compile(r"^export ((?:async )?function\*?|const|class) (\w+)", re.MULTILINE)
_DEFAULT = re.compile(r"^export default ", re.MULTILINE)
_FORMAT = re.compile(r'<meta name="freyvae-format" content="(\d+)">')
_POLICY = re.compile(r'<meta http-equiv="Content-Security-Policy" content="([^"]*)">')
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
        say: how to say a line, such as that the encoder is too large for the page.

    Raises:
        BadInput: the run has no model, its data cannot be had, or its decoder is one that the page cannot compute.
    """
    bundle = bundle_of_run(run, vae=vae, data=data)
    for note in bundle.notes if say else ():
        say(f"note: {note}")  # type: ignore[misc]
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
            f"the images of {recipe.data} are no longer those that {run.folder} was trained on: "
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
    script, style = bundle_script("page.js"), stylesheet() + _static("page.css")
    data = {
        "header": bundle.header,
        "blobs": {name: base64.b64encode(blob).decode() for name, blob in bundle.blobs.items()},
    }
    return Template(_static("page.html")).substitute(
        policy=content_security_policy(script, style),
        format=FORMAT,
        title=html.escape(str(bundle.header["title"])),
        style=style,
        script=script,
        # no name or title can end the element, whatever stands in it
        bundle=json.dumps(data, ensure_ascii=True, separators=(",", ":")).replace("<", "\\u003c"),
    )


def bundle_script(entry: str, *, module: bool = False) -> str:
    """The ES modules of `static/` that `entry` needs, as one script.

    Each becomes a function called once that returns what it exports, so that names stay its own. With `module` the
    script exports the entry's default, as anywidget wants it.
    """
    done: dict[str, str] = {}
    _inline(entry, done, ())
    script = "".join(done.values())
    return f"{script}export default {_variable(entry)}.default;\n" if module else script


def _inline(name: str, done: dict[str, str], above: tuple[str, ...]) -> None:
    if name in above:
        raise RuntimeError(f"modules import each other in a circle: {' -> '.join((*above, name))}")
    if name in done:
        return
    text = _static(name)
    for match in _IMPORT.finditer(text):
        _inline(match[2], done, (*above, name))
    exported = [match[2] for match in _EXPORT.finditer(text)]
    text = _IMPORT.sub(lambda match: f"const {match[1]} = {_variable(match[2])};\n", text)
    text = _EXPORT.sub(r"\1 \2", text)
    if _DEFAULT.search(text):
        text = _DEFAULT.sub("const defaultExport = ", text)
        exported.append("default: defaultExport")
    done[name] = f"const {_variable(name)} = (() => {{\n{text}return {{ {', '.join(exported)} }};\n}})();\n"


def _variable(name: str) -> str:
    return f"module_{name.removesuffix('.js')}"


def stylesheet() -> str:
    """The style of everything inside an explorer."""
    return _static("explorer.css")


def content_security_policy(script: str, style: str) -> str:
    """What the page may do: run its own script, use its own style, draw; no request, no eval, no other code."""
    return (
        f"default-src 'none'; script-src 'sha256-{_digest(script)}'; style-src 'sha256-{_digest(style)}'; "
        "img-src data: blob:; connect-src 'none'; base-uri 'none'; form-action 'none'; "
        "require-trusted-types-for 'script'; trusted-types 'none'"
    )


def page_format(path: Path) -> int:
    """The format of a page on disk.

    Raises:
        BadInput: it cannot be read, is no page of freyvae's, or its format is newer than this freyvae reads.
    """
    found = _FORMAT.search(_head(path))
    if found is None:
        raise BadInput(f"{path} is no explorer page, or is damaged: `freyvae export RUN --format html` writes it anew")
    if int(found[1]) > FORMAT:
        raise BadInput(
            f"{path} has format {found[1]}; this freyvae reads up to {FORMAT}: update freyvae, "
            "or write the page anew with `freyvae export RUN --format html`"
        )
    return int(found[1])


def policy_of_this_version() -> str:
    """The policy that a page written now has."""
    return content_security_policy(bundle_script("page.js"), stylesheet() + _static("page.css"))


def is_current(path: Path) -> bool:
    """Whether a page on disk has the script and style of this freyvae."""
    found = _POLICY.search(_head(path))
    return found is not None and html.unescape(found[1]) == policy_of_this_version()


def _head(path: Path) -> str:
    try:
        with path.open("rb") as file:
            return file.read(_HEAD_BYTES).decode("utf-8", "replace")
    except OSError as error:
        raise BadInput(f"cannot read {path}: {error.strerror or error}") from error


def _static(name: str) -> str:
    return (files("freyvae") / "explorer" / "static" / name).read_text(encoding="utf-8")


def _digest(text: str) -> str:
    return base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
