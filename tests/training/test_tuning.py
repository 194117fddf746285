"""A training begins with the weights of another, and some of them rest."""

import shutil
import signal
from pathlib import Path

import keras
import numpy as np
import pytest

import freyvae
from freyvae import training
from freyvae.errors import BadInput
from freyvae.signals import Stopped
from freyvae.training import build_vae
from freyvae.training.data import load_training_data


@pytest.fixture
def earlier(recipe):
    """A run on noise, finished."""
    return training.train(recipe, "earlier", quiet=True)


def test_the_first_step_is_from_the_earlier_weights(recipe, earlier):
    np.save("others.npy", np.random.default_rng(1).integers(0, 256, (90, 6, 5), dtype="uint8"))
    tuned = recipe.replace(data="others.npy", warm_up_epochs=2, **{"from": str(earlier.folder)})
    vae, before = build_vae(tuned, load_training_data(tuned).train), earlier.load_model()
    for ours, theirs in zip(vae.get_weights()[2:], before.get_weights()[2:], strict=True):
        np.testing.assert_array_equal(ours, theirs)
    assert float(before.steps.value) == 6 * 6
    assert float(vae.steps.value) == 0  # the warm-up is of this training


def test_what_is_frozen_rests_and_all_else_is_trained(recipe, earlier):
    tuned = recipe.replace(freeze=("decoder", "encoder_*"), **{"from": str(earlier.folder)})
    run = training.train(tuned, "tuned", quiet=True)
    before, after = earlier.load_model(), run.load_model()
    moved = {
        ours.path: bool(np.any(np.asarray(ours) != np.asarray(theirs)))
        for ours, theirs in zip(after.weights[2:], before.weights[2:], strict=True)
    }
    assert {path for path, is_other in moved.items() if is_other} == {
        "mean/kernel",
        "mean/bias",
        "log_variance/kernel",
        "log_variance/bias",
    }
    assert run.recipe.training.freeze == ("decoder", "encoder_*")


def test_a_model_that_is_another_is_refused_and_nothing_is_lost(recipe, earlier):
    shutil.copytree(earlier.folder, "copy")
    other = recipe.replace(latent_dim=3, **{"from": "copy"})
    with pytest.raises(BadInput, match=r"is another than this recipe's: it has mean/kernel of shape \(16, 2\)"):
        training.train(other, "earlier", fresh=True, quiet=True)
    assert freyvae.Run.open("earlier").load_model().latent_dim == 2
    with pytest.raises(BadInput, match="no run at nowhere"):
        training.train(recipe.replace(**{"from": "nowhere"}), "other", quiet=True)


@pytest.mark.parametrize(
    ("freeze", "message"),
    [
        (("decodr",), "freeze names encoder, decoder or layers of theirs, encoder_1, mean, .*; there is no 'decodr'"),
        (("encoder", "decoder"), "freeze leaves no weight to train"),
    ],
)
def test_layers_that_are_not_there_and_all_of_them_cannot_rest(recipe, freeze, message):
    with pytest.raises(BadInput, match=message):
        training.train(recipe.replace(freeze=freeze), "frozen", quiet=True)


def test_a_run_is_not_trained_from_itself(recipe, earlier):
    tuned = recipe.replace(**{"from": f"../{Path.cwd().name}/earlier"})
    with pytest.raises(BadInput, match="can't be trained from itself: choose another folder"):
        training.train(tuned, "earlier", fresh=True, quiet=True)
    seeds = training.train_seeds(recipe, 1, "seeds", quiet=True)
    assert seeds is not None
    tuned = recipe.replace(**{"from": f"seeds/seed-{recipe.training.seed}"})
    with pytest.raises(BadInput, match="can't be trained from itself: choose another folder"):
        training.train_seeds(tuned, 1, "seeds", fresh=True, quiet=True)
    assert earlier.load_model() is not None


def test_a_tuning_that_was_interrupted_goes_on_without_the_run_that_it_began_with(recipe, earlier):
    class Press(keras.callbacks.Callback):
        def on_epoch_end(self, epoch, logs=None):
            if epoch == 1:
                signal.raise_signal(signal.SIGTERM)

    tuned = recipe.replace(**{"from": str(earlier.folder)})
    whole = training.train(tuned, "whole", quiet=True)
    with pytest.raises(Stopped):
        training.train(tuned, "tuned", quiet=True, callbacks=[Press()])
    shutil.rmtree(earlier.folder)
    run = training.train(tuned, "tuned", quiet=True)
    for ours, theirs in zip(whole.load_model().weights, run.load_model().weights, strict=True):
        np.testing.assert_array_equal(np.asarray(ours), np.asarray(theirs))


def test_the_same_tuning_leaves_the_same_weights(recipe, earlier):
    tuned = recipe.replace(freeze=("decoder",), **{"from": str(earlier.folder)})
    first, second = (training.train(tuned, folder, quiet=True).load_model().get_weights() for folder in "ab")
    for ours, theirs in zip(first, second, strict=True):
        np.testing.assert_array_equal(ours, theirs)


def test_the_command_takes_the_recipe_of_the_run(chosen_with, earlier):
    tuned = chosen_with("images.npy", "--from", "earlier", "--epochs", 2)
    assert (tuned.name, tuned.training.epochs, tuned.network.hidden) == ("images", 2, (16,))
    assert tuned.training.start_from == str(earlier.folder.resolve())
    assert chosen_with("--from", "earlier").name == "quick-tuned"
    assert chosen_with("--from", "earlier", "--name", "mine").name == "mine"


@pytest.fixture
def chosen_with(monkeypatch):
    """The recipe that `freyvae train` makes of its arguments."""
    from freyvae.__main__ import main
    from freyvae.cli.commands import train as command

    made = []
    monkeypatch.setattr(command, "_train", lambda recipe, **others: made.append(recipe))

    def choose(*arguments):
        assert main(["train", *map(str, arguments)]) == 0
        return made[-1]

    return choose
