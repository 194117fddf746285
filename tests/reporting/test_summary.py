"""The output of a finished run: pictures, a page, a few lines, and cautions about its figures."""

import dataclasses
import html
import shutil
from pathlib import Path

import numpy as np
import pytest

from freyvae.data import ImageSet, Split
from freyvae.errors import BadInput
from freyvae.evaluation import measure
from freyvae.explorer import page
from freyvae.explorer.server import prepare_page
from freyvae.recipe import Recipe
from freyvae.reporting import summary
from freyvae.reporting.pictures import album
from freyvae.run import Run
from freyvae.training import TrainingData, train, train_model


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    folder = tmp_path_factory.mktemp("presentation")
    images = np.random.default_rng(0).integers(0, 256, (40, 6, 5), dtype="uint8")
    np.save(folder / "images.npy", images)
    recipe = Recipe().replace(
        name="tiny & odd", data=str(folder / "images.npy"), split="blocked", hidden=(8,), batch_size=8, epochs=1
    )
    return train(recipe, folder / "run", quiet=True)


@pytest.fixture
def one_picture(monkeypatch):
    """Draw few pictures, since the tests of pictures cover all of them."""
    monkeypatch.setattr(album, "CAPTIONS", {name: album.CAPTIONS[name] for name in ("convergence", "examples")})


def test_a_run_gets_its_pictures_and_its_page(run, one_picture):
    assert summary.show(run) == []
    assert sorted(path.name for path in run.pictures_path.glob("*.png")) == ["convergence.png", "examples.png"]
    assert run.drawn == ("convergence.png", "examples.png")
    page = run.report_path.read_text()
    assert "tiny &amp; odd" in page
    assert "a VAE with 2 latents, 30-8-2 and 2-8-30, likelihood discretized-logistic" in page
    assert "40 images of 6 by 5 pixels, grey" in page
    assert "blocked: 32 training, 4 validation, 4 test" in page
    assert run.read_metrics()["data_sha256"] in page
    assert "mean training image" in page


def test_a_model_that_is_at_hand_is_not_read_again(run, one_picture, monkeypatch):
    again, vae = train_model(run.recipe, run.folder.with_name("again"), quiet=True)
    for ours, read in zip(vae.get_weights(), again.load_model().get_weights(), strict=True):
        np.testing.assert_array_equal(ours, read)
    monkeypatch.delattr(Run, "load_model")
    assert summary.show(again, vae=vae) == []
    assert again.report_path.is_file()
    assert train_model(run.recipe, again.folder, quiet=True)[1] is None  # reloaded


def test_what_cannot_be_drawn_is_said_and_nothing_else_fails(run, one_picture, monkeypatch):
    def refuse(run):
        raise BadInput("there is nothing to see")

    monkeypatch.setitem(album.PICTURES, "convergence", dataclasses.replace(album.PICTURES["convergence"], draw=refuse))
    assert summary.show(run) == ["convergence.png is left out: there is nothing to see"]
    assert run.report_path.is_file()


def test_other_images_than_those_of_the_training_are_refused(run, one_picture):
    path = run.recipe.data.source
    images = np.load(path)
    try:
        np.save(path, images[::-1])
        with pytest.raises(BadInput, match="holds other images now than those"):
            summary.show(run)
    finally:
        np.save(path, images)


def test_images_that_are_elsewhere_now_are_to_be_moved_back(run, one_picture):
    path = Path(run.recipe.data.source)
    try:
        path.rename(path.with_name("elsewhere.npy"))
        with pytest.raises(BadInput, match=r"is not there any more: move it back"):
            summary.show(run)
    finally:
        path.with_name("elsewhere.npy").rename(path)


def test_with_patience_the_epoch_of_the_model_is_said(run):
    metrics = run.read_metrics()
    try:
        run.write_metrics({**metrics, "best_epoch": 1})
        assert "s of compilation, the best of which was epoch 1\n" in summary.describe(run)
        summary.report(run)
        assert "The model is that of epoch 1 of 1" in run.report_path.read_text()
    finally:
        run.write_metrics(metrics)
        summary.report(run)


def test_the_summary_says_the_figures_with_their_units(run):
    lines = summary.describe(run)
    metrics = run.read_metrics()
    assert "2 latents, 1 epoch in" in lines
    assert f"{metrics['val_free_energy_nats']:.1f} nats per image, {metrics['val_bits_per_dim']:.3f} bits" in lines
    assert f"look at {run.report_path}" in lines
    page = Run(run.folder).explorer_path
    assert f"play with {page}" in lines
    written = page.read_bytes()
    page.unlink()
    assert "play with" not in summary.describe(run)
    page.write_bytes(written)


@pytest.fixture
def data():
    pixels = np.random.default_rng(0).integers(0, 256, (10, 6, 5, 1), dtype="uint8")
    images = ImageSet(images=pixels, name="ten", is_video=True)
    return TrainingData(images, Split(np.arange(8), np.arange(8, 9), np.arange(9, 10), note=""))


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"data": "synthetic-faces"}, "drawn faces, not photographs"),
        ({"likelihood": "bernoulli"}, "takes grey levels for coin flips"),
        ({"average_distortion": True}, "the effective beta is 30"),
        ({"autoregressive": True, "likelihood": "mixture-of-logistics"}, "conditions each pixel on those before it"),
        ({"noise_scale": 0.01}, "deviation 0.01 where the rate assumes 1"),
    ],
)
def test_what_makes_a_number_mean_something_else_is_noted(data, changes, words):
    plain = summary._notes(Recipe(), data)
    noted = summary._notes(Recipe().replace(**changes), data)
    assert plain == []
    (line,) = noted
    assert words in line


def test_what_is_noted_is_of_the_images_that_were_measured(data):
    said = [
        summary._notes(Recipe().replace(likelihood="bernoulli"), data, part)
        for part in ("validation", "test", "training")
    ]
    for part, notes in zip(("validation", "test", "training"), said, strict=True):
        assert f"nats per {part} image," in notes[0]


def test_the_mean_images_error_is_of_the_images_that_were_measured(run, tmp_path):
    shutil.copytree(run.folder, tmp_path / "run")
    run = Run(tmp_path / "run")
    said = set()
    for part in ("validation", "test", "training"):
        found = summary.measure(run, samples=2, split=part)
        (line,) = summary._of_constants(found)
        error = found.baselines["mean_image"].rmse_grey_levels
        assert f"a reconstruction error of {error:.1f} grey levels on the {part} images." in line
        assert line in html.unescape(run.report_path.read_text("utf-8"))
        said.add(error)
    assert len(said) == 3


def test_no_note_is_a_note_of_a_note(run, one_picture, monkeypatch, capsys):
    def bundle(vae, images, **named):
        made = make_bundle(vae, images, **named)
        return dataclasses.replace(made, notes=("own pictures cannot be dropped",))

    make_bundle = page.make_bundle
    monkeypatch.setattr(page, "make_bundle", bundle)
    assert "own pictures cannot be dropped" in summary.show(run)
    run.explorer_path.unlink()
    said = []
    prepare_page(run, say=said.append)
    assert said == ["note: own pictures cannot be dropped"]


def test_the_report_of_a_measured_run_speaks_of_one_split(run, one_picture):
    metrics = run.read_metrics()
    for split in ("test", "training"):
        measure(run, samples=2, split=split, progress=False)
        summary.report(run)
        text = run.report_path.read_text()
        before_tables = text.partition("<h2>Measured</h2>")[0]
        assert before_tables.count(f", {split}</dt>") == 4
        assert f"on the {split} images." in before_tables
        assert "validation images" not in before_tables
    run.write_metrics(metrics)
    run.measured_path.unlink()


def test_what_the_split_and_the_folder_leave_out_is_noted(data):
    data = dataclasses.replace(
        data,
        images=dataclasses.replace(data.images, unreadable=("a.png: empty",)),
        split=dataclasses.replace(data.split, note="The split flatters."),
    )
    notes = summary._notes(Recipe(), data)
    assert notes[:2] == ["The split flatters.", "1 unreadable file left out."]


def test_a_training_that_a_clock_ends_is_not_said_to_give_the_same_numbers_again(run):
    assert summary._end_by_the_clock(run.recipe, run.training) == ""
    said = summary._end_by_the_clock(run.recipe.replace(minutes=2.5), run.training)
    assert said.startswith("by the clock, 2.5 minutes, after 1 epoch: trained again, it may have more or fewer")
