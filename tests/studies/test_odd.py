"""The study of odd pictures: its commands are right, and its page says what its JSON does."""

import json
from pathlib import Path

import numpy as np
import pytest
from studies.odd.page import part
from studies.odd.pictures import DEFECT, DEFECTS, digits, with_defects
from studies.odd.plan import jobs, plans
from studies.odd.rows import odd_pictures
from tests.studies.test_density import recipe_of

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize("name", ["digits-1", "photos", "emoji", "faces"])
def test_a_command_trains_what_the_plan_says(name, tmp_path):
    for file in ("digits-1", "photos", "emoji"):
        (tmp_path / f"{file}.npy").touch()
    job = next(job for plan in plans(tmp_path) for job in plan.jobs([name]))
    recipe, out = recipe_of(job.train_command(job.plan.runs))
    assert recipe == job.recipe
    assert out == job.plan.runs / job.name


def test_digits_without_one_of_them_are_the_others():
    every, others, ones = (
        digits(is_in=is_in) for is_in in (lambda label: label >= 0, lambda label: label != 1, lambda label: label == 1)
    )
    assert len(every) == len(others) + len(ones) == 1797
    assert (every.dtype, every.shape[1:], every.min(), every.max()) == ("uint8", (8, 8, 1), 0, 255)


@pytest.mark.parametrize("kind", DEFECTS)
def test_a_defect_changes_nothing_outside_of_its_square(kind):
    faces = np.random.default_rng(0).integers(1, 255, (6, 28, 20, 1), dtype="uint8")
    drawn, where = with_defects(faces, kind)
    np.testing.assert_array_equal(drawn[~where], faces[~where])
    assert (where.sum(axis=(1, 2)) == DEFECT**2).all()
    assert (drawn[where] != faces[where]).mean() > 0.5


def test_what_is_odd_depends_on_the_model():
    faces = np.zeros((3, 28, 20, 1), "uint8")
    names = [name for name, _, _ in odd_pictures("faces", faces, ROOT)]
    assert names == [f"a square, {kind}" for kind in DEFECTS]
    ((name, ones, where),) = odd_pictures("digits-1", faces, ROOT)
    assert (name, len(ones), where) == ("the digit 1", 182, None)


def _row(system, ours, other, pixels=None):
    areas = {"freyvae oddness": ours[0], "freyvae novelty": ours[1], "PyOD KNN": other}
    return {
        "system": system,
        "model": system,
        "odd": "something",
        "methods": {name: {"area_under_roc": {"value": value}} for name, value in areas.items()},
        "pixels": pixels,
        "train_command": f"freyvae train {system}",
        "machine": {"cpu": "a processor", "cores": 2},
    }


def test_the_page_says_where_ours_is_not_the_best():
    tasks = [
        _row("digits-1", (0.7, 0.6), 0.5),
        _row("digits-2", (0.9, 0.98), 0.96),
        _row("digits-3", (0.8, 0.9), 0.92),
        _row("faces", (0.99, 0.5), 0.6, {"bits a pixel": 0.91, "reconstruction error": 0.95}),
        _row("photos", (0.5, 0.6), 0.7),
    ]
    text = part({"format": 1, "tasks": tasks})
    assert "| freyvae oddness | **0.700** | 0.850 | **0.990** | 0.500 |" in text
    assert "- another digit left out: PyOD KNN has 0.940, the default 0.850; `novelty` has 0.940." in text
    assert "- photos: something: PyOD KNN has 0.700, the default 0.500; the best of ours is `novelty`, 0.600." in text
    assert "- faces" not in text
    assert "| something | 0.910 | 0.950 |" in text
    assert "Where another map is the best: something (reconstruction error: 0.950)." in text


def test_the_page_says_that_a_plain_method_is_a_score_of_freyvaes():
    row = _row("photos", (0.5, 0.6), 0.7)
    row["methods"]["reconstruction error"] = {"area_under_roc": {"value": 0.8}}
    said = "- photos: something: reconstruction error has 0.800, the default 0.500; it is the score `error`."
    assert said in part({"format": 1, "tasks": [row]})


def test_the_pages_figures_are_those_of_the_json():
    found = json.loads((ROOT / "docs" / "odd.json").read_text("utf-8"))
    assert part(found) in (ROOT / "docs" / "odd-pictures.md").read_text("utf-8")


def test_no_two_models_have_one_name():
    names = [job.name for job in jobs([])]
    assert len(set(names)) == len(names)
