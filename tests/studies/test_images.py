"""The part of the page on other pictures: its commands are right, and its figures are the JSON's."""

import json
import shutil
import tarfile
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from studies.images import __main__ as program
from studies.images import pictures, rows
from studies.images.page import part
from studies.images.picture import samples
from studies.images.plan import GOALS, plans
from studies.images.quality import quality
from studies.shared.jobs import is_measured, is_trained
from studies.shared.plan import Plan, Split, System
from tests.studies.test_density import recipe_of

from freyvae.__main__ import main as freyvae
from freyvae.errors import BadInput

ROOT = Path(__file__).parents[2]
JOBS = [job for plan in plans() for job in plan.jobs()]


@pytest.mark.parametrize("number", range(len(JOBS)), ids=[job.system.name for job in JOBS])
def test_a_command_trains_what_the_plan_says(number, tmp_path):
    for name in pictures.SETS:
        (tmp_path / f"{name}.npy").touch()
    job = [job for plan in plans(tmp_path) for job in plan.jobs()][number]
    recipe, out = recipe_of(job.train_command(job.plan.runs))
    assert recipe == job.recipe
    assert out == job.plan.runs / job.name


def test_every_goal_is_of_a_system_of_the_plan():
    assert {goal.system for goal in GOALS} <= {job.system.name for job in JOBS}


@pytest.fixture(scope="module")
def small(tmp_path_factory):
    """The plan of two tiny models on random pictures, trained and measured by their real commands."""
    folder = tmp_path_factory.mktemp("images")
    np.save(folder / "emoji.npy", np.random.default_rng(0).integers(0, 256, (40, 8, 8, 3), dtype="uint8"))
    changes = {"data": str(folder / "emoji.npy"), "epochs": 1, "warm_up_epochs": 0, "batch_size": 10, "latent_dim": 2}
    split = Split("random", 123)
    system = System("emoji-images", "`images`", "images", (split,), {**changes, "likelihood": "discretized-logistic"})
    guided = System("emoji-16", "squared errors", "images", (split,), {**changes, "likelihood": "gaussian"})
    plan = Plan(tuple(_unguided(one) for one in (system, guided)), samples=2, validation=10, test=10, runs=folder)
    for job in plan.jobs():
        assert freyvae([*job.train_command(folder)[1:], "--quiet"]) == 0
        assert not is_measured(job, folder)
        assert freyvae([*job.measure_command(folder)[1:], "--quiet"]) == 0
        assert is_trained(job, folder)
        assert is_measured(job, folder)
    return plan


@pytest.fixture(scope="module")
def found(small):
    """What the study gathers of it."""
    return rows.gather([small], small.runs)


def test_a_model_whose_run_is_not_here_keeps_its_row(small, found, tmp_path):
    assert found["models"]
    assert rows.gather([small], tmp_path, before=found) == found
    others = {"models": [{**row, "train_command": "freyvae train --other"} for row in found["models"]]}
    assert rows.gather([small], tmp_path, before=others)["models"] == []


def _unguided(system):
    return System(
        system.name, system.label, system.recipe, system.splits, {**system.changes, "objective": "free-energy"}
    )


def test_goals_are_judged_on_the_test_images_figures(found):
    by_name = {row["system"]: row for row in found["models"]}
    bits, error = by_name["emoji-images"], by_name["emoji-16"]
    assert bits["goals"][0]["is_reached"] == (bits["nll_bits_per_dim"] <= 2.2)
    assert error["goals"][0]["is_reached"] == (error["rmse_grey_levels"] <= 30.0)
    assert error["nll_bits_per_dim"] is None
    assert error["processor_seconds"] > 0


def test_the_page_says_what_was_found(found):
    text = part({**found, "samples": _compared()})
    for row in found["models"]:
        assert f"| {row['rmse_grey_levels']:.1f} |" in text
        assert row["train_command"] in text
    assert "| 0.91 | 0.22 | 0.33 | 33.4 |" in text
    assert "not compared yet" in part(found)


def _compared():
    measures = {"two_sample_accuracy": 0.91, "precision": 0.22, "recall": 0.33}
    return {"system": "emoji-16", "ours": measures, "peer": {**measures, "rmse_grey_levels": 33.4}}


def test_the_study_writes_what_it_found_and_draws_samples(small, found, tmp_path, monkeypatch):
    monkeypatch.setattr(rows, "TORCH", tmp_path / "no-venv" / "bin" / "python")
    shutil.copy(ROOT / "docs" / "results.json", tmp_path)
    assert program.make([small], list(small.jobs()), small.runs, tmp_path, train=False, start=None) == 0
    written = json.loads((tmp_path / "images.json").read_text("utf-8"))
    assert written["models"] == json.loads(json.dumps(found["models"]))
    assert written["samples"]["peer_failure"] == "no no-venv (`make bench-peers` sets it up)"
    assert part(written) in (tmp_path / "results.md").read_text("utf-8")
    with Image.open(tmp_path / "pictures" / "samples.png") as picture:
        assert picture.size[0] == 1000  # the narrowest there is


def test_the_pages_figures_are_those_of_the_json():
    found = json.loads((ROOT / "docs" / "images.json").read_text("utf-8"))
    assert part(found) in (ROOT / "docs" / "results.md").read_text("utf-8")


@pytest.mark.long
def test_like_samples_cannot_be_told_apart_and_others_can():
    random = np.random.default_rng(0)
    mixing = random.normal(size=(6, 48))
    train, real, same = (_images(random.normal(size=(150, 6)) @ mixing) for _ in range(3))
    of_same, of_others = quality(train, real, same), quality(train, real, _images(random.normal(size=(150, 48))))
    assert abs(of_same.two_sample_accuracy - 0.5) < 0.12
    assert min(of_same.precision, of_same.recall) > 0.7
    assert of_others.two_sample_accuracy > 0.9
    assert of_others.precision < of_same.precision


def _images(values):
    return np.clip(128 + 12 * values, 0, 255).astype("uint8").reshape(-1, 4, 4, 3)


def test_the_picture_has_every_kind_side_by_side():
    kinds = {name: np.full((64, 4, 4, 3), level, "uint8") for name, level in {"one": 50, "other": 200}.items()}
    figure = samples(kinds)
    drawn = [image.get_array() for image in figure.axes[0].images]
    assert [(array.shape, int(array[0, 0, 0])) for array in drawn] == [((46, 46, 3), 50), ((46, 46, 3), 200)]


def test_pictures_come_from_the_archives_in_order(tmp_path, monkeypatch):
    monkeypatch.setenv("FREYVAE_DATA", str(tmp_path))
    source = tmp_path / "olivetti"
    source.mkdir()
    for number in range(12):
        Image.new("L", (4, 4), number).save(source / f"image-{number}.png")
    with tarfile.open(tmp_path / "olivetti.tar.gz", "w:gz") as archive:
        archive.add(source, "olivetti")
    monkeypatch.setattr(pictures, "SETS", ("olivetti",))
    pictures.prepare(tmp_path / "out")
    assert np.load(tmp_path / "out" / "olivetti.npy")[:, 0, 0, 0].tolist() == list(range(12))
    monkeypatch.setattr(pictures, "SETS", ("emoji",))
    with pytest.raises(BadInput, match=r"emoji\.tar\.gz cannot be read: set FREYVAE_DATA"):
        pictures.prepare(tmp_path / "out")
