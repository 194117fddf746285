import dataclasses
import shutil
import sys
import types

import numpy as np
import pytest

import freyvae
from freyvae.__main__ import main
from freyvae.errors import BadInput
from freyvae.exports.card import last_part


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """A run on noise, with pictures."""
    folder = tmp_path_factory.mktemp("hub")
    np.save(folder / "noise.npy", np.random.default_rng(0).integers(0, 256, (40, 7, 6), np.uint8))
    recipe = freyvae.load_recipe("images").replace(
        data=str(folder / "noise.npy"), epochs=2, batch_size=10, hidden=(8,), latent_dim=2, name="noise"
    )
    return freyvae.train(recipe, folder / "run", quiet=True)


def test_the_folder_has_the_model_its_records_and_a_card(run, tmp_path):
    paths = freyvae.export(run, "hub", tmp_path / "hub")
    assert sorted(path.name for path in paths) == sorted(path.name for path in (tmp_path / "hub").iterdir())
    card = (tmp_path / "hub" / "README.md").read_text()
    assert card.startswith("---\nlibrary_name: keras\n")
    freyvae.export(run, "hub", tmp_path / "hub")  # a card is replaced
    assert "A variational auto-encoder of 7 x 6 grey images, with 2 latents" in card
    assert f"| Free energy, validation | {run.training.val_free_energy_nats:.4g} | nats per image |" in card
    assert "`freyvae measure` has not been run" in card
    assert run.training.data_sha256 in card
    assert "![samples](samples.png)" in card
    assert str(tmp_path) not in card
    assert str(run.folder.parent) not in card
    loaded = freyvae.load(tmp_path / "hub" / "model.keras")
    np.testing.assert_array_equal(loaded.decode([[0.5, 1.0]]), run.load_model().decode([[0.5, 1.0]]))


def test_no_file_has_the_path_of_the_data_and_the_record_is_of_the_files_beside_it(run, tmp_path):
    from freyvae.run import Run

    folder = tmp_path / "hub"
    freyvae.export(run, "hub", folder)
    for name in ("README.md", "recipe.toml", "metrics.json"):
        assert str(run.folder.parent) not in (folder / name).read_text()
    copy = Run(folder)
    assert copy.recipe == run.recipe.replace(data="noise.npy")  # refused where its SHA-256 is another
    assert copy.training == dataclasses.replace(run.training, data="noise.npy")
    np.testing.assert_array_equal(copy.load_model().decode([[0.5, 1.0]]), run.load_model().decode([[0.5, 1.0]]))


@pytest.mark.parametrize(
    ("path", "last"),
    [
        ("frey-faces", "frey-faces"),
        ("/home/me/cells/", "cells"),
        ("C:\\Users\\me\\cells", "cells"),
        ("/home/me/cells.npz:images", "cells.npz:images"),
        ("../cells.csv:stage/day", "cells.csv:stage/day"),
    ],
)
def test_of_a_path_the_last_part_is_kept(path, last):
    assert last_part(path) == last


def test_a_run_is_not_changed(run, tmp_path):
    before = run.recipe_path.read_bytes()
    with pytest.raises(BadInput, match=r"holds a run, and would be changed: choose another out="):
        freyvae.export(run, "hub", run.folder)
    assert run.recipe_path.read_bytes() == before


def test_a_readme_of_ones_own_is_not_lost(run, tmp_path):
    (tmp_path / "README.md").write_text("# mine\n")
    with pytest.raises(BadInput, match=r"README\.md is no model card, and would be lost: choose another out="):
        freyvae.export(run, "hub", tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["README.md"]
    with pytest.raises(BadInput, match="cannot write"):
        freyvae.export(run, "hub", "/proc/freyvae/hub")


def test_a_measured_run_has_its_measures_and_baselines_in_the_card(run, tmp_path):
    measured = freyvae.measure(run, samples=2, split="validation", progress=False)
    freyvae.export(run, "hub", tmp_path)
    card = (tmp_path / "README.md").read_text()
    assert "Of the validation images." in card
    assert freyvae.Run(run.folder).measurement.verdict in card
    assert "Baselines of the same images" in card
    name, line = next((name, line) for name, line in measured.baselines.items() if line.nll_nats is not None)
    assert f"| {name.replace('_', ' ')} | {line.nll_nats:.1f} |" in card


def test_a_model_is_loaded_from_the_hub(run, monkeypatch):
    asked = []

    def download(*, repo_id, filename):
        asked.append((repo_id, filename))
        if repo_id != "someone/noise":
            raise OSError("404: no such repository")
        return str(run.model_path)

    monkeypatch.setitem(sys.modules, "huggingface_hub", types.SimpleNamespace(hf_hub_download=download))
    loaded = freyvae.load("hf://someone/noise")
    assert asked == [("someone/noise", "model.keras")]
    np.testing.assert_array_equal(loaded.decode([[0.5, 1.0]]), run.load_model().decode([[0.5, 1.0]]))
    with pytest.raises(BadInput, match="cannot have hf://someone/else: 404: no such repository"):
        freyvae.load("hf://someone/else")
    with pytest.raises(BadInput, match="hf://noise must be hf://USER/NAME"):
        freyvae.load("hf://noise")
    monkeypatch.setitem(sys.modules, "huggingface_hub", None)
    with pytest.raises(BadInput, match=r'pip install "freyvae\[hub\]"'):
        freyvae.load("hf://someone/noise")


def test_a_card_alone_says_what_the_hubs_does_without_pictures(run, tmp_path, capsys):
    assert main(["card", str(run.folder), "--out", str(tmp_path / "card.md")]) == 0
    text = (tmp_path / "card.md").read_text()
    freyvae.export(run, "hub", tmp_path / "hub")
    beside = (tmp_path / "hub" / "README.md").read_text()
    assert text.rstrip() == beside[: beside.index("![reconstructions]")].rstrip()
    assert freyvae.card(run, tmp_path / "card.md").read_text() == text  # a card is replaced
    (tmp_path / "notes.md").write_text("mine")
    with pytest.raises(BadInput, match=r"is no model card, and would be lost: choose another out="):
        freyvae.card(run, tmp_path / "notes.md")


def test_a_run_is_never_changed_not_even_where_a_card_lies_in_it(run, tmp_path):
    freyvae.card(run, run.folder / "README.md")
    before = run.recipe_path.read_bytes()
    try:
        with pytest.raises(BadInput, match="holds a run, and would be changed"):
            freyvae.export(run, "hub", run.folder)
        assert run.recipe_path.read_bytes() == before
        shutil.copytree(run.folder, tmp_path / "other")
        with pytest.raises(BadInput, match="holds a run, and would be changed"):
            freyvae.export(run, "hub", tmp_path / "other")
    finally:
        (run.folder / "README.md").unlink()
