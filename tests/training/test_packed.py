"""A run on a pack is the run on the same images in memory, for every command; it goes on within an epoch."""

import json
import re
import signal
from dataclasses import replace
from pathlib import Path

import keras
import numpy as np
import pytest

import freyvae
from freyvae import kept_parts
from freyvae.__main__ import main
from freyvae.data import Pixels, pack
from freyvae.engine import stream
from freyvae.engine.programs import Program
from freyvae.engine.training import WithinEpochs
from freyvae.errors import BadInput
from freyvae.evaluation import oddness
from freyvae.inference import codes
from freyvae.metrics import image_costs, importance
from freyvae.model import arrays
from freyvae.signals import Stopped
from freyvae.training import callbacks, checkpoint

SHAPE = (8, 6, 1)
# by time, and by where the images lie
OTHERS = {"second", "data", "sha256", "version", "processor", "files", "measured_with"}

jax_alone = pytest.mark.skipif(keras.backend.backend() != "jax", reason="blocks are streamed on JAX")


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Noisy images as an array and as a pack, and a run on each."""
    folder = tmp_path_factory.mktemp("packed")
    images = np.random.default_rng(0).integers(0, 256, (90, *SHAPE), dtype=np.uint8)
    np.save(folder / "array.npy", images)
    pack(folder / "array.npy", folder / "packed.pack")
    for name in ("array.npy", "packed.pack"):
        freyvae.train(recipe(folder / name), folder / Path(name).stem, quiet=True, pictures=False)
    return folder


def recipe(data, **changes):
    choices = {"epochs": 2, "batch_size": 10, "hidden": (8,), "split": "random"}
    return freyvae.load_recipe("frey-faces").replace(data=str(data), **choices, **changes)


@pytest.fixture
def small_blocks(monkeypatch):
    """Blocks of two batches, and a checkpoint after each."""
    monkeypatch.setattr(stream, "BLOCK_BYTES", 2 * 10 * 48)
    monkeypatch.setattr(callbacks, "SECONDS_WITHIN", -1.0)
    monkeypatch.setattr(callbacks, "SECONDS_BETWEEN_CHECKPOINTS", -1.0)


def assert_alike(one, other):
    """Figures of two records but for those of time."""
    assert one.keys() == other.keys()
    for name, value in one.items():
        if any(word in name for word in OTHERS):
            continue
        if isinstance(value, dict):
            assert_alike(value, other[name])
        elif isinstance(value, float):
            assert other[name] == pytest.approx(value, rel=1e-3), name
        else:
            assert other[name] == value, name


@pytest.mark.long
def test_every_command_takes_a_pack(folder, monkeypatch, capsys):
    monkeypatch.chdir(folder)
    for command in (
        ["measure", "{run}", "--samples", "3"],
        ["encode", "{run}", "{data}", "--out", "{run}.csv"],
        ["score", "{run}", "{data}", "--by", "corrected", "--out", "{run}-scores.csv"],
        ["neighbours", "{run}", "{data}", "--out", "{run}-near.csv"],
        ["cluster", "{run}", "--count", "2", "--out", "{run}-groups.csv"],
        ["project", "{run}"],
        ["compress", "{run}", "--split", "test", "--out", "{run}.fvae"],
        ["reconstruct", "{run}", "{data}", "--out", "{run}-again.npy"],
        ["show", "{run}"],
        ["export", "{run}", "--format", "parquet", "--out", "{run}.parquet"],
        ["data", "show", "{data}", "--out", "{run}.png"],
    ):
        for run, data in (("array", "array.npy"), ("packed", "packed.pack")):
            assert main([part.format(run=run, data=data) for part in command]) == 0, capsys.readouterr().err
    metrics = [json.loads((folder / run / "metrics.json").read_text()) for run in ("array", "packed")]
    assert_alike(*metrics)
    for name in ("{}.csv", "{}-scores.csv"):
        ours, theirs = (
            np.genfromtxt(folder / name.format(run), delimiter=",", skip_header=1)[:, 1:] for run in ("array", "packed")
        )
        np.testing.assert_allclose(ours, theirs, rtol=1e-2, atol=1e-3)
    assert (folder / "packed" / "report.html").stat().st_size > 10_000


class _Pressed(Program):
    """Programs among whose calls, all together, Ctrl-C is pressed."""

    calls_left = 0

    def __call__(self, *arrays):
        _Pressed.calls_left -= 1
        if _Pressed.calls_left < 0:
            raise KeyboardInterrupt
        return super().__call__(*arrays)


@pytest.mark.parametrize(
    ("module", "calls", "command", "result"),
    [
        (arrays, 2, ["encode", "packed", "packed.pack", "--out", "{}.npy"], "{}.npy"),
        (image_costs, 22, ["score", "packed", "packed.pack", "--by", "corrected", "--out", "{}.csv"], "{}.csv"),
        (importance, 14, ["measure", "packed", "--samples", "6", "--split", "training"], "packed/measured.npz"),
    ],
    ids=["encode", "score", "measure"],
)
def test_what_streams_goes_on_after_an_interruption_with_the_same_numbers(
    folder, module, calls, command, result, monkeypatch, capsys
):
    monkeypatch.chdir(folder)
    monkeypatch.setattr(kept_parts, "SECONDS_BETWEEN_SAVES", 0.0)
    monkeypatch.setattr(codes, "CHUNK", 16)
    monkeypatch.setattr(image_costs, "VALUES_AT_ONCE", 16 * 48)
    monkeypatch.setattr(oddness, "evenly_chosen", lambda images, most: images[:16])
    monkeypatch.setattr(importance, "VALUES_AT_ONCE", 16 * 48)

    def run(name):
        return main([part.format(name) for part in command])

    assert run("whole") == 0
    whole = Path(result.format("whole")).read_bytes()
    with monkeypatch.context() as patch:
        patch.setattr(_Pressed, "calls_left", calls)
        patch.setattr(module, "Program", _Pressed)
        assert run("parts") == 130
    capsys.readouterr()
    assert run("parts") == 0
    assert re.search(r"going on after \d+ of \d+ images", capsys.readouterr().err)
    assert Path(result.format("parts")).read_bytes() == whole
    assert not list(folder.rglob("*.parts"))


@jax_alone
@pytest.mark.usefixtures("small_blocks")
def test_a_training_that_was_killed_within_an_epoch_goes_on_bit_for_bit(folder, tmp_path, monkeypatch):
    class Kill(WithinEpochs):
        def on_block_end(self, place, share):
            if self.model.optimizer.iterations == 8 + 4:  # an epoch has 8 steps
                raise MemoryError

    whole = freyvae.train(recipe(folder / "packed.pack"), tmp_path / "whole", quiet=True, pictures=False)
    with pytest.raises(MemoryError):
        freyvae.train(recipe(folder / "packed.pack"), tmp_path / "run", quiet=True, pictures=False, callbacks=[Kill()])
    said, read = [], []
    rows = Pixels.__getitem__
    monkeypatch.setattr(Pixels, "__getitem__", lambda self, rows_: read.append(rows_) or rows(self, rows_))
    run = freyvae.train(recipe(folder / "packed.pack"), tmp_path / "run", say=said.append, pictures=False)
    assert any("40 images into epoch 2" in line for line in said)
    for ours, theirs in zip(whole.load_model().weights, run.load_model().weights, strict=True):
        np.testing.assert_array_equal(np.array(ours.value), np.array(theirs.value))
    assert whole.read_history() == run.read_history()
    shown = [rows for rows in read if isinstance(rows, np.ndarray) and rows.dtype.kind == "i"]
    assert len(shown[0]) == 20  # the block after those that were shown


@jax_alone
@pytest.mark.usefixtures("small_blocks")
def test_ctrl_c_stops_a_long_epoch_after_a_block(folder, tmp_path):
    class Press(WithinEpochs):
        def on_block_end(self, place, share):
            if share < 0.3:
                signal.raise_signal(signal.SIGTERM)

    with pytest.raises(Stopped, match=r"stopped within epoch 1 of 2; the same command goes on"):
        freyvae.train(recipe(folder / "packed.pack"), tmp_path / "run", quiet=True, pictures=False, callbacks=[Press()])
    run = freyvae.train(recipe(folder / "packed.pack"), tmp_path / "run", quiet=True, pictures=False)
    assert len(run.read_history()["epoch"]) == 2


def test_a_pack_of_other_images_is_not_gone_on_with(folder, tmp_path):
    images = np.load(folder / "array.npy")
    np.save(tmp_path / "images.npy", images)
    pack(tmp_path / "images.npy", tmp_path / "p.pack")
    run = freyvae.train(recipe(tmp_path / "p.pack"), tmp_path / "run", quiet=True, pictures=False)
    np.save(tmp_path / "images.npy", images[::-1])
    for path in (tmp_path / "p.pack").iterdir():
        path.unlink()
    pack(tmp_path / "images.npy", tmp_path / "p.pack")
    with pytest.raises(BadInput, match="holds other images now than those"):
        freyvae.measure(run, samples=1)


def test_a_run_on_a_pack_with_levels_is_reloaded(tmp_path):
    images = np.random.default_rng(0).integers(0, 4096, (60, *SHAPE), dtype=np.uint16)
    np.save(tmp_path / "images.npy", images)
    pack(tmp_path / "images.npy", tmp_path / "p.pack", levels="0:4095")
    chosen = recipe(tmp_path / "p.pack")
    run = freyvae.train(chosen, tmp_path / "run", quiet=True, pictures=False)
    assert run.recipe.data.levels == "0:4095"
    said = []
    freyvae.train(chosen, tmp_path / "run", say=said.append, pictures=False)
    assert any("is trained (2 epochs): reloaded" in line for line in said)
    with pytest.raises(BadInput, match="holds a run of another recipe"):
        freyvae.train(recipe(tmp_path / "images.npy"), tmp_path / "run", quiet=True, pictures=False)


@jax_alone
@pytest.mark.usefixtures("small_blocks")
def test_an_epoch_that_was_begun_within_the_minutes_is_ended_after_them(folder, tmp_path, monkeypatch):
    class Press(WithinEpochs):
        def on_block_end(self, place, share):
            if self.model.optimizer.iterations == 8 + 4:
                signal.raise_signal(signal.SIGTERM)

    chosen = recipe(folder / "packed.pack", minutes=60, patience=0)
    with pytest.raises(Stopped, match="within epoch 2"):
        freyvae.train(chosen, tmp_path / "run", quiet=True, pictures=False, callbacks=[Press()])
    restore = checkpoint.restore
    # by the time that it was interrupted, they had passed
    monkeypatch.setattr(checkpoint, "restore", lambda *given: replace(restore(*given), seconds=3600.0))
    run = freyvae.train(chosen, tmp_path / "run", quiet=True, pictures=False)
    assert len(run.read_history()["epoch"]) == 2
