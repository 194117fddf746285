"""A user opens the page and uses its controls."""

import io
import random
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from tests.explorer.conftest import accessibility_findings

import freyvae
from freyvae.explorer.bundle import make_bundle
from freyvae.explorer.groups import KeptGroups
from freyvae.explorer.page import page_text
from freyvae.explorer.projection import Projection, within_plane
from freyvae.explorer.scores import KeptScores
from freyvae.metrics.nearest import Posteriors, aggregate_deviations
from freyvae.metrics.projection import principal_axes
from freyvae.model import VAE
from freyvae.mosaic import in_colour
from freyvae.run import Run

PHONE = {"viewport": {"width": 390, "height": 844}, "has_touch": True, "is_mobile": True}


def _face(page: Any) -> list[int]:
    page.evaluate("() => new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))")
    return page.evaluate("""() => {
        const canvas = document.querySelector(".face");
        const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
        return Array.from(data).filter((_, at) => at % 4 === 0);
    }""")


def _latents(page: Any) -> list[float]:
    return page.evaluate("freyvae.latents")


def _face_is_the_decoders(page: Any, vae: VAE) -> None:
    expected = np.rint(255 * vae.decode([_latents(page)])).ravel()
    assert np.abs(np.array(_face(page)) - expected).max() <= 1


def _slider(page: Any, name: str) -> Any:
    return page.get_by_role("slider", name=name, exact=True)


def _wait_for_fragment(page: Any, pattern: str) -> None:
    page.wait_for_function("pattern => new RegExp(pattern).test(location.hash)", arg=pattern)


@pytest.mark.parametrize("name", ["humour", "pose"])
def test_dragging_a_slider_moves_its_latent_and_the_face(page: Any, vae: VAE, name: str) -> None:
    before = _face(page)
    box = _slider(page, name).bounding_box()
    middle = box["y"] + box["height"] / 2
    page.mouse.move(box["x"] + box["width"] / 2, middle)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] * 0.75, middle, steps=4)
    page.mouse.up()
    index = ["humour", "pose"].index(name)
    assert 1 < _latents(page)[index] < 4
    assert _latents(page)[1 - index] == 0
    assert _face(page) != before
    _face_is_the_decoders(page, vae)


def test_keys_wheel_and_double_click_on_a_slider(page: Any) -> None:
    slider = _slider(page, "humour")
    slider.focus()
    page.keyboard.press("ArrowRight")
    assert _latents(page) == pytest.approx([0.05, 0])
    page.keyboard.press("PageUp")
    assert _latents(page) == pytest.approx([0.55, 0])
    assert slider.get_attribute("aria-valuetext") == "0.55 prior standard deviations"
    page.keyboard.press("Home")
    assert _latents(page)[0] <= -4
    page.keyboard.press("0")
    assert _latents(page) == [0, 0]
    slider.hover()
    page.wait_for_timeout(300)
    page.mouse.wheel(0, -100)
    page.wait_for_function("() => freyvae.latents[0] > 0")
    slider.dblclick(position={"x": 10, "y": 10})
    assert _latents(page) == [0, 0]


def test_touch_on_a_phone(run: Run, open_page: Any, vae: VAE) -> None:
    page = open_page(run.explorer_path, reduced_motion="reduce", **PHONE)
    assert page.evaluate("document.documentElement.scrollWidth") == 390
    slider = _slider(page, "pose")
    box = slider.bounding_box()
    page.touchscreen.tap(box["x"] + box["width"] * 0.8, box["y"] + box["height"] / 2)
    assert _latents(page)[1] > 1
    _face_is_the_decoders(page, vae)
    # the face stays visible while a finger is on the plane
    board = page.get_by_role("application")
    board.scroll_into_view_if_needed()
    page.evaluate("document.querySelector('.board').scrollIntoView({ block: 'end' })")
    box = board.bounding_box()
    page.touchscreen.tap(box["x"] + 4, box["y"] + box["height"] - 4)
    assert _latents(page)[0] < 0
    face = page.locator(".face").bounding_box()
    assert face["y"] >= 0
    assert face["height"] > 150


def test_dragging_the_plane_moves_both(page: Any, vae: VAE) -> None:
    box = page.get_by_role("application").bounding_box()
    # start in a corner, where no point is
    page.mouse.move(box["x"] + 2, box["y"] + 2)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] * 0.75, box["y"] + box["height"] * 0.25, steps=5)
    page.mouse.up()
    reach = page.evaluate("freyvae.header.latents.plane")
    assert _latents(page) == pytest.approx([reach / 2, reach / 2], abs=0.05)
    _face_is_the_decoders(page, vae)


def test_hovering_and_clicking_a_point(page: Any, vae: VAE, run: Run) -> None:
    images = freyvae.synthetic_faces().images
    code = vae.encode(images[700:701])[0]
    x, y = page.evaluate("freyvae.placeOf(700)")
    box = page.get_by_role("application").bounding_box()
    page.mouse.move(box["x"] + x, box["y"] + y)
    card = page.locator(".card")
    assert card.is_visible()
    number = int(re.search(r"Frame ([\d,]+)", card.text_content())[1].replace(",", "")) - 1
    page.mouse.down()
    page.mouse.up()
    code = vae.encode(images[number : number + 1])[0]
    assert _latents(page) == pytest.approx(code.tolist(), abs=1e-4)
    assert f"Frame {number + 1:,}, " in page.text_content(".comparison .what")
    shown = page.evaluate("""() => Array.from(document.querySelectorAll(".comparison canvas"), canvas =>
        Array.from(canvas.getContext("2d").getImageData(0, 0, 20, 28).data).filter((_, at) => at % 4 === 0))""")
    assert shown[0] == images[number].ravel().tolist()
    rebuilt = np.rint(255 * vae.reconstruct(images[number : number + 1])).ravel()
    assert np.abs(np.array(shown[1]) - rebuilt).max() <= 1
    rmse = np.sqrt(np.mean((images[number].ravel() - rebuilt) ** 2))
    found = float(re.search(r"RMSE ([\d.]+)", page.text_content(".comparison"))[1])
    assert found == pytest.approx(rmse, abs=0.2)


def test_the_plane_by_keyboard(page: Any) -> None:
    board = page.get_by_role("application")
    board.focus()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Shift+ArrowDown")
    assert _latents(page) == pytest.approx([0.05, -0.25])
    page.keyboard.press("Enter")
    assert "Frame" in page.text_content(".comparison .what")


def test_the_whole_page_by_keyboard_alone(page: Any) -> None:
    """Tab reaches every control once, in order, and each has a name."""
    names = []
    for _ in range(60):
        page.keyboard.press("Tab")
        name = page.evaluate("""() => {
            const element = document.activeElement;
            if (element === document.body) return null;
            return element.getAttribute("aria-label") ?? element.labels?.[0]?.textContent ?? element.textContent;
        }""")
        if name is None or name in names[:1]:
            break
        names.append(name)
    sliders = ["Name of the slider humour", "humour", "Name of the slider pose", "pose"]
    expected = ["Copy link", *sliders, "Random", "Walk", "Reset", "Frame", "Choose a picture"]
    places = [names.index(name) for name in expected]
    assert places == sorted(places)
    assert all(name.strip() for name in names)


def test_random_walk_and_reset(page: Any, vae: VAE) -> None:
    page.get_by_role("button", name="Random").click()
    first = _latents(page)
    page.get_by_role("button", name="Random").click()
    assert first != [0, 0]
    assert _latents(page) != first
    _face_is_the_decoders(page, vae)
    page.get_by_role("button", name="Reset").click()
    assert _latents(page) == [0, 0]


def test_a_walk_is_smooth_and_stops(run: Run, open_page: Any) -> None:
    page = open_page(run.explorer_path)
    page.get_by_role("button", name="Walk").click()
    steps = page.evaluate("""() => new Promise(done => {
        const seen = [];
        const look = () => { seen.push(freyvae.latents); seen.length < 40 ? requestAnimationFrame(look) : done(seen); };
        look();
    })""")
    jumps = np.abs(np.diff(steps, axis=0)).max(axis=1)
    assert np.ptp(steps, axis=0).max() > 0
    assert jumps.max() < 0.5
    stop = page.get_by_role("button", name="Stop")
    assert stop.get_attribute("aria-pressed") == "true"
    stop.click()
    rest = _latents(page)
    page.wait_for_timeout(100)
    assert _latents(page) == rest


def test_with_less_motion_a_walk_goes_from_stop_to_stop(page: Any) -> None:
    page.get_by_role("button", name="Walk").click()
    first = _latents(page)
    page.wait_for_timeout(200)
    assert _latents(page) == first
    page.wait_for_function("first => String(freyvae.latents) !== first", arg=",".join(map(str, first)))


def test_it_says_where_it_is_guessing(page: Any, vae: VAE) -> None:
    images = freyvae.synthetic_faces().images[:1800]
    codes = vae.encode(images)
    middle = np.median(codes, axis=0)
    page.evaluate("code => freyvae.setLatents(code)", middle.tolist())
    assert "Typical" in page.text_content(".knowing")
    page.evaluate("freyvae.setLatents([-30, 30])")
    assert "Far from the data" in page.text_content(".knowing")
    draws = codes + vae.posterior_deviations(images) * np.random.default_rng(1).standard_normal(codes.shape)
    levels = page.evaluate("codes => codes.map(code => freyvae.densityAt(code).level)", draws[::9].tolist())
    # by definition a tenth of the draws from the training images' posteriors are at the edge, and a hundredth beyond it
    assert np.mean([level == "known" for level in levels]) == pytest.approx(0.9, abs=0.05)
    assert np.mean([level in ("guessing", "lost") for level in levels]) < 0.05


def test_the_plane_is_drawn_and_veiled(page: Any) -> None:
    page.wait_for_selector("[data-faces=drawn][data-veil=drawn]")
    reach, alpha = page.evaluate("""() => {
        const veil = document.querySelectorAll(".board canvas")[1];
        const { data } = veil.getContext("2d").getImageData(0, 0, veil.width, veil.height);
        const alphas = Array.from(data).filter((_, at) => at % 4 === 3);
        return [Math.min(...alphas), Math.max(...alphas)];
    }""")
    assert alpha > reach + 30


def test_colours_and_layers(page: Any) -> None:
    def dots() -> str:
        return page.evaluate("document.querySelectorAll('.board canvas')[2].toDataURL()")

    by_split = dots()
    page.get_by_text("time", exact=True).click()
    by_time = dots()
    assert by_time != by_split
    page.get_by_role("checkbox", name="points").uncheck()
    assert dots() not in (by_time, by_split)
    page.get_by_role("checkbox", name="veil").uncheck()
    assert not page.locator(".board canvas").nth(1).is_visible()


def test_a_named_direction_from_picked_frames(page: Any, vae: VAE) -> None:
    images, more, less = freyvae.synthetic_faces().images, [10, 11], [900]
    for frame, button in [(10, 0), (11, 0), (900, 1)]:
        page.evaluate("point => freyvae.pick(point)", frame)
        page.get_by_role("button", name=f"Add frame {frame + 1}").nth(button).click()
    page.get_by_label("Name of the direction").fill("smiling ~ 2.5")
    page.get_by_role("button", name="Make a slider").click()
    slider = _slider(page, "smiling ~ 2.5")
    along = vae.encode(images[more]).mean(axis=0) - vae.encode(images[less]).mean(axis=0)
    page.evaluate("freyvae.setLatents([0, 0])")
    slider.focus()
    before = np.array(_latents(page))
    page.keyboard.press("PageUp")
    moved = np.array(_latents(page)) - before
    assert np.linalg.norm(moved) == pytest.approx(0.5, abs=0.05)
    np.testing.assert_allclose(moved / np.linalg.norm(moved), along / np.linalg.norm(along), atol=1e-3)
    _face_is_the_decoders(page, vae)
    # a link restores everything
    _wait_for_fragment(page, "direction=")
    page.reload()
    page.wait_for_selector("[data-frames=drawn]")
    assert _slider(page, "smiling ~ 2.5").is_visible()
    page.get_by_role("button", name="Remove the slider smiling ~ 2.5").click()
    assert _slider(page, "smiling ~ 2.5").count() == 0


def test_a_direction_between_the_same_frames_is_refused(page: Any) -> None:
    page.evaluate("freyvae.load('this=5&that=5')")
    page.get_by_role("button", name="Make a slider").click()
    assert "no direction" in page.text_content(".trays")


def test_from_one_frame_to_another(page: Any, vae: VAE) -> None:
    page.evaluate("freyvae.pick(3)")
    page.get_by_role("button", name="Start from 4").click()
    page.evaluate("freyvae.pick(1500)")
    page.get_by_role("button", name="End at 1,501").click()
    slider = _slider(page, "way between")
    slider.focus()
    page.keyboard.press("End")
    page.keyboard.press("PageDown")
    codes = vae.encode(freyvae.synthetic_faces().images[[3, 1500]])
    assert _latents(page) == pytest.approx((0.1 * codes[0] + 0.9 * codes[1]).tolist(), abs=1e-3)


def test_the_view_comes_back_from_its_link(page: Any, run: Run, open_page: Any) -> None:
    page.evaluate("freyvae.setLatents([0.75, -1.25])")
    page.get_by_label("Name of the slider humour").fill("Ärger & ~.,")
    page.keyboard.press("Enter")
    page.get_by_text("time", exact=True).click()
    page.get_by_role("slider", name="Frame").focus()
    page.keyboard.press("ArrowRight")
    page.evaluate("freyvae.setLatents([0.75, -1.25])")
    _wait_for_fragment(page, "names=.*frame=1")
    _wait_for_fragment(page, "z=0.75,-1.25")
    face, fragment = _face(page), page.evaluate("location.hash")[1:]
    again = open_page(run.explorer_path, fragment=fragment, reduced_motion="reduce")
    assert _face(again) == face
    assert _slider(again, "Ärger & ~.,").get_attribute("aria-valuetext").startswith("0.75")
    assert again.get_by_role("radio", name="time").is_checked()
    assert "Frame 2, training" in again.text_content(".comparison")
    # and when the address is changed by hand
    again.evaluate("location.hash = 'z=-1,2'")
    again.wait_for_function("() => String(freyvae.latents) === '-1,2'")
    assert _slider(again, "humour").is_visible()


BROKEN_LINKS = [
    "z=1", "z=a,b", "z=NaN,Infinity", "z=,", "frame=-1", "frame=99999999", "axes=0.0", "direction=a", "direction=~1~",
    "names=%E0%A4%A", "path=x~y~z", "%", "a=b&&==",
]  # fmt: skip


def test_a_broken_link_is_as_none(page: Any) -> None:
    for fragment in BROKEN_LINKS:
        page.evaluate("fragment => { freyvae.setLatents([1, 1]); freyvae.load(fragment); }", fragment)
        assert _latents(page) == [0, 0], fragment
        assert _slider(page, "humour").is_visible(), fragment


def _drop(page: Any, name: str, kind: str, content: bytes) -> None:
    page.evaluate(
        """([name, type, bytes]) => {
            const carried = new DataTransfer();
            carried.items.add(new File([new Uint8Array(bytes)], name, { type }));
            const root = document.querySelector("main");
            root.dispatchEvent(new DragEvent("dragenter", { dataTransfer: carried, bubbles: true }));
            root.dispatchEvent(new DragEvent("drop", { dataTransfer: carried, bubbles: true }));
        }""",
        [name, kind, list(content)],
    )


def test_a_dropped_picture_is_encoded_and_placed(page: Any, vae: VAE, tmp_path: Path) -> None:
    image = freyvae.synthetic_faces(5, seed=9).images[4]
    path = tmp_path / "own.png"
    Image.fromarray(image[..., 0]).save(path)
    _drop(page, "own.png", "image/png", path.read_bytes())
    page.wait_for_function("() => document.querySelector('.comparison .what').textContent === 'Your picture'")
    assert _latents(page) == pytest.approx(vae.encode(image[None])[0].tolist(), abs=1e-3)
    assert "Taken unchanged" in page.text_content("body")


def test_a_picture_can_be_pasted_on_a_page_just_opened(page: Any, vae: VAE, tmp_path: Path) -> None:
    faces = freyvae.synthetic_faces(5, seed=9).images[4, ..., 0]
    behind = Image.fromarray(faces).convert("RGBA")
    behind.paste((0, 0, 0, 0), (0, 0, 20, 9))  # its upper part is transparent, on black
    behind.save(tmp_path / "own.png")
    page.evaluate(
        """bytes => {
            const carried = new DataTransfer();
            carried.items.add(new File([new Uint8Array(bytes)], "own.png", { type: "image/png" }));
            const paste = new ClipboardEvent("paste", { clipboardData: carried, bubbles: true });
            document.activeElement.dispatchEvent(paste);
        }""",
        list((tmp_path / "own.png").read_bytes()),
    )
    page.wait_for_function("() => document.querySelector('.comparison .what').textContent === 'Your picture'")
    as_python_reads_it = freyvae.load_images(tmp_path).images
    assert as_python_reads_it[0, 0, 0, 0] == 255
    assert _latents(page) == pytest.approx(vae.encode(as_python_reads_it)[0].tolist(), abs=1e-3)


def test_a_chosen_picture_of_another_size_is_resized_and_said(page: Any, vae: VAE, tmp_path: Path) -> None:
    small = freyvae.synthetic_faces(5, seed=9).images[4]
    grown = Image.fromarray(small[..., 0]).resize((200, 280), Image.Resampling.NEAREST).convert("RGB")
    grown.save(tmp_path / "large.png")
    page.set_input_files("input[type=file]", tmp_path / "large.png")
    page.get_by_text("Resized from 280 by 200 to 28 by 20 pixels").wait_for()
    assert _latents(page) == pytest.approx(vae.encode(small[None])[0].tolist(), abs=0.35)
    Image.new("RGB", (300, 100), (200, 30, 30)).save(tmp_path / "wide.png")
    page.set_input_files("input[type=file]", tmp_path / "wide.png")
    page.get_by_text("cropped about its centre, turned to grey").wait_for()


def test_a_dropped_file_that_is_no_picture_is_refused(page: Any) -> None:
    before = _latents(page)
    _drop(page, "notes.txt", "text/plain", b"not a picture")
    page.get_by_text("cannot read “notes.txt” as a picture").wait_for()
    assert _latents(page) == before


def test_the_filmstrip(page: Any) -> None:
    page.locator(".strip").click(position={"x": 5, "y": 10})
    assert "Frame 1 of 1,965, training" in page.text_content(".filmstrip")
    page.get_by_role("slider", name="Frame").focus()
    page.keyboard.press("End")
    assert "Frame 1,965 of 1,965, test" in page.text_content(".filmstrip")


def test_the_frames_nearest_to_the_code_follow_it_and_lead_to_it(page: Any, vae: VAE) -> None:
    images = freyvae.synthetic_faces().images
    codes, nearest = vae.encode(images), page.get_by_role("group", name="Nearest frames")
    names = "() => [...document.querySelectorAll('.nearest button')].map(button => button.ariaLabel)"
    # frame 701 is the first of those nearest to its own code, and is painted
    page.evaluate("code => freyvae.setLatents(code)", codes[700].tolist())
    page.wait_for_function(f"() => ({names})()[0].startsWith('Go to frame 701,')")
    assert nearest.get_by_role("button").count() == 6
    shown = page.evaluate("""() => Array.from(document.querySelector(".nearest canvas").getContext("2d")
        .getImageData(0, 0, 20, 28).data).filter((_, at) => at % 4 === 0)""")
    assert shown == images[700].ravel().tolist()
    # they change while a slider is dragged
    before = page.evaluate(names)
    box = _slider(page, "pose").bounding_box()
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] * 0.9, box["y"] + box["height"] / 2, steps=3)
    page.wait_for_function(f"before => String(({names})()) !== before", arg=",".join(before))
    page.mouse.up()
    # and by keyboard alone one goes to the third of them
    third = nearest.get_by_role("button").nth(2)
    number = int(re.search(r"frame ([\d,]+)", third.get_attribute("aria-label"))[1].replace(",", ""))
    third.focus()
    page.keyboard.press("Enter")
    assert _latents(page) == pytest.approx(codes[number - 1].tolist(), abs=1e-3)
    assert f"Frame {number:,}, " in page.text_content(".comparison .what")


def test_themes(run: Run, open_page: Any) -> None:
    page = open_page(run.explorer_path, color_scheme="dark", reduced_motion="reduce")
    background = "getComputedStyle(document.querySelector('main')).backgroundColor"
    dark = page.evaluate(background)
    page.get_by_role("button", name="Light theme").click()
    light = page.evaluate(background)
    assert dark == "rgb(21, 24, 28)"
    assert light == "rgb(253, 253, 252)"
    page.reload()
    page.wait_for_selector("[data-frames=drawn]")
    assert page.evaluate(background) == light


Many = tuple[Path, VAE, np.ndarray]


@pytest.fixture(scope="module")
def many(tmp_path_factory: pytest.TempPathFactory) -> Many:
    """A page of 20 latents, five of which say nothing, its model and its images; with labels and a map."""
    vae = VAE((12, 10, 3), 20, hidden=(16,), seed=0)
    mean, log_variance = vae.encoder.layers[-2:]
    kernel, bias = mean.get_weights()
    kernel[:, 15:] *= 1e-4
    kernel[:, 3] *= 3.0  # the fourth varies most
    mean.set_weights([8.0 * kernel, bias])
    kernel, bias = log_variance.get_weights()
    log_variance.set_weights([0.0 * kernel, bias - 2.0])
    images = np.random.default_rng(0).integers(0, 256, (400, 12, 10, 3), dtype="uint8")
    images[:200, :6] //= 4
    bundle = make_bundle(
        vae,
        images,
        title="many",
        parts=(np.arange(400) % 10 == 0).astype(np.uint8),
        labels=["dark"] * 200 + ["light"] * 200,
        groups=KeptGroups("corner", ["group 1", "group 2", "group 3"], (np.arange(400) % 3).astype(np.uint8)),
        scores=KeptScores("oddness", (np.arange(400) * 7 % 400 / 400).astype(np.float32)),
        files=[f"pictures/{'dark' if number < 200 else 'light'}-{number}.png" for number in range(400)],
        sample_of=5000,
        projection=Projection("umap", within_plane(np.random.default_rng(1).normal(size=(400, 2)).astype("float32"))),
    )
    path = tmp_path_factory.mktemp("many") / "index.html"
    path.write_text(page_text(bundle), encoding="utf-8")
    return path, vae, images


@pytest.mark.parametrize(
    ("latents", "options"),
    [
        ("two", {"color_scheme": "light"}),
        ("two", {"color_scheme": "dark", **PHONE}),
        ("many", {"color_scheme": "dark", "viewport": {"width": 1024, "height": 768}}),
        # 1280 x 1024 at 400 %
        ("many", {"color_scheme": "light", "viewport": {"width": 320, "height": 256}}),
    ],
    ids=["desktop", "phone", "many", "enlarged"],
)
def test_no_accessibility_finding(run: Run, many: Many, open_page: Any, latents: str, options: dict[str, Any]) -> None:
    everything = "frame=7&this=1&that=2&direction=a~3~4&path=1~2~0.5"
    path = run.explorer_path if latents == "two" else many[0]
    page = open_page(path, reduced_motion="reduce", fragment=everything, **options)
    assert accessibility_findings(page) == []
    # no column is narrower than a thumb
    columns = page.evaluate("""[...document.querySelectorAll('.stage > *, .portrait > *, .panel')]
        .map(element => element.getBoundingClientRect().width).filter(width => width > 0)""")
    assert min(columns) > 120


def test_forced_colours_tell_groups_apart(open_page: Any, many: Many) -> None:
    page = open_page(many[0], reduced_motion="reduce", forced_colors="active")
    colours = page.evaluate("""() => {
        const dots = document.querySelectorAll(".board canvas")[2];
        const { data } = dots.getContext("2d").getImageData(0, 0, dots.width, dots.height);
        const seen = new Set();
        for (let at = 0; at < data.length; at += 4) if (data[at + 3] > 200) seen.add(data[at] > data[at + 2]);
        const keys = [...document.querySelectorAll(".key")]
            .map(key => getComputedStyle(key, "::before").backgroundColor);
        return [seen.size, new Set(keys).size];
    }""")
    assert colours == [2, 2]  # of the points, blue ones and orange ones; of the legend


def test_one_latent_and_many(open_page: Any, tmp_path: Path) -> None:
    path = tmp_path / "index.html"
    title = "<script>alert(1)</script> & {{ co }} {% raw %}"
    for latents in (1, 7):
        vae = VAE((6, 5, 1), latents, seed=0)
        images = np.random.default_rng(0).integers(0, 256, (50, 6, 5, 1), dtype="uint8")
        path.write_text(page_text(make_bundle(vae, images, title=title)), encoding="utf-8")
        page = open_page(path, reduced_motion="reduce")
        assert page.text_content("h1") == page.title() == title
        assert page.locator(".board").count() == 1
        page.wait_for_selector("[data-faces=drawn]")
        page.evaluate("freyvae.pick(3)")
        np.testing.assert_allclose(_latents(page), vae.encode(images[3:4])[0], atol=1e-4)


def test_many_latents_begin_at_a_picture_and_are_in_the_order_of_what_they_say(open_page: Any, many: Many) -> None:
    path, vae, images = many
    page = open_page(path, reduced_motion="reduce")
    start = page.evaluate("freyvae.header.start")
    assert start % 10 == 0  # held out
    code = vae.encode(images[start : start + 1])[0]
    np.testing.assert_allclose(_latents(page), code, atol=1e-4)
    assert f"Image {start + 1}, " in page.text_content(".comparison .what")
    assert page.evaluate("freyvae.header.order.order[0]") == 3
    nats = [float(text.split()[0]) for text in page.locator(".alive .note").all_text_contents()]
    assert len(nats) == 15
    assert nats == sorted(nats, reverse=True)
    # those that say nothing are folded away, and can be opened
    assert not _slider(page, "z20").is_visible()
    page.get_by_text("5 latents that say nothing").click()
    assert _slider(page, "z20").is_visible()
    # a strip shows what its slider does
    page.wait_for_selector(".slider .strip[data-drawn=yes]")
    page.get_by_role("button", name="Random").click()
    assert np.abs(np.array(_latents(page)) - code).max() > 0.1
    page.get_by_role("button", name="Reset").click()
    np.testing.assert_allclose(_latents(page), code, atol=1e-4)
    # an earlier version's link still leads to its code and to the plane of its two latents
    page.evaluate(f"freyvae.load('z={','.join(['0.5'] * 20)}&axes=2.0&map=no')")
    assert _latents(page) == [0.5] * 20
    assert page.get_by_label("across").input_value() == "2"


def test_on_a_plane_of_many_latents_dragging_moves_along_its_two_axes(open_page: Any, many: Many) -> None:
    path, vae, images = many
    page = open_page(path, reduced_motion="reduce", fragment="view=principal")
    page.wait_for_selector("[data-faces=drawn]")
    posteriors = Posteriors(vae.encode(images), vae.posterior_deviations(images))
    axes, scales = principal_axes(posteriors)[0], aggregate_deviations(posteriors)
    before = np.array(_latents(page))
    box = page.get_by_role("application").bounding_box()
    page.mouse.move(box["x"] + 2, box["y"] + 2)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] * 0.3, box["y"] + box["height"] * 0.4, steps=3)
    page.mouse.up()
    moved = (np.array(_latents(page)) - before) / scales
    assert np.linalg.norm(moved) > 0.1
    np.testing.assert_allclose(axes @ (axes.T @ moved), moved, atol=1e-3 * np.linalg.norm(moved))
    # images are drawn where there are points, and nowhere else
    drawn = page.evaluate("""() => {
        const faces = document.querySelector(".board canvas");
        const { data } = faces.getContext("2d").getImageData(0, 0, faces.width, faces.height);
        return data.filter((value, at) => at % 4 === 3 && value > 0).length / (data.length / 4);
    }""")
    assert 0.1 < drawn < 0.95
    # on the map there are no codes but those of images
    page.get_by_role("combobox", name="plane").select_option("map")
    page.get_by_role("application").focus()
    page.keyboard.press("ArrowRight")
    assert np.abs(posteriors.means - np.array(_latents(page))).max(axis=1).min() < 1e-4
    page.get_by_role("combobox", name="plane").select_option("latents")
    page.get_by_label("across").select_option("z3")
    _wait_for_fragment(page, r"axes=2\..*view=latents")
    page.wait_for_selector("[data-faces=drawn]")


@pytest.mark.parametrize("latents", ["two", "many"])
def test_face_and_sliders_are_in_the_first_screen_and_stay_where_they_are(
    open_page: Any, run: Run, many: Many, latents: str
) -> None:
    page = open_page(run.explorer_path if latents == "two" else many[0], reduced_motion="reduce")
    start = _latents(page)
    for width in (320, 390, 700, 800, 1024, 1440):
        page.set_viewport_size({"width": width, "height": 768})
        tops = []
        for code in (start, [3.0] * len(start), [30.0] * len(start)):
            page.evaluate("code => freyvae.setLatents(code)", code)
            face = page.locator(".face").bounding_box()
            sliders = [page.locator("input.range").nth(place).bounding_box() for place in range(2)]
            assert face["y"] >= 0
            assert max(box["y"] + box["height"] for box in sliders) <= 768, width
            tops.append([face["y"], *(box["y"] for box in sliders)])
            assert page.locator(".knowing p").evaluate("said => said.scrollHeight <= said.clientHeight"), width
        assert tops[0] == tops[1] == tops[2]
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), width


@pytest.mark.parametrize(("is_video", "word", "some"), [(True, "frame", "a frame"), (False, "image", "an image")])
def test_the_words_for_frames_and_for_images(
    open_page: Any, tmp_path: Path, is_video: bool, word: str, some: str
) -> None:
    images = np.random.default_rng(0).integers(0, 256, (30, 6, 5, 1), dtype="uint8")
    bundle = make_bundle(VAE((6, 5, 1), 2, seed=0), images, title="words", is_video=is_video)
    path = tmp_path / "index.html"
    path.write_text(page_text(bundle), encoding="utf-8")
    page = open_page(path, reduced_motion="reduce")
    assert page.get_by_role("button", name=f"Choose {some} first").count() == 4
    text = page.inner_text("main") + page.get_attribute(".board", "aria-label")
    assert f"30 {word}s of 6 by 5 grey pixels" in text
    assert f"goes to the nearest {word}." in text
    assert not re.search(r"\ba [aeiou]|\ban [^aeiou]", text, re.IGNORECASE)
    assert is_video or "frame" not in text.lower()


def test_the_posts_own_sliders(open_page: Any, tmp_path: Path) -> None:
    vae = VAE((28, 20, 1), 2, likelihood="bernoulli", noise_scale=0.01, seed=0)
    images = freyvae.synthetic_faces(60).images
    path = tmp_path / "index.html"
    path.write_text(page_text(make_bundle(vae, images, title="blog", names=("humour", "pose"))), encoding="utf-8")
    page = open_page(path, reduced_motion="reduce")
    slider = _slider(page, "humour")
    assert [slider.get_attribute(bound) for bound in ("min", "max")] == ["-15", "15"]
    slider.focus()
    page.keyboard.press("ArrowRight")
    assert _latents(page) == pytest.approx([0.03, 0])
    assert slider.get_attribute("aria-valuetext") == "3.0 times 0.01"
    page.keyboard.press("End")
    assert _latents(page) == pytest.approx([0.15, 0])


def test_random_codes_are_draws_from_a_learned_prior(open_page: Any, tmp_path: Path) -> None:
    vae = VAE((6, 4, 1), 2, posterior="planar", flow_length=1, prior="gaussian-mixture", prior_components=3, seed=0)
    vae.learned_prior["means"].assign(20.0 + np.arange(6.0).reshape(3, 2))
    images = np.random.default_rng(0).integers(0, 256, (30, 6, 4, 1), dtype="uint8")
    path = tmp_path / "index.html"
    path.write_text(page_text(make_bundle(vae, images, title="learned")), encoding="utf-8")
    page = open_page(path, reduced_motion="reduce")
    draws = vae.sample_latents(1000)
    for _ in range(3):
        page.get_by_role("button", name="Random").click()
        assert np.abs(draws - np.array(_latents(page))).max(axis=1).min() < 1e-3
    slider = _slider(page, "z1")
    assert float(slider.get_attribute("max")) > 20
    assert "prior" not in slider.get_attribute("aria-valuetext")
    assert "the posterior's flow" in page.content()


def test_images_are_found_by_file_hidden_by_group_and_sorted_by_error(open_page: Any, many: Many) -> None:
    path, vae, images = many
    page = open_page(path, reduced_motion="reduce")
    lede = page.text_content(".lede")
    assert "5,000 images of 12 by 10 colour pixels" in lede
    assert "The page shows 400 of them, at even distances." in lede
    search = page.get_by_role("searchbox")
    for typed, number in (("LIGHT-30", 300), ("LIGHT-30", 301), ("17", 16)):
        search.fill(typed)
        search.press("Enter")
        assert f"Image {number + 1}, " in page.text_content(".comparison .what")
    assert "dark-16.png" in page.text_content(".comparison .what")
    # by error, the largest first
    page.get_by_label("Order of the images").select_option("error")
    page.get_by_role("slider", name="Image").focus()
    page.keyboard.press("Home")
    page.keyboard.press("ArrowRight")
    rebuilt = np.rint(255 * vae.decode(vae.encode(images)))
    errors = np.sqrt(np.mean(np.square(rebuilt - images), axis=(1, 2, 3)))
    chosen = int(re.search(r"Image (\d+) of", page.text_content(".filmstrip"))[1]) - 1
    assert errors[chosen] == pytest.approx(np.sort(errors)[-2], abs=0.1)
    # a group that is hidden is neither drawn nor picked, and the link says so
    page.evaluate("freyvae.load('view=map&colour=label')")
    dots = "document.querySelectorAll('.board canvas')[2].toDataURL()"
    before = page.evaluate(dots)
    dark = page.get_by_role("button", name="dark", exact=True)
    dark.click()
    assert dark.get_attribute("aria-pressed") == "false"
    assert page.evaluate(dots) != before
    _wait_for_fragment(page, "hide-label=0")
    # of what is within a lasso only what is shown is taken
    page.get_by_role("button", name="Lasso").click()
    page.evaluate("scrollTo(0, 0)")
    box = page.get_by_role("application").bounding_box()
    corners = [(0.01, 0.01), (0.99, 0.01), (0.99, 0.99), (0.01, 0.99)]
    for step, (right, below) in enumerate(corners):
        page.mouse.move(box["x"] + right * box["width"], box["y"] + below * box["height"], steps=3)
        if not step:
            page.mouse.down()
    page.mouse.up()
    assert "200 images." in page.text_content(".lasso-bar")
    page.get_by_role("button", name="Put in This").click()
    assert "and 188 more" in page.text_content(".trays")
    dark.click()
    assert page.evaluate(dots) == before


def _announced(page: Any) -> list[str]:
    """What a screen reader has been told politely since the page's announcer was watched."""
    return page.evaluate("() => window.announced")


def _watch_announcer(page: Any) -> None:
    page.evaluate("""() => {
        window.announced = [];
        const announcer = document.querySelector(".unseen[role=status]");
        if (announcer.getAttribute("aria-live") !== "polite") throw new Error("it is not live");
        new MutationObserver(() => window.announced.push(announcer.textContent))
            .observe(announcer, { childList: true, characterData: true, subtree: true });
    }""")


def test_a_screen_reader_hears_where_one_is_and_what_the_reading_says_once_one_rests(page: Any) -> None:
    page.wait_for_timeout(800)  # what the opened page says is over
    _watch_announcer(page)
    slider = _slider(page, "humour")
    slider.focus()
    for _ in range(10):
        page.keyboard.press("ArrowRight")
    assert _announced(page) == []  # not at every step
    page.wait_for_function("() => window.announced.length > 0")
    reading = page.text_content(".knowing strong"), page.text_content(".knowing p > span")
    assert _announced(page) == [f"humour 0.50, pose 0.00. {reading[0]}. {reading[1]}"]
    page.evaluate("freyvae.setLatents([-30, 30])")
    page.wait_for_function("() => window.announced.length > 1")
    assert _announced(page)[1:] == ["humour −30.00, pose 30.00. Far from the data. No training image is near."]
    # the picture has the words too
    assert page.get_by_role("img", name="The decoded image at humour −30.00, pose 30.00").count() == 1


def test_a_walk_is_not_read_out(run: Run, open_page: Any) -> None:
    page = open_page(run.explorer_path)
    page.wait_for_timeout(800)
    _watch_announcer(page)
    page.get_by_role("button", name="Walk").click()
    page.wait_for_timeout(1000)
    assert _announced(page) == []
    page.get_by_role("button", name="Stop").click()
    page.wait_for_function("() => window.announced.length === 1")


def test_of_many_latents_a_screen_reader_hears_those_that_say_most(open_page: Any, many: Many) -> None:
    page = open_page(many[0], reduced_motion="reduce")
    page.wait_for_timeout(800)
    _watch_announcer(page)
    page.get_by_role("button", name="Random").click()
    page.wait_for_function("() => window.announced.length > 0")
    (said,) = _announced(page)
    order = page.evaluate("freyvae.header.order.order.slice(0, 6).map(index => freyvae.header.latents.names[index])")
    assert re.findall(r"(z\d+) ", said) == order


def test_points_are_coloured_and_hidden_by_groups_under_their_name(open_page: Any, many: Many) -> None:
    page = open_page(many[0], reduced_motion="reduce", fragment="colour=label&frame=4")
    assert "light, group 2" not in page.text_content(".comparison .what")
    assert "dark, group 2" in page.text_content(".comparison .what")
    dots = "document.querySelectorAll('.board canvas')[2].toDataURL()"
    by_label = page.evaluate(dots)
    page.get_by_text("corner", exact=True).click()
    by_group = page.evaluate(dots)
    assert by_group != by_label
    second = page.get_by_role("button", name="group 2", exact=True)
    second.focus()
    page.keyboard.press("Enter")
    assert second.get_attribute("aria-pressed") == "false"
    assert page.evaluate(dots) != by_group
    _wait_for_fragment(page, "colour=group.*hide-group=1")


def test_points_are_coloured_and_sorted_by_a_score(open_page: Any, many: Many) -> None:
    page = open_page(many[0], reduced_motion="reduce", fragment="colour=time")
    dots = "document.querySelectorAll('.board canvas')[2].toDataURL()"
    by_order = page.evaluate(dots)
    page.get_by_text("oddness", exact=True).click()
    assert page.evaluate(dots) != by_order
    assert page.locator(".legend").text_content() == "lowesthighest"
    page.locator(".filmstrip select").select_option("score")
    page.locator(".filmstrip input[type=range]").fill("1")
    page.locator(".filmstrip input[type=range]").fill("0")
    # 57 * 7 is 399
    assert page.text_content(".comparison .what").startswith("Image 58,")  # type: ignore[union-attr]
    _wait_for_fragment(page, "colour=score")


def test_what_one_sees_can_be_saved(page: Any, open_page: Any, many: Many, vae: VAE) -> None:
    def saved(page: Any, name: str) -> Image.Image:
        page.locator(".menu summary").click()
        with page.expect_download() as download:
            page.locator(".menu button", has_text=name).click()
        return Image.open(io.BytesIO(Path(download.value.path()).read_bytes()))

    page.evaluate("freyvae.setLatents([0.5, -1])")
    shown = np.rint(255 * vae.decode([[0.5, -1]])[0, ..., 0])
    picture = np.asarray(saved(page, "Picture").convert("L"))
    times = picture.shape[0] // 28
    assert picture.shape == (28 * times, 20 * times)
    assert np.abs(picture[times // 2 :: times, times // 2 :: times] - shown).max() <= 1
    walk = saved(page, "Walk")
    assert (walk.format, walk.n_frames) == ("GIF", 64)
    times = walk.height // 28
    # it begins where one is, and grey levels are exact
    first = np.asarray(walk.convert("L"))[times // 2 :: times, times // 2 :: times]
    assert np.abs(first.astype(int) - shown).max() <= 1
    walk.seek(63)
    assert np.abs(np.asarray(walk.convert("L"))[times // 2 :: times, times // 2 :: times] - shown).max() > 5
    plane = np.asarray(saved(page, "Plane").convert("L"), int)
    times, tiles = plane.shape[0] // (9 * 28), 9
    assert plane.shape == (tiles * 28 * times, tiles * 20 * times)
    reach = page.evaluate("freyvae.header.latents.plane")
    for row, column, code in ((4, 4, [0, 0]), (0, 0, [-reach, reach]), (8, 4, [0, -reach])):
        tile = plane[28 * times * row :, 20 * times * column :][
            times // 2 : 28 * times : times, times // 2 : 20 * times : times
        ]
        assert np.abs(tile - np.rint(255 * vae.decode([code])[0, ..., 0])).max() <= 1
    # of many latents, a row for each of the first ten, and in colour
    page = open_page(many[0], reduced_motion="reduce")
    grid = saved(page, "Along the latents")
    times = grid.height // (10 * 12)
    assert grid.size == (64 + 9 * 10 * times, 10 * 12 * times)
    walk = saved(page, "Walk").convert("RGB")
    shown = np.rint(255 * many[1].decode([_latents(page)])[0])
    times = walk.height // 12
    # dithered, so the mean over a pixel of the image is near its colour
    averaged = np.asarray(walk, float).reshape(12, times, 10, times, 3).mean(axis=(1, 3))
    assert np.abs(averaged - shown).max() < 15


def test_a_page_of_one_image_has_nothing_to_slide_along(vae: VAE, tmp_path: Path, open_page: Any) -> None:
    path = tmp_path / "index.html"
    image = np.full((1, *vae.image_shape), 99, np.uint8)
    path.write_text(page_text(make_bundle(vae, image, title="one")), encoding="utf-8")
    page = open_page(path, reduced_motion="reduce")
    page.locator(".filmstrip .range").press("ArrowRight")
    assert page.text_content(".filmstrip .value") == "1 in all"


@pytest.mark.parametrize("shape", [(1, 400, 1), (400, 1, 1), (300, 500, 1)])
@pytest.mark.parametrize("width", [390, 1280])
def test_images_of_any_shape_are_seen_and_the_page_is_no_wider_than_the_screen(
    shape: tuple[int, int, int], width: int, tmp_path: Path, open_page: Any
) -> None:
    vae = VAE(shape, 2, hidden=(3,), seed=0)
    images = np.random.default_rng(0).integers(0, 256, (20, *shape), dtype="uint8")
    label = "a-label-of-many-letters-without-a-space-" * 6
    path = tmp_path / "index.html"
    bundle = make_bundle(
        vae,
        images,
        title="shapes",
        labels=[label] * 10 + ["b"] * 10,
        files=[f"{label}{number}" for number in range(20)],
    )
    path.write_text(page_text(bundle), encoding="utf-8")
    page = open_page(path, reduced_motion="reduce", viewport={"width": width, "height": 800})
    page.evaluate("freyvae.pick(2)")
    assert page.evaluate("document.documentElement.scrollWidth") == width
    for name in (".face", ".comparison figure canvas", ".nearest canvas", ".board"):
        box = page.locator(name).first.bounding_box()
        assert min(box["width"], box["height"]) >= 5, name
    face, column = page.locator(".face").bounding_box(), page.locator(".face-place").bounding_box()
    assert face["width"] <= column["width"] + 1


def test_the_ellipse_of_an_image_is_its_posterior(page: Any, vae: VAE) -> None:
    # the extent of what is painted over the points, less what was painted before, in pixels across and down
    painted = """() => {
        const { width, height } = document.querySelectorAll(".board canvas")[3];
        const pixels = document.querySelectorAll(".board canvas")[3].getContext("2d").getImageData(0, 0, width, height);
        const now = new Uint32Array(pixels.data.buffer), before = globalThis.painted ?? now;
        globalThis.painted = now;
        const changed = [...now.keys()].filter((at) => now[at] !== before[at]);
        const extent = (places) => places.length && Math.max(...places) - Math.min(...places);
        const down = changed.map((at) => Math.floor(at / width));
        return { width, height, extent: [extent(changed.map((at) => at % width)), extent(down)] };
    }"""
    _face(page)  # until it is painted
    assert page.evaluate(painted)["extent"] == [0, 0]
    page.evaluate("freyvae.pick(700)")
    page.evaluate("freyvae.setLatents([0, 0])")
    _face(page)
    found = page.evaluate(painted)
    deviations = vae.posterior_deviations(freyvae.synthetic_faces().images[700:701])[0]
    np.testing.assert_allclose(page.evaluate("freyvae.deviationsOf(700)"), deviations, rtol=1e-3)
    # two deviations to each side
    reach = page.evaluate("freyvae.header.latents.plane")
    wanted = 4 * deviations * [found["width"], found["height"]] / (2 * reach)
    assert (wanted > 30).all()  # larger than the ring about the image's point
    np.testing.assert_allclose(found["extent"], wanted, atol=6)
    assert "posterior" in page.text_content(".comparison")


def test_a_hundred_thousand_points_stay_smooth(open_page: Any, tmp_path: Path) -> None:
    vae = VAE((2, 2, 1), 2, seed=0)
    images = np.random.default_rng(0).integers(0, 256, (120_000, 2, 2, 1), dtype="uint8")
    path = tmp_path / "index.html"
    path.write_text(page_text(make_bundle(vae, images, title="many")), encoding="utf-8")
    page = open_page(path, reduced_motion="reduce")
    assert page.evaluate("freyvae.header.points") == 100_000
    page.wait_for_selector("[data-faces=drawn][data-veil=drawn]")
    milliseconds = page.evaluate("""() => {
        const began = performance.now();
        for (let step = 0; step < 50; step++) { freyvae.setLatents([step / 50, 0]); freyvae.draw(); }
        return (performance.now() - began) / 50;
    }""")
    assert milliseconds < 16


def _spoil(run: Run, tmp_path: Path, before: str, after: str) -> Path:
    text = run.explorer_path.read_text(encoding="utf-8")
    assert before in text
    path = tmp_path / "index.html"
    path.write_text(text.replace(before, after, 1), encoding="utf-8")
    return path


@pytest.mark.parametrize(
    ("before", "after", "said"),
    [
        ('"header":{"format":1', '"header":{"format":2', "format 2, but its script reads up to 1"),
        ('"header":{"format":1', '"header":{"shape":1', "damaged: its header"),
        ('"blobs":{"codes":"', '"blobs":{"codes":"AAAA', "damaged: its codes"),
        ('"blobs":{"codes":"', '"blobs":{"codes":"*', "damaged: its codes"),
        ('"blobs":{"codes"', '"blobs":{"moods"', "damaged: its moods"),
        ('id="freyvae-bundle">{', 'id="freyvae-bundle">', "damaged: its data"),
    ],
)
def test_a_damaged_page_says_so(run: Run, open_page: Any, tmp_path: Path, before: str, after: str, said: str) -> None:
    page = open_page(_spoil(run, tmp_path, before, after), ready=False)
    page.get_by_role("alert").wait_for()
    assert said in page.text_content("main")


def _outcome(page: Any, path: Path) -> str:
    """The appearance of a damaged page: drawn nevertheless, with a message, or blank."""
    page.goto(path.as_uri())
    page.wait_for_function(
        "() => document.querySelector('[data-frames=drawn]') "
        "|| /damaged|does not work in this browser/.test(document.body?.textContent)"
    )
    return "drawn" if page.query_selector("[data-frames=drawn]") else "said"


@pytest.fixture(scope="module")
def small_page() -> bytes:
    images = np.random.default_rng(0).integers(0, 256, (50, 6, 5, 1), dtype="uint8")
    return page_text(make_bundle(VAE((6, 5, 1), 2, seed=0), images, title="small")).encode()


def _cut(page: bytes, random: random.Random) -> bytes:
    # a page that is cut before the first sentence has nothing to show
    return page[: random.randrange(page.index(b"</main>"), len(page) - len(b"</script></body></html>") - 4)]


def _flip_anywhere(page: bytes, random: random.Random) -> bytes:
    at = random.randrange(len(page))
    return page[:at] + bytes([page[at] ^ 1 << random.randrange(8)]) + page[at + 1 :]


def _flip_in_a_tag(page: bytes, random: random.Random) -> bytes:
    at = random.choice(
        [
            at
            for tag in re.finditer(rb"</?(title|body|main|p|style|script|meta)[^>]*>", page)
            for at in range(*tag.span())
        ]
    )
    return page[:at] + bytes([page[at] ^ 1 << random.randrange(8)]) + page[at + 1 :]


@pytest.mark.parametrize("damage", [_cut, _flip_anywhere, _flip_in_a_tag])
def test_no_damaged_page_is_blank(
    open_page: Any, watch: Any, tmp_path: Path, small_page: bytes, damage: Callable[[bytes, random.Random], bytes]
) -> None:
    path = tmp_path / "index.html"
    page = open_page("about:blank", ready=False, reduced_motion="reduce")
    outcomes = []
    for seed in range(20):
        print(f"seed {seed}")
        path.write_bytes(damage(small_page, random.Random(seed)))
        outcomes.append(_outcome(page, path))
    if damage is _cut:
        assert set(outcomes) == {"said"}
    # a browser logs in its console what it has blocked
    watch.complaints.clear()


def test_the_first_sentence_is_seen_only_where_nothing_comes_after_it(
    open_page: Any, tmp_path: Path, small_page: bytes
) -> None:
    path = tmp_path / "index.html"
    path.write_bytes(small_page[: small_page.index(b'<script type="module">')])
    page = open_page(path, ready=False)
    sentence = page.get_by_text("This page is being drawn.")
    assert not sentence.is_visible()
    sentence.wait_for(state="visible")
    path.write_bytes(small_page)
    page.reload()
    page.wait_for_selector("[data-frames=drawn]")
    assert sentence.count() == 0
    # also without JavaScript
    page = open_page(path, ready=False, java_script_enabled=False)
    page.get_by_text("JavaScript is switched off").wait_for()


@pytest.mark.parametrize("kind", ["noise", "inverted", "black"])
def test_a_picture_unlike_the_data_is_told_from_one_of_its_kind(page: Any, vae: VAE, tmp_path: Path, kind: str) -> None:
    face = freyvae.synthetic_faces(5, seed=9).images[4, ..., 0]
    noise = np.random.default_rng(0).integers(0, 256, face.shape, dtype="uint8")
    unlike = {"noise": noise, "inverted": 255 - face, "black": 0 * face}[kind]
    for name, image in (("like", face), ("unlike", unlike)):
        Image.fromarray(image).save(tmp_path / f"{name}.png")
        page.set_input_files("input[type=file]", tmp_path / f"{name}.png")
        code = vae.encode(image[None, ..., None])[0]
        page.wait_for_function(
            "code => code.every((z, i) => Math.abs(z - freyvae.latents[i]) < 1e-3)", arg=code.tolist()
        )
        said = page.text_content(".knowing")
        assert ("Unlike the data" in said) == (name == "unlike"), (name, said)
    error = np.sqrt(np.mean((np.rint(255 * vae.reconstruct(unlike[None, ..., None])[0, ..., 0]) - unlike) ** 2))
    assert f"An error of {error:.1f} grey levels" in said
    # beside the picture are its score and its percentile
    percentiles = page.evaluate("freyvae.header.likeness.percentiles")
    rank = int(np.clip(np.sum(np.array(percentiles) < error) - 1, 0, 100))
    assert f"RMSE {error:.1f} grey levels, larger than for {rank} %" in page.text_content(".comparison")
    # elsewhere the code is judged again
    page.evaluate("freyvae.setLatents([0, 0])")
    assert "Unlike the data" not in page.text_content(".knowing")


def test_five_channels_are_painted_in_their_colours(open_page: Any, tmp_path: Path) -> None:
    vae = VAE((6, 5, 5), 2, seed=0)
    images = np.random.default_rng(0).integers(0, 256, (50, 6, 5, 5), dtype="uint8")
    bundle = make_bundle(vae, images, title="channels")
    assert bundle.notes == (
        "own pictures cannot be dropped on this page: a picture is grey or colour, and the model's images have "
        "5 channels",
    )
    path = tmp_path / "index.html"
    path.write_text(page_text(bundle), encoding="utf-8")
    page = open_page(path, reduced_motion="reduce")
    page.wait_for_selector("[data-faces=drawn][data-veil=drawn]")
    assert "50 images of 6 by 5 pixels in 5 channels, 2 latents." in page.inner_text(".lede")
    assert "own pictures cannot be dropped" in page.inner_text("main").lower()
    page.evaluate("freyvae.pick(3)")
    levels = np.rint(255 * vae.decode([_latents(page)])).astype(np.uint8)
    reds = in_colour(levels)[0, ..., 0].ravel().astype(int)
    assert np.abs(np.array(_face(page)) - reds).max() <= 3  # each of the channels may be rounded otherwise
