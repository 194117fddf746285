"""Groups of pictures: by what they show, as many as there are, and what is refused."""

import csv
import shutil
import sys

import numpy as np
import pytest
from sklearn.metrics import adjusted_rand_score, normalized_mutual_info_score

import freyvae
from freyvae.__main__ import main
from freyvae.errors import BadInput
from freyvae.explorer.groups import KeptGroups, read_groups
from freyvae.explorer.page import bundle_of_run
from freyvae.files import write_whole
from freyvae.metrics.grouping import Mixture, agreement, mixture
from freyvae.metrics.nearest import Posteriors
from freyvae.run import Run


def test_two_groups_are_the_two_folders(copied, tmp_path, capsys):
    assert main(["cluster", str(copied.folder), "--count", "2", "--pictures", "groups"]) == 0
    said = capsys.readouterr().out
    assert "2 groups" in said
    assert "adjusted Rand index" in said
    assert sorted(path.name for path in (tmp_path / "groups").iterdir()) == ["group-01.png", "group-02.png"]
    with open("clusters.csv", newline="") as file:
        found = list(csv.DictReader(file))
    assert adjusted_rand_score([row["label"] for row in found], [row["group"] for row in found]) > 0.8
    assert all(0.5 <= float(row["probability"]) <= 1 for row in found)


def test_groups_of_other_pictures_have_their_labels_or_none(sorted_run, squares):
    found = freyvae.cluster(sorted_run, squares / "left", count=3)
    assert found.agreement is None
    assert found.mixture.sizes.sum() == 30
    assert (np.diff(found.mixture.sizes) <= 0).all()


def test_as_many_groups_as_the_codes_have():
    random = np.random.default_rng(0)
    centres = 3 * random.normal(size=(4, 5))
    means = (np.repeat(centres, 100, axis=0) + 0.3 * random.normal(size=(400, 5))).astype("float32")
    found = mixture(Posteriors(means, np.full_like(means, 0.1)))
    assert len(found.sizes) == 4
    assert min(found.criterion, key=found.criterion.get) == 4
    assert agreement(found.groups, [str(index // 100) for index in range(400)]).adjusted_rand == pytest.approx(1)
    # the most typical of a group is near its middle
    first = np.flatnonzero(found.groups == 0)
    best = means[first[found.typical[first].argmax()]]
    assert np.linalg.norm(best - means[first].mean(axis=0)) < 1


def test_copies_of_one_picture_are_groups_too():
    same = Posteriors(np.zeros((10, 2), "float32"), np.ones((10, 2), "float32"))
    assert mixture(same, 3).sizes.sum() == 10
    assert len(mixture(same).sizes) == 1


def test_agreement_is_scikit_learns():
    random = np.random.default_rng(1)
    groups, labels = random.integers(0, 4, 200), random.integers(0, 3, 200)
    labels[:120] = groups[:120] % 3
    found = agreement(groups, [f"label {label}" for label in labels])
    assert found.adjusted_rand == pytest.approx(adjusted_rand_score(labels, groups))
    assert found.mutual_information == pytest.approx(normalized_mutual_info_score(labels, groups))
    one = agreement(np.zeros(5, int), ["a"] * 5)
    assert (one.adjusted_rand, one.mutual_information) == (1.0, 1.0)


@pytest.mark.parametrize(
    ("choices", "line"),
    [
        ({"count": 0}, "count must be a whole number and at least 1, not 0"),
        ({"count": 61}, "count must be at most 60, the number of pictures, not 61"),
        ({"out": "c.npy"}, "groups are written as .csv"),
        ({"labels": "l.csv"}, "leave labels out"),
        ({"pictures": __file__}, "is a file: give a folder"),
        ({"data": "one"}, "groups take at least two pictures, but there is one"),
    ],
)
def test_wrong_input_is_one_line(sorted_run, squares, choices, line):
    if choices.get("data") == "one":
        choices = {"data": squares / "left" / "0.png"}
    with pytest.raises(BadInput, match=line):
        freyvae.cluster(sorted_run, **choices)


@pytest.mark.parametrize(
    "write",
    [
        lambda run, folder: freyvae.cluster(run, pictures=folder),
        lambda run, folder: freyvae.cluster(run, folder, pictures=folder / "groups"),
        lambda run, folder: freyvae.score(run, folder / "left", maps=folder / "maps"),
        lambda run, folder: freyvae.score(run, folder / "left", maps=folder / "left" / "maps"),
        lambda run, folder: freyvae.decompress(run, "a.freyvae", folder / "new"),
        lambda run, folder: freyvae.export(run, "hub", out=folder),
    ],
)
def test_nothing_writes_pictures_into_a_folder_of_pictures_that_are_read(sorted_run, squares, tmp_path, write):
    before = sorted(squares.rglob("*"))
    with pytest.raises(BadInput, match="would be one of the pictures in"):
        write(sorted_run, squares)
    assert sorted(squares.rglob("*")) == before
    assert not list(tmp_path.iterdir())


def test_the_groups_of_a_run_are_kept_and_its_page_colours_points_by_them(copied):
    found = freyvae.cluster(copied, count=3)
    np.testing.assert_array_equal(read_groups(copied, 60).numbers, found.mixture.groups)
    bundle = bundle_of_run(copied)
    assert bundle.header["groups"] == ["group 1", "group 2", "group 3"]
    np.testing.assert_array_equal(np.frombuffer(bundle.blobs["groups"], np.uint8), found.mixture.groups)
    # the record is as good as before
    copied.load_model()
    content = bytearray(copied.groups_path.read_bytes())
    content[-30] ^= 1
    copied.groups_path.write_bytes(content)
    with pytest.raises(BadInput, match=r"freyvae cluster .* writes it again"):
        read_groups(copied, 60)


def test_groups_of_other_pictures_are_not_kept(copied, squares):
    freyvae.cluster(copied, squares / "left", count=2)
    assert read_groups(copied, 60) is None


def test_where_the_run_is_held_the_table_is_written_and_that_is_said(copied, tmp_path):
    said = []
    with copied.lock():
        freyvae.cluster(copied.folder, count=2, out=tmp_path / "table.csv", say=said.append)
    assert (tmp_path / "table.csv").is_file()
    assert any("not kept for the page: another process is working on" in line for line in said)
    assert not copied.groups_path.exists()


def test_groups_beyond_what_a_byte_holds_are_the_last(copied, monkeypatch):
    groups = Mixture(np.arange(60) * 5, np.ones(60), np.ones(60), {})
    monkeypatch.setattr(sys.modules[freyvae.cluster.__module__], "mixture", lambda *_, **__: groups)
    freyvae.cluster(copied)
    np.testing.assert_array_equal(read_groups(copied, 60).numbers, np.minimum(np.arange(60) * 5, 255))


def test_a_page_of_other_images_than_the_runs_is_refused(copied, squares, tmp_path):
    shutil.copytree(squares, tmp_path / "squares")
    run = Run(tmp_path / "moved")
    shutil.copytree(copied.folder, run.folder)
    write_whole(run.recipe_path, copied.recipe.replace(data=str(tmp_path / "squares")).to_toml())
    run.write_metrics(copied.read_metrics())
    assert bundle_of_run(run).header["sampleOf"] == 0
    shutil.copy(squares / "left" / "1.png", tmp_path / "squares" / "left" / "0.png")
    with pytest.raises(BadInput, match="holds other images now than those that"):
        bundle_of_run(run)


def test_groups_beyond_the_colours_are_others():
    kept = KeptGroups("group", [f"group {number}" for number in range(1, 21)], np.arange(20, dtype=np.uint8))
    shown = kept.at_most(12)
    assert (len(shown.names), shown.names[0], shown.names[-1]) == (12, "group 1", "others")
    assert shown.numbers.tolist() == [*range(11), *[11] * 9]
    assert kept.at_most(20) is kept
