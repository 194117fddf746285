"""The page is self-contained: it loads nothing, and no name or number can break it."""

import base64
import re
from html.parser import HTMLParser

import pytest
from PIL import Image

from freyvae.errors import BadInput
from freyvae.reporting.page import write_report

METRICS = {
    "format": 1,
    "val_free_energy_nats": 1790.3271,
    "val_rate_nats": 5.5,
    "nll_bits_per_dim": 4.16612,
    "nll_bits_per_dim_se": 0.0123,
    "seconds": 3.24,
    "images_per_second": 55541.2,
    "active_units": 2,
    "data": "frey-faces",
    "collapsed": False,
    "curve_bits_per_dim": [4.3, 4.2],
    "baselines": {"png_bits_per_dim": 6.19, "mean_face": {"rmse_grey_levels": 32.94}},
}


class Page(HTMLParser):
    """The parts of a page that a browser would use."""

    def __init__(self, text):
        super().__init__()
        self.tags, self.attributes, self.open, self.words = [], [], [], ""
        self.feed(text)
        self.close()
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


def picture(folder, name, size=(1400, 600)):
    path = folder / f"{name}.png"
    Image.new("L", size).save(path)
    return path


def written(folder, **changes):
    given = {
        "title": "frey-faces",
        "facts": {"data": "Frey faces", "images": "1965 grey images", "data_hash": "sha256 0123", "seed": "1"},
        "metrics": METRICS,
        "pictures": [],
        "command": "freyvae train --seed 1",
        "notes": [],
    }
    path = write_report(folder, **(given | changes))
    assert path == folder / "report.html"
    return path.read_text(encoding="utf-8")


def test_nothing_is_fetched_from_anywhere(tmp_path):
    text = written(tmp_path, pictures=[(picture(tmp_path, "manifold"), "The manifold.")])
    page = Page(text)
    assert not re.search(r"https?:|//[a-z]|url\(|@import", text.replace(page.all("img")[0]["src"], ""))
    assert {"script", "link", "iframe"}.isdisjoint(page.tags)
    assert all(image["src"].startswith("data:image/png;base64,") for image in page.all("img"))
    assert "default-src 'none'" in text


def test_every_picture_is_inside_with_its_size_and_words(tmp_path):
    paths = [picture(tmp_path, "manifold"), picture(tmp_path, "codes", (900, 800))]
    page = Page(written(tmp_path, pictures=[(paths[0], "All of it."), (paths[1], "The codes.")]))
    for path, image, size in zip(paths, page.all("img"), [("700", "300"), ("450", "400")], strict=True):
        assert base64.b64decode(image["src"].partition(",")[2]) == path.read_bytes()
        assert (image["width"], image["height"]) == size  # half the pixels: sharp on any screen
    assert page.all("img")[0]["alt"] == "Manifold: All of it."
    assert "The codes." in page.words


def test_text_is_escaped_wherever_it_comes_from(tmp_path):
    evil = "<script>alert(\"1\")</script> & 'x' {{ title }} {% raw %}"
    text = written(
        tmp_path,
        title=evil,
        facts={"data": evil, evil: "x"},
        metrics={evil: 1.0, "group": {evil: 2}},
        pictures=[(picture(tmp_path, "codes"), evil)],
        command=evil,
        notes=[evil],
    )
    assert "<script" not in text
    page = Page(text)
    assert page.all("img")[0]["alt"] == f"Codes: {evil}"
    assert page.words.count(evil) >= 6


def test_numbers_carry_their_unit(tmp_path):
    text = re.sub(r"<[^>]*>", " ", written(tmp_path))
    text = re.sub(r"\s+", " ", text)
    for row in (
        "Free energy, validation 1790.3 nats per image",
        "Negative log-likelihood 4.166 bits per dimension",
        "Negative log-likelihood standard error 0.012 bits per dimension",
        "Images 55541 per second",
        "Training 3.240 seconds",
        "Active units 2",
        "Collapsed no",
        "Curve 4.300, 4.200 bits per dimension",
        "Baselines PNG 6.190 bits per dimension Mean face, RMSE 32.94 grey levels of 255",
    ):
        assert row in text
    assert "Format" not in text


TRAINED = {"val_bits_per_dim": 4.5, "val_free_energy_nats": 1750.0, "val_rate_nats": 5.5, "val_rmse_grey_levels": 13.0}
MEASURED = {"nll_is": "probability of the bytes", "nll_bits_per_dim": 4.4, "nll_nats": 1700.0, "rate_nats": 6.5}


@pytest.mark.parametrize("split", ["test", "validation", "training"])
@pytest.mark.parametrize("without", [(), ("nll_bits_per_dim",), ("rate_nats",)])
def test_the_headline_is_of_one_split_which_each_number_names(tmp_path, split, without):
    measured = {key: value for key, value in MEASURED.items() if key not in without} | {"measured_split": split}
    for metrics, named in ((TRAINED, "validation"), (TRAINED | measured, split)):
        text = written(tmp_path, metrics=metrics)
        names = re.findall(r"<div><dt>(.*)</dt>", text)
        assert len(names) >= 2
        assert all(name.endswith(f", {named}") for name in names), names


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


def test_an_empty_run_is_a_page_too(tmp_path):
    page = Page(written(tmp_path, facts={}, metrics={}))
    assert "table" not in page.tags
    assert "img" not in page.tags


@pytest.mark.parametrize("value", [float("nan"), float("inf"), -0.00012, 0.0, -3, None, "word", True, 10**9])
def test_any_number_can_be_written(tmp_path, value):
    Page(written(tmp_path, metrics={"val_free_energy_nats": value, "odd": value}))


def test_a_missing_or_foreign_picture_leaves_the_old_page(tmp_path):
    before = written(tmp_path)
    with pytest.raises(BadInput, match="cannot read the picture"):
        written(tmp_path, pictures=[(tmp_path / "none.png", "")])
    (tmp_path / "text.png").write_text("not a picture, but long enough to have a header")
    with pytest.raises(BadInput, match="not a PNG"):
        written(tmp_path, pictures=[(tmp_path / "text.png", "")])
    assert (tmp_path / "report.html").read_text(encoding="utf-8") == before
    assert sorted(path.name for path in tmp_path.iterdir()) == ["report.html", "text.png"]
