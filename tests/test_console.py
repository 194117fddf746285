"""The progress of long work is shown by a bar on a terminal, or passed to the user's own function."""

import io
import re
import sys

import numpy as np
import pytest
from PIL import Image

from freyvae.console import Bar, each, shown
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
    last = re.sub(r"\x1b\[[^a-zA-Z]*[a-zA-Z]", "", screen.getvalue().split("\r")[-1])
    assert "100% decompressing" in last


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
