"""The pictures nearest to others: what a person types, what is written, and what is refused."""

import csv
import shutil

import numpy as np
import pytest
from PIL import Image

import freyvae
from freyvae.__main__ import main
from freyvae.errors import BadInput


def rows(path):
    with open(path, newline="") as file:
        return list(csv.DictReader(file))


def test_a_picture_of_the_run_is_its_own_nearest_and_the_others_have_its_label(sorted_run, squares, capsys):
    words = [
        "neighbours",
        str(sorted_run.folder),
        str(squares / "left" / "3.png"),
        "--count",
        "9",
        "--picture",
        "n.png",
    ]
    assert main(words) == 0
    assert capsys.readouterr().out == "neighbours.csv\nn.png\n"
    found = rows("neighbours.csv")
    assert [row["rank"] for row in found] == [str(place) for place in range(1, 10)]
    assert found[0]["file"] == "left/3.png"
    assert float(found[0]["distance"]) < 0.1
    assert sum(row["label"] == "left" for row in found) >= 8
    assert {row["part"] for row in found} <= {"training", "validation", "test"}
    with Image.open("n.png") as drawn:
        assert drawn.width > 500


def test_all_against_all_leaves_each_picture_itself_out_and_says_how_precise_it_is(sorted_run, squares):
    found = freyvae.neighbours(sorted_run, squares, count=5)
    assert (found.indices != np.arange(60)[:, None]).all()
    assert found.precision > 0.9
    assert found.chance == pytest.approx(29 / 59)
    by_other = freyvae.neighbours(sorted_run, squares, count=5, by="wasserstein")
    assert by_other.precision > 0.9


def test_a_picture_that_is_searched_too_does_not_count_as_its_own_right_neighbour(sorted_run, squares, tmp_path):
    for label in ("left", "right"):
        (tmp_path / "some" / label).mkdir(parents=True)
        for number in range(5):
            shutil.copy(squares / label / f"{number}.png", tmp_path / "some" / label)
    found = freyvae.neighbours(sorted_run, tmp_path / "some", count=5)
    assert (found.distances[:, 0] == found.distances.min(axis=1)).all()
    own = freyvae.neighbours(sorted_run, squares, count=4)
    some = [place for place, name in enumerate(own.queries) if int(name.partition("/")[2][:-4]) < 5]
    np.testing.assert_array_equal(found.indices[:, 1:], own.indices[some])
    labels = np.array([name.partition("/")[0] for name in own.names])
    assert found.precision == (labels[own.indices[some]] == labels[some][:, None]).mean()
    assert found.chance == pytest.approx(29 / 59)
    assert freyvae.neighbours(sorted_run, tmp_path / "some", count=1).precision is None


def test_others_are_searched_at_their_own_size_and_brought_to_the_runs(sorted_run, squares, tmp_path):
    (tmp_path / "more").mkdir()
    for number in range(3):
        Image.fromarray(np.full((20, 24, 3), 60 * number, "uint8")).save(tmp_path / "more" / f"{number}.png")
    said = []
    found = freyvae.neighbours(
        sorted_run, squares / "left" / "0.png", among=tmp_path / "more", count=3, say=said.append
    )
    assert sorted(found.names) == ["0.png", "1.png", "2.png"]
    assert any("brought to the model's 8x8" in line for line in said)
    assert found.precision is None


def test_levels_are_those_of_what_is_searched_too(sorted_run, squares, tmp_path):
    pixels = freyvae.load_images(squares)[:] / 255
    np.save(tmp_path / "twelve.npy", np.round(4095 * pixels).astype(np.uint16))
    found = freyvae.neighbours(
        sorted_run, tmp_path / "twelve.npy", among=tmp_path / "twelve.npy", levels="0:4095", count=5
    )
    of_bytes = freyvae.neighbours(sorted_run, squares, count=5)
    np.testing.assert_array_equal(found.indices, of_bytes.indices)
    assert (found.indices != np.arange(60)[:, None]).all()


@pytest.mark.parametrize(
    ("words", "line"),
    [
        (["--count", "0"], "--count must be a whole number and at least 1, not 0"),
        (["--count", "61"], "--count must be at most 60, the number of pictures, not 61"),
        (["--by", "cosine"], "unknown by 'cosine': choose one of angle"),
        (["--out", "n.txt"], "neighbours are written as .csv, not as n.txt"),
        (["--picture", "n.jpg"], "--picture must end in .png, not be n.jpg"),
        (["--among", "nowhere"], "nowhere: no such folder or file"),
    ],
)
def test_wrong_input_is_one_line(sorted_run, squares, words, line, capsys, tmp_path):
    assert main(["neighbours", str(sorted_run.folder), str(squares / "left" / "0.png"), *words]) == 2
    said = capsys.readouterr().err
    assert said.startswith("freyvae: ")
    assert line in said
    assert said.count("\n") == 1
    assert not list(tmp_path.iterdir())


def test_images_of_other_channels_and_unfinished_runs_are_refused(sorted_run, tmp_path):
    np.save("five.npy", np.zeros((3, 8, 8, 5), "uint8"))
    with pytest.raises(BadInput, match="channels"):
        freyvae.neighbours(sorted_run, "five.npy")
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "recipe.toml").write_text((sorted_run.folder / "recipe.toml").read_text())
    for function in (lambda run: freyvae.neighbours(run, "five.npy"), freyvae.cluster, freyvae.project):
        with pytest.raises(BadInput, match="has no trained model yet"):
            function(tmp_path / "run")
