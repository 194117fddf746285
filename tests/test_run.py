"""A run folder is opened, locked, read and written, and other folders are left alone."""

import errno
import json
import os
import re
import time
from contextlib import suppress

import numpy as np
import pytest
from filelock import FileLock

from freyvae import folder_lock
from freyvae.errors import BadInput
from freyvae.recipe import Recipe
from freyvae.records import TrainingRecord, required
from freyvae.run import METRICS_FORMAT, Run, check_output, opened

METRICS = dict.fromkeys(required(TrainingRecord), 1) | dict.fromkeys(("data", "data_sha256", "split", "backend"), "a")


@pytest.fixture
def run(tmp_path):
    """A folder with the file names of a finished run."""
    run = Run(tmp_path / "run")
    run.folder.mkdir()
    run.recipe_path.write_text(Recipe().to_toml())
    run.model_path.write_bytes(b"")
    run.write_metrics(METRICS)
    return run


def files(folder):
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())


def test_the_folder_is_laid_out_as_designed():
    run = Run("runs/a")
    paths = [run.recipe_path, run.model_path, run.history_path, run.metrics_path, run.report_path, run.explorer_path]
    assert [path.relative_to(run.folder).as_posix() for path in paths] == [
        "recipe.toml",
        "model.keras",
        "history.csv",
        "metrics.json",
        "report.html",
        "explorer/index.html",
    ]
    assert run.pictures_path.name == "pictures"
    assert run.checkpoint_path.parent.name == "checkpoint"
    assert repr(run) == "Run('runs/a')"


def test_a_finished_run_opens(run):
    assert Run.open(run.folder).recipe == Recipe()
    assert Run.open(str(run.folder)).is_finished


def test_no_folder_says_what_makes_one(tmp_path):
    with pytest.raises(BadInput, match=r"no run at .*away: `freyvae train --out .*away` makes one"):
        Run.open(tmp_path / "away")


def test_a_file_is_no_run_and_one_of_a_run_names_it(tmp_path, run):
    (tmp_path / "file").touch()
    with pytest.raises(BadInput, match="file is a file, and a run is a folder: give what `train --out` made"):
        Run.open(tmp_path / "file")
    with pytest.raises(BadInput, match=f"is a file, and a run is a folder: give {run.folder}$"):
        Run.open(run.model_path)


def test_another_folder_is_no_run(tmp_path):
    with pytest.raises(BadInput, match=r"not a run folder: it holds no recipe\.toml"):
        Run.open(tmp_path)


@pytest.mark.parametrize("missing", ["model_path", "metrics_path"])
def test_a_run_that_is_not_finished_says_how_to_go_on(run, missing):
    getattr(run, missing).unlink()
    assert not run.is_finished
    with pytest.raises(BadInput, match=r"no trained model yet: .* `freyvae train --recipe .* --out .* goes on"):
        Run.open(run.folder)


def test_the_lock_makes_the_folder_and_keeps_a_second_one_out(tmp_path):
    run = Run(tmp_path / "a" / "run")
    with run.lock():
        assert run.folder.is_dir()
        with pytest.raises(BadInput, match="another process is working on"), Run(run.folder).lock():
            pass
        run.recipe_path.write_text(Recipe().to_toml())
    with run.lock():
        pass
    assert run.recipe_path.is_file()


def test_a_lock_under_which_nothing_was_written_leaves_no_folder(tmp_path):
    with pytest.raises(KeyError), Run(tmp_path / "run").lock():
        raise KeyError
    assert not list(tmp_path.iterdir())


def test_a_folder_of_seeds_names_one_and_a_run_that_was_interrupted_the_command_that_goes_on(tmp_path):
    for seed in (0, 1):
        (tmp_path / f"seed-{seed}").mkdir()
        (tmp_path / f"seed-{seed}" / "recipe.toml").write_text("")
    one = tmp_path / "seed-0"
    with pytest.raises(BadInput, match=re.escape(f"those of several seeds: give one, such as {one}")):
        Run.open(tmp_path)
    with pytest.raises(
        BadInput, match=re.escape(f"`freyvae train --recipe {one / 'recipe.toml'} --out {one}` goes on")
    ):
        Run.open(one)


def test_a_folder_of_something_else_is_refused_and_left_as_it_is(tmp_path):
    (tmp_path / "thesis.tex").write_text("precious")
    with (
        pytest.raises(BadInput, match="exists and is not a run folder: choose another with out="),
        Run(tmp_path).lock(),
    ):
        pass
    assert files(tmp_path) == ["thesis.tex"]


@pytest.mark.parametrize("content", ['title = "Pancakes"\nflour_grams = 200', "\x00", "format = 99"])
def test_a_folder_with_a_recipe_of_another_kitchen_is_refused_and_left_as_it_is(tmp_path, content):
    """Other programs may have files called recipe.toml. `--fresh` must not empty their folders."""
    (tmp_path / "recipe.toml").write_text(content)
    (tmp_path / "model.keras").write_text("precious")
    with pytest.raises(BadInput, match="is not a run of ours"), Run(tmp_path).lock():
        pass
    assert files(tmp_path) == ["model.keras", "recipe.toml"]


def test_a_file_in_the_folders_place_is_refused(tmp_path):
    (tmp_path / "run").write_text("precious")
    with pytest.raises(BadInput, match="exists and is not a run folder"), Run(tmp_path / "run").lock():
        pass
    assert (tmp_path / "run").read_text() == "precious"


def test_a_place_that_cannot_be_written_is_refused():
    with pytest.raises(BadInput, match="cannot write /proc/freyvae"), Run("/proc/freyvae").lock():
        pass


def test_clearing_removes_what_a_training_wrote_and_nothing_else(run):
    run.pictures_path.mkdir()
    run.checkpoint_path.parent.mkdir()
    for ours in (run.pictures_path / "codes.png", run.checkpoint_path, run.measured_path, run.report_path):
        ours.touch()
    for theirs in (run.folder / "notes.txt", run.pictures_path / "holiday.png", run.checkpoint_path.with_name("old")):
        theirs.write_text("precious")
    run.write_drawn(["codes.png"])
    run.write_history([{"epoch": 1, "loss": 2.0}])
    run.clear()
    assert files(run.folder) == ["checkpoint/old", "notes.txt", "pictures/holiday.png", "recipe.toml"]


@pytest.mark.parametrize("name", ["pictures", "explorer", "checkpoint"])
def test_clearing_never_goes_through_a_link_and_a_run_with_one_is_not_written_to(run, tmp_path, name):
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    run.write_drawn(["codes.png"])
    for theirs in ("codes.png", "index.html", "state.npz", ".drawn"):
        (elsewhere / theirs).write_text("codes.png")
    (run.folder / name).rename(tmp_path / "away") if (run.folder / name).exists() else None
    (run.folder / name).symlink_to(elsewhere)
    run.clear()
    assert files(elsewhere) == [".drawn", "codes.png", "index.html", "state.npz"]
    with pytest.raises(BadInput, match=rf"{name} is a link, .*: remove it, or choose another out="), run.lock():
        pass


def test_pictures_that_are_not_drawn_any_more_are_removed(run):
    run.pictures_path.mkdir()
    for name in ("codes.png", "manifold.png", "holiday.png"):
        (run.pictures_path / name).touch()
    run.write_drawn(["codes.png", "manifold.png"])
    run.write_drawn(["codes.png"])
    assert files(run.pictures_path) == [".drawn", "codes.png", "holiday.png"]
    (run.pictures_path / ".drawn").write_text("../recipe.toml\ncodes.png\n")
    assert run.drawn == ("codes.png",)


@pytest.mark.parametrize("left", [".recipe-a1b2c3d4.toml", ".freyvae-0123abcd-4242-x.toml", ".lock"])
def test_what_a_killed_start_left_does_not_block_the_folder(tmp_path, left):
    (tmp_path / left).touch()
    with Run(tmp_path).lock():
        pass


@pytest.mark.parametrize("number", [errno.ENOLCK, errno.ENOTSUP, errno.ENOSYS])
def test_a_file_system_without_locks_is_said(tmp_path, monkeypatch, number):
    def no_locks(self):
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(FileLock, "_acquire", no_locks)
    with pytest.raises(BadInput, match=r"has no locks .*: choose a folder on a disk of this machine"):
        Run(tmp_path / "run").lock().__enter__()


def test_a_lock_that_is_never_answered_is_given_up(tmp_path, monkeypatch):
    monkeypatch.setattr(FileLock, "_acquire", lambda self: time.sleep(3))
    monkeypatch.setattr(folder_lock, "SECONDS_TO_LOCK", 0.05)
    with pytest.raises(BadInput, match="does not answer to a lock"):
        Run(tmp_path / "run").lock().__enter__()


@pytest.mark.parametrize("name", ["recipe.toml", "model.keras", "history.csv"])
def test_a_file_that_is_not_the_one_on_record_is_refused(run, name):
    run.write_history([{"epoch": 1, "loss": 2.0}])
    run.write_metrics(METRICS)
    read = {"recipe.toml": lambda: run.recipe, "model.keras": run.load_model, "history.csv": run.read_history}[name]
    path = run.folder / name
    path.write_bytes(path.read_bytes() + b"\n")
    # a damaged model may be noticed only when it is read
    with pytest.raises(BadInput, match=rf"{name} is (not the file that metrics\.json is about|no Keras model)"):
        read()
    # the advice in the error works
    with run.lock():
        run.clear()
    assert run.recipe == Recipe()


def test_no_byte_of_the_metrics_can_change_unseen(run):
    """If bytes are flipped, cut or doubled, either the written values are read, or the file is refused."""
    run.write_metrics({**METRICS, "nll_nats": 1234.5678, "note": "a sentence", "latents": {"z1": {"active": True}}})
    content, before = run.metrics_path.read_bytes(), run.read_metrics()
    rng = np.random.default_rng(0)
    for trial in range(400):
        place = int(rng.integers(len(content)))
        damaged = bytearray(content)
        if trial % 4 == 0:
            damaged = damaged[:place]
        elif trial % 4 == 1:
            damaged[place:place] = damaged[place : place + 1]
        else:
            damaged[place] ^= 1 << int(rng.integers(8))
        run.metrics_path.write_bytes(damaged)
        with suppress(BadInput):
            assert run.read_metrics() == before, (trial, place)  # such as white space


def test_metrics_without_bounds_are_refused_in_one_line(run):
    run.metrics_path.write_text('{"a":' * 100_000)
    with pytest.raises(BadInput, match="nested too deeply"):
        run.read_metrics()
    with run.metrics_path.open("wb") as file:
        file.truncate(2**40)
    with pytest.raises(BadInput, match="larger than the 64 MiB"):
        run.read_metrics()
    run.metrics_path.unlink()
    os.mkfifo(run.metrics_path)
    with pytest.raises(BadInput, match="no plain file"):
        run.read_metrics()


def test_the_history_comes_back(run):
    assert run.read_history() == {}
    run.write_history([{"epoch": 1, "loss": 0.1}, {"epoch": 2, "loss": 1e-9}])
    assert run.history_path.read_text().splitlines()[0] == "epoch,loss"
    assert run.read_history() == {"epoch": [1, 2], "loss": [0.1, 1e-9]}
    run.write_history([])
    assert run.read_history() == {}


@pytest.mark.parametrize("content", [b"epoch,loss\n1,x\n", b"epoch,loss\n1\n", b'epoch\n"1', b"\xff\xfe\n1\n"])
def test_a_damaged_history_is_refused_in_one_line(run, content):
    run.history_path.write_bytes(content)
    with pytest.raises(BadInput, match=r"cannot read .*history\.csv") as refusal:
        run.read_history()
    assert "\n" not in str(refusal.value)


def test_the_metrics_come_back(run):
    assert run.read_metrics() == {"format": METRICS_FORMAT, **METRICS}


@pytest.mark.parametrize(
    ("content", "line"),
    [
        ("", "cannot read"),
        ("{", "cannot read"),
        ("[]", "cannot read"),
        (json.dumps({**METRICS, "format": METRICS_FORMAT + 1}), "this freyvae reads up to"),
        (json.dumps({**METRICS, "format": "new"}), "has the format 'new'"),
        (json.dumps({name: 1 for name in METRICS if name != "epochs"}), "lacks epochs: train again with fresh=True"),
        (json.dumps(METRICS | {"seconds": None}), "has no seconds that could be one"),
        (json.dumps(METRICS | {"epochs": "x"}), "has no epochs that could be one"),
        (json.dumps(METRICS | {"data": 3}), "has no data that could be one"),
        (json.dumps(METRICS | {"versions": 3}), "has no versions that could be one"),
    ],
)
def test_damaged_metrics_are_refused_in_one_line(run, content, line):
    run.metrics_path.write_text(content)
    with pytest.raises(BadInput, match=r"metrics\.json") as refusal:
        run.read_metrics()
    assert line in str(refusal.value)
    assert "\n" not in str(refusal.value)


def test_an_empty_or_missing_model_is_refused(run):
    with pytest.raises(BadInput, match="is no Keras model, or is truncated"):
        run.load_model()
    run.model_path.unlink()
    with pytest.raises(BadInput, match="no model at"):
        run.load_model()


def test_a_recipe_that_was_spoiled_is_refused(run):
    run.recipe_path.write_text(Recipe().to_toml().replace("\nepochs = 100", "\nepochs = 0"))
    with pytest.raises(BadInput, match=r"recipe\.toml: \[training\] epochs must be at least 1"):
        _ = run.recipe


def test_a_place_where_a_runs_own_images_or_labels_lie_is_refused(tmp_path):
    run = Run(tmp_path / "run")
    run.folder.mkdir()
    images, labels = tmp_path / "images.npy", tmp_path / "cells.csv"
    run.recipe_path.write_text(Recipe().replace(data=str(images), labels=f"{labels}:stage").to_toml())
    run.model_path.write_bytes(b"")
    run.write_metrics(METRICS)
    assert opened(run.folder, images, None, labels).folder == run.folder  # there is nothing yet
    for path in (images, labels):
        path.write_bytes(b"a person's")
        with pytest.raises(BadInput, match=rf"{path.name} is read here, and would be lost"):
            opened(run, tmp_path / "other.csv", path)


def test_a_new_picture_is_not_put_among_those_that_are_read(tmp_path):
    (tmp_path / "pictures").mkdir()
    with pytest.raises(
        BadInput, match=r"examples\.png would be one of the pictures in .*pictures: choose another out="
    ):
        check_output(tmp_path / "pictures" / "examples.png", tmp_path / "pictures")
    check_output(tmp_path / "pictures" / "scores.csv", tmp_path / "pictures")
    check_output(tmp_path / "examples.png", tmp_path / "pictures")


def test_a_damaged_file_of_what_was_found_is_still_known_when_another_is_written(run):
    for path in (run.groups_path, run.scores_path):
        path.write_bytes(b"found")
        run.record_again(path)
    run.groups_path.write_bytes(b"damaged")
    run.scores_path.write_bytes(b"found anew")
    run.record_again(run.scores_path)
    assert run.is_unchanged(run.scores_path)
    assert not run.is_unchanged(run.groups_path)
    run.groups_path.write_bytes(b"found anew")
    run.record_again(run.groups_path)
    assert run.is_unchanged(run.groups_path)
    assert run.is_unchanged(run.model_path)
