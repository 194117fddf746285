"""With any environment, terminal and signals, a command does its work or says in one line why not."""

import json
import os
import signal
import subprocess
import sys
import time

import numpy as np
import pytest

from freyvae.__main__ import main
from freyvae.console import printable
from freyvae.run import Run
from freyvae.signals import handled_by, stop

CHOICES = ["train", "images.npy", "--split", "random", "--hidden", "4", "--batch-size", "16", "-q"]
TRAIN = [*CHOICES, "--epochs", "1", "--out", "run"]


@pytest.fixture(autouse=True)
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    np.save("images.npy", np.random.default_rng(0).integers(0, 256, (40, 6, 5), dtype="uint8"))
    return tmp_path


def freyvae(*arguments, streams="", **environment):
    """Run a command as a shell does, with redirections."""
    return subprocess.run(
        ["sh", "-c", f'exec "$0" -m freyvae "$@" {streams}', sys.executable, *arguments],
        env=os.environ | environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )


def assert_one_line(result, words, code=2):
    assert words in result.stderr
    assert len(result.stderr.splitlines()) == 1, result.stderr
    assert (result.returncode, result.stdout) == (code, "")


@pytest.mark.parametrize(
    ("environment", "words"),
    [
        ({"KERAS_BACKEND": "jaxx"}, "KERAS_BACKEND is 'jaxx': unset it, or choose one of jax, torch, tensorflow"),
        ({"KERAS_BACKEND": "theano"}, "choose one of jax, torch, tensorflow"),
        ({"JAX_PLATFORMS": "cuda"}, "JAX finds no device for JAX_PLATFORMS=cuda"),
        ({"JAX_ENABLE_X64": "maybe"}, "look at ~/.keras/keras.json, and at the variables"),
        ({"keras.json": "[]"}, "Keras cannot be imported"),
        ({"keras.json": '{"floatx": "x"}'}, "Invalid `floatx` configuration"),
    ],
)
def test_settings_that_are_none_are_one_line(here, environment, words):
    if "keras.json" in environment:
        (here / "keras.json").write_text(environment["keras.json"])
        environment = {"KERAS_HOME": str(here)}
    assert_one_line(freyvae(*TRAIN, **environment), words)
    assert not (here / "run").exists()


def test_a_backend_that_is_not_installed_is_one_line(here):
    """A module of this name that cannot be imported stands in for one that is not installed."""
    (here / "torch.py").write_text("raise ModuleNotFoundError(\"No module named 'torch'\")")
    result = freyvae(*TRAIN, KERAS_BACKEND="torch", PYTHONPATH=str(here))
    assert_one_line(result, "KERAS_BACKEND is torch, which cannot be imported")


def test_settings_that_numbers_depend_on_are_settled(here):
    (here / "keras.json").write_text(json.dumps({"floatx": "float16", "image_data_format": "channels_first"}))
    (here / "matplotlibrc").write_text("text.usetex: True\naxes.facecolor: red\n")
    plain = freyvae(*TRAIN)
    odd = freyvae(
        *[word if word != "run" else "odd" for word in TRAIN],
        KERAS_HOME=str(here),
        MPLCONFIGDIR=str(here),
        JAX_DEFAULT_PRNG_IMPL="rbg",
        JAX_THREEFRY_PARTITIONABLE="0",
        JAX_NUMPY_RANK_PROMOTION="raise",
        JAX_DISABLE_JIT="1",
        MPLBACKEND="nonsense",
        KERAS_BACKEND="",
    )
    assert (plain.returncode, plain.stderr, odd.returncode, odd.stderr) == (0, "", 0, "")
    assert Run("run").read_history() == Run("odd").read_history()
    for picture in ("codes.png", "convergence.png"):
        assert (here / "run/pictures" / picture).read_bytes() == (here / "odd/pictures" / picture).read_bytes()


@pytest.mark.parametrize("command", ["recipes list", "--help", "recipes print images", "train --help"])
def test_output_that_is_full_closed_or_left_is_no_traceback(command):
    assert_one_line(freyvae(*command.split(), streams=">/dev/full"), "cannot write to standard output: No space", 1)
    for streams in (">&-", "<&- >&- 2>&-", "| true"):
        result = freyvae(*command.split(), streams=streams)
        assert (result.returncode, result.stderr) == (0, "")


def test_errors_that_nobody_hears_leave_their_exit_code(here):
    for streams in ("2>/dev/full", "2>&-", ">&- 2>&-"):
        result = freyvae("show", "away", streams=streams)
        assert (result.returncode, result.stdout, result.stderr) == (2, "", "")
    # the next file that is opened does not get the number of a closed stream
    result = freyvae("data", "show", "images.npy", "--out", "all.png", streams=">&- 2>&-")
    assert (result.returncode, (here / "all.png").read_bytes()[:4]) == (0, b"\x89PNG")


def test_an_ascii_terminal_gets_what_it_can_show(here):
    (here / "images.npy").rename(here / "画像.npy")
    result = freyvae("data", "show", "画像.npy", PYTHONIOENCODING="ascii:strict")
    assert result.returncode == 0
    assert result.stdout.startswith("\\u753b\\u50cf: 40 images")
    result = freyvae("data", "show", "画像±.npy", PYTHONIOENCODING="ascii:strict")
    assert_one_line(result, "\\u753b\\u50cf\\xb1.npy: no such folder or file")


@pytest.mark.parametrize("columns", ["0", "x", "²", "100000000"])
def test_any_width_of_the_terminal_ends(columns):
    result = freyvae("--help", COLUMNS=columns, LINES=columns)
    assert result.returncode == 0
    assert "train" in result.stdout


def test_names_cannot_command_the_terminal(here, capsys):
    for odd in ("a\x1b]0;title\x07b", "a\nfreyvae: done", "a\x9b31m", "a\u202eb", "a\r\x08"):
        for command in (["show", odd], ["recipes", "print", odd], ["data", "show", odd], ["train", "--recipe", odd]):
            assert main(command) == 2
            captured = capsys.readouterr()
            line = captured.err.removesuffix("\n")
            assert (captured.out, line) == ("", printable(line))
        assert main(["train", "images.npy", "--name", odd]) == 2
        assert "usable as the name of a folder" in capsys.readouterr().err


def test_text_of_any_script_is_printable():
    for text in ("28 × 20 ± 1", "画像　a", "naïve\tcafé", "жизнь"):
        assert printable(text) == text
    assert printable("\x1b[1m\n\udcff") == r"\x1b[1m\n\udcff"


SLOW = """
import sys
from freyvae.__main__ import main
from freyvae.training import callbacks
callbacks.SECONDS_BETWEEN_CHECKPOINTS = 1000.0
sys.exit(main(sys.argv[1:]))
"""


@pytest.mark.parametrize(("name", "seeds"), [("SIGTERM", 1), ("SIGHUP", 1), ("SIGINT", 2)])
def test_what_asks_a_training_to_stop_saves_it_and_the_same_command_goes_on(name, seeds):
    many = ["--seeds", "2"] if seeds > 1 else []
    process = subprocess.Popen(
        [sys.executable, "-c", SLOW, *CHOICES, "--epochs", "30000", "--out", "run", *many],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    run = Run("run/seed-0") if seeds > 1 else Run("run")
    while not run.checkpoint_path.exists() and process.poll() is None:
        time.sleep(0.05)
    process.send_signal(getattr(signal, name))
    _, said = process.communicate(timeout=60)
    assert (process.returncode, said.count("\n")) == (128 + getattr(signal, name), 1), said
    assert said.startswith("freyvae: stopped ")
    done = len(run.read_history()["epoch"])
    assert 0 < done < 30000
    if seeds == 1:  # as if the recipe had had this number of epochs from the beginning
        run.recipe_path.write_text(run.recipe_path.read_text().replace("epochs = 30000", f"epochs = {done + 2}"))
        assert main([*CHOICES, "--epochs", str(done + 2), "--out", "run"]) == 0
        assert len(run.read_history()["epoch"]) == done + 2


def test_signals_that_are_ignored_stay_ignored():
    """Run as with nohup."""
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        assert main(["recipes", "list"]) == 0
        assert signal.getsignal(signal.SIGHUP) is signal.SIG_IGN
    finally:
        signal.signal(signal.SIGHUP, before)


def test_handlers_of_a_program_around_python_stay(monkeypatch):
    changed = []
    monkeypatch.setattr(signal, "getsignal", lambda number: None)
    monkeypatch.setattr(signal, "signal", lambda *arguments: changed.append(arguments))
    with handled_by(stop):
        pass
    assert changed == []


def test_ctrl_c_while_python_still_imports_is_at_most_a_line():
    script = os.path.join(os.path.dirname(sys.executable), "freyvae")
    command = [script] if os.path.exists(script) else [sys.executable, "-m", "freyvae"]
    for step in range(8):
        process = subprocess.Popen([*command, *TRAIN], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        time.sleep(0.15 + 0.15 * step)
        process.send_signal(signal.SIGINT)
        _, said = process.communicate(timeout=60)
        assert process.returncode in (130, -signal.SIGINT), (step, said)
        assert said in ("", "freyvae: interrupted\n"), step
