"""A served page runs its networks by ONNX Runtime Web, where it was asked to and the npm package is there."""

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tests.explorer.conftest import serving

import freyvae
from freyvae.__main__ import main
from freyvae.errors import BadInput
from freyvae.explorer.onnx_export import decoder_as_onnx
from freyvae.explorer.onnx_web import FILES, FOLDER, folder_of_runtime
from freyvae.explorer.server import Server, closing, services_of
from freyvae.model import VAE
from freyvae.run import Run

ROOT = Path(__file__).parents[2]
RUNS = "ONNX Runtime Web runs the decoder and encoder by WebAssembly"


@pytest.fixture(scope="module")
def runtime() -> Path:
    """The folder of the npm package, which `make check` installs."""
    pytest.importorskip("onnx")
    try:
        return folder_of_runtime(ROOT / FOLDER)
    except BadInput as reason:
        if os.environ.get("FREYVAE_REQUIRE_BROWSER") == "1":
            pytest.fail(f"FREYVAE_REQUIRE_BROWSER=1, but {reason}")
        pytest.skip(str(reason))


@pytest.fixture(scope="module")
def server(large: Run, runtime: Path) -> Iterator[Server]:
    services = services_of(large, onnx=runtime)
    with closing(services), serving(large, services=services) as server:
        yield server


def _says(page: Any, text: str) -> None:
    page.wait_for_function(
        "text => document.querySelector('.runtime').textContent.includes(text)", arg=text, timeout=30_000
    )


def _is_close(page: Any, expected: np.ndarray) -> None:
    """Wait until each pixel of the face is within one grey level of these."""
    page.wait_for_function(
        """expected => {
            const { data } = document.querySelector(".face").getContext("2d").getImageData(0, 0, 8, 8);
            return expected.every((level, at) => Math.abs(level - data[4 * at]) <= 1);
        }""",
        arg=expected.tolist(),
    )


def test_the_face_and_the_codes_are_those_of_the_page_and_of_the_model(
    server: Server, large: Run, open_page: Any
) -> None:
    vae = large.load_model()
    page = open_page(server.address(server.token), reduced_motion="reduce")
    _says(page, RUNS)
    for latents in np.random.default_rng(0).normal(size=(5, 4)).astype("float32"):
        page.evaluate("latents => freyvae.setLatents(latents)", latents.tolist())
        own = np.array(page.evaluate("latents => freyvae.decode(latents)", latents.tolist()))
        assert np.abs(own - np.rint(255 * vae.decode(latents[None])).ravel()).max() <= 1
        _is_close(page, own)
    image = np.random.default_rng(1).integers(0, 256, (1, 8, 8, 1), np.uint8)
    code = page.evaluate("pixels => freyvae.encode(pixels)", image.ravel().tolist())
    np.testing.assert_allclose(code, vae.encode(image)[0], atol=1e-4)


def test_it_is_the_runtime_that_draws_face_and_tiles(server: Server, large: Run, open_page: Any) -> None:
    # another model's decoder in place of the run's: what the page draws is that one's
    other = VAE((8, 8, 1), 4, hidden=(3,), seed=1)
    page = open_page("about:blank", ready=False, reduced_motion="reduce")
    page.route("**/decoder.onnx", lambda route: route.fulfill(body=decoder_as_onnx(other)))
    page.goto(server.address(server.token))
    _says(page, RUNS)
    # the newest of many is what is shown in the end
    page.evaluate("() => { for (let at = 0; at <= 50; at++) freyvae.setLatents([at / 10, 1, 0, -2]); }")
    _is_close(page, np.rint(255 * other.decode(np.array([[5.0, 1, 0, -2]], "float32"))).ravel())
    page.wait_for_selector("[data-faces=drawn]")


def test_each_face_is_at_least_as_new_as_the_one_before_and_the_last_is_of_the_last_code(
    server: Server, open_page: Any
) -> None:
    page = open_page(server.address(server.token), reduced_motion="reduce")
    _says(page, RUNS)
    seen = page.evaluate("""async () => {
        const frame = () => new Promise(requestAnimationFrame);
        const read = () => Array.from(document.querySelector(".face").getContext("2d").getImageData(0, 0, 8, 8).data);
        const codes = Array.from({ length: 60 }, (_, at) => [at / 10 - 3, 0, 0, 0]);
        const faces = codes.map((code) => freyvae.decode(code).flatMap((level) => [level, level, level, 255]));
        const apart = (one, other) => one.reduce((sum, level, at) => sum + Math.abs(level - other[at]), 0);
        const nearest = (face) => {
            const distances = faces.map((other) => apart(face, other));
            return distances.indexOf(Math.min(...distances));
        };
        const seen = [];
        for (const code of codes) {
            freyvae.setLatents(code);
            await frame();
            seen.push(read());
        }
        for (let wait = 0; wait < 20; wait++) await frame();
        return [...seen.slice(5), read()].map(nearest);
    }""")
    # neighbouring codes may round to the same levels
    assert (np.diff(seen) >= -1).all()
    assert seen[-1] >= 58


def test_the_page_may_not_do_more_than_start_its_worker(server: Server, open_page: Any, watch: Any) -> None:
    policies = []
    page = open_page("about:blank", ready=False)
    page.on("response", lambda response: policies.append((response.url, response.headers)))
    page.goto(server.address(server.token))
    _says(page, RUNS)
    found = {url.rpartition("/")[2]: headers["content-security-policy"] for url, headers in policies}
    assert "script-src 'sha256-" in found["index.html"]
    assert "trusted-types freyvae-onnx;" in found["index.html"]
    assert page.evaluate("crossOriginIsolated") is True
    refused = page.evaluate("""() => {
        try { new Worker("onnxruntime-web/ort.wasm.min.mjs"); return "started"; } catch (error) { return error.name; }
    }""")
    assert refused == "TypeError"
    assert all("TrustedScriptURL" in complaint for complaint in watch.complaints)
    watch.complaints.clear()
    for name in ("onnx_worker.js", "ort.wasm.min.mjs"):
        assert "'unsafe-eval'" not in found[name]


@pytest.mark.parametrize("failing", ["decoder.onnx", "onnx_worker.js", "ort.wasm.min.mjs"])
def test_where_it_does_not_start_the_page_says_so_and_goes_on(
    server: Server, open_page: Any, watch: Any, failing: str
) -> None:
    page = open_page("about:blank", ready=False, reduced_motion="reduce")
    page.route(
        f"**/{failing}", lambda route: route.fulfill(status=409, body="there is none", content_type="text/plain")
    )
    page.goto(server.address(server.token))
    _says(page, "ONNX Runtime Web did not start, and the page's own interpreter runs the networks")
    page.evaluate("freyvae.setLatents([1, 0, 0, -1])")
    _is_close(page, np.array(page.evaluate("freyvae.decode([1, 0, 0, -1])")))
    # the encoder is the server's then
    assert len(page.evaluate("freyvae.encode(new Uint8Array(64))")) == 4
    watch.complaints.clear()  # the browser names the file that it did not get


def test_a_folder_without_the_package_is_refused_in_a_line(
    large: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    pytest.importorskip("onnx")
    monkeypatch.chdir(tmp_path)
    run = str(large.folder)
    assert main(["explore", run, "--runtime", "onnx", "--no-browser"]) == 2
    said = capsys.readouterr().err
    assert "npm install onnxruntime-web" in said
    assert "--onnx-runtime-web" in said
    assert len(said.strip().splitlines()) == 1
    for name in FILES[1:]:
        (tmp_path / name).touch()
    assert main(["explore", run, "--runtime", "onnx", "--onnx-runtime-web", "."]) == 2
    assert f"has no {FILES[0]}" in capsys.readouterr().err
    assert main(["explore", run, "--onnx-runtime-web", "."]) == 2
    assert "--runtime onnx" in capsys.readouterr().err
    assert main(["explore", run, run, "--runtime", "onnx"]) == 2
    assert "side by side" in capsys.readouterr().err
    with pytest.raises(BadInput, match="runtime must be one of page, onnx, not webgl"):
        freyvae.explore(run, runtime="webgl")


def test_the_package_that_is_tried_is_the_one_that_is_named() -> None:
    named = json.loads((ROOT / "package.json").read_text("utf-8"))["devDependencies"]["onnxruntime-web"]
    assert named[0].isdigit()
