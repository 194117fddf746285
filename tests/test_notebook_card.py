"""What a notebook shows of models, runs, records and figures."""

import re
import shutil
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import freyvae
from freyvae import pictures
from freyvae.notebook import card
from freyvae.records import OverSeeds, SeedsRecord
from freyvae.run import Run

PLAIN = Path(__file__).parent / "format_1" / "plain"


def words(page):
    return " ".join(re.sub(r"<[^>]*>", " ", page).split())


def test_whatever_is_in_a_card_is_escaped():
    evil = "<img onerror=x> & 'y'"
    page = card(evil, [evil], [(evil, evil)])
    assert "<img" not in page
    assert page.count("&lt;img onerror=x&gt; &amp;") == 4


def test_a_model_says_its_choices_and_those_that_are_not_as_by_default():
    vae = freyvae.VAE((28, 20, 1), 2, likelihood=freyvae.likelihoods.MixtureOfLogistics(components=7), hidden=(8,))
    said = words(vae._repr_html_())
    assert "28 x 20 pixels, grey" in said
    assert "likelihood mixture-of-logistics, components 7" in said
    assert f"weights {vae.count_params():,}" in said


def test_a_run_shows_its_numbers_and_the_pictures_that_are_its_own(tmp_path):
    run = Run(shutil.copytree(PLAIN, tmp_path / "plain"))
    found = run.measurement
    error = f"RMSE, {found.measured_split} {found.rmse_grey_levels:.5g} grey levels of 255"
    assert error in words(run._repr_html_())
    assert "<img" not in run._repr_html_()
    run.pictures_path.mkdir(exist_ok=True)
    for name in ("samples", "reconstructions"):
        Image.new("L", (1200, 600)).save(run.pictures_path / f"{name}.png")
    run.write_drawn(["samples.png"])
    assert re.findall(r'width="(\d+)" alt="(\w+)"', run._repr_html_()) == [("600", "samples")]
    run.metrics_path.write_text("{}")
    assert "train again with fresh=True" in words(run._repr_html_())
    assert "no trained model yet" in Run(tmp_path / "none")._repr_html_()


def test_records_show_their_numbers_with_units():
    run = Run(PLAIN)
    training, measured = run.training, run.measurement
    bound = f"Free energy, validation {training.val_free_energy_nats:.5g} nats per image"
    assert bound in words(training._repr_html_())
    assert measured.verdict in words(measured._repr_html_())
    assert "Without a model: png files" in words(measured._repr_html_())
    numbers = {
        "val_rmse_grey_levels": OverSeeds(mean=13.25, deviation=0.5, values=(12.75, 13.75)),
        "of_later": OverSeeds(mean=1.0, deviation=None, values=(1.0,)),
    }
    seeds = SeedsRecord(format=1, recipe="quick", data="x", split="random", seeds=(0, 1), numbers=numbers)
    said = "quick over 2 seeds on x: mean and deviation RMSE, validation 13.25 ± 0.5 grey levels of 255 of_later 1"
    assert said in words(seeds._repr_html_())


@pytest.mark.parametrize(
    "figure",
    [
        lambda: pictures.examples(np.zeros((3, 8, 6), "uint8")),
        lambda: pictures.convergence({"free_energy": [3.0, 2.0], "epoch": [1, 2]}),
    ],
)
def test_a_figure_is_shown_at_half_its_pixels(figure):
    drawn = figure()
    (width,) = re.findall(r'<img src="data:image/png;base64,[^"]+" width="(\d+)"', drawn._repr_html_())
    assert int(width) == round(drawn.bbox.width / 2)
