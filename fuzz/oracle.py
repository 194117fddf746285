"""How may something end? With a result, or refused in one line; never deep inside, and never in silence."""

import contextlib
import io
import os
import signal
import sys
import traceback
import unicodedata
import warnings
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from typing import Any

from freyvae.__main__ import main
from freyvae.errors import FreyvaeError
from fuzz.case import Fault, TooLong

# what a person reads before giving up
LONGEST_LINE = 1000
MOST_LINES = 12
# where an error comes from: so many of the innermost places
FRAMES = 3


@dataclass(frozen=True)
class Ended:
    """How a command ended."""

    code: int
    output: str


@contextlib.contextmanager
def time_limit(seconds: float) -> Iterator[None]:
    """Raise `TooLong` in the block once so many seconds are over. For the main thread alone."""

    def over(number: int, frame: FrameType | None) -> None:
        raise TooLong(f"it was not done after {seconds:g} s")

    before = signal.signal(signal.SIGALRM, over)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def call(function: Callable[[], Any]) -> Any:
    """What a function of the library returns, or None where it refuses.

    Raises `Fault` for any error that is none of freyvae's, or whose text is not one line of reasonable length.
    """
    try:
        with quiet():
            return function()
    except FreyvaeError as refusal:
        text = str(refusal)
        if not text or len(text.splitlines()) > 1 or len(text) > LONGEST_LINE:
            raise Fault(f"a refusal that is not one line: {text!r:.300}") from refusal
        return None
    except Exception as error:
        raise Fault(f"{type(error).__name__}: {str(error)!r:.200} from {_where(error)}") from error


def command(arguments: Sequence[str]) -> Ended:
    """Run a command of the command line in this process.

    Raises `Fault` for an exit code that there is none of, a traceback or a warning, a line that speaks of a bug, and
    what no terminal should be sent.
    """
    said, printed = io.TextIOWrapper(io.BytesIO(), "utf-8"), io.TextIOWrapper(io.BytesIO(), "utf-8")
    with contextlib.redirect_stderr(said), contextlib.redirect_stdout(printed):
        try:
            code = main(list(arguments))
        except Exception as error:
            raise Fault(f"the command line let through {type(error).__name__} from {_where(error)}") from error
    errors, output = _text_of(said), _text_of(printed)
    lines = errors.splitlines()
    own = [line for line in lines if line.startswith("freyvae: ")]
    wrong = [
        (code not in (0, 1, 2), f"exit code {code}"),
        (code != 0 and len(own) != 1, f"exit code {code} and {len(own)} lines that say why"),
        (code == 0 and bool(own), "exit code 0 and an error"),
        ("Traceback" in errors, "a traceback"),
        ("this is a bug" in errors, "it says that this is a bug"),
        ("Warning:" in errors, "a warning of a library's"),
        (
            any(unicodedata.category(letter) == "Cc" for letter in errors if letter not in "\n\t"),
            "control characters",
        ),
        (code != 0 and len(lines) > MOST_LINES, f"{len(lines)} lines"),
        (any(len(line) > LONGEST_LINE for line in lines), "a line without end"),
    ]
    for is_wrong, what in wrong:
        if is_wrong:
            raise Fault(f"{what}: {errors[-500:]!r}")
    return Ended(code, output)


@contextlib.contextmanager
def quiet() -> Iterator[None]:
    """Nothing that is said reaches the terminal, and warnings are nobody's."""
    with (
        warnings.catch_warnings(),
        open(os.devnull, "w") as nowhere,
        contextlib.redirect_stderr(nowhere),
        contextlib.redirect_stdout(nowhere),
    ):
        warnings.simplefilter("ignore")
        yield


def _text_of(stream: io.TextIOWrapper) -> str:
    stream.flush()
    return stream.buffer.getvalue().decode("utf-8", "backslashreplace")  # type: ignore[attr-defined]


def _where(error: BaseException) -> str:
    """The innermost places of an error, and the last of ours."""
    frames = [
        frame
        for frame in traceback.extract_tb(error.__traceback__)
        if Path(frame.filename).parent != Path(__file__).parent
    ]
    ours = [frame for frame in frames if f"{os.sep}freyvae{os.sep}" in frame.filename][-1:]
    shown = dict.fromkeys(f"{Path(frame.filename).name}:{frame.lineno}" for frame in [*ours, *frames[-FRAMES:]])
    return " > ".join(shown) or f"{Path(sys.argv[0]).name}"
