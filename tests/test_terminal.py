"""Pictures in a terminal: which protocol it knows is asked of itself, and what is drawn is the picture."""

import base64
import io
import os
import re
import subprocess
import sys

import numpy as np
import pytest
from PIL import Image

from freyvae import terminal
from freyvae.terminal import QUESTIONS, Graphics, read_answer, sixels

PICTURE = np.random.default_rng(0).choice(np.array([0, 60, 130, 255], np.uint8), (13, 20, 1)).repeat(3, 2)
ANSWERS = {
    "kitty": b"\x1b_Gi=31;OK\x1b\\\x1bP>|kitty(0.36)\x1b\\\x1b[6;21;10t\x1b[?62;c",
    "ghostty, whose attributes say nothing of pictures": b"\x1b_Gi=31;OK\x1b\\\x1b[?62;22c",
    "iterm": b"\x1bP>|iTerm2 3.5.3\x1b\\\x1b[6;17;8t\x1b[?64;1;2;4;6c",
    "foot": b"\x1bP>|foot(1.16)\x1b\\\x1b[6;30;15t\x1b[?62;4;22c",
    "xterm": b"\x1bP>|XTerm(390)\x1b\\\x1b[?64;1;2;6;9;14;15c",
    "kitty that refuses": b"\x1b_Gi=31;ENOTSUPPORTED\x1b\\\x1b[?62;44c",
    "one that is silent": b"",
}
KNOWN = {
    "kitty": Graphics("kitty", (10, 21)),
    "ghostty, whose attributes say nothing of pictures": Graphics("kitty"),
    "iterm": Graphics("iterm", (8, 17)),
    "foot": Graphics("sixel", (15, 30)),
}


@pytest.mark.parametrize("name", ANSWERS)
def test_a_terminal_shows_pictures_as_it_says(name):
    assert read_answer(ANSWERS[name]) == KNOWN.get(name)


def test_sixels_are_the_picture():
    found = decoded(sixels(Image.fromarray(PICTURE)))
    assert found.shape == PICTURE.shape
    assert np.abs(found.astype(int) - PICTURE).max() <= 2  # colours are per cent


def decoded(text):
    """Sixels as an array, by their definition: DEC's VT330 programmer reference, chapter 14."""
    width, height = map(int, re.match(r'\x1bP0;1;0q"1;1;(\d+);(\d+)', text).groups())
    shown = np.zeros((height + 6, width, 3), np.uint8)
    palette, row, column, colour = {}, 0, 0, 0
    for token in re.findall(
        r"#\d+;2;\d+;\d+;\d+|#\d+|!\d+[?-~]|[?-~]|[$-]", text.removesuffix("\x1b\\").partition(f";{height}")[2]
    ):
        if token[0] == "#" and ";" in token:
            number, _, *levels = map(int, token[1:].split(";"))
            palette[number] = np.round(np.array(levels) * 2.55)
        elif token[0] == "#":
            colour = int(token[1:])
        elif token in "$-":
            column, row = 0, row + 6 * (token == "-")
        else:
            times, bits = int(token[1:-1] or 1) if token[0] == "!" else 1, ord(token[-1]) - 63
            for bit in range(6):
                if bits >> bit & 1:
                    shown[row + bit, column : column + times] = palette[colour]
            column += times
    return shown[:height]


def test_kitty_and_iterm_get_a_png_that_fits_the_rows_and_the_cursor_goes_on_below():
    large = np.random.default_rng(0).integers(0, 256, (56, 480, 3), np.uint8)
    by_kitty = Graphics("kitty", (10, 20)).drawn(large, label="held out ", rows=2, widest=79)
    chunks = re.findall(r"\x1b_G(.*?);(.*?)\x1b\\", by_kitty)
    assert chunks[0][0] == "a=T,f=100,q=2,C=1,m=1"
    assert [keys for keys, _ in chunks[1:]] == ["m=1"] * (len(chunks) - 2) + ["m=0"]
    assert max(len(chunk) for _, chunk in chunks) <= 4096
    by_iterm = Graphics("iterm", (10, 20)).drawn(large, label="held out ", rows=2, widest=79)
    for text in ("".join(chunk for _, chunk in chunks), re.search(r":(.*)\a", by_iterm)[1]):
        with Image.open(io.BytesIO(base64.b64decode(text))) as shown:
            assert shown.size == (343, 40)  # two rows of 20, and no more than 70 columns of 10
    for said in (by_kitty, by_iterm):
        assert said.startswith("\n\n\x1b[2A\x1b7held out ")
        assert said.endswith("\x1b8\x1b[2B")


ASK = """
import os
os.close(os.open(os.ttyname(2), os.O_RDWR))  # of this session, whose terminal it becomes by that
from freyvae.console import Bar
import numpy as np
bar = Bar()
bar.advance(0, 1, "working")
bar.picture(np.zeros((4, 4, 3), np.uint8), "black")
bar.close()
print(bar.graphics)
"""


@pytest.mark.parametrize(("name", "is_tmux"), [("foot", False), ("xterm", False), ("foot", True)])
def test_a_terminal_is_asked_once_and_only_one_that_can_is_sent_a_picture(name, is_tmux):
    pytest.importorskip("pty")
    import pty

    # tmux takes kitty's question for the title of a pane
    questions = QUESTIONS.partition(b"\x1b\\")[2] if is_tmux else QUESTIONS
    others = {name: value for name, value in os.environ.items() if name != "TMUX"}
    ours, theirs = pty.openpty()
    asking = subprocess.Popen(
        [sys.executable, "-c", ASK],
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        start_new_session=True,
        env=others | {"TERM": "xterm-256color"} | ({"TMUX": "/tmp/tmux,1,0"} if is_tmux else {}),
    )
    os.close(theirs)
    said = b""
    try:
        while chunk := os.read(ours, 1000):
            said += chunk
            if questions in said and b"asked" not in said:
                os.write(ours, ANSWERS[name])
                said = said.replace(questions, b"asked")
    except OSError:  # it has ended
        pass
    assert asking.wait() == 0
    os.close(ours)
    assert said.count(b"asked") == 1
    assert questions not in said
    assert b"\x1b_G" not in said
    assert (b"\x1bP0;1;0q" in said) == (name == "foot")
    assert str(KNOWN.get(name)).encode() in said


@pytest.mark.parametrize("term", ["dumb", "linux", "screen", ""])
def test_a_terminal_that_shows_what_it_does_not_know_is_not_asked(monkeypatch, term):
    monkeypatch.setattr(terminal, "_asked", lambda: ANSWERS["kitty"])
    monkeypatch.delenv("TMUX", raising=False)
    monkeypatch.setenv("TERM", term)
    assert terminal.graphics() is None
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.delenv("TERM_PROGRAM", raising=False)
    assert terminal.graphics() == KNOWN["kitty"]
