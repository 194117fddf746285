"""The progress of long work is shown by a bar on a terminal, or passed to the user's own function."""

import io
import os
import re
import select
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from freyvae.bar import _in_words
from freyvae.console import Bar, each, end_waiting, print_lines, say, shown, wait_for
from freyvae.data import load_folder
from freyvae.errors import BadInput


class Terminal(io.StringIO):
    def isatty(self):
        return True


class Told:
    """Records its calls."""

    def __init__(self):
        self.calls = []

    def advance(self, done, total, words):
        self.calls.append((done, total, words))


@pytest.fixture
def terminal(monkeypatch):
    """Make standard error a terminal. This must be called within a test, since pytest replaces it before."""

    def made():
        monkeypatch.setattr(sys, "stderr", Terminal())
        monkeypatch.setenv("TERM", "xterm")
        return sys.stderr

    return made


def plain(said):
    """What is said without the terminal's commands."""
    return re.sub(r"\x1b\[[^a-zA-Z]*[a-zA-Z]", "", said)


def test_a_bar_is_drawn_on_a_terminal_and_taken_away_however_the_work_ends(terminal):
    screen = terminal()

    def count():
        with shown(True) as told:
            told.advance(3, 4, "counting [sheep]")
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        count()
    said = screen.getvalue()
    assert "75%" in said
    assert "counting [sheep]" in said
    # the cursor is shown again
    assert said.rindex("\x1b[?25h") > said.rindex("\x1b[?25l")


def test_a_bar_of_several_pieces_of_work_begins_again(terminal):
    screen = terminal()
    bar = Bar(stays=True)
    for words in ("compressing", "decompressing"):
        assert list(each("abc", bar, words)) == ["a", "b", "c"]
    bar.close()
    bar.close()
    last = plain(screen.getvalue())[-200:]
    assert "decompressing" in last
    assert re.search(r"100% 0 s in all", last)


def test_nothing_is_shown_to_nobody(monkeypatch, capfd):
    for progress in (True, False):
        with shown(progress) as told:
            told.advance(1, 2, "counting")
    assert capfd.readouterr() == ("", "")


def test_a_listener_of_ones_own_is_told_of_every_item(tmp_path):
    for number in range(3):
        Image.fromarray(np.full((4, 4), 200, np.uint8)).save(tmp_path / f"{number}.png")
    told = Told()
    load_folder(tmp_path, progress=told)
    assert told.calls[:4] == [(done, 3, "reading pictures") for done in range(4)]


@pytest.mark.parametrize("progress", [None, 1, "yes", object()])
def test_what_cannot_be_told_is_refused(tmp_path, progress):
    with pytest.raises(BadInput, match="progress must be True, False or have a method advance"):
        load_folder(tmp_path, progress=progress)


@pytest.mark.parametrize(
    ("seconds", "words"), [(0.4, "0 s"), (59.4, "59 s"), (60, "1 min 0 s"), (3599.6, "1 h 0 min"), (7800, "2 h 10 min")]
)
def test_time_is_said_in_words(seconds, words):
    assert _in_words(seconds) == words


@pytest.mark.parametrize("columns", [40, 80, 200])
def test_a_bar_says_all_of_its_words_in_any_width(terminal, monkeypatch, columns):
    monkeypatch.setenv("COLUMNS", str(columns))
    screen = terminal()
    words = "epoch 100/100: free energy 12264.5, held out 12562.5 nats per image, best epoch 100"
    bar = Bar(stays=True)
    bar.advance(0.0, 1.0, "compiling the training step")
    bar.advance(0.5, 1.0, words)
    bar.close()
    lines = plain(screen.getvalue()).splitlines()
    assert max(map(len, lines)) <= columns
    assert words in " ".join(" ".join(lines).split())
    assert any("0 s so far" in line for line in lines)


def test_what_is_waited_for_is_said_on_a_terminal_until_anything_else_is(terminal, capsys, monkeypatch):
    screen = terminal()
    wait_for("loading Keras")
    say("done")
    assert screen.getvalue() == "\r\x1b[2Kloading Keras …\r\x1b[2Kdone\n"
    monkeypatch.setenv("TERM", "dumb")
    wait_for("loading Keras")
    end_waiting()
    assert screen.getvalue().endswith("done\n")
    monkeypatch.undo()
    wait_for("loading Keras")
    print_lines("found")
    assert capsys.readouterr() == ("found\n", "")


def test_the_first_sign_of_life_comes_within_half_a_second(tmp_path):
    pytest.importorskip("pty")
    import pty

    terminal, other = pty.openpty()
    command = [sys.executable, "-m", "freyvae", "sample", str(tmp_path / "none")]
    with subprocess.Popen(command, stdin=other, stdout=other, stderr=other, env=os.environ | {"TERM": "xterm"}) as ours:
        os.close(other)
        assert select.select([terminal], [], [], 60)[0]
        taken = processor_seconds(ours.pid)
        assert b"loading Keras" in os.read(terminal, 1000)
        ours.terminate()
    os.close(terminal)
    # of the processor, so that others at work on this machine do not count
    assert taken < 0.5


def processor_seconds(pid):
    if not Path("/proc/self/stat").is_file():
        pytest.skip("there is no /proc")
    numbers = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(numbers[11]) + int(numbers[12])) / os.sysconf("SC_CLK_TCK")


def test_lines_are_folded_between_words_on_a_terminal_alone(monkeypatch, capsys):
    line = "  Try: --patience 20 keeps the best epoch; more images lower it."
    print_lines(line, fold=True)
    assert capsys.readouterr().out == f"{line}\n"
    monkeypatch.setattr(sys, "stdout", Terminal())
    monkeypatch.setenv("COLUMNS", "30")
    print_lines(line, fold=True)
    assert sys.stdout.getvalue().splitlines() == [
        "  Try: --patience 20 keeps the",
        "  best epoch; more images",
        "  lower it.",
    ]
