"""The widget's script, with the model that anywidget would pass to it."""

import base64
import dataclasses
import json
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import freyvae
from freyvae.errors import BadInput
from freyvae.explorer import explore
from freyvae.explorer.page import script_of, stylesheet
from freyvae.model import VAE

HOST = """<!doctype html><html lang="en"><meta charset="utf-8"><style>%s</style><body><div id="cell"></div>
<script type="module">
const bytes = text => new DataView(Uint8Array.from(atob(text), letter => letter.charCodeAt(0)).buffer);
const state = JSON.parse(document.querySelector("#state").textContent);
for (const name in state._blobs) state._blobs[name] = bytes(state._blobs[name]);
const listeners = {};
window.model = {
  saved: 0,
  get: name => state[name],
  set(name, value) { state[name] = value; for (const each of listeners[`change:${name}`] ?? []) each(); },
  save_changes() { this.saved++; },
  on: (event, listener) => (listeners[event] ??= []).push(listener),
  off: (event, listener) => { listeners[event] = listeners[event].filter(each => each !== listener); },
};
const code = new Blob([document.querySelector("#esm").textContent], { type: "text/javascript" });
const { default: widget } = await import(URL.createObjectURL(code));
window.cleanUp = widget.render({ model: window.model, el: document.querySelector("#cell") });
</script>
<script type="text/plain" id="esm">%s</script><script type="application/json" id="state">%s</script>"""


@pytest.fixture
def widget(vae: VAE) -> Any:
    pytest.importorskip("anywidget")
    return explore(vae, freyvae.synthetic_faces(80), names=("humour", "pose"), title="faces")


def test_latents_and_image_from_python(widget: Any, vae: VAE) -> None:
    assert widget.latents == [0, 0]
    widget.latents = [0.5, -1]
    np.testing.assert_array_equal(widget.image, np.rint(255 * vae.decode([[0.5, -1]])[0]).astype("uint8"))
    image = freyvae.synthetic_faces(80).images[70]
    widget.image = image
    assert widget.latents == pytest.approx(vae.encode(image[None])[0].tolist())


def test_many_latents_begin_at_an_image() -> None:
    pytest.importorskip("anywidget")
    images = np.random.default_rng(0).integers(0, 256, (30, 6, 5), dtype="uint8")
    model = VAE((6, 5, 1), 5, seed=0)
    codes = model.encode(images)
    assert np.abs(codes - explore(model, images).latents).max(axis=1).min() < 1e-5


@pytest.mark.parametrize("latents", [[1], [1, 2, 3], [float("nan"), 0]])
def test_latents_that_do_not_fit(widget: Any, latents: list[float]) -> None:
    with pytest.raises(BadInput, match="2 finite numbers"):
        widget.latents = latents


def test_training_is_told_from_held_out_and_labels_are_taken(vae: VAE) -> None:
    pytest.importorskip("anywidget")
    faces = freyvae.synthetic_faces(80)
    made = explore(vae, {"validation": faces.images[60:75], "training": faces.images[:60], "test": faces.images[75:]})
    parts = np.frombuffer(made._blobs["parts"], np.uint8)
    assert parts.tolist() == [0] * 60 + [1] * 15 + [2] * 5
    with pytest.raises(BadInput, match=r"images must be one of training, validation, test.*not \['held out'\]"):
        explore(vae, {"held out": faces.images})
    labelled = explore(vae, dataclasses.replace(faces, labels=["light", "dark"] * 40))
    assert "labels" in labelled._blobs


def test_images_that_do_not_fit(widget: Any, vae: VAE) -> None:
    with pytest.raises(BadInput, match="this model"):
        explore(vae, np.zeros((3, 8, 8), "uint8"))
    with pytest.raises(BadInput):
        widget.image = np.zeros((8, 8), "uint8")


def test_without_the_extra_there_is_a_clear_line(vae: VAE, monkeypatch: pytest.MonkeyPatch) -> None:
    from freyvae.explorer import widget as widget_module

    widget_module._widget_class.cache_clear()
    monkeypatch.setitem(sys.modules, "anywidget", None)
    with pytest.raises(BadInput, match=r"pip install 'freyvae\[notebook\]'"):
        explore(vae, np.zeros((3, 28, 20), "uint8"))


def test_dragging_needs_no_kernel_and_reaches_it(widget: Any, open_page: Any, tmp_path: Path, vae: VAE) -> None:
    state = {
        "_header": widget._header,
        "_blobs": {name: base64.b64encode(blob).decode() for name, blob in widget._blobs.items()},
        "latents": [0.25, 0],
    }
    script = script_of("widget")
    assert "</script" not in script
    (tmp_path / "host.html").write_text(HOST % (stylesheet(), script, json.dumps(state)), encoding="utf-8")
    page = open_page(tmp_path / "host.html", reduced_motion="reduce")
    slider = page.get_by_role("slider", name="humour", exact=True)
    assert slider.get_attribute("aria-valuetext").startswith("0.25")
    slider.focus()
    page.keyboard.press("ArrowRight")
    assert page.evaluate("model.get('latents')") == pytest.approx([0.3, 0])
    page.wait_for_function("() => model.saved > 0")
    # in the other direction: set by the kernel
    page.evaluate("model.set('latents', [1, -2])")
    assert slider.get_attribute("aria-valuetext").startswith("1.00")
    # the notebook's theme is followed: JupyterLab, VS Code, marimo
    scheme = "getComputedStyle(document.querySelector('.freyvae')).colorScheme"
    for change, theme in (
        ("document.body.dataset.jpThemeLight = 'false'", "dark"),
        ("document.body.dataset.jpThemeLight = 'true'", "light"),
        ("delete document.body.dataset.jpThemeLight; document.body.dataset.vscodeThemeKind = 'vscode-dark'", "dark"),
        ("delete document.body.dataset.vscodeThemeKind; document.documentElement.className = 'light'", "light"),
    ):
        page.evaluate(change)
        assert page.evaluate(scheme) == theme
    # it is as wide as its cell
    for width in (480, 700, 1000):
        page.evaluate(f"document.querySelector('#cell').style.width = '{width}px'")
        assert page.evaluate("document.querySelector('#cell').scrollWidth") <= width
    page.evaluate("cleanUp()")
