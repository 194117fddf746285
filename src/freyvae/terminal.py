"""Pictures in a terminal: by kitty's protocol, by iTerm2's, or as sixels. Which it knows, it is asked itself."""

import base64
import io
import os
import re
import select
import time
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
from PIL import Image

Protocol = Literal["kitty", "iterm", "sixel"]

# a picture of one pixel that kitty's protocol shall only check; tmux would take it for the title of a pane
_KITTY = b"\x1b_Gi=31,s=1,v=1,a=q,t=d,f=24;AAAA\x1b\\"
# name and version; the size of a cell in pixels; and what every terminal answers, so that nobody waits for what does
# not come
_OTHERS = b"\x1b[>q" + b"\x1b[16t" + b"\x1b[c"
QUESTIONS = _KITTY + _OTHERS
_LAST_ANSWER = re.compile(rb"\x1b\[\?([\d;]*)c")
_CELL = re.compile(rb"\x1b\[6;(\d+);(\d+)t")
# over a slow connection: an answer that comes later is taken for what is typed
SECONDS_TO_ANSWER = 1.0
# width and height in pixels, where a terminal does not say
USUAL_CELL = (10, 20)
# that show on the screen what they do not know, or cannot be asked
_NOT_ASKED = ("", "dumb", "linux", "screen")
COLOURS = 64  # of sixels
_OF_A_CHUNK = 4096  # characters, by kitty's protocol


@dataclass(frozen=True)
class Graphics:
    """How a terminal shows pictures.

    Attributes:
        protocol: which it knows.
        cell: width and height of a character in pixels.
    """

    protocol: Protocol
    cell: tuple[int, int] = USUAL_CELL

    def drawn(self, pixels: npt.NDArray[np.uint8], *, label: str, rows: int, widest: int) -> str:
        """The characters that draw a picture in so many rows, from the line's beginning; the cursor ends below it.

        Args:
            pixels: (height, width, 3).
            label: stands on the left of it.
            rows: of the terminal.
            widest: columns of the terminal, at most; a wider picture becomes smaller.
        """
        width, height = self.cell
        scale = min(rows * height / pixels.shape[0], (widest - len(label)) * width / pixels.shape[1])
        picture = Image.fromarray(pixels)
        kept = Image.Resampling.BICUBIC if scale >= 1 else Image.Resampling.BOX
        sides = [max(1, round(side * scale)) for side in picture.size]
        picture = picture.resize((sides[0], sides[1]), kept)
        # room below, so that nothing scrolls while it is drawn; then back
        room = "\n" * rows + f"\x1b[{rows}A"
        return f"{room}\x1b7{label}{self._shown(picture)}\x1b8\x1b[{rows}B"

    def _shown(self, picture: Image.Image) -> str:
        if self.protocol == "sixel":
            return sixels(picture)
        content = io.BytesIO()
        picture.save(content, "PNG")
        text = base64.b64encode(content.getvalue()).decode()
        if self.protocol == "iterm":
            size = f"width={picture.width}px;height={picture.height}px"
            return f"\x1b]1337;File=inline=1;size={len(content.getvalue())};{size}:{text}\a"
        chunks = [text[start : start + _OF_A_CHUNK] for start in range(0, len(text), _OF_A_CHUNK)]
        said = []
        for number, chunk in enumerate(chunks):
            # transmit and show a PNG, say nothing, leave the cursor
            first = "a=T,f=100,q=2,C=1," if number == 0 else ""
            said.append(f"\x1b_G{first}m={int(number < len(chunks) - 1)};{chunk}\x1b\\")
        return "".join(said)


def sixels(picture: Image.Image) -> str:
    """A picture in colour as sixels: in bands of six rows, each colour of a band in turn, repetitions counted."""
    few = picture.convert("RGB").quantize(COLOURS)
    indices, palette = np.asarray(few), np.array(few.getpalette()).reshape(-1, 3)
    said = [f'\x1bP0;1;0q"1;1;{picture.width};{picture.height}']
    for colour in np.unique(indices):
        red, green, blue = (round(level / 2.55) for level in palette[colour])
        said.append(f"#{colour};2;{red};{green};{blue}")
    for top in range(0, len(indices), 6):
        band = indices[top : top + 6]
        bit = 1 << np.arange(len(band))[:, None]
        for colour in np.unique(band):
            columns = ((band == colour) * bit).sum(axis=0)
            said.append(f"#{colour}{_counted(columns)}$")
        said.append("-")
    return "".join([*said, "\x1b\\"])


def _counted(columns: npt.NDArray[Any]) -> str:
    """Columns of six pixels as characters, those that repeat with their number."""
    starts = np.flatnonzero(np.concatenate([[True], columns[1:] != columns[:-1]]))
    lengths = np.diff([*starts, len(columns)])
    return "".join(f"!{length}{chr(63 + columns[start])}" for start, length in zip(starts, lengths, strict=True))


def graphics() -> Graphics | None:
    """How the terminal that this process talks to shows pictures; None where it does not, or cannot be asked."""
    name = os.environ.get("TERM", "")
    is_screen = name.partition("-")[0] == "screen" and "TMUX" not in os.environ
    if name in _NOT_ASKED or is_screen or os.environ.get("TERM_PROGRAM") == "Apple_Terminal":
        return None
    return read_answer(_asked())


def read_answer(answer: bytes) -> Graphics | None:
    """What a terminal's answer to `QUESTIONS` says."""
    cell = _CELL.search(answer)
    size = (int(cell[2]), int(cell[1])) if cell and int(cell[1]) and int(cell[2]) else USUAL_CELL
    attributes = _LAST_ANSWER.search(answer)
    if b"\x1b_Gi=31;OK" in answer:
        return Graphics("kitty", size)
    if b"\x1bP>|iTerm2" in answer:
        return Graphics("iterm", size)
    if attributes and b"4" in attributes[1].split(b";"):
        return Graphics("sixel", size)
    return None


def _asked() -> bytes:
    """What the terminal answers; nothing where there is none, where it is another's, or does not answer in time."""
    try:
        import termios
        import tty

        terminal = os.open("/dev/tty", os.O_RDWR | os.O_NOCTTY)
    except (ImportError, OSError):
        return b""
    try:
        if os.tcgetpgrp(terminal) != os.getpgrp():  # in the background: reading would stop this process
            return b""
        before = termios.tcgetattr(terminal)
        try:
            tty.setcbreak(terminal)
            os.write(terminal, _OTHERS if "TMUX" in os.environ else QUESTIONS)
            return _read(terminal)
        finally:
            termios.tcsetattr(terminal, termios.TCSAFLUSH, before)
    except (OSError, termios.error):
        return b""
    finally:
        os.close(terminal)


def _read(terminal: int) -> bytes:
    answer, deadline = b"", time.monotonic() + SECONDS_TO_ANSWER
    while not _LAST_ANSWER.search(answer):
        left = deadline - time.monotonic()
        if left <= 0 or not select.select([terminal], [], [], left)[0]:
            break
        answer += os.read(terminal, 1024)
    return answer
