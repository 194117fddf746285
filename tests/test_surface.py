"""A command and the function of its name do the same, and each names arguments in its own way."""

import importlib
import inspect
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import freyvae
from freyvae import cli
from freyvae.__main__ import main
from freyvae.errors import BadInput
from freyvae.run import Run

OF_THE_SHELL = {"quiet", "json"}
# the flags of `train` are a recipe's choices, which its function takes as a recipe
COMMANDS = [name for name in cli.app if name in freyvae.__all__ and name != "train"]


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """A run on noise of 7 by 6 pixels, with two named latents."""
    folder = tmp_path_factory.mktemp("surface")
    np.save(folder / "noise.npy", np.random.default_rng(0).integers(0, 256, (40, 7, 6), np.uint8))
    recipe = freyvae.load_recipe("images").replace(
        data=str(folder / "noise.npy"), epochs=1, batch_size=10, hidden=(8,), latent_dim=2, latent_names=("light",)
    )
    return freyvae.train(recipe, folder / "run", quiet=True, pictures=False)


@pytest.fixture(autouse=True)
def _own_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


@pytest.mark.parametrize("name", COMMANDS)
def test_a_command_is_a_function_with_the_flags_as_arguments(name):
    flags = {
        argument.name.removeprefix("--").replace("-", "_")
        for argument in cli.app[name].assemble_argument_collection()
        if argument.name.startswith("--")
    }
    arguments = set(inspect.signature(getattr(freyvae, name)).parameters)
    positional = {"run", "runs", "vae", "data", "file"}
    assert flags - OF_THE_SHELL - positional <= arguments


@pytest.mark.parametrize("as_given", [lambda run: run, lambda run: run.folder, lambda run: str(run.folder)])
def test_a_run_is_given_as_such_or_by_its_folder(run, as_given):
    assert freyvae.sample(as_given(run), count=3, out="three.npy") == Path("three.npy")
    assert np.load("three.npy").shape == (3, 7, 6, 1)
    with pytest.raises(BadInput, match="run must be a path, not 5"):
        freyvae.sample(5)
    with pytest.raises(BadInput, match="no run at nowhere"):
        freyvae.sample("nowhere")


def test_functions_write_what_commands_write(run, tmp_path, capsys):
    noise = run.recipe.data.source
    functions = {
        "sample": lambda out: freyvae.sample(run, count=4, seed=3, out=out),
        "encode": lambda out: freyvae.encode(run, noise, out=out),
        "decode": lambda out: freyvae.decode(run, [0.5, -1.0], out=out),
    }
    lines = {"sample": ["--count", "4", "--seed", "3"], "encode": [noise], "decode": ["0.5", "-1.0"]}
    for name, function in functions.items():
        assert str(function(f"function-{name}.npy")) == f"function-{name}.npy"
        assert capsys.readouterr() == ("", "")
        assert main([name, str(run.folder), *lines[name], "--out", f"command-{name}.npy"]) == 0
        assert capsys.readouterr() == (f"command-{name}.npy\n", "")
        assert (tmp_path / f"function-{name}.npy").read_bytes() == (tmp_path / f"command-{name}.npy").read_bytes()


def test_codes_go_out_and_come_back(run):
    codes = freyvae.encode(run, run.recipe.data.source)
    assert codes.read_text().splitlines()[0] == "image,light,z2"
    decoded = freyvae.decode(run, codes=codes, out="decoded.npy")
    expected = run.load_model().decode(run.load_model().encode(np.load(run.recipe.data.source)))
    np.testing.assert_array_equal(np.load(decoded), np.rint(255 * expected).astype(np.uint8))


def test_what_cannot_be_decoded_is_refused_in_arguments(run):
    for given in ({}, {"latents": [1, 2], "codes": "codes.csv"}):
        with pytest.raises(BadInput, match="a file of codes with codes="):
            freyvae.decode(run, **given)
    with pytest.raises(BadInput, match=r"a code of .* is 2 numbers, one a latent, not 3"):
        freyvae.decode(run, [1.0, 2.0, 3.0])
    with pytest.raises(BadInput, match="seed must be a whole number from 0"):
        freyvae.sample(run, seed=-1)


def test_what_there_is_to_say_of_images_is_said_to_who_asks(run, tmp_path, capsys):
    folder = tmp_path / "more"
    folder.mkdir()
    Image.fromarray(np.zeros((7, 6), np.uint8)).save(folder / "good.png")
    (folder / "broken.png").write_bytes(b"")
    said = []
    freyvae.encode(run, folder, say=said.append)
    assert "left out, unreadable: broken.png: empty" in said
    freyvae.encode(run, folder)
    assert capsys.readouterr() == ("", "")


def test_measuring_writes_the_report_and_comparing_takes_folders(run, capsys):
    copied = Run(run.folder)
    assert freyvae.measure(copied, samples=2, split="validation", progress=False).measured_split == "validation"
    assert "validation images of " in copied.report_path.read_text()
    assert freyvae.compare([copied, copied.folder]).differences[1].mean == 0.0
    assert capsys.readouterr() == ("", "")


def test_exporting_takes_a_folder_and_returns_files(run, tmp_path):
    paths = freyvae.export(run.folder, "weights", tmp_path / "out")
    assert [path.name for path in paths] == ["weights.npz", "weights.json"]


def test_the_explorer_is_of_a_run_or_of_a_model_and_images(run, monkeypatch):
    served = []
    home = importlib.import_module("freyvae.explorer.explore")
    monkeypatch.setattr(home, "serve", lambda run, **choices: served.append((run.folder, choices["browser"])))
    assert freyvae.explore(run, no_browser=True) is None
    assert freyvae.explore(str(run.folder)) is None
    assert served == [(run.folder, False), (run.folder, True)]
    with pytest.raises(BadInput, match="leave images out"):
        freyvae.explore(run, np.zeros((1, 7, 6), np.uint8))
    with pytest.raises(BadInput, match="needs images"):
        freyvae.explore(run.load_model())


@pytest.mark.parametrize(
    ("library", "shell"),
    [
        ("train again with fresh=True", "train again with --fresh"),
        ("`fresh=True` trains anew.", "`--fresh` trains anew."),
        ("choose another folder with out=..., or wait", "choose another folder with --out, or wait"),
        ('give levels="0:4095", or levels="auto" for 0:99', "give --levels 0:4095, or --levels auto for 0:99"),
        ('the same command with out="my runs/a-2" goes on', "the same command with --out 'my runs/a-2' goes on"),
        ("give batch_size=20 or less", "give --batch-size 20 or less"),
        ("seeds must be from 1 to 200, not 0", "--seeds must be from 1 to 200, not 0"),
        ("latent_dim must be at least 1, not 0", "--latent-dim must be at least 1, not 0"),
        ("choose a smaller width=... or hidden=...", "choose a smaller --network.width or --hidden"),
        ('choose context="neighbourhood"', "choose --likelihood.context neighbourhood"),
        ("likelihood.scale_per=... says so", "--likelihood.scale-per says so"),
        # words that are not arguments of a command, and words within a name or a file
        ("images must be a list, not 5", "images must be a list, not 5"),
        ("cannot read runs/seed=3/recipe.toml: empty", "cannot read runs/seed=3/recipe.toml: empty"),
        ("cannot read my seed=3.npy: empty", "cannot read my seed=3.npy: empty"),
        ("the recipe a.toml: latent_dim must be at least 1", "the recipe a.toml: latent_dim must be at least 1"),
    ],
)
def test_the_library_speaks_of_arguments_and_the_shell_of_flags(library, shell):
    assert cli.in_flags(library) == shell
