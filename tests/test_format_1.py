"""Files of versions before 0.2 still work: run folders, recipes, files of codes, compressed files and pages.

`format_1/` was written by such a version: `plain`, trained, measured, with a page, codes of its images and its first 8
images compressed; `interrupted`, stopped after 2 of 3 epochs; `choices.keras`, a model with choices beside the default.
"""

import gzip
import json
import shutil
from pathlib import Path

import numpy as np
import pytest

import freyvae
from freyvae.__main__ import main
from freyvae.codes import read_codes
from freyvae.model.likelihoods import MixtureOfLogistics
from freyvae.model.objectives import FreeEnergy
from freyvae.model.posteriors import InverseAutoregressive
from freyvae.model.priors import Vamp
from freyvae.recipe import load_recipe
from freyvae.run import Run


@pytest.fixture
def here(tmp_path, monkeypatch):
    """A copy of the folder, as the working directory."""
    folder = shutil.copytree(Path(__file__).with_name("format_1"), tmp_path / "old")
    page = folder / "plain" / "explorer" / "index.html"
    page.write_bytes(gzip.decompress(page.with_suffix(".html.gz").read_bytes()))
    monkeypatch.chdir(folder)
    return folder


def test_a_finished_run_is_reloaded_shown_measured_and_compared_with_the_same_numbers(here):
    before = json.loads(Path("plain/metrics.json").read_text())
    shutil.copytree("plain", "again")
    assert main(["train", "--recipe", "plain/recipe.toml", "--out", "plain"]) == 0
    assert main(["show", "plain"]) == 0
    assert main(["measure", "again", "--samples", "64"]) == 0
    assert main(["compare", "plain", "again"]) == 0
    after = Run("again").read_metrics()
    for name, value in before.items():
        if isinstance(value, float) and not name.endswith("seconds"):
            assert after[name] == pytest.approx(value, rel=1e-5), name


def test_codes_images_and_compressed_files_are_the_same(here, compiled_as_for_users):
    assert main(["encode", "plain", "images.npy", "--out", "codes.npy"]) == 0
    np.testing.assert_allclose(read_codes(Path("codes.npy")), read_codes(Path("plain/codes.csv")), atol=1e-5)
    assert main(["decode", "plain", "--codes", "plain/codes.csv", "--out", "decoded.npy"]) == 0
    assert np.load("decoded.npy").shape == (48, 8, 6, 1)
    assert main(["decompress", "plain", "plain/images.freyvae", "--out", "images"]) == 0
    assert len(list(Path("images").glob("*.png"))) == 8


def test_a_page_is_known_and_written_anew(here):
    from freyvae.explorer.server import prepare_page

    assert prepare_page(Run("plain")).is_file()
    assert main(["export", "plain", "--format", "html", "--out", "page.html"]) == 0


def test_an_interrupted_training_goes_on(here, capsys):
    assert main(["train", "--recipe", "interrupted/recipe.toml", "--out", "interrupted"]) == 0
    assert "going on with interrupted after epoch 2" in capsys.readouterr().err
    run, plain = Run("interrupted"), Run("plain")
    assert run.recipe.replace(name="plain") == load_recipe("plain/recipe.toml")
    for ours, theirs in zip(run.load_model().get_weights(), plain.load_model().get_weights(), strict=True):
        np.testing.assert_allclose(ours, theirs, atol=1e-4)


@pytest.mark.long
def test_a_model_with_a_flow_a_learned_prior_and_an_autoregressive_decoder_is_the_same(here):
    Path("choices.keras").write_bytes(gzip.decompress(Path("choices.keras.gz").read_bytes()))
    vae = freyvae.load("choices.keras")
    assert vae.pixel_likelihood == MixtureOfLogistics(autoregressive=True)
    assert vae.posterior_choice == InverseAutoregressive(length=1)
    assert vae.prior_choice == Vamp(components=3)
    assert vae.objective == FreeEnergy(warm_up_steps=4)
    before = np.load("choices.npz")
    np.testing.assert_allclose(vae.encode(before["images"]), before["codes"], rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(vae.free_energy(before["images"]).total, before["free_energy"], rtol=1e-5)
    np.testing.assert_array_equal(vae.sample(2), before["drawn"])
    with pytest.warns(DeprecationWarning, match="draw_images is now called sample"):
        np.testing.assert_array_equal(vae.draw_images(2), before["drawn"])
