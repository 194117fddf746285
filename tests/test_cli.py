"""The commands as a user types them: their files, their output, and their errors."""

import contextlib
import csv
import dataclasses
import hashlib
import io
import json
import os
import re
import resource
import shutil
import subprocess
import sys
from pathlib import Path

import keras
import numpy as np
import pytest
from PIL import Image
from pyarrow import parquet
from rich.console import Console

from freyvae import cli, training
from freyvae.__main__ import main
from freyvae.choice import Kinds
from freyvae.cli.words import _arguments
from freyvae.data import frey_faces as frey_faces_module
from freyvae.data import load_images
from freyvae.errors import BadInput, TrainingFailed
from freyvae.model import VAE
from freyvae.recipe import Recipe, load_recipe, recipe_names
from freyvae.recipe.recipe import SECTIONS, recipe_hints, short_name
from freyvae.reporting.pictures import album
from freyvae.run import Run
from freyvae.training.callbacks import ProgressBar, Recorder
from freyvae.training.checkpoint import Progress


def every_command(app, above=""):
    """The full names of all commands, and of groups of commands."""
    for name in app:
        if not name.startswith("-"):
            yield f"{above}{name}"
            yield from every_command(app[name], f"{above}{name} ")


COMMANDS = [*every_command(cli.app)]
GROUPS = {command.rpartition(" ")[0] for command in COMMANDS}
QUICK = ["--epochs", "2", "--batch-size", "10", "--hidden", "8", "--latent-dim", "2"]


@pytest.fixture(autouse=True)
def _own_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path))


@pytest.fixture
def few_pictures(monkeypatch):
    """Draw nothing, since it takes time, and the tests of pictures cover it."""
    monkeypatch.setattr(album, "CAPTIONS", {"examples": album.CAPTIONS["examples"]})


@pytest.fixture
def screen(monkeypatch):
    """Set the width of the terminal."""
    return lambda columns: monkeypatch.setattr(cli.app, "_console", Console(width=columns))


@dataclasses.dataclass
class Said:
    code: int
    out: str
    err: str


@pytest.fixture
def say(capsys):
    """Run a command; return its exit code and its output."""

    def type_command(*arguments):
        capsys.readouterr()
        code = main([str(argument) for argument in arguments])
        return Said(code, *capsys.readouterr())

    return type_command


@pytest.fixture
def refused(say, tmp_path):
    """Run a command that must be refused with exit code 2, one line, and no file changed. Return the line."""

    def type_command(*arguments, code=2):
        before = files(tmp_path)
        said = say(*arguments)
        assert said.code == code, said
        assert said.out == ""
        assert said.err.startswith("freyvae: ")
        assert said.err.count("\n") == 1, said.err
        assert files(tmp_path) == before
        return said.err.removeprefix("freyvae: ").removesuffix("\n")

    return type_command


def picture_size(path):
    with Image.open(path) as picture:
        return picture.size


def files(folder):
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in folder.rglob("*")
        if path.is_file()
    }


@pytest.fixture(scope="module")
def pictures_folder(tmp_path_factory):
    """A folder of 30 pictures, as a user may have it."""
    folder = tmp_path_factory.mktemp("home") / "cells.v2"
    folder.mkdir()
    random = np.random.default_rng(0)
    for number in range(30):
        Image.fromarray(random.integers(0, 256, (7, 6), dtype="uint8")).save(folder / f"{number}.png")
    return folder


@pytest.fixture(scope="module")
def trained(pictures_folder, tmp_path_factory):
    """`freyvae train cells.v2/ --out ...` with the recipe for folders: the run, and the output."""
    out, err = io.StringIO(), io.StringIO()
    folder = tmp_path_factory.mktemp("runs") / "cells"
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        code = main(["train", str(pictures_folder), "--out", str(folder), *QUICK])
    return Run(folder), Said(code, out.getvalue(), err.getvalue())


@pytest.fixture
def run(trained):
    return trained[0].folder


# --- train ---


def test_a_folder_of_pictures_is_trained_on_drawn_and_reported(trained, pictures_folder):
    run, said = trained
    assert said.code == 0
    recipe = run.recipe
    assert recipe == load_recipe("images").replace(
        name="cells.v2",
        data=str(pictures_folder),
        epochs=2,
        batch_size=10,
        hidden=(8,),
        latent_dim=2,
        **{"likelihood.channel_palette": "none"},
    )
    assert {path.name for path in run.folder.iterdir()} >= {
        "recipe.toml",
        "model.keras",
        "history.csv",
        "metrics.json",
        "pictures",
        "report.html",
    }
    assert {path.stem for path in run.pictures_path.iterdir()} >= set(album.CAPTIONS) - {
        "network",
        "oddest",
        "traversals",
        "weights",
    }
    assert f"look at {run.report_path}" in said.out
    assert "held-out free energy" in said.out


def test_progress_is_plain_lines_where_there_is_no_terminal(trained):
    lines = trained[1].err.splitlines()
    assert [line.split(":")[0] for line in lines[:2]] == ["epoch 1/2", "epoch 2/2"]
    assert "held out" in lines[0]
    assert "nats per image" in lines[0]
    assert "\x1b" not in trained[1].err + trained[1].out


def test_metrics_hold_what_was_promised(trained):
    metrics = trained[0].read_metrics()
    for name in (
        "val_free_energy_nats",
        "val_rate_nats",
        "val_distortion_nats",
        "val_loss",
        "epochs",
        "seconds",
        "compile_seconds",
        "images_per_second",
        "seed",
        "data",
        "split",
        "backend",
    ):
        assert name in metrics
    assert metrics["val_free_energy_nats"] == pytest.approx(metrics["val_distortion_nats"] + metrics["val_rate_nats"])
    assert (metrics["epochs"], metrics["seed"], metrics["split"]) == (2, 0, "random")
    assert metrics["images_per_second"] == pytest.approx(2 * metrics["train_images"] / metrics["seconds"])


def test_a_finished_run_is_reloaded_and_says_so(say, run, pictures_folder):
    before = files(run)
    said = say("train", pictures_folder, "--out", run, *QUICK)
    assert said.code == 0
    assert "reloaded. `--fresh` trains anew, on the images as they are now." in said.err
    assert "held-out free energy" in said.out
    again = say("train", pictures_folder, "--out", run, *QUICK, "--quiet")
    assert again == Said(0, "", "")
    # a run's own recipe is that run
    fed_back = say("train", "--recipe", run / "recipe.toml", "--out", run)
    assert "reloaded" in fed_back.err
    assert files(run) == before


class Terminal(io.StringIO):
    def isatty(self):
        return True


def test_quiet_trains_and_says_nothing_even_on_a_terminal(pictures_folder, few_pictures, monkeypatch, capsys):
    monkeypatch.setattr(sys, "stderr", Terminal())
    assert main(["train", str(pictures_folder), *QUICK, "-q"]) == 0
    assert sys.stderr.getvalue() == capsys.readouterr().out == ""
    assert Run("runs/cells.v2").is_finished


def test_progress_is_one_bar_on_a_terminal(monkeypatch, tmp_path):
    monkeypatch.setattr(sys, "stderr", Terminal())
    monkeypatch.setenv("TERM", "xterm")
    lines = []
    recorder = Recorder(
        Run(tmp_path), Recipe().replace(epochs=20), Progress(rows=[], seconds=0.0, data_sha256=""), say=print
    )
    bar = ProgressBar(recorder, say=lines.append)
    bar.on_train_begin()
    for epoch in range(20):
        bar.on_epoch_end(epoch, {"free_energy": 9.0 - epoch, "val_free_energy": 10.0 - epoch})
    bar.close()
    shown = sys.stderr.getvalue()
    assert lines == []
    assert "epoch 20/20" in shown
    assert "free energy -10.0, held out -9.0 nats per image" in shown
    # the bar is redrawn in place, and the cursor is shown again at the end
    assert "\x1b[2K" in shown
    assert shown.rindex("\x1b[?25h") > shown.rindex("\x1b[?25l")


def test_a_run_of_another_recipe_is_not_overwritten(refused, run, pictures_folder):
    line = refused("train", pictures_folder, "--out", run, *QUICK, "--seed", 3)
    assert "holds a run of another recipe (seed 0, not 3)" in line


def test_seeds_are_trained_at_once_each_a_run_and_a_table_of_all_is_printed(say, refused, pictures_folder):
    command = ["train", pictures_folder, "--out", "many", *QUICK, "--seeds", 2]
    said = say(*command)
    assert said.code == 0, said
    assert said.out.startswith("cells.v2 over 2 seeds, 0 to 1, on ")
    line = r"^Free energy, validation, nats per image +\d+\.\d\d +\d+\.\d\d +\d+\.\d\d +\d+\.\d\d$"
    assert re.search(line, said.out, re.MULTILINE)
    assert "look at many/report.html" in said.out
    page = Path("many/report.html").read_text()
    # of each number a dot a seed, and the curves of both
    assert page.count('<i class="dot"') == 2 * page.count('class="spread ')
    assert page.count("<img ") == 1
    assert "seed-1/report.html" not in page
    assert "training 2 seeds" in said.err
    assert json.loads(Path("many/seeds.json").read_text())["seeds"] == [0, 1]
    assert say("measure", "many/seed-1", "--samples", 10).code == 0
    assert say(*command, "-q").code == 0
    assert '<a href="seed-1/report.html">seed 1</a>' in Path("many/report.html").read_text()
    assert "2 of 2 seeds are trained: reloaded" in say(*command).err
    assert "--seeds must be from 1 to 200, not 0" in refused("train", pictures_folder, *QUICK, "--seeds", 0)
    assert "--seeds must be a whole number, not '1.5'" in refused("train", pictures_folder, "--seeds", 1.5)


@pytest.fixture
def chosen(monkeypatch):
    """The recipe that `train` would train, without a training."""
    choices = {}

    def record(recipe, **others):
        choices.update(recipe=recipe, **others)

    monkeypatch.setattr("freyvae.cli.commands.train._train", record)

    def choose(*arguments):
        choices.clear()
        assert main(["train", *map(str, arguments)]) == 0
        return choices["recipe"]

    choose.choices = choices
    return choose


def test_data_is_positional_or_a_flag(chosen):
    assert chosen() == load_recipe("frey-faces")
    assert chosen("synthetic-faces") == chosen("--data", "synthetic-faces")
    assert chosen("synthetic-faces") == load_recipe("frey-faces").replace(
        name="synthetic-faces", data="synthetic-faces"
    )
    assert chosen("frey-faces", "--recipe", "blog-2016") == load_recipe("blog-2016")
    Path("cells").mkdir()
    cells = load_recipe("images").replace(name="cells", data=str(Path("cells").resolve()))
    assert chosen("cells/") == chosen("--data=cells/") == cells
    assert chosen("cells", "--recipe", "images").name == "images"
    assert chosen("cells", "--name", "mine").name == "mine"
    Path("cells.csv").touch()
    for given, kept in (("cells.csv", ""), ("cells.csv:stage", ":stage")):
        assert chosen("cells", "--labels", given).data.labels == f"{Path('cells.csv').resolve()}{kept}"


@pytest.mark.parametrize(
    ("path", "name"), [("a.npy", "a"), ("a/b.c.npz", "b.c"), (".photos", "photos"), ("/", "images"), ("v1.5/", "v1.5")]
)
def test_a_run_is_named_after_its_data(chosen, tmp_path, path, name):
    (tmp_path / "v1.5").mkdir()
    assert chosen(path).name == name


def test_the_other_flags_of_train(chosen):
    chosen("--out", "x", "--fresh", "--quiet")
    assert {name: str(chosen.choices[name]) for name in ("out", "fresh", "quiet")} == {
        "out": "x",
        "fresh": "True",
        "quiet": "True",
    }


OTHERS = {
    "name": "mine",
    "image_size": "28x20",
    "grey": True,
    "levels": "-1000:3000",
    "labels": "labels.csv:stage",
    "strict": True,
    "freeze": ("encoder", "decoder_1"),
    "from": "runs/earlier",
    "split": "blocked",
    "validation": 200,
    "test": 0.25,
    "split_seed": 7,
    "latent_dim": 3,
    "latent_names": ("light", "age"),
    "hidden": (64, 64),
    "activation": "tanh",
    "network": "gated-convolutions",
    "network.width": 8,
    "likelihood.components": 5,
    "objective": "importance-weighted",
    "dropout": 0.1,
    "precision": "bfloat16",
    "minutes": 2.5,
    "flip": 0.5,
    "binarize": True,
    "network.patch": 2,
    "network.depth": 3,
    "network.blocks": 2,
    "network.detail_channels": 3,
    "likelihood.scale_per": "channel",
    "likelihood.context": "neighbourhood",
    "likelihood.thinning": 8,
    "likelihood.reach": 6,
    "likelihood.context_width": 24,
    "likelihood.coupled": True,
    "likelihood.channel_palette": "image",
    "objective.guidance": 0.5,
    "likelihood": "gaussian",
    "posterior": "planar",
    "flow_length": 3,
    "prior": "vamp",
    "prior_components": 20,
    "beta": 0.5,
    "warm_up_epochs": 4,
    "importance_samples": 5,
    "free_bits": 0.05,
    "autoregressive": True,
    "standardize": True,
    "noise_scale": 0.1,
    "average_distortion": True,
    "start_at_mean": False,
    "shift": 0.5,
    "optimizer": "sgd",
    "learning_rate": 1e-4,
    "schedule": "cosine",
    "weight_decay": 0.01,
    "gradient_clip": 3.0,
    "ema_momentum": 0.99,
    "epochs": 5,
    "patience": 3,
    "batch_size": 6,
    "seed": 8,
}
FIELDS = {short_name(full): full for full in recipe_hints() if full != "data.source"}


def with_its_kind(recipe, name):
    """Changes that give a recipe the field of this name: another kind of a choice, if the default has no such field."""
    section, _, field = FIELDS[name].partition(".")
    kinds = SECTIONS.get(section)
    if not field or not isinstance(kinds, Kinds) or FIELDS[name] in recipe.fields():
        return {}
    return {section: kinds.having(field)[0]}


@pytest.mark.parametrize("name", FIELDS)
def test_every_field_of_a_recipe_is_overridden_by_its_flag(chosen, name):
    flag, value = f"--{name.replace('_', '-')}", OTHERS[name]
    if value is False:
        arguments = [flag.replace("--", "--no-")]
    else:
        arguments = [flag, *([] if value is True else value if isinstance(value, tuple) else [value])]
    possible = 0
    for recipe in map(load_recipe, recipe_names()):
        kind = with_its_kind(recipe, name)
        try:
            expected = recipe.replace(**kind, **{name: value})
        except BadInput:  # a value that does not fit the other choices of the recipe
            continue
        possible += 1
        kinds = [part for section, chosen_kind in kind.items() for part in (f"--{section}", chosen_kind)]
        changed = chosen("--recipe", recipe.name, *kinds, *arguments)
        assert changed == expected
        found = changed.fields()[FIELDS[name]]
        assert (found, type(found)) == (value, type(value))
    assert possible


def test_what_does_not_go_together_is_refused_by_its_flag(refused):
    line = refused("train", "--flow-length", 3)
    assert "the posterior diagonal-normal has no length: only inverse-autoregressive, planar and sylvester" in line
    assert "--flow-length must be at least 1" in refused("train", "--posterior", "planar", "--flow-length", 0)
    assert "--image-size" not in line


def test_lists_and_switches_are_taken_back(chosen):
    assert chosen("--no-latent-names", "--no-hidden").network.hidden == ()
    assert chosen("--recipe", "blog-2016", "--no-average-distortion").objective.average_distortion is False
    assert chosen("--recipe", "blog-2016", "--start-at-mean").network.start_at_mean is True
    assert chosen("--hidden", 3, "--hidden", 4).network.hidden == chosen("--hidden", 3, 4).network.hidden == (3, 4)


def test_a_field_is_known_by_its_full_name_too(chosen):
    full = chosen("--network.hidden", 3, 4, "--training.batch-size=7", "--split", "random", "--split.seed", 5)
    assert full == chosen("--hidden", 3, 4, "--batch-size=7", "--split", "random", "--split-seed", 5)
    assert chosen("--no-network.start-at-mean") == chosen("--no-start-at-mean")


@pytest.mark.parametrize("latents", [1, 16, 64])
def test_another_number_of_latents_drops_the_recipes_names(chosen, latents):
    assert chosen().latent_names == ("humour", "pose")
    assert chosen("--latent-dim", latents).latent_names == ()
    assert chosen("--latent-dim", latents, "--latent-names", "light").latent_names == ("light",)


# --- JSON ---

# what a command prints on standard output; none serves a page
PRINTING = sorted(set(COMMANDS) - GROUPS - {"explore", "--install-completion"})


@pytest.mark.parametrize("command", PRINTING)
def test_every_command_that_prints_has_json(command):
    named = cli.app
    for word in command.split():
        named = named[word]
    assert "--json" in {argument.name for argument in named.assemble_argument_collection()}


def test_json_is_all_that_is_printed_and_says_what_words_say(say, run, pictures_folder):
    def json_of(*arguments):
        said = say(*arguments, "--json")
        assert said.code == 0, said
        return json.loads(said.out)

    trained = json_of("train", pictures_folder, "--out", run, *QUICK)
    metrics = json.loads((run / "metrics.json").read_text())
    assert trained["run"] == str(run)
    assert trained["val_free_energy_nats"] == metrics["val_free_energy_nats"]
    assert trained["report"] == str(run / "report.html")
    assert json_of("sample", run, "--count", 3, "--out", "three.npy") == {"written": ["three.npy"]}
    assert np.load("three.npy").shape[0] == 3
    assert json_of("recipes", "list") == {"recipes": list(recipe_names())}
    assert json_of("recipes", "print", "frey-faces")["latent_dim"] == 2
    shown = json_of("data", "show", pictures_folder)
    assert (shown["images"], shown["image_shape"], shown["written"]) == (30, [7, 6, 1], ["examples.png"])
    compressed = json_of("compress", run, "--quiet")
    assert compressed["bits_per_dim"] == pytest.approx(8 * compressed["file_bytes"] / compressed["values"])
    assert Path(compressed["written"][0]).stat().st_size == compressed["file_bytes"]
    near = json_of("neighbours", run, pictures_folder, "--count", 2)
    assert (near["precision"], near["written"]) == (None, ["neighbours.csv"])


# --- help ---


@pytest.mark.parametrize("columns", [80, 120])
@pytest.mark.parametrize("command", ["", *COMMANDS])
def test_every_command_has_help_that_fits(say, screen, command, columns):
    screen(columns)
    said = say(*command.split(), "--help")
    assert (said.code, said.err) == (0, "")
    assert said.out.startswith(f"Usage: freyvae {command}".rstrip())
    assert all(len(line) <= columns for line in said.out.splitlines())
    assert "…" not in said.out


A_COMMAND = '''"""Words of welcome."""

from freyvae.cli.apps import app
from freyvae.console import print_lines


@app.command
def greet(name: str) -> None:
    """Greet a person.

    Args:
        name: of the person.
    """
    print_lines(f"Hello {name}")
'''


def test_a_command_is_there_when_its_file_is(tmp_path):
    package = shutil.copytree(Path(cli.__file__).parents[1], tmp_path / "freyvae")

    def freyvae(*words):
        environment = os.environ | {"PYTHONPATH": str(tmp_path)}
        line = [sys.executable, "-m", "freyvae", *words]
        return subprocess.run(line, env=environment, capture_output=True, text=True, check=False, timeout=60)

    assert freyvae("greet", "Frey").returncode == 2
    (package / "cli" / "commands" / "greet.py").write_text(A_COMMAND)
    assert freyvae("greet", "Frey").stdout == "Hello Frey\n"
    names = re.findall(r"^│ (\w+)", freyvae("--help").stdout, re.MULTILINE)
    assert names == sorted({command.split()[0] for command in COMMANDS} | {"greet"})


def test_every_flag_of_train_says_what_it_does_and_its_default(say, screen):
    screen(400)
    page = say("train", "--help").out
    for name, full in FIELDS.items():
        (line,) = [line for line in page.splitlines() if f" --{name.replace('_', '-')} " in line]
        assert recipe_hints()[full][1] in line
        assert "[default: " in line
        for kind in SECTIONS.get(full, ()):
            assert kind in line
    for section in SECTIONS:
        assert f"Section {section}" in page
    for flag in ("--data", "--recipe", "--out", "--fresh", "--quiet"):
        (line,) = [line for line in page.splitlines() if f" {flag} " in line]
        assert "[default: " in line
    sizes = "12 in frey-density; 32 in images; 32 in images-density; 64 in sylvester-vae-2018; 40 in vamp-vae-2018"
    assert f"[default: 2; {sizes}]" in page
    assert "[default: 1.0; 0.01 in blog-2016]" in page
    recipes = ("frey-density", "images", "images-density", "sylvester-vae-2018", "vamp-vae-2018")
    others = "; ".join(f"none in {recipe}" for recipe in recipes)
    assert f"[default: humour pose; {others}]" in page


@pytest.mark.parametrize("command", [command for command in COMMANDS if command not in GROUPS])
def test_every_flag_of_every_command_has_a_default_or_is_required(say, screen, command):
    screen(400)
    for line in say(*command.split(), "--help").out.splitlines():
        words = line.strip("│ ").split()
        if line.startswith("│") and any(word.startswith("--") and word != "--codes" for word in words):
            assert "[default: " in line or "[required]" in line, line


def test_version_and_help_without_a_command(say):
    import freyvae

    assert say("--version") == Said(0, f"{freyvae.__version__}\n", "")
    assert say().out == say("--help").out


def test_the_shell_completes(say, tmp_path):
    said = say("--install-completion", "--shell", "bash", "--output", tmp_path / "completion")
    assert said.code == 0
    script = (tmp_path / "completion").read_text()
    assert "freyvae" in script
    assert "--latent-dim" in script
    subprocess.run(["bash", "-n", str(tmp_path / "completion")], check=True)


# --- recipes ---


def test_recipes_are_listed(say):
    assert say("recipes", "list").out.split() == recipe_names()


@pytest.mark.parametrize("name", recipe_names())
def test_a_printed_recipe_fed_back_is_the_same_recipe(say, chosen, tmp_path, name):
    printed = say("recipes", "print", name).out
    (tmp_path / "mine.toml").write_text(printed)
    assert chosen("--recipe", "mine.toml") == load_recipe(name)
    assert say("recipes", "print", "mine.toml").out == printed


# --- what a trained run gives ---


def test_show_draws_again(say, run, few_pictures):
    (run / "report.html").unlink()
    (run / "pictures" / "examples.png").unlink()
    said = say("show", run)
    assert said.code == 0
    assert "look at" in said.out
    assert (run / "report.html").is_file()
    assert (run / "pictures" / "examples.png").is_file()


def test_sample(say, run, tmp_path):
    assert say("sample", run).out == "samples.png\n"
    assert picture_size("samples.png") == (13 * 20 * 6, 13 * 5 * 7)  # 20 columns and 5 rows of 6 by 7 pixels, enlarged
    for name in ("a.npy", "b.npy"):
        assert say("sample", run, "--count", 3, "--seed", 1, "--out", name).code == 0
    images = np.load("a.npy")
    assert (images.shape, images.dtype) == ((3, 7, 6, 1), np.uint8)
    np.testing.assert_array_equal(images, np.load("b.npy"))
    say("sample", run, "--count", 3, "--seed", 2, "--out", "b.npy")
    assert (images != np.load("b.npy")).any()


def test_encode_and_decode_and_that_they_agree_with_the_model(say, run, pictures_folder):
    assert say("encode", run, pictures_folder).out == "codes.csv\n"
    assert say("encode", run, pictures_folder, "--out", "codes.npy").code == 0
    vae, images = Run(run).load_model(), load_images(pictures_folder)
    codes = np.load("codes.npy")
    np.testing.assert_array_equal(codes, vae.encode(images.images))
    assert say("encode", run, pictures_folder, "--out", "codes.parquet").code == 0
    table = parquet.read_table("codes.parquet")
    assert tuple(table["file"].to_pylist()) == images.files
    np.testing.assert_array_equal(np.column_stack(table.columns[1:]), codes)
    assert say("encode", run, pictures_folder, "--refine", 2, "--out", "refined.npy").code == 0
    np.testing.assert_allclose(np.load("refined.npy"), vae.encode(images.images, refine=2), rtol=1e-4, atol=1e-4)
    with open("codes.csv", newline="") as file:
        header, *rows = csv.reader(file)
    assert header == ["image", "z1", "z2"]
    assert [row[0] for row in rows] == [f"{number}.png" for number in range(30)]
    np.testing.assert_array_equal(np.array([row[1:] for row in rows], "float32"), codes)
    for name in ("codes.csv", "codes.npy"):
        assert say("decode", run, "--codes", name, "--out", "images.npy").out == "images.npy\n"
        np.testing.assert_allclose(np.load("images.npy"), vae.decode(codes) * 255, atol=0.501)
    assert say("decode", run, "--codes", "codes.csv").out == "decoded.png\n"
    assert picture_size("decoded.png") == (13 * 20 * 6, 13 * 2 * 7)
    # z2,z1 are not z1,z2, and a spreadsheet begins with a byte-order mark
    one = b"\xef\xbb\xbfz2,z1\r\n-1,0.5\r\n"
    Path("turned.csv").write_bytes(one)
    assert say("decode", run, "--codes", "turned.csv", "--out", "turned.npy").code == 0
    np.testing.assert_allclose(np.load("turned.npy"), vae.decode([[0.5, -1.0]]) * 255, atol=0.501)


def test_images_whose_file_name_is_no_utf8_are_encoded(say, run, tmp_path):
    (tmp_path / "odd").mkdir()
    names = [b"caf\xe9.png", b"=1+1.png", b"a\tb.png"]
    for name in names:
        Image.new("L", (6, 7)).save(tmp_path / "odd" / "a.png")
        (tmp_path / "odd" / "a.png").rename(os.fsdecode(os.fsencode(tmp_path / "odd") + b"/" + name))
    assert say("encode", run, "odd").code == 0
    with open("codes.csv", newline="", encoding="utf-8") as file:
        assert sorted(row[0] for row in csv.reader(file)) == ["'=1+1.png", r"a\x09b.png", r"caf\xe9.png", "image"]
    assert say("decode", run, "--codes", "codes.csv").code == 0


def test_a_damaged_or_edited_table_of_codes_is_refused_with_what_to_do(say, refused, run, pictures_folder):
    say("encode", run, pictures_folder)
    text = Path("codes.csv").read_text()
    place = text.rindex(".") + 1
    Path("codes.csv").write_text(text[:place] + str(9 - int(text[place])) + text[place + 1 :])
    line = refused("decode", run, "--codes", "codes.csv")
    assert "codes.csv is not the file whose checksum is in codes.csv.sha256" in line
    assert "remove codes.csv.sha256 if it was edited on purpose" in line
    Path("codes.csv.sha256").unlink()
    assert say("decode", run, "--codes", "codes.csv").code == 0


def test_decode_takes_numbers_negative_ones_too(say, run):
    assert say("decode", run, "-0.5", "-1e-3", "--out", "one.npy").code == 0
    expected = Run(run).load_model().decode([[-0.5, -1e-3]])
    np.testing.assert_allclose(np.load("one.npy"), expected * 255, atol=0.501)
    assert say("decode", run, 1, 2).code == 0


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        ([], "give the numbers of one code, or a file of codes with --codes"),
        (["1", "2", "--codes", "codes.csv"], "give the numbers of one code, or a file"),
        (["1"], "is 2 numbers, one a latent, not 1"),
        (["1", "2", "-3"], "is 2 numbers, one a latent, not 3"),
        (["nan", "1"], "must be finite"),
        (["1e308", "1"], "must be finite"),
        (["--codes", "header.csv"], "holds no codes: there is not one number in it"),
        (["1", "two"], "LATENTS must be a number, not 'two'"),
        (["1", "2", "--out", "a.jpg"], "a.jpg must end in .png or .npy"),
        (["--codes", "away.csv"], "No such file"),
        (["--codes", "three.csv"], "is 2 numbers, one a latent, not 3"),
    ],
)
def test_codes_that_do_not_fit_are_refused(refused, run, tmp_path, arguments, line):
    (tmp_path / "three.csv").write_text("a,b,c\n1,2,3\n")
    (tmp_path / "header.csv").write_text("image,z1,z2\n")
    (tmp_path / "decoded.png").write_bytes(b"precious")
    assert line in refused("decode", run, *arguments)


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        (["--count", "0"], "count must be a whole number and at least 1, not 0"),
        (["--count", str(10**12)], "GiB are free: ask for fewer"),
        (["--seed", "-1"], "--seed must be a whole number from 0 to"),
        (["--seed", str(2**32)], "--seed must be a whole number from 0 to"),
        (["--count", "1.5"], "--count must be a whole number, not '1.5'"),
        (["--out", "/proc/freyvae/samples.png"], "cannot write /proc/freyvae/samples.png"),
    ],
)
def test_samples_that_cannot_be_are_refused(refused, run, arguments, line):
    assert line in refused("sample", run, *arguments)


def test_compress_and_decompress(say, run, pictures_folder):
    said = say("compress", run)
    assert (said.code, said.err) == (0, "")
    lines = said.out.splitlines()
    assert lines[0] == "File size: 3 test images of cells.v2"
    assert lines[-1] == "images.freyvae"
    for row in ("the file", "the model's free energy", "PNG, one file an image", "JPEG-XL, one mosaic of all"):
        assert any(line.strip().startswith(row) for line in lines)
    said = say("decompress", run, "images.freyvae")
    assert said == Said(0, "3 images, every byte as it was compressed: their checksum is right\ndecompressed.npy\n", "")

    said = say("compress", run, pictures_folder, "--out", "all.freyvae")
    assert said.out.startswith("File size: 30 images of cells.v2")
    assert say("decompress", run, "all.freyvae", "--out", "again", "--quiet") == Said(0, "", "")
    np.testing.assert_array_equal(load_images("again").images, load_images(pictures_folder).images)


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        (["--split", "tset"], "unknown split 'tset': choose one of test, validation, training"),
        (["good.npy", "--split", "test"], "--split chooses among the run's own images"),
        (["good.npy"], "the model takes 7 x 6 grey images, but these are 4 x 4 grey images"),
        (["nowhere"], "nowhere: no such folder or file"),
        (["--out", "/proc/freyvae/a"], "cannot write /proc/freyvae/a"),
    ],
)
def test_images_that_cannot_be_compressed_are_refused(refused, run, arguments, line):
    np.save("good.npy", np.arange(48, dtype="uint8").reshape(3, 4, 4) * 5)
    Path("images.freyvae").write_bytes(b"precious")
    assert line in refused("compress", run, *arguments)


def test_files_that_cannot_be_decompressed_are_refused(refused, run):
    Path("images.freyvae").write_bytes(b"precious")
    assert "images.freyvae is not a file of `freyvae compress`" in refused("decompress", run, "images.freyvae")
    assert "cannot read away" in refused("decompress", run, "away")
    assert "must end in .npy, or be a folder" in refused("decompress", run, "images.freyvae", "--out", "a.png")


# --- data ---


def test_data_fetch_verifies_and_keeps_a_file_that_one_has(say, refused, tmp_path, monkeypatch, frey_faces):
    import scipy.io

    monkeypatch.setattr(frey_faces_module, "SOURCES", ())
    monkeypatch.setattr(frey_faces_module, "_cache_folder", lambda: tmp_path / "cache")
    scipy.io.savemat(tmp_path / "mine.mat", {"ff": frey_faces.reshape(1965, 560).T})
    said = say("data", "fetch", "frey-faces", "--from", tmp_path / "mine.mat")
    assert (said.code, said.out) == (0, f"{tmp_path / 'cache' / 'frey_rawface.mat'}\n")
    (tmp_path / "other.mat").write_bytes(b"MATLAB, or so it says")
    assert "not the Frey faces" in refused("data", "fetch", "frey-faces", "--from", "other.mat")
    assert "can't be read" in refused("data", "fetch", "frey-faces", "--from", "away.mat")
    assert 'Choose from: "frey-faces"' in refused("data", "fetch", "fray-faces")


def test_levels_are_asked_for_given_and_said_on_the_way_in(say, refused, run, pictures_folder, tmp_path):
    images = load_images(pictures_folder).images
    deep = tmp_path / "deep"
    deep.mkdir()
    for number, image in enumerate(images[..., 0]):
        Image.fromarray(image.astype("uint16") * 16).save(deep / f"{number}.png")
    (deep / "notes.txt").write_text("12 bits")
    for command in (["encode", run, deep], ["compress", run, deep], ["data", "show", deep], ["train", deep, *QUICK]):
        assert "deep: uint16 pixels from 0 to 4080, which does not tell" in refused(*command)
        for levels in ("4080", ""):
            assert refused(*command, "--levels", levels).startswith(f"levels {levels!r} is neither LOW:HIGH")
    assert "--levels is for images that are read from a path" in refused("compress", run, "--levels", "0:4080")
    for levels in ("0:4080", "auto"):
        said = say("encode", run, deep, "--levels", levels, "--out", "codes.npy")
        assert said.err == "note: passed over: 1 .txt\n"
        np.testing.assert_array_equal(np.load("codes.npy"), Run(run).load_model().encode(images))
    said = say("data", "show", deep, "--levels", "-4080:4080")
    assert "grey levels 128 to 255" in said.out
    assert said.err == "note: passed over: 1 .txt\n"


def test_what_a_run_was_trained_with_reads_other_images_too(say, copied, pictures_folder):
    images = load_images(pictures_folder).images
    np.save("deep.npy", images.astype("uint16") * 16)
    recipe = copied.recipe.replace(levels="0:4080")
    copied.recipe_path.write_text(recipe.to_toml())
    copied.write_metrics(copied.read_metrics())  # as if it had been trained so
    assert say("encode", copied.folder, "deep.npy", "--out", "codes.npy").code == 0
    np.testing.assert_array_equal(np.load("codes.npy"), copied.load_model().encode(images))
    said = say("encode", copied.folder, "deep.npy", "--levels", "0:65280", "--out", "dark.npy")
    assert "nearly black" in said.err


def test_data_show_says_what_there_is_and_draws_it(say, refused, pictures_folder, tmp_path):
    said = say("data", "show", pictures_folder, "--count", 4, "--columns", 2)
    assert said.code == 0
    lines = said.out.splitlines()
    assert lines[0].startswith("cells.v2: 30 images, 7 x 6 pixels, grey levels ")
    assert lines[1] == "examples.png"
    folder = shutil.copytree(pictures_folder, tmp_path / "cells")
    (folder / "broken.png").write_bytes(b"")
    said = say("data", "show", folder, "--image-size", "4x4", "--grey", "--out", "few.png")
    assert said.err == "left out, unreadable: broken.png: empty\n"
    assert "4 x 4 pixels" in said.out
    assert "unreadable: broken.png: empty" in refused("data", "show", folder, "--strict")
    assert "must end in .png" in refused("data", "show", pictures_folder, "--out", "few.jpg")
    archive = shutil.make_archive(str(tmp_path / "packed"), "gztar", pictures_folder)
    assert say("data", "show", archive).out.startswith("packed: 30 images, 7 x 6 pixels, grey levels ")


# --- the demo ---


def quick_demo(monkeypatch):
    def quick(name):
        return load_recipe(name).replace(epochs=1, hidden=(4,))

    monkeypatch.setattr("freyvae.flags.load_recipe", quick)


def test_the_demo_trains_on_the_real_faces(say, monkeypatch, few_pictures, frey_faces):
    quick_demo(monkeypatch)
    monkeypatch.setattr("freyvae.data.sources.frey_faces.load_frey_faces", lambda progress: frey_faces)
    said = say("demo")
    assert said.code == 0
    run = Run.open("runs/demo")
    assert (run.recipe.data.source, run.read_metrics()["train_images"]) == ("frey-faces", 1800)
    assert run.report_path.is_file()
    assert "DRAWN" not in said.err
    assert "reloaded" in say("demo").err


def test_the_demo_goes_on_with_drawn_faces_and_says_so_loudly(say, monkeypatch, tmp_path, few_pictures):
    quick_demo(monkeypatch)
    monkeypatch.setattr(frey_faces_module, "SOURCES", ())
    monkeypatch.setattr(frey_faces_module, "_cache_folder", lambda: tmp_path / "cache")
    monkeypatch.delenv("FREYVAE_DATA", raising=False)
    said = say("demo", "--out", "shown", "--quiet")
    assert (said.code, said.out) == (0, "")
    assert "THE REAL FACES CAN'T BE HAD" in said.err
    assert "GOING ON WITH DRAWN FACES" in said.err
    run = Run.open("shown-synthetic")
    assert run.recipe.data.source == "synthetic-faces"
    assert "drawn faces, not photographs" in run.report_path.read_text()
    # nothing is left where the real faces would have been
    assert not (tmp_path / "shown").exists()


# --- no ---


@pytest.mark.parametrize(
    ("command", "line"),
    [
        ("trian", 'Unknown command "trian". Did you mean "train"?'),
        ("recipes prnt", 'Unknown command "prnt". Did you mean "print"?'),
        ("train --latnt-dim 3", "Unknown option: --latnt-dim. Did you mean --latent-dim? See `freyvae train --help`."),
        ("train --recipe blog-2015", "no recipe 'blog-2015': did you mean 'blog-2016'?"),
        ("recipes print images.tml", "no recipe 'images.tml': did you mean 'images'?"),
        ("train --recipe mine.toml", "unknown key 'latnt_dim': did you mean 'latent_dim'?"),
        ("train --recipe newer.toml", "has format 3; this freyvae reads up to 2: update freyvae"),
        ("train frey_faces", "frey_faces: no such folder or file; did you mean frey-faces?"),
        ("train --split blog-split", "split cannot be 'blog-split': did you mean 'blog'?"),
        ("train --epochs many", "--epochs must be a whole number, not 'many'; see `freyvae train --help`"),
        ("train --epochs 1.5", "--epochs must be a whole number, not '1.5'"),
        ("train --hidden 4 x", "--hidden must be a whole number, not 'x'"),
        ("train --beta high", "--beta must be a number, not 'high'"),
        ("train --beta inf", "beta must be a number, not inf"),
        ("train --validation most", "--validation must be a count or a fraction, not 'most'"),
        ("train --validation=-1", "validation must be more than 0, not -1"),
        ("train --epochs", "--epochs needs a value"),
        ("train --hidden", "--hidden needs a value"),
        ("train --grey=maybe", "--grey"),
        ("train --epochs 1 --epochs 2", "--epochs specified multiple times"),
        ("train one two", "no more arguments were expected: two"),
        ("sample", "RUN is missing; see `freyvae sample --help`"),
        ("encode run", "DATA is missing"),
        ("train --latent-dim 0", "--latent-dim must be at least 1, not 0"),
        ("train --seed -1", "seed must be at least 0, not -1"),
        ("train --seed 4294967296", "seed must be at most"),
        ("train --image-size big --data images.npy", "image size 'big' is not HEIGHTxWIDTH"),
    ],
)
def test_wrong_usage_names_what_is_wrong_and_suggests_the_nearest(refused, tmp_path, command, line):
    (tmp_path / "mine.toml").write_text("latnt_dim = 3")
    (tmp_path / "newer.toml").write_text("format = 3\nunheard_of = true")
    np.save("images.npy", np.zeros((30, 4, 4), "uint8"))
    assert line in refused(*command.split())


def test_no_flag_of_any_command_rounds_what_should_be_a_whole_number():
    # cyclopts would make 2 of 1.5
    whole = [argument for argument in _arguments(cli.apps.app) if argument.hint in (int, int | None)]
    assert len(whole) > 10
    assert [argument.name for argument in whole if argument.parameter.converter is None] == []


@pytest.fixture
def bad_data(tmp_path, pictures_folder):
    """Examples of all kinds of images that cannot be trained on."""
    (tmp_path / "empty").mkdir()
    (tmp_path / "one").mkdir()
    shutil.copy(pictures_folder / "0.png", tmp_path / "one")
    np.save("zero.npy", np.zeros((30, 0, 4), "uint8"))
    np.save("none.npy", np.zeros((0, 4, 4), "uint8"))
    np.save("range.npy", np.full((30, 4, 4), 1.5))
    np.save("bytes.npy", np.full((30, 4, 4), 255.0))
    np.save("nan.npy", np.full((30, 4, 4), np.nan))
    np.save("channels.npy", np.zeros((30, 4, 4, 17), "uint8"))
    for number, side in enumerate((4, 6, 6, 9)):
        Path("mixed").mkdir(exist_ok=True)
        Image.fromarray(np.zeros((side, 5), "uint8")).save(f"mixed/{number}.png")
    np.save("pickle.npy", np.array([Bomb()]), allow_pickle=True)
    np.save("good.npy", np.random.default_rng(0).integers(0, 256, (30, 4, 4), dtype="uint8"))
    (tmp_path / "cut.npy").write_bytes((tmp_path / "good.npy").read_bytes()[:-9])
    (tmp_path / "words.txt").write_text("words")


class Bomb:
    def __reduce__(self):
        return (pytest.fail, ("a pickle was run",))


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        (["nowhere"], "nowhere: no such folder or file; give a folder, a file, or one of "),
        (["empty"], "empty: no pictures in this folder"),
        (["one"], "a single picture; give the folder that holds all of them"),
        (["zero.npy"], "images of zero size, shape (30, 0, 4)"),
        (["none.npy"], "there are no images"),
        (["range.npy"], "float64 pixels from 1.5 to 1.5, but floats must lie in [0, 1]: give --levels 0:1.5"),
        (["bytes.npy"], "from 255 to 255, but floats must lie in [0, 1]: give --levels 0:255"),
        (["nan.npy"], "NaN or infinite"),
        (["channels.npy"], "17 channels"),
        (["mixed"], "bring them to one with --image-size 6x5, the median: 0 are larger and 1 smaller"),
        (["pickle.npy"], "a pickle, which can run code"),
        (["cut.npy"], "cut.npy: damaged, cut short"),
        (["words.txt"], "can't read images from this kind of file"),
        (["good.npy", "--batch-size", "25"], "batch_size 25 is larger than the 24 training images"),
        (["good.npy", "--validation", "31"], "validation holds out 31 images, but there are only 30"),
        (["good.npy", "--validation", "20", "--test", "10"], "nothing is left to train on"),
        (["good.npy", "--split", "blog"], "there are only 30"),
        (["good.npy", "--out", "/proc/freyvae"], "cannot write /proc/freyvae"),
        (["good.npy", "--out", "one"], "one exists and is not a run folder: choose another with --out"),
        (["good.npy", "--out", "good.npy"], "good.npy exists and is not a run folder"),
        (["good.npy", "--out", "one", "--fresh"], "one exists and is not a run folder"),
    ],
)
def test_bad_input_is_refused_and_nothing_is_lost(refused, bad_data, arguments, line):
    assert line in refused("train", *arguments)


@pytest.mark.parametrize("name", ["nowhere", "empty", "zero.npy", "range.npy", "nan.npy", "channels.npy", "pickle.npy"])
@pytest.mark.parametrize("command", ["encode", "show"])
def test_the_other_commands_refuse_the_same(refused, run, bad_data, name, command):
    arguments = ["encode", run, name] if command == "encode" else ["data", "show", name]
    assert name in refused(*arguments)


def test_images_of_other_channels_than_the_runs_are_refused(refused, run):
    np.save("five.npy", np.random.default_rng(0).integers(0, 256, (3, 7, 6, 5), dtype="uint8"))
    line = refused("encode", run, "five.npy")
    assert "7 x 6 images of 5 channels, but the model of" in line
    assert line.endswith("is for 7 x 6 grey images")


def test_places_that_cannot_be_written_are_refused(refused, run, pictures_folder):
    for name in ("codes.csv", "codes.npy"):
        assert "cannot write /proc/freyvae" in refused("encode", run, pictures_folder, "--out", f"/proc/freyvae/{name}")
    assert "written as .csv, .npy or .parquet" in refused("encode", run, pictures_folder, "--out", "codes.txt")
    assert "cannot write /proc/freyvae" in refused("decode", run, 1, 2, "--out", "/proc/freyvae/a.png")
    assert "cannot write /proc/freyvae" in refused("data", "show", pictures_folder, "--out", "/proc/freyvae/a.png")


def test_a_full_disk_is_one_line_and_what_was_there_stays(refused, run, pictures_folder, tmp_path):
    """A file-size limit of the system stands in for a full disk. The tests of training cover trainings on one."""
    (tmp_path / "codes.csv").write_text("precious")
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100, before[1]))
    try:
        lines = [refused("encode", run, pictures_folder), refused("sample", run)]
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert lines == [
        f"cannot write {name}: File too large; free some space, or choose another place"
        for name in ("codes.csv", "samples.png")
    ]


@pytest.fixture
def copied(run, tmp_path):
    """A copy of the run that a test may damage."""
    return Run(shutil.copytree(run, tmp_path / "copied"))


def _cut(path):
    path.write_bytes(path.read_bytes()[:-100])


def _archive(path):
    with path.open("wb") as file:
        np.savez(file, a=np.zeros(3))


def _foreign(path):
    keras.Sequential([keras.Input((3,)), keras.layers.Dense(2)]).save(path)


def _lambda(path):
    keras.Sequential([keras.Input((3,)), keras.layers.Lambda(lambda values: values + 1)]).save(path)


class Unregistered(keras.layers.Layer):
    def call(self, inputs):
        return inputs


def _unregistered(path):
    keras.Sequential([keras.Input((3,)), Unregistered()]).save(path)


@pytest.mark.parametrize(
    ("spoil", "line"),
    [
        (_cut, "is no Keras model, or is truncated"),
        (lambda path: path.write_text("words"), "is no Keras model, or is truncated"),
        (_archive, "cannot be loaded in safe mode"),
        (_foreign, "holds a Sequential, not a freyvae VAE"),
        (_lambda, "cannot be loaded in safe mode"),
        (_unregistered, "cannot be loaded in safe mode"),
    ],
    ids=["truncated", "words", "zip", "foreign", "lambda", "unregistered"],
)
def test_a_model_that_cannot_be_trusted_is_refused(refused, copied, spoil, line):
    spoil(copied.model_path)
    assert line in refused("sample", copied.folder)


def test_a_finished_run_that_was_spoiled_is_not_said_to_be_reloaded(refused, copied, pictures_folder):
    again = ["train", pictures_folder, *QUICK, "--out", copied.folder, "--quiet"]
    _cut(copied.model_path)
    assert "is no Keras model, or is truncated: train again with --fresh" in refused(*again)
    copied.model_path.unlink()
    copied.model_path.mkdir()
    assert "is a folder, where the run has a file: remove it" in refused(*again)


def test_a_file_that_is_read_is_not_written_over(refused, say, run, pictures_folder, tmp_path):
    np.save("images.npy", load_images(pictures_folder).images)
    assert say("encode", run, "images.npy", "--out", "codes.npy").code == 0
    assert say("compress", run, "images.npy", "--out", "images.freyvae").code == 0
    np.savez("images.npz", cells=np.load("images.npy"), other=[1])
    shutil.copytree(pictures_folder, "cells")
    Path("table.csv").write_text("file,kind\n")
    for command in (
        ["encode", run, "images.npy", "--out", "images.npy"],
        ["compress", run, "images.npy", "--out", tmp_path / "images.npy"],
        ["compress", run, "cells", "--out", "cells/3.png"],
        ["decompress", run, "images.freyvae", "--out", "images.freyvae"],
        ["decode", run, "--codes", "codes.npy", "--out", "./codes.npy"],
        ["data", "show", "cells", "--out", "cells/3.png"],
        ["compress", run, "images.npz:cells", "--out", "images.npz"],
        ["cluster", run, "cells", "--labels", "table.csv:kind", "--out", "table.csv"],
        ["neighbours", run, "cells", "--labels", "table.csv", "--out", "table.csv"],
        ["score", run, "cells", "--labels", "table.csv:kind", "--out", "table.csv"],
    ):
        assert refused(*command).endswith("is read here, and would be lost: choose another --out")


def test_a_part_of_a_run_is_not_written_over(refused, say, copied, run):
    line = f"is a part of the run {copied.folder}, and would be lost: choose another --out"
    for command in (
        ["compress", run, "--out", copied.model_path],
        ["export", run, "--format", "html", "--out", copied.recipe_path],
        ["sample", run, "--out", copied.measured_path.with_suffix(".npy")],
    ):
        if command[0] == "sample":  # other files in the folder of a run may be written, and overwritten
            assert say(*command).code == say(*command).code == 0
        else:
            assert line in refused(*command)


def test_a_model_of_another_shape_than_the_runs_images_is_refused(refused, copied, pictures_folder):
    VAE((5, 5, 1), 2).save(copied.model_path)
    assert "is not the file that metrics.json is about" in refused("encode", copied.folder, pictures_folder)
    copied.write_metrics(copied.read_metrics())  # as if it had been trained so
    assert "7 x 6 grey images, but this model is of 5 x 5" in refused("show", copied.folder)


@pytest.mark.parametrize(
    ("name", "content", "line"),
    [
        ("recipe.toml", "format = 3", "has format 3; this freyvae reads up to 2"),
        ("recipe.toml", 'format = 1\nname = "a"\ndata = "a"\nepochs = 0\nseed = 0', "epochs must be at least 1"),
        ("recipe.toml", "", "lacks format, name, data, seed: it is damaged"),
        ("metrics.json", "{", "cannot read"),
        ("metrics.json", "{}", "lacks val_free_energy_nats"),
        ("history.csv", "epoch,loss\n1,x\n", "cannot read"),
    ],
)
def test_a_run_whose_files_were_spoiled_is_refused(refused, copied, name, content, line):
    (copied.folder / name).write_text(content)
    said = refused("show", copied.folder)
    assert line in said
    assert name in said


@pytest.mark.parametrize("command", ["show", "sample", "encode", "decode"])
def test_what_is_no_run_is_refused(refused, tmp_path, pictures_folder, command):
    more = {"encode": [pictures_folder], "decode": [1, 2]}.get(command, [])
    assert "no run at nowhere" in refused(command, "nowhere", *more)
    assert "is not a run folder" in refused(command, pictures_folder, *more)


# --- exit codes ---


@pytest.mark.parametrize(
    ("error", "code", "line"),
    [
        (TrainingFailed("the loss is no longer a number in epoch 3"), 1, "the loss is no longer a number in epoch 3"),
        (training.Interrupted("stopped after epoch 3 of 9; the same command goes on"), 130, "the same command goes on"),
        (KeyboardInterrupt(), 130, "interrupted"),
        (MemoryError(), 1, "out of memory: try fewer or smaller images, or a smaller --batch-size"),
        (RuntimeError("RESOURCE_EXHAUSTED: Out of memory\nallocating 9 bytes"), 1, "out of memory"),
        (ZeroDivisionError("a\nb"), 1, "ZeroDivisionError: a b (this is a bug; --debug shows where)"),
        (OSError(5, "Input/output error", "disk"), 2, "Input/output error: disk"),
    ],
)
def test_exit_codes(refused, monkeypatch, error, code, line):
    def fail(*arguments, **flags):
        raise error

    monkeypatch.setattr(training, "train_model", fail)
    assert line in refused("train", code=code)


@pytest.mark.parametrize("command", ["--debug train nowhere", "train nowhere --debug", "train --debug --epochs x"])
def test_debug_shows_the_traceback_then_the_line(say, command):
    said = say(*command.split())
    assert said.code == 2
    assert said.err.startswith("Traceback (most recent call last):")
    assert said.err.splitlines()[-1].startswith("freyvae: ")


def test_ctrl_c_in_a_real_process_exits_130_with_one_line():
    script = (
        "import os, signal, sys; from freyvae.__main__ import main; from freyvae.cli.commands import recipes_list\n"
        "recipes_list.recipe_names = lambda: os.kill(os.getpid(), signal.SIGINT)\n"
        "sys.exit(main(['recipes', 'list']))"
    )
    result = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False, timeout=60)
    assert (result.returncode, result.stdout, result.stderr) == (130, "", "freyvae: interrupted\n")


def test_a_reader_that_leaves_early_is_no_error():
    """`freyvae recipes print frey-faces | head -1`, with a `head` that ends before the first line."""
    reading, writing = os.pipe()
    os.close(reading)
    try:
        result = subprocess.run(
            [sys.executable, "-m", "freyvae", "recipes", "print", "frey-faces"],
            stdout=writing,
            stderr=subprocess.PIPE,
            check=False,
            timeout=60,
        )
    finally:
        os.close(writing)
    assert (result.returncode, result.stderr) == (0, b"")


def test_the_console_script_is_this_one():
    from importlib.metadata import entry_points

    (script,) = entry_points(group="console_scripts", name="freyvae")
    assert script.value == "freyvae.entry:main"


@pytest.mark.parametrize("words", [("sample",), ("data", "show"), ("measure",), ("recipes", "print")])
def test_a_home_of_nobody_is_said(refused, words):
    assert "there is no such user: write the path in full" in refused(*words, "~nosuchuser/x")


def test_a_word_without_end_is_cut(refused):
    line = refused("recipes", "x" * 5000)
    assert len(line) < 600
    assert line.endswith("see `freyvae recipes --help`") or "..." in line
