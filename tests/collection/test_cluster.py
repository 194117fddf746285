"""Groups of pictures: by what they show, as many as there are, and what is refused."""

import csv

import numpy as np
import pytest
from sklearn.metrics import adjusted_rand_score, normalized_mutual_info_score

import freyvae
from freyvae.__main__ import main
from freyvae.errors import BadInput
from freyvae.metrics.grouping import agreement, mixture
from freyvae.metrics.nearest import Posteriors


def test_two_groups_are_the_two_folders(sorted_run, tmp_path, capsys):
    assert main(["cluster", str(sorted_run.folder), "--count", "2", "--pictures", "groups"]) == 0
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
