"""Seeds trained at once give separate runs, each equal to the run of its seed alone."""

import json
import os
import signal
import time
from pathlib import Path

import keras
import numpy as np
import pytest

from freyvae.errors import BadInput, TrainingFailed
from freyvae.model import many
from freyvae.records import to_json
from freyvae.reporting.pictures.seeds import curves_of_seeds
from freyvae.run import Run
from freyvae.training import Interrupted, callbacks, seeds, train, train_seeds


def assert_same_weights(one, other):
    for ours, theirs in zip(one.load_model().get_weights(), other.load_model().get_weights(), strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=1e-4, atol=1e-6)


@pytest.mark.backend
def test_each_seed_is_the_run_that_it_would_be_alone(recipe):
    recipe = recipe.replace(seed=5)
    summary = train_seeds(recipe, 3, quiet=True)
    assert json.loads(Path("runs/quick-seeds/seeds.json").read_text()) == to_json(summary)
    assert summary.seeds == (5, 6, 7)
    finals = []
    for seed in summary.seeds:
        run = Run.open(f"runs/quick-seeds/seed-{seed}")
        assert run.recipe == recipe.replace(seed=seed)
        alone = train(recipe.replace(seed=seed), f"alone-{seed}", quiet=True)
        assert_same_weights(run, alone)
        ours, theirs = run.read_metrics(), alone.read_metrics()
        assert set(ours) == set(theirs)
        assert ours["val_rmse_grey_levels"] == pytest.approx(theirs["val_rmse_grey_levels"], rel=1e-4)
        assert list(run.read_history()) == list(alone.read_history())
        assert not run.checkpoint_path.parent.exists()
        finals.append(ours["val_free_energy_nats"])
    found = summary.numbers["val_free_energy_nats"]
    assert list(found.values) == finals
    assert found.mean == pytest.approx(np.mean(finals))
    assert found.deviation == pytest.approx(np.std(finals, ddof=1))
    assert {"val_rate_nats", "val_bits_per_dim", "val_rmse_grey_levels", "loss"} <= set(summary.numbers)
    assert "seconds" not in summary.numbers


def test_finished_seeds_are_reloaded_and_more_are_added(recipe):
    first = train_seeds(recipe, 2, "many", quiet=True)
    written = Run("many/seed-1").model_path.stat().st_mtime_ns
    said = []
    more = train_seeds(recipe, 3, "many", say=said.append)
    assert any("2 of 3 seeds are trained: reloaded" in line for line in said)
    assert Run("many/seed-1").model_path.stat().st_mtime_ns == written
    assert more.numbers["loss"].values[:2] == first.numbers["loss"].values
    train_seeds(recipe, 2, "many", fresh=True, quiet=True)
    assert Run("many/seed-1").model_path.stat().st_mtime_ns > written


def test_one_seed_has_no_deviation(recipe):
    assert train_seeds(recipe, 1, quiet=True).numbers["loss"].deviation is None


def test_averages_and_patience_are_each_seeds_own(recipe):
    recipe = recipe.replace(ema_momentum=0.5, patience=1, learning_rate=0.05, epochs=30)
    summary = train_seeds(recipe, 2, "many", quiet=True)
    for seed in range(2):
        alone = train(recipe.replace(seed=seed), f"alone-{seed}", quiet=True)
        assert_same_weights(Run(f"many/seed-{seed}"), alone)
        assert summary.numbers["best_epoch"].values[seed] == alone.read_metrics()["best_epoch"]


@pytest.mark.parametrize("way", ["threads", "vmap", "keras"])
def test_ctrl_c_saves_and_the_next_call_goes_on(recipe, monkeypatch, way):
    if way != "threads" and keras.backend.backend() != "jax":
        pytest.skip("JAX's")
    if way == "vmap":
        import jax

        monkeypatch.setattr(jax, "default_backend", lambda: "gpu")
    elif way == "keras":
        monkeypatch.setattr(many, "way_of_jax", lambda *arguments: None)
    on_epoch_end = callbacks.Recorder.on_epoch_end

    def press(self, epoch, logs=None):
        on_epoch_end(self, epoch, logs)
        if epoch == 2 and self.recipe.training.seed == 1:
            if way == "threads":
                os.kill(os.getpid(), signal.SIGINT)
                time.sleep(0.5)  # for the main thread, which is the one that is told
            else:
                signal.raise_signal(signal.SIGINT)

    monkeypatch.setattr(callbacks.Recorder, "on_epoch_end", press)
    monkeypatch.setattr(many, "cores", lambda: 2)
    # long enough for Ctrl-C to arrive before the end
    recipe = recipe.replace(epochs=40)
    before = signal.getsignal(signal.SIGINT)
    with pytest.raises(Interrupted, match=r"stopped with \d of 4 seeds to train; the same command goes on"):
        train_seeds(recipe, 4, "many", quiet=True)
    assert signal.getsignal(signal.SIGINT) is before
    assert not os.path.exists("many/seeds.json")
    assert Run("many/seed-1").checkpoint_path.is_file()
    monkeypatch.setattr(callbacks.Recorder, "on_epoch_end", on_epoch_end)
    train_seeds(recipe, 4, "many", quiet=True)
    assert_same_weights(Run("many/seed-1"), train(recipe.replace(seed=1), "alone", quiet=True))


def test_a_seed_whose_loss_is_no_number_leaves_the_others_alone(recipe, monkeypatch):
    on_epoch_end = callbacks.Recorder.on_epoch_end

    def spoil(self, epoch, logs=None):
        lost = epoch == 2 and self.recipe.training.seed == 1
        on_epoch_end(self, epoch, {**logs, "loss": float("nan")} if lost else logs)

    monkeypatch.setattr(callbacks.Recorder, "on_epoch_end", spoil)
    with pytest.raises(TrainingFailed, match=r"many/seed-1: the loss is no longer a number in epoch 3"):
        train_seeds(recipe, 3, "many", quiet=True)
    assert [Run(f"many/seed-{seed}").is_finished for seed in range(3)] == [True, False, True]
    assert not os.path.exists("many/seeds.json")


def test_models_are_built_in_groups_that_fit_into_memory(recipe, monkeypatch):
    trained = []

    def spy(models, *arguments, **named):
        trained.append([model.seed for model in models])
        return many.fit_many(models, *arguments, **named)

    monkeypatch.setattr(seeds, "fit_many", spy)
    monkeypatch.setattr(seeds, "most_at_once", lambda wanted, bytes_of: 2 if bytes_of(1) > 0 else 0)
    train_seeds(recipe, 5, "many", quiet=True)
    assert trained == [[0, 1], [2, 3], [4]]


def test_bad_input_is_refused_before_anything_is_written(recipe, monkeypatch, tmp_path):
    for count in (0, -1, 10_001):
        with pytest.raises(BadInput, match=f"seeds must be from 1 to 200, not {count}"):
            train_seeds(recipe, count, quiet=True)
    with pytest.raises(BadInput, match="seed must be at most"):
        train_seeds(recipe.replace(seed=2**31 - 1), 2, quiet=True)
    with pytest.raises(BadInput, match=r"nowhere\.npy"):
        train_seeds(recipe.replace(data="nowhere.npy"), 2, "many", quiet=True)
    with Run("many/seed-1").lock(), pytest.raises(BadInput, match="another process is working on"):
        train_seeds(recipe, 2, "many", quiet=True)
    (tmp_path / "many").rmdir()
    assert [path.name for path in tmp_path.iterdir()] == ["images.npy"]


def test_what_is_in_the_folder_already_is_respected(recipe):
    train(recipe, "run", quiet=True)
    with pytest.raises(BadInput, match="run is a run itself"):
        train_seeds(recipe, 2, "run", quiet=True)
    train(recipe.replace(latent_dim=3), "many/seed-0", quiet=True)
    with pytest.raises(BadInput, match="holds a run of another recipe"):
        train_seeds(recipe, 2, "many", quiet=True)


def test_without_memory_for_one_model_it_says_so(recipe, monkeypatch):
    monkeypatch.setattr(many, "free_bytes", lambda: 1000)
    with pytest.raises(BadInput, match="a model needs"):
        train_seeds(recipe, 2, "many", quiet=True)


def test_levels_auto_are_kept_in_every_seeds_run(recipe):
    deep = np.random.default_rng(1).integers(100, 4000, (90, 6, 5)).astype("uint16")
    np.save("deep.npy", deep)
    recipe = recipe.replace(data="deep.npy", epochs=1, levels="auto")
    train_seeds(recipe, 2, "many", quiet=True)
    assert {Run(f"many/seed-{seed}").recipe.data.levels for seed in (0, 1)} == {f"{deep.min()}:{deep.max()}"}
    lines = []
    train_seeds(recipe, 2, "many", say=lines.append)
    assert "2 of 2 seeds are trained: reloaded" in lines[0]


def test_seeds_of_other_images_are_not_averaged(recipe):
    train_seeds(recipe, 1, "many", quiet=True)
    np.save("images.npy", 255 - np.load("images.npy"))
    with pytest.raises(BadInput, match=r"seed-0 and many/seed-1 were trained on different images: images\.npy has"):
        train_seeds(recipe, 2, "many", quiet=True)
    assert train_seeds(recipe, 2, "many", fresh=True, quiet=True).seeds == (0, 1)


def test_seeds_without_a_history_are_refused_in_a_line():
    with pytest.raises(BadInput, match=r"have no history.csv with epochs"):
        curves_of_seeds([{}, {"epoch": []}])
