"""The page of results: its commands are right, it continues after an interruption, and its figures are the JSON's."""

import json
import os
import re
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import scipy.io
from studies.density import __main__ as program
from studies.density.benchmarks import benchmark_part, benchmark_plan, benchmark_rows, is_here
from studies.density.page import page
from studies.density.picture import bars
from studies.density.plan import BLOCKED, RANDOM, plan, small_plan
from studies.density.rows import average_of_probabilities, gather
from studies.images.page import part
from studies.shared.jobs import MACHINE, is_trained
from studies.shared.machine import in_words, machine
from studies.shared.plan import RUNS, Job, System

from freyvae.__main__ import main as freyvae
from freyvae.cli import app
from freyvae.data import split_indices
from freyvae.data.sources.caltech_silhouettes import CaltechSilhouettes
from freyvae.errors import BadInput
from freyvae.flags import chosen_recipe
from freyvae.recipe.recipe import short_name
from freyvae.reporting import summary
from freyvae.run import Run

ROOT = Path(__file__).parents[2]
PARTS_OF_FILE = [(part, what) for part in ("train", "val", "test") for what in ("data", "labels")]


def recipe_of(command):
    """The recipe and the folder of a `freyvae train` command."""
    function, bound, _ = app.parse_args(command[1:], exit_on_error=False, print_error=False)
    assert function.__name__ == "train"
    given = bound.arguments
    return chosen_recipe(given.get("data"), given["recipe"], given["flags"]), given["out"]


@pytest.mark.parametrize("job", [*plan().jobs(), *small_plan(Path("/images.npy")).jobs()], ids=lambda job: job.name)
def test_a_command_trains_what_the_plan_says(job):
    recipe, out = recipe_of(job.train_command())
    assert recipe == job.recipe
    assert out == RUNS / job.name
    assert recipe.split.validation == job.plan.validation
    assert recipe.split.test == job.plan.test


@pytest.mark.parametrize("job", [*benchmark_plan().jobs()], ids=lambda job: job.name)
def test_a_command_trains_a_benchmark_set_on_its_published_split(job):
    recipe, out = recipe_of(job.train_command())
    assert recipe == job.recipe
    assert out == RUNS / job.name
    assert (recipe.data.source, recipe.split.name) == (job.system.name, "given")


def test_a_command_says_what_is_true_what_is_not_and_what_is_empty():
    changes = {"start_at_mean": False, "grey": True, "latent_names": (), "hidden": (8, 9)}
    job = Job(plan(), System("name", "label", "frey-faces", RANDOM[:1], changes), RANDOM[0], 3)
    recipe, _ = recipe_of(job.train_command())
    assert recipe == job.recipe
    values = {short_name(full): value for full, value in recipe.fields().items()}
    assert {name: values[name] for name in changes} == changes


@pytest.mark.parametrize("split", RANDOM, ids=lambda split: split.label)
def test_random_splits_are_those_of_van_den_berg(split):
    # their code seeds numpy and shuffles the frames in place
    shuffled = np.arange(1965)[:, None]
    np.random.RandomState(split.seed).shuffle(shuffled)
    parts = split_indices(1965, split.scheme, validation=200, test=200, seed=split.seed)
    np.testing.assert_array_equal(parts.train, shuffled[:1565, 0])
    np.testing.assert_array_equal(parts.validation, shuffled[1565:1765, 0])
    np.testing.assert_array_equal(parts.test, shuffled[1765:, 0])


def test_the_blocked_split_is_the_same_without_the_permutation():
    parts = split_indices(1965, BLOCKED.scheme, validation=200, test=200)
    np.testing.assert_array_equal(np.concatenate([parts.train, parts.validation, parts.test]), np.arange(1965))
    assert [len(part) for part in (parts.train, parts.validation, parts.test)] == [1565, 200, 200]


def test_an_ensemble_averages_probabilities():
    probabilities = np.array([[0.1, 0.5, 1e-300], [0.3, 0.5, 1e-300]])
    costs = average_of_probabilities(list(-np.log(probabilities)))
    np.testing.assert_allclose(costs, -np.log([0.2, 0.5, 1e-300]))
    # far below the smallest float
    np.testing.assert_allclose(average_of_probabilities([np.array([2000.0]), np.array([2000.0])]), [2000.0])


@pytest.fixture(scope="module")
def small(tmp_path_factory):
    """The study in miniature, with commands run in this process; returns the folder and the commands."""
    out = tmp_path_factory.mktemp("results")
    started = []

    def start(words, backend):
        started.append((words[0], Path(words[1] if words[0] == "measure" else words[-1]).name))
        return freyvae([*words, "--quiet"] if words[0] == "train" else list(words))

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(summary, "show", lambda run, vae: [])
        patch.setattr(summary, "report", lambda run: None)
        assert program.main(["--small", "--out", str(out)], start=start) == 0
        first = list(started)
        started.clear()
        # called again, with one run removed, and another measured with too few samples
        models = json.loads((out / "results.json").read_text())
        for path in sorted((out / "runs" / "density-blocked-1").iterdir()):
            path.unlink()
        (out / "runs" / "density-blocked-1").rmdir()
        few = ["measure", str(out / "runs" / "density-blocked-0"), "--samples", "5", "--refine", "3", "--quiet"]
        assert freyvae(few) == 0
        assert program.main(["--small", "--out", str(out)], start=start) == 0
    return out, first, started, models


def test_every_training_comes_before_the_first_measurement(small):
    _, started, _, _ = small
    jobs = [job.name for job in small_plan(Path("images.npy")).jobs()]
    assert started == [("train", name) for name in jobs] + [("measure", name) for name in jobs]


def test_called_again_it_does_only_what_is_missing(small):
    out, _, started, before = small
    lost = [("train", "density-blocked-1"), ("measure", "density-blocked-0"), ("measure", "density-blocked-1")]
    assert started == lost
    after = json.loads((out / "results.json").read_text())
    for one, other in zip(before["models"], after["models"], strict=True):
        assert one["nll_nats"] == pytest.approx(other["nll_nats"], rel=1e-5)


def test_the_json_holds_every_figure_of_every_model(small):
    out, *_ = small
    results = json.loads((out / "results.json").read_text())
    assert [row["split"] for row in results["models"]].count("blocked") == 2
    for row in results["models"]:
        assert row["samples"] == 10
        assert row["images"] == 15
        assert row["epochs"] == 2
        assert row["free_energy_nats"] > row["nll_nats"] > 0
        assert row["nll_bits_per_dim"] == pytest.approx(row["nll_nats"] / (7 * 5 * np.log(2)))
        assert row["nll_bits_per_dim_se"] > 0
        assert row["machine"]["cpu"]
        assert row["machine"]["cores"] >= 1
        is_refined = row["system"] == "density"
        assert row["measure_command"].endswith("--samples 10 --refine 3" if is_refined else "--samples 10")
        assert ("refined" in row) == is_refined
        assert not is_refined or row["refined"]["steps"] == 3
    for ensemble in results["ensembles"]:
        costs = [
            row["nll_nats"]
            for row in results["models"]
            if (row["system"], row["split_seed"]) == (ensemble["system"], ensemble["split_seed"])
        ]
        # -log is convex: a mixture is no worse than its models on average
        assert ensemble["nll_nats"] <= np.mean(costs) + 1e-6
    mean = results["means"][0]
    assert mean["split_seeds"] == [123, 321]
    assert mean["is_complete"]
    assert mean["nll_bits_per_dim_sd_over_splits"] > 0
    assert {row["baseline"] for row in results["baselines"]} >= {"full_gaussian", "png_files", "webp_mosaic"}


def test_the_page_shows_the_figures_of_the_json(small):
    out, *_ = small
    text = (out / "results.md").read_text("utf-8")
    results = json.loads((out / "results.json").read_text())
    assert text == page(results)
    for row in (*results["models"], *results["ensembles"], *results["means"]):
        assert f"{row['nll_bits_per_dim']:.3f} ± " in text
        assert f"{row['free_energy_bits_per_dim']:.3f} ± " in text
        assert "refined" not in row or f"| {row['refined']['nll_bits_per_dim']:.3f} | " in text
    assert "steps of gradient descent" in text
    for row in results["published"]:
        assert f"| {row['label']} | {row['nll_bits_per_dim']:.2f} |" in text
        assert "from memory" in row["source"]
    for row in results["models"]:
        assert row["train_command"] in text
    assert "$" not in text
    widths = [line.count("|") for line in text.splitlines() if line.startswith("|")]
    assert set(widths) == {6, 13, 8}
    assert (out / "pictures" / "results.png").is_file()
    assert len(bars(results).axes[0].patches) == 3 + 7 + len(results["baselines"])


def test_what_is_not_trained_yet_is_said(tmp_path):
    results = gather(small_plan(tmp_path / "images.npy"), tmp_path)
    text = page(results)
    assert "| `frey-faces` | not measured yet |" in text
    assert "What a model costs there is not measured yet." in text
    bars(results)


def test_a_model_whose_run_is_gone_keeps_its_row_if_its_recipe_is_still_the_same(small, tmp_path):
    out, *_ = small
    plan = small_plan(out / "images.npy")
    before = gather(plan, out / "runs")
    assert before["ensembles"]
    assert before["baselines"]
    assert gather(plan, tmp_path, before=before) == before
    # one of the two random splits is here: baselines are of both, as they were
    one = tmp_path / "one"
    shutil.copytree(out / "runs" / "density-random-123-0", one / "density-random-123-0")
    assert gather(plan, one, before=before)["baselines"] == before["baselines"]
    more = replace(plan, samples=11)
    assert gather(more, tmp_path, before=before)["models"] == []
    others = [replace(system, changes={**system.changes, "learning_rate": 0.5}) for system in plan.systems]
    commands = [job.in_words()[0] for job in replace(plan, systems=tuple(others)).jobs()]
    renamed = [{**row, "train_command": command} for row, command in zip(before["models"], commands, strict=True)]
    assert gather(replace(plan, systems=tuple(others)), tmp_path, before={"models": renamed})["models"] == []


def test_a_run_of_another_recipe_is_refused(small, tmp_path):
    out, *_ = small
    job = next(small_plan(tmp_path / "others.npy").jobs())
    with pytest.raises(BadInput, match="holds a run of another recipe"):
        is_trained(job, out / "runs")


def test_where_a_run_was_trained_is_not_made_up(small):
    out, *_ = small
    path = out / "runs" / "density-blocked-0" / MACHINE
    kept = path.read_bytes()
    path.unlink()
    try:
        results = gather(small_plan(out / "images.npy"), out / "runs")
        assert [row["machine"] is None for row in results["models"]].count(True) == 1
        assert "| not recorded |" in page(results)
    finally:
        path.write_bytes(kept)


@pytest.fixture
def silhouettes(tmp_path, monkeypatch):
    """A set of 30 images whose file is there, and no other."""
    monkeypatch.setenv("FREYVAE_DATA", str(tmp_path))
    monkeypatch.setattr("pooch.os_cache", lambda project: tmp_path / "cache")
    monkeypatch.setattr(CaltechSilhouettes, "parts", (10, 10, 10))
    pixels = np.random.default_rng(0).integers(0, 2, (10, 784), dtype=np.uint8)
    held = {f"{part}_{what}": pixels[:, : 784 if what == "data" else 1] for part, what in PARTS_OF_FILE}
    (tmp_path / "caltech-silhouettes").mkdir()
    scipy.io.savemat(tmp_path / "caltech-silhouettes" / "caltech101_silhouettes_28_split1.mat", held)


def test_a_benchmark_set_is_trained_where_its_file_is_and_asked_for_where_it_is_not(
    silhouettes, tmp_path, monkeypatch, capsys
):
    plan = benchmark_plan()
    assert [job.system.name for job in plan.jobs() if is_here(job.system.name)] == ["caltech-silhouettes"]
    small = {"epochs": 1, "hidden": (4,), "prior_components": 2, "batch_size": 10}
    first_and_last = tuple(
        replace(system, changes={**system.changes, **small}, samples=2)
        for system in plan.systems[:: len(plan.systems) - 1]
    )
    monkeypatch.setattr(program, "benchmark_plan", lambda: replace(plan, systems=first_and_last))
    monkeypatch.setattr(program, "plan", lambda: small_plan(tmp_path / "images.npy"))
    monkeypatch.setattr(summary, "show", lambda run, vae: [])
    monkeypatch.setattr(summary, "report", lambda run: None)
    folders = ["--runs", str(tmp_path / "runs"), "--out", str(tmp_path / "out")]
    sets = ["--only", "caltech-silhouettes", "--only", "static-mnist"]

    def start(words, backend):
        return freyvae([*words, "--quiet"] if words[0] == "train" else list(words))

    assert program.main([*folders, *sets], start=start) == 0
    assert "training 1 of 1: caltech-silhouettes-given-0" in capsys.readouterr().err
    found, missing = json.loads((tmp_path / "out" / "results.json").read_text())["benchmarks"]
    run = Run(tmp_path / "runs" / "caltech-silhouettes-given-0")
    assert found["figures"]["nll"] == run.measurement.nll_nats > 0
    assert found["figures"]["data_sha256"] == run.training.data_sha256
    assert missing["figures"] is None
    text = (tmp_path / "out" / "results.md").read_text("utf-8")
    assert f"| caltech-silhouettes | `vamp-vae-2018` | nats | {found['figures']['nll']:.2f} ± " in text
    names = "binarized_mnist_train.amat, binarized_mnist_valid.amat, binarized_mnist_test.amat"
    assert f"| static-mnist | `vamp-vae-2018` | nats |  |  | bring the files {names} |" in text


def test_published_figures_of_benchmark_sets_say_where_they_are_from(tmp_path):
    text = benchmark_part(benchmark_rows(benchmark_plan(), tmp_path))
    published = [line for line in text.splitlines() if line.count("|") == 6 and "---" not in line][1:]
    assert len(published) == 14
    assert all("from memory" in line for line in published)
    assert benchmark_part([]) == ""


def test_a_failure_is_named_and_the_rest_goes_on(tmp_path, capsys):
    assert program.main(["--small", "--out", str(tmp_path)], start=lambda words, backend: 1) == 1
    assert "density-random-123-0 failed" in capsys.readouterr().err
    assert (tmp_path / "results.md").is_file()


@pytest.mark.parametrize(("says", "gpus"), [("echo 'A card'; echo 'A card'", ["A card", "A card"]), ("exit 9", [])])
def test_a_machine_is_known_with_its_gpus(tmp_path, monkeypatch, says, gpus):
    program = tmp_path / "nvidia-smi"
    program.write_text(f"#!/bin/sh\n{says}\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=os.pathsep)
    found = machine()
    assert found.get("gpus", []) == gpus
    assert in_words({**found, "cpu": "A processor", "cores": 2}) == ", ".join([*gpus, "A processor", "2 cores"])


def test_a_reader_of_the_list_may_leave():
    reading, writing = os.pipe()
    os.close(reading)
    with os.fdopen(writing, "wb") as left:
        ended = subprocess.run(
            [sys.executable, "-m", "studies.density", "--list"],
            cwd=ROOT,
            stdout=left,
            stderr=subprocess.PIPE,
            text=True,
        )
    assert (ended.returncode, ended.stderr) == (0, "")


def test_commands_are_listed(capsys):
    assert program.main(["--list", "--only", "sixteen-latents"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 2 * 4
    assert lines[1] == "freyvae measure runs/results/sixteen-latents-random-123-0 --samples 5000"
    assert program.main(["--list", "--only", "sixteen-latents-blocked-0"]) == 0
    assert capsys.readouterr().out.splitlines() == lines[6:]
    assert program.main(["--only", "nothing"]) == 2
    assert "no system and no run nothing" in capsys.readouterr().err


def test_the_documented_page_is_that_of_its_json():
    path = ROOT / "docs" / "results.json"
    if not path.is_file():
        pytest.skip("`make results` has not been run yet")
    results = json.loads(path.read_text("utf-8"))
    text = (ROOT / "docs" / "results.md").read_text("utf-8")
    others = json.loads((ROOT / "docs" / "images.json").read_text("utf-8"))
    floor = json.loads((ROOT / "docs" / "floor.json").read_text("utf-8"))
    assert text == page(results, part(others), floor)
    # neither paths of a machine nor its name
    assert not re.search(r"(?<![\w.])/(home|root|work|tmp|Users)/", path.read_text("utf-8"))
