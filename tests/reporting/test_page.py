"""The page is self-contained: it loads nothing, and no name or number can break it."""

import base64
import io
import json
import re
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from freyvae.errors import BadInput
from freyvae.records import Baseline, Measurement, TrainingRecord, from_json
from freyvae.reporting.page import Shown, write_report
from freyvae.reporting.standing import Dot, DotPlot, measured_standing, measured_verdict, trained_standing

TRAINED = TrainingRecord(
    val_free_energy_nats=1790.3271,
    val_rate_nats=5.5,
    val_distortion_nats=1784.8271,
    val_loss=0.00012,
    val_bits_per_dim=4.61234,
    val_rmse_grey_levels=13.04,
    epochs=20,
    seconds=3.24,
    compile_seconds=12.5,
    images_per_second=55541.2,
    seed=1,
    data="frey-faces",
    data_sha256="0123",
    split="blog",
    validation_images=393,
    backend="jax",
    versions={"keras": "3.15.1"},
)
MEASURED = from_json(
    Measurement, json.loads((Path(__file__).parents[1] / "format_1" / "plain" / "metrics.json").read_text())
)


class Page(HTMLParser):
    """The parts of a page that a browser would use."""

    def __init__(self, text):
        super().__init__()
        self.tags, self.attributes, self.open, self.words = [], [], [], ""
        self.feed(text)
        self.close()
        self.words = self.words.replace("\n", " ")
        assert not self.open, f"left open: {self.open}"

    def handle_starttag(self, tag, attributes):
        self.tags.append(tag)
        self.attributes.append((tag, dict(attributes)))
        if tag not in ("meta", "img"):
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        if "style" not in self.open:
            self.words += data

    def all(self, tag):
        return [attributes for name, attributes in self.attributes if name == tag]


STANDING = DotPlot("Bits per dimension", "validation", (Dot("the model", 4.6, is_ours=True), Dot("PNG", 5.1, 0.1)), 3)


def picture(folder, name, size=(1400, 600)):
    path = folder / f"{name}.png"
    noise = np.random.default_rng(0).integers(0, 256, size[::-1], np.uint8)
    Image.fromarray(noise).save(path)
    return path


def test_a_picture_that_is_too_long_for_webp_is_shrunk(tmp_path):
    shown = Shown.read(picture(tmp_path, "long", (20_000, 10)), "A line.")
    assert (shown.width, shown.height) == (8191, 4)


def written(folder, **changes):
    given = {
        "title": "frey-faces",
        "verdict": "Better than PNG.",
        "standing": STANDING,
        "facts": {"data": "Frey faces", "images": "1965 grey images", "data_hash": "sha256 0123", "seed": "1"},
        "training": TRAINED,
        "measured": None,
        "pictures": [],
        "command": "freyvae train --seed 1",
        "notes": [],
    }
    path = write_report(folder, **(given | changes))
    assert path == folder / "report.html"
    return path.read_text(encoding="utf-8")


def test_nothing_is_fetched_from_anywhere(tmp_path):
    text = written(tmp_path, pictures=[Shown.read(picture(tmp_path, "manifold"), "The manifold.")])
    page = Page(text)
    assert not re.search(r"https?:|//[a-z]|url\(|@import", text.replace(page.all("img")[0]["src"], ""))
    assert {"script", "link", "iframe"}.isdisjoint(page.tags)
    assert all(image["src"].startswith("data:image/webp;base64,") for image in page.all("img"))
    assert "default-src 'none'" in text


def test_every_picture_is_inside_with_its_size_and_words(tmp_path):
    paths = [picture(tmp_path, "manifold"), picture(tmp_path, "codes", (900, 800))]
    page = Page(written(tmp_path, pictures=[Shown.read(paths[0], "All of it."), Shown.read(paths[1], "The codes.")]))
    for path, image, size in zip(paths, page.all("img"), [("700", "300"), ("450", "400")], strict=True):
        shown = Image.open(io.BytesIO(base64.b64decode(image["src"].partition(",")[2])))
        assert (np.asarray(shown.convert("L")) == np.asarray(Image.open(path))).all()
        assert (image["width"], image["height"]) == size  # half the pixels: sharp on any screen
    assert page.all("img")[0]["alt"] == "Manifold: All of it."
    assert "The codes." in page.words


def test_text_is_escaped_wherever_it_comes_from(tmp_path):
    evil = "<script>alert(\"1\")</script> & 'x' {{ title }} {% raw %}"
    text = written(
        tmp_path,
        title=evil,
        facts={"data": evil, evil: "x"},
        measured=replace(MEASURED, measured_split=evil),
        pictures=[Shown.read(picture(tmp_path, "codes"), evil)],
        command=evil,
        notes=[evil],
        verdict=evil,
        standing=DotPlot(evil, "test", (Dot(evil, 1.0),), 1, note=evil),
    )
    assert "<script" not in text
    page = Page(text)
    assert page.all("img")[0]["alt"] == f"Codes: {evil}"
    assert page.words.count(evil) >= 10


def test_numbers_carry_their_unit(tmp_path):
    text = written(tmp_path)
    rows = re.findall(r'<tr><th scope="row">(.*)</th><td class="number">(.*)</td><td class="unit">(.*)</td></tr>', text)
    assert rows == [
        ("Free energy, validation", "1790.3", "nats per image"),
        ("Rate, validation", "5.500", "nats per image"),
        ("Distortion, validation", "1784.8", "nats per image"),
        ("Loss, validation", "0.00012", ""),
        ("Free energy, validation", "4.612", "bits per dimension"),
        ("RMSE, validation", "13.04", "grey levels of 255"),
        ("Epochs", "20", ""),
        ("Training", "3.240", "seconds"),
        ("Compilation", "12.50", "seconds"),
        ("Images", "55541", "per second"),
        ("Images, validation", "393", ""),
    ]
    whole = replace(TRAINED, loss=1700.0, best_epoch=7, train_images=1572, test_images=0)
    text = written(tmp_path, training=whole)
    for name in ("Loss", "Best epoch", "Images, training", "Images, test"):
        assert f'<th scope="row">{name}</th>' in text


def headline(text):
    return re.findall(r"<div><dt>(.*)</dt><dd>(.*)\n<small>(.*)</small></dd></div>", text)


@pytest.mark.parametrize("split", ["test", "validation", "training"])
def test_the_headline_is_of_one_split_which_each_number_names(tmp_path, split):
    bits, nats = "bits per dimension", "nats per image"
    assert headline(written(tmp_path)) == [
        ("Free energy, validation", "4.612", bits),
        ("Free energy, validation", "1790.3", nats),
        ("Rate, validation", "5.500", nats),
        ("RMSE, validation", "13.04", "grey levels of 255"),
    ]
    assert headline(written(tmp_path, training=replace(TRAINED, val_bits_per_dim=None)))[0][1:] == ("1790.3", nats)
    measured = replace(MEASURED, measured_split=split, nll_bits_per_dim=4.4, nll_nats=1700.0, rate_nats=6.5)
    assert headline(written(tmp_path, measured=measured)) == [
        (f"Negative log-likelihood, {split}", "4.400", bits),
        (f"Negative log-likelihood, {split}", "1700.0", nats),
        (f"Rate, {split}", "6.500", nats),
        (f"RMSE, {split}", "65.25", "grey levels of 255"),
    ]


def test_the_verdict_comes_first_then_the_model_beside_what_needs_none_then_pictures_then_details(tmp_path):
    shown = [Shown.read(picture(tmp_path, name, (40, 20)), f"Caption of {name}.") for name in ("samples", "codes")]
    words = Page(written(tmp_path, pictures=shown[:1], details=shown[1:])).words
    places = [words.index(text) for text in ("Better than PNG.", "the model", "of samples.", "of codes.", "Training")]
    assert places == sorted(places)


def test_a_dot_stands_where_its_number_is_with_its_interval(tmp_path):
    text = written(tmp_path)
    assert STANDING.ticks == (4.6, 4.8, 5.0, 5.2, 5.4)
    dots = re.findall(r'<i class="dot" style="left:(.*?)%"', text)
    assert [float(left) for left in dots] == pytest.approx([0.0, 62.5])
    ((left, right),) = re.findall(r'<i class="bar" style="left:(.*?)%;right:calc\(100% - (.*?)%\)"', text)
    # 1.96 standard errors of 0.1 on either side, on a scale 0.8 long
    assert (float(left), float(right)) == pytest.approx((38.0, 87.0))
    assert '<li class="ours validation">' in text
    assert "<small>± 0.100</small>" in text


@pytest.mark.parametrize("values", [(4.6, 5.1), (0.02, 0.021), (-350.0, 12.0), (7.0, 7.0), (0.0, 0.0)])
def test_ticks_are_round_few_and_around_all(values):
    ticks = DotPlot("", "test", tuple(Dot("", value) for value in values), 1).ticks
    assert ticks[0] <= min(values) <= max(values) <= ticks[-1]
    assert 2 <= len(ticks) <= 8
    assert all(len(f"{abs(tick):.10g}".strip("0").replace(".", "")) <= 4 for tick in ticks)


BASELINES = {
    "mean_image": Baseline(nll_nats=4000.0, nll_nats_se=10.0, nll_bits_per_dim=8.0),
    "full_gaussian": Baseline(nll_nats=2010.0, nll_nats_se=10.0, nll_bits_per_dim=4.02),
    "png_files": Baseline(bits_per_dim=5.0),
    "png_mosaic": Baseline(bits_per_dim=3.0),
}


def test_the_verdict_says_better_level_and_worse_by_the_standard_errors():
    found = replace(
        MEASURED,
        nll_nats=2000.0,
        nll_nats_se=10.0,
        nll_bits_per_dim=4.0,
        nll_bits_per_dim_se=0.02,
        baselines=BASELINES,
        measured_split="test",
        images=65,
    )
    assert measured_verdict(found) == (
        "4.000 bits per dimension on 65 test images: better than a constant image, level with a full-covariance "
        "Gaussian, worse than PNG."
    )
    plot = measured_standing(found)
    assert [dot.value for dot in plot.dots] == [3.0, 4.0, 4.02, 5.0, 8.0]
    assert [dot.error for dot in plot.dots] == pytest.approx([None, 0.02, 0.02, None, 0.02])


def test_a_density_stands_beside_nothing_but_its_own_kind():
    found = replace(MEASURED, nll_bits_per_dim=None, nll_bits_per_dim_se=None, nll_nats=-3.0, nll_nats_se=1.0)
    same = {"mean_image_same_likelihood": Baseline(nll_nats=5.0, nll_nats_se=1.0)}
    plot = measured_standing(replace(found, baselines=BASELINES | same))
    assert [dot.name for dot in plot.dots] == ["the model", "constant at the mean image, same likelihood"]
    assert "better than a constant image." in measured_verdict(replace(found, baselines=BASELINES | same))


def test_a_run_that_is_not_measured_stands_as_a_bound_and_is_told_how_to_measure(tmp_path):
    standing = trained_standing(TRAINED, BASELINES, 393)
    assert [dot.name for dot in standing.dots if dot.is_ours] == ["the model, at most"]
    assert standing.title == "Bits per dimension, of the 393 validation images"
    command = "freyvae measure runs/x"
    assert f"<code>{command}</code>" in written(tmp_path, standing=standing, to_measure=command)
    assert command not in written(tmp_path, standing=standing, to_measure=command, measured=MEASURED)


@pytest.mark.parametrize(
    ("nll_is", "title"), [("probability density", "-log probability density"), ("cross-entropy", "Cross-entropy")]
)
def test_the_headline_says_what_is_no_probability_of_bytes(tmp_path, nll_is, title):
    measured = replace(MEASURED, nll_is=nll_is, nll_bits_per_dim=None, nll_nats=-3.0, measured_split="test")
    assert headline(written(tmp_path, measured=measured))[0] == (f"{title}, test", "−3.000", "nats per image")


def test_the_page_says_how_to_reproduce_the_run(tmp_path):
    page = Page(written(tmp_path, notes=["A random split flatters."]))
    for text in ("freyvae train --seed 1", "Data hash", "sha256 0123", "A random split flatters."):
        assert text in page.words
    assert page.all("html") == [{"lang": "en"}]
    assert page.tags.count("h1") == 1


def test_the_explorer_is_linked_when_it_is_there(tmp_path):
    assert "explorer/index.html" not in written(tmp_path)
    (tmp_path / "explorer").mkdir()
    (tmp_path / "explorer" / "index.html").write_text("")
    assert Page(written(tmp_path)).all("a") == [{"href": "explorer/index.html"}]


def test_light_and_dark_phone_and_paper(tmp_path):
    text = written(tmp_path)
    for rule in ("prefers-color-scheme: dark", "max-width: 40rem", "@media print"):
        assert rule in text
    assert {"name": "viewport", "content": "width=device-width, initial-scale=1"} in Page(text).all("meta")


def test_a_run_without_pictures_is_a_page_too(tmp_path):
    page = Page(written(tmp_path, facts={}))
    assert page.tags.count("table") == 1
    assert "img" not in page.tags


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (float("nan"), "not a number"),
        (float("inf"), "∞"),
        (-float("inf"), "−∞"),
        (-0.000123, "−0.00012"),
        (0.0, "0.000"),
        (-3, "−3"),
        (10**9, "1000000000"),
    ],
)
def test_any_number_can_be_written(tmp_path, value, shown):
    page = Page(written(tmp_path, training=replace(TRAINED, val_free_energy_nats=value)))
    assert page.words.count(f"Free energy, validation{shown}nats per image") == 1


def test_a_missing_or_foreign_picture_is_refused(tmp_path):
    with pytest.raises(BadInput, match="cannot read the picture"):
        Shown.read(tmp_path / "none.png", "")
    (tmp_path / "text.png").write_text("not a picture, but long enough to have a header")
    with pytest.raises(BadInput, match="not a PNG"):
        Shown.read(tmp_path / "text.png", "")
