"""A run is measured on its held-out images, its figures have names and units, and runs are compared on equal images."""

import dataclasses
import html
import json
import re
import shutil
import sys

import numpy as np
import pytest

from freyvae.__main__ import main
from freyvae.data import ImageSet, Split, split_indices
from freyvae.errors import BadInput
from freyvae.evaluation import MEASURES, compare, measure, measurement
from freyvae.explorer.page import bundle_of_run
from freyvae.exports import export
from freyvae.metrics import full_gaussian
from freyvae.recipe import Recipe
from freyvae.records import Latent, Measurement, from_json, to_json
from freyvae.reporting import summary, tables
from freyvae.reporting.pictures import album
from freyvae.run import METRICS_FORMAT, Run
from freyvae.training import TrainingData, load_training_data, train

QUICK = {"split": "blocked", "test": 6, "validation": 4, "hidden": (8,), "batch_size": 10, "epochs": 2}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("measuring")
    random = np.random.default_rng(0)
    images = random.integers(60, 90, (40, 6, 5)) + random.integers(0, 100, (40, 1, 1))
    np.save(folder / "images.npy", images.astype("uint8"))
    np.save(folder / "others.npy", 255 - images.astype("uint8"))
    return folder


def trained(folder, name, data="images.npy", **changes):
    recipe = Recipe().replace(name=name, data=str(folder / data), **QUICK | changes)
    return train(recipe, folder / name, quiet=True)


@pytest.mark.long
def test_a_hierarchy_of_latents_is_trained_and_measured_by_its_groups(folder, monkeypatch, capsys):
    monkeypatch.setattr(album, "CAPTIONS", {"examples": album.CAPTIONS["examples"]})
    run = folder / "hierarchy"
    words = "--network hierarchical --network.width 3 --latent-dim 2 --epochs 1 --batch-size 10 --split blocked --quiet"
    assert main(["train", str(folder / "images.npy"), "--out", str(run), *words.split()]) == 0
    assert "leave out the details" in (run / "report.html").read_text(encoding="utf-8")
    assert "the sliders move the top group" in (run / "explorer" / "index.html").read_text(encoding="utf-8")
    assert main(["measure", str(run), "--samples", "4"]) == 0
    table = capsys.readouterr().out.splitlines()
    (row,) = (number for number, line in enumerate(table) if line.startswith("  rate: all latents"))
    assert [line.split("  ")[2] for line in table[row + 1 : row + 3]] == ["group 1, the code", "group 2"]
    metrics = json.loads((run / "metrics.json").read_text())
    assert len(metrics["rates_of_groups_nats"]) == 2
    assert sum(metrics["rates_of_groups_nats"]) == pytest.approx(metrics["rate_nats"])
    assert sum(latent["kl_nats"] for latent in metrics["latents"].values()) == pytest.approx(
        metrics["rates_of_groups_nats"][0], rel=1e-4
    )


@pytest.fixture
def copied(folder, run):
    """Makes runs that are trained but not measured, without the time of a training."""

    def copy(name):
        copied = Run(shutil.copytree(run.folder, folder / name))
        copied.measured_path.unlink()
        copied.report_path.unlink(missing_ok=True)
        metrics = {key: value for key, value in copied.read_metrics().items() if key not in MEASURES}
        copied.write_metrics(metrics)
        return copied

    return copy


def test_refined_posteriors_are_measured_beside_the_encoders(copied, capsys):
    run = copied("refined")
    plain = measure(run, samples=20)
    assert main(["measure", str(run.folder), "--samples", "20", "--refine", "30"]) == 0
    table = capsys.readouterr().out
    found = run.measurement
    assert "  with refined posteriors" in table
    assert "Refined posteriors were moved by gradient descent" in " ".join(table.split())
    assert (found.nll_nats, found.free_energy_nats) == (plain.nll_nats, plain.free_energy_nats)
    assert found.refined.steps == 30
    assert found.refined.free_energy_nats > found.refined.nll_nats
    assert found.refined.nll_bits_per_dim == pytest.approx(found.refined.nll_nats * found.bits_per_nat)
    assert "--samples 20 --split test --refine 30" in run.report_path.read_text(encoding="utf-8")
    measure(run, samples=20)
    assert run.measurement.refined is None


@pytest.fixture(scope="module")
def run(folder):
    run = trained(folder, "bytes")
    measure(run, samples=50, progress=False)
    return run


@pytest.fixture(scope="module")
def second(folder):
    run = trained(folder, "second", seed=1)
    measure(run, samples=20, progress=False)
    return run


@pytest.fixture(scope="module")
def density(folder):
    run = trained(folder, "density", likelihood="gaussian")
    measure(run, samples=20, progress=False)
    return run


@pytest.fixture(scope="module")
def coins(folder):
    run = trained(folder, "coins", likelihood="bernoulli", noise_scale=0.01)
    measure(run, samples=20, progress=False)
    return run


@pytest.mark.backend
def test_the_measures_are_written_beside_those_of_training(run):
    metrics = json.loads(run.metrics_path.read_text())
    assert metrics["epochs"] == 2
    assert metrics["split"] == "blocked"
    assert (metrics["measured_split"], metrics["images"], metrics["nll_samples"]) == ("test", 6, 50)
    assert metrics["free_energy_nats"] == pytest.approx(metrics["rate_nats"] + metrics["distortion_nats"])
    per_dim = 30 * np.log(2)
    for name in ("nll", "free_energy"):
        assert metrics[f"{name}_bits_per_dim"] == pytest.approx(metrics[f"{name}_nats"] / per_dim)
    assert metrics["nll_bits_per_dim_se"] == pytest.approx(metrics["nll_nats_se"] / per_dim)
    assert list(metrics["nll_nats_by_samples"]) == ["1", "10", "50"]
    assert metrics["nll_nats"] == metrics["nll_nats_by_samples"]["50"] <= metrics["free_energy_nats"] + 0.5
    assert sum(latent["kl_nats"] for latent in metrics["latents"].values()) == pytest.approx(metrics["rate_nats"])
    assert metrics["latent_dim"] == 2
    assert metrics["active_units"] == sum(latent["active"] for latent in metrics["latents"].values())
    assert metrics["nll_is"] == "probability of the bytes"
    assert {"mean_image", "full_gaussian", "png_files", "png_mosaic"} <= set(metrics["baselines"])
    assert metrics["baselines"]["mean_image"]["rmse_grey_levels"] > 0
    assert metrics["measured_with"]["seed"] == 0
    before = train(run.recipe, run.folder, quiet=True).read_metrics()
    assert before == {name: value for name, value in metrics.items() if name not in ("sha256", "files_sha256")}


def test_it_adds_no_key_that_is_not_listed(folder):
    run = trained(folder, "keys", epochs=1)
    of_training = run.read_metrics()
    found = measure(run, samples=1, progress=False)
    assert set(run.read_metrics()) - set(of_training) == set(MEASURES) - {
        "factors",
        "label_scores",
        "refined",
        "rates_of_groups_nats",
    }
    assert run.measurement == found
    assert run.read_metrics() == of_training | to_json(found)


def test_the_value_of_each_image_is_kept(run):
    metrics = run.read_metrics()
    with np.load(run.measured_path) as saved:
        assert saved["nll_nats"].shape == (6,)
        assert saved["nll_nats"].mean() == pytest.approx(metrics["nll_nats"])
        assert str(saved["images_sha256"]) == metrics["images_sha256"]
    assert [path.name for path in run.folder.glob(".measured*")] == []


def test_the_same_seed_measures_the_same_and_a_new_measure_replaces_the_old(copied):
    run = copied("again")
    first = measure(run, samples=20, progress=False)
    second = measure(run, samples=20, progress=False)
    assert first.nll_nats == second.nll_nats
    third = measure(run, samples=10, seed=1, split="validation", progress=False)
    assert third.nll_samples == 10
    assert third.images == 4
    assert "20" not in run.read_metrics()["nll_nats_by_samples"]
    assert any("validation images, which choices are made on" in note for note in third.measured_notes)
    assert "was trained on" in measure(run, samples=1, split="training", progress=False).measured_notes[0]
    run.clear()
    assert not run.measured_path.exists()


def test_a_density_has_no_bits_per_dimension(density):
    metrics = density.read_metrics()
    assert not [key for key in metrics if key.endswith("bits_per_dim")]
    assert metrics["nll_is"] == "density of pixels in [0, 1]"
    assert any("a density of pixels" in note for note in metrics["measured_notes"])
    assert set(metrics["baselines"]["mean_image_same_likelihood"]) == {"nll_nats", "nll_nats_se"}
    costs = tables.measured(density.measurement, "a")[0]
    assert costs.columns[2] == "density, nats"
    for name, bits, nats, _ in costs.rows:
        assert not (bits and nats), name  # never side by side


@pytest.mark.long
@pytest.mark.parametrize(
    "choices",
    [
        {"posterior": "sylvester", "flow_length": 1, "importance_samples": 2},
        {"posterior": "inverse-autoregressive", "flow_length": 1, "prior": "vamp", "prior_components": 4},
    ],
    ids=["flow", "flow and learned prior"],
)
def test_flows_and_learned_priors_are_measured_shown_and_exported(folder, choices):
    """Measured by the functions that the commands call. The single latents then have no KL."""
    run = trained(folder, choices["posterior"], **choices)
    found = measure(run, samples=20, progress=False)
    metrics = run.read_metrics()
    assert metrics["free_energy_nats"] == pytest.approx(metrics["rate_nats"] + metrics["distortion_nats"])
    assert metrics["nll_nats"] <= metrics["nll_nats_by_samples"]["1"] + 1e-6
    assert metrics["nll_nats_by_samples"]["1"] == pytest.approx(metrics["free_energy_nats"], rel=1e-6)
    assert len(metrics["latents"]) == metrics["latent_dim"]
    assert all(set(latent) == {"active"} for latent in metrics["latents"].values())
    assert any("the rate has no closed form" in note for note in metrics["measured_notes"])
    (latents,) = (table for table in tables.measured(found, "a") if "active" in table.columns)
    assert latents.columns == ("latent", "active")
    summary.show(run)
    assert (run.pictures_path / "manifold.png").is_file()
    assert (run.pictures_path / "codes.png").is_file()
    assert run.report_path.is_file()
    header = bundle_of_run(run).header
    assert header["latents"]["priorDraws"] == (1000 if "prior" in choices else 0)
    assert header["encoder"] is None
    assert "the posterior's flow" in header["encoderMissing"]
    weights, _ = export(run, "weights", folder / f"{run.folder.name}-weights")
    names = set(np.load(weights))
    assert any(name.startswith("prior/") for name in names) == ("prior" in choices)
    assert any(name.startswith("flow/") for name in names) == ("prior" in choices)
    assert all(path.is_file() for path in export(run, "onnx", folder / f"{run.folder.name}-onnx"))


def test_coin_flips_carry_their_floor(coins):
    metrics = coins.read_metrics()
    floor = metrics["baselines"]["bernoulli_floor"]["nll_nats"]
    assert metrics["nll_nats"] > floor > 0
    assert "nll_bits_per_dim" not in metrics
    assert any(f"{floor:.1f} nats" in note and "coin flips" in note for note in metrics["measured_notes"])
    assert any("own posterior, of deviation 1" in note and "0.01" in note for note in metrics["measured_notes"])
    assert ("entropy of the pixels, a lower bound", "", f"{floor:.1f}", "") in tables.measured(coins.measurement, "a")[
        0
    ].rows


def test_known_factors_are_looked_for_in_the_latents(folder, monkeypatch):
    monkeypatch.setattr(measurement, "FACES_OF_EACH", 60)
    monkeypatch.setattr(full_gaussian, "MOST_VALUES", 3)  # other tests have that Gaussian
    recipe = Recipe().replace(name="drawn", data="synthetic-faces", latent_names=("humour",), hidden=(8,), epochs=1)
    run = train(recipe, folder / "drawn", quiet=True)
    found = measure(run, samples=2, progress=False)
    factors = run.read_metrics()["factors"]
    assert list(factors["r2"]) == ["humour", "z2"]
    assert list(factors["r2"]["z2"]) == ["pose", "humour", "blink", "light"]
    assert 0 <= factors["mutual_information_gap"] <= 1
    table = tables.measured(found, "a")[-1]
    assert table.columns == ("latent", "pose", "humour", "blink", "light")
    assert f"Mutual information gap {factors['mutual_information_gap']:.2f}" in table.note
    assert any("Neighbouring frames" in note for note in found.measured_notes)

    monkeypatch.setitem(sys.modules, "sklearn", None)
    without = measure(run, samples=2, progress=False)
    assert without.factors is None
    assert without.nll_nats == found.nll_nats
    assert any("freyvae[factors]" in note for note in without.measured_notes)


def test_a_random_split_of_a_video_says_what_it_hides(run):
    pixels = np.zeros((40, 6, 5, 1), "uint8")
    split = split_indices(40, "random", is_video=True)
    data = TrainingData(ImageSet(images=pixels, name="video", is_video=True), split)
    notes = measurement._notes(run.load_model(), data, run.measurement)
    assert notes[0] == split.note
    assert "random split flatter" in split.note
    assert any("takes them as independent" in note for note in notes)
    of_training = dataclasses.replace(run.measurement, measured_split="training")
    assert split.note not in measurement._notes(run.load_model(), data, of_training)


def test_a_gaussian_that_does_better_than_the_model_is_said(run):
    data = TrainingData(
        ImageSet(images=np.zeros((4, 6, 5, 1), "uint8"), name="a", is_video=False), Split(*[np.arange(1)] * 3, "")
    )
    for bits, said in ((1.0, True), (9.0, False)):
        metrics = run.read_metrics() | {"nll_bits_per_dim": 5.0}
        metrics["baselines"]["full_gaussian"]["nll_bits_per_dim"] = bits
        notes = measurement._notes(run.load_model(), data, from_json(Measurement, metrics))
        assert any("One Gaussian" in note for note in notes) == said


def test_images_too_large_for_a_covariance_do_without_that_baseline(copied, monkeypatch):
    monkeypatch.setattr(full_gaussian, "MOST_VALUES", 3)
    found = measure(copied("large"), samples=1, progress=False)
    assert "full_gaussian" not in found.baselines
    assert any("Gaussian is left out" in note for note in found.measured_notes)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"split": "tset"}, "unknown split 'tset': choose one of test, validation, training"),
        ({"samples": 0}, "samples must be a whole number from 1 to 1000000, not 0"),
        ({"samples": 10**7}, "samples must be a whole number from 1 to"),
        ({"seed": -1}, "seed must be a whole number from 0 to"),
    ],
)
def test_a_wrong_argument_is_one_line(run, arguments, words):
    with pytest.raises(BadInput, match=words):
        measure(run, **arguments)


def test_a_run_without_test_images_says_what_to_do(folder):
    run = trained(folder, "no-test", test=0)
    with pytest.raises(BadInput, match=r"has no test images: choose another part with split=.validation"):
        measure(run, samples=1)
    assert measure(run, samples=1, split="validation", progress=False).images == 4


def test_other_images_than_the_trainings_are_refused(folder):
    np.save(folder / "mine.npy", np.load(folder / "images.npy"))
    run = trained(folder, "changed", data="mine.npy", epochs=1)
    np.save(folder / "mine.npy", np.load(folder / "others.npy"))
    with pytest.raises(BadInput, match="holds other images now than those"):
        measure(run, samples=1)


def test_metrics_of_a_newer_version_are_refused(copied):
    run = copied("newer")
    run.metrics_path.write_text(json.dumps(run.read_metrics() | {"format": METRICS_FORMAT + 1}))
    with pytest.raises(BadInput, match=f"has format {METRICS_FORMAT + 1}; this freyvae reads up to {METRICS_FORMAT}"):
        measure(run, samples=1)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"nll_nats": "abc"}, "has no nll_nats that could be one: `freyvae measure .*` again"),
        ({"rate_nats": None}, "has no rate_nats that could be one"),
        ({"baselines": ...}, "lacks baselines: `freyvae measure"),
        ({"nll_samples": ..., "measured_notes": ...}, "lacks nll_samples, measured_notes"),
    ],
)
def test_measures_that_were_spoiled_are_refused_and_measured_again(run, tmp_path, change, words):
    spoiled = Run(shutil.copytree(run.folder, tmp_path / "spoiled"))
    metrics = {key: value for key, value in (spoiled.read_metrics() | change).items() if value is not ...}
    spoiled.write_metrics(metrics)
    with pytest.raises(BadInput, match=words):
        compare([spoiled, run])
    with pytest.raises(BadInput, match=words):
        summary.report(spoiled)
    measure(spoiled, samples=1, progress=False)
    summary.report(spoiled)


def test_runs_are_compared_image_by_image(run, second, folder):
    comparison = compare([run, second, run])
    one, other = (np.load(each.measured_path)["nll_nats"] for each in (run, second))
    difference = comparison.differences[1]
    assert comparison.differences[0] is None
    assert difference.mean == pytest.approx((other - one).mean())
    # Student's t of 5 degrees of freedom
    half = 2.5705818 * np.std(other - one, ddof=1) / np.sqrt(6)
    assert difference.high - difference.mean == pytest.approx(half, rel=1e-6)
    assert difference.mean - difference.low == pytest.approx(half, rel=1e-6)
    assert comparison.differences[2].mean == 0
    assert any("different numbers of samples (50, 20, 50)" in note for note in comparison.notes)
    table = tables.compared(comparison)
    assert table.rows[0][2] == ""
    bits = difference.mean / (30 * np.log(2))
    assert table.rows[1][2].startswith(f"{bits:+.3f} [")
    assert "bits per dim" in table.title


def test_runs_of_different_images_are_not_compared(run, copied):
    other = copied("other-images")
    measure(other, samples=1, split="validation", progress=False)
    with pytest.raises(BadInput, match=r"bytes and .*other-images were measured on different images \(6 test images"):
        compare([run, other])


def test_likelihoods_of_different_kinds_have_no_difference(run, density):
    comparison = compare([run, density])
    assert comparison.differences == (None, None)
    assert any("do not compare" in note for note in comparison.notes)
    table = tables.compared(comparison)
    assert table.rows[1][2] == "not comparable: density"
    assert "bits" not in table.title


def test_densities_compare_with_each_other_in_nats(density):
    comparison = compare([density, density])
    assert comparison.differences[1].mean == 0
    assert "nats per image" in tables.compared(comparison).title


def test_a_single_image_has_no_interval(folder):
    run = trained(folder, "single", test=1, epochs=1)
    found = measure(run, samples=2, progress=False)
    assert found.nll_nats_se is None
    written = json.loads(run.metrics_path.read_text())
    assert (written["nll_nats_se"], written["nll_bits_per_dim_se"]) == (None, None)
    assert "±" not in tables.measured(found, "a")[0].rows[0][1]
    comparison = compare([run, run])
    assert comparison.differences[1].low is None
    assert "[" not in tables.compared(comparison).rows[1][2]
    summary.report(run)


def test_what_cannot_be_compared_is_one_line(run, copied):
    with pytest.raises(BadInput, match="at least two runs"):
        compare([run])
    with pytest.raises(BadInput, match=r"has not been measured: `freyvae measure .*bare` does it"):
        compare([run, copied("bare")])
    broken = copied("broken")
    measure(broken, samples=1, progress=False)
    content = broken.measured_path.read_bytes()
    broken.measured_path.write_bytes(content[: len(content) // 2])
    with pytest.raises(BadInput, match="is damaged"):
        compare([run, broken])
    np.savez(broken.measured_path, format=99, images_sha256="", nll_nats=np.zeros(6))
    with pytest.raises(BadInput, match="has format 99"):
        compare([run, broken])
    np.savez(broken.measured_path, format=1, images_sha256="", nll_nats=np.zeros(6))
    with pytest.raises(BadInput, match="is of another measurement"):
        compare([run, broken])


def test_killed_between_its_two_files_a_measurement_is_not_compared(run, copied):
    """The likelihoods and the metrics are from different measurements of the same images."""
    torn = copied("torn")
    measure(torn, samples=5, progress=False)
    before = torn.metrics_path.read_bytes()
    measure(torn, samples=5, seed=1, progress=False)
    for record in (before, _of_format_1(before)):
        torn.metrics_path.write_bytes(record)
        with pytest.raises(BadInput, match=r"measured.npz is of another measurement than .* mends it"):
            compare([run, torn])
    measure(torn, samples=5, progress=False)
    assert compare([run, torn]).differences[1] is not None


def _of_format_1(record):
    new = ("sha256", "files_sha256")
    old = {key: value for key, value in json.loads(record).items() if key not in new}
    return json.dumps(old | {"format": 1}).encode()


def test_an_edited_recipe_or_an_exchanged_model_is_not_measured(copied, folder):
    edited = copied("edited")
    recipe = edited.recipe_path.read_text()
    edited.recipe_path.write_text(recipe.replace("\n[split]\n", "\n[split]\n# edited\n"))
    with pytest.raises(BadInput, match=r"recipe\.toml is not the file that metrics\.json is about"):
        measure(edited, samples=1)
    edited.recipe_path.write_text(recipe)
    shutil.copy(trained(folder, "another", seed=9, epochs=1).model_path, edited.model_path)
    with pytest.raises(BadInput, match=r"model\.keras is not the file that metrics\.json is about"):
        measure(edited, samples=1)


def test_the_report_holds_the_tables_and_the_verdict(run, coins):
    summary.report(run)
    page = run.report_path.read_text()
    metrics = run.read_metrics()
    assert "Cost per image: 6 test images" in page
    assert f"{metrics['nll_bits_per_dim']:.3f} ± {metrics['nll_bits_per_dim_se']:.3f}" in page
    # in the table, and as a dot beside the model's
    assert page.count('<th scope="row">full-covariance Gaussian</th>') == 1
    assert page.count('<span class="name">full-covariance Gaussian</span>') == 1
    assert page.count("<dt>Negative log-likelihood, test</dt>") == 2  # in bits and in nats
    summary.report(coins)
    page, metrics = coins.report_path.read_text(), coins.read_metrics()
    assert "<dt>Cross-entropy of grey levels as coin flips, test</dt>" in page
    assert not metrics["is_healthy"]
    words = html.escape(metrics["verdict"])
    assert page.count(words) == 1
    assert page.index(words) < page.index("Cost per image")


def test_the_report_of_a_run_that_is_not_measured_has_no_such_table(copied):
    run = copied("plain")
    summary.report(run)
    assert "Cost per image" not in run.report_path.read_text()
    assert summary.measured_sentences(run.measurement) == []


def test_tables_are_plain_text_when_nobody_looks(run, capsys):
    tables.show(tables.measured(run.measurement, "a"), sentences=["That is all."])
    said = capsys.readouterr().out
    assert "\x1b" not in said
    assert "─" not in said
    assert said.endswith("\n\nThat is all.\n")
    rows = [line for line in said.splitlines() if line.startswith(("the model", "free energy", "PNG"))]
    assert len(rows) == 4
    assert not [line for line in said.splitlines() if line != line.rstrip()]


def test_tables_fit_a_terminal_of_80_columns(run, second, coins, monkeypatch, capsys):
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.setenv("TERM", "xterm")
    for one in (run, coins):
        found = dataclasses.replace(one.measurement, nll_samples=5000)
        tables.show(tables.measured(found, one.training.data), sentences=summary.measured_sentences(found))
        said = capsys.readouterr().out
        assert "\x1b[1;36m" in said
        lines = list(map(strip, said.splitlines()))
        assert max(map(len, lines)) <= 80
        assert [line for line in lines if "the model, 5000 samples  " in line]
        assert [line for line in lines if "distortion: image given code  " in line]
    tables.show([tables.compared(compare([run, second]))])
    assert max(len(strip(line)) for line in capsys.readouterr().out.splitlines()) <= 80


def strip(line):
    return re.sub(r"\x1b\[[0-9;]*m", "", line)


def test_many_latents_are_summed_up(run):
    latents = {f"z{i}": Latent(kl_nats=float(i), active=i > 3) for i in range(40)}
    found = dataclasses.replace(run.measurement, latents=latents, active_units=36, latent_dim=40)
    table = tables._latents(found)
    assert table.rows[0] == ("z39", "39.00", "yes")
    assert table.rows[-1] == ("24 more", f"{sum(range(24)):.2f}", "20 of 24")


def test_a_run_of_few_of_16_bits_from_before_there_were_levels_is_measured_on_its_own_images(folder):
    deep = np.load(folder / "images.npy").astype("uint16") * 16
    np.save(folder / "deep.npy", deep)
    run = trained(folder, "few-bits", data="deep.npy", levels="0:65535")
    recipe = run.recipe.replace(levels=None)
    run.recipe_path.write_text(recipe.to_toml().replace("\n# levels =\n", "\n"))
    run.metrics_path.write_bytes(_of_format_1(run.metrics_path.read_bytes()))
    images = measure(run, samples=2, progress=False).images
    assert images == len(load_training_data(recipe.replace(levels="0:65535")).split.test)
    np.save(folder / "deep.npy", deep + 257)
    with pytest.raises(BadInput, match="holds other images now"):
        measure(run, samples=2, progress=False)
