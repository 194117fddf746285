"""Labels in what a run shows: measure, report, the picture of codes."""

import shutil

import pytest

import freyvae
from freyvae.data.labels import most_frequent
from freyvae.errors import BadInput
from freyvae.reporting import tables
from freyvae.run import Run


def test_measure_and_report_say_what_labels_can_be_read(sorted_run, tmp_path):
    shutil.copytree(sorted_run.folder, tmp_path / "run")
    run = Run(tmp_path / "run")
    found = freyvae.measure(run, samples=2).label_scores
    assert run.measurement.label_scores == found
    assert (found.labels, found.scored) == (2, 6)
    assert found.linear["codes"] == found.neighbours["codes"] == 1.0
    table = next(table for table in tables.measured(run.measurement, "squares") if "Labels" in table.title)
    assert table.rows[0] == ("codes", "100.0 ± 0.0", "100.0 ± 0.0")
    assert "Labels told right, of 2" in run.report_path.read_text()


def test_codes_are_coloured_by_label(sorted_run, squares):
    images = freyvae.load_images(squares)
    vae = sorted_run.load_model()
    figure = freyvae.pictures.codes(vae, images.images, labels=images.labels)
    legend = [text.get_text() for text in figure.axes[0].get_legend().get_texts()]
    assert legend == ["left (30)", "right (30)"]
    parts = {"training": images.images[:40], "test": images.images[40:]}
    labels = {"training": images.labels[:40], "test": images.labels[40:]}
    assert freyvae.pictures.codes(vae, parts, labels=labels).axes[0].get_legend() is not None
    with pytest.raises(BadInput, match="labels must be one for each of the 60 images, not 2"):
        freyvae.pictures.codes(vae, images.images, labels=["left", "right"])


def test_labels_without_a_colour_of_their_own_are_others():
    named, numbers = most_frequent(["c", "a", "b", "a", "c", "a", "d"], 3)
    assert named == ["a", "c", "others"]
    assert numbers.tolist() == [1, 0, 2, 0, 1, 0, 2]
    assert most_frequent([], 3)[0] == []
    assert most_frequent(["a", "b"], 2)[0] == ["a", "b"]
