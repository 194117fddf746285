"""What can go wrong for a reason that the person at the keyboard can mend, and the exit code that says so."""

import re

_COLOURS = re.compile(r"\x1b\[[\d;]*m")
# what Keras writes around an error: what it was doing, and the arguments
_AROUND = re.compile(
    r"^Exception encountered when calling .*$|^.*Error encountered:$|\A(?s:.*)Exception encountered: "
    r"|^Arguments received by (?s:.*)",
    re.MULTILINE,
)


class FreyvaeError(Exception):
    """Base of every error that freyvae raises on purpose: one clear line, what was wrong and what to do.

    Attributes:
        exit_code: of the command line.
        is_said_by_first: whether of several processes that train together the first one says the line for all.
    """

    exit_code = 1
    is_said_by_first = False


class BadInput(FreyvaeError, ValueError):
    """An input, a flag or a file is wrong. The command line exits with 2."""

    exit_code = 2


class NotNow(BadInput):
    """The system refused something, such as room on a disk: what is done is kept, for the same may succeed later."""


class TrainingFailed(FreyvaeError, RuntimeError):
    """Training could not go on: the loss is no longer a number. The command line exits with 1."""

    is_said_by_first = True  # all find the same


def is_lack_of_memory(error: BaseException) -> bool:
    """Whether an error says that no memory is left, in Python or on the device that computes."""
    return isinstance(error, MemoryError) or "RESOURCE_EXHAUSTED" in str(error)  # the latter is JAX's


def few_words(error: BaseException, *, most: int = 200) -> str:
    """What an error of another library says, on one line and not at length; where it says nothing, its name."""
    return " ".join(_AROUND.sub("", _COLOURS.sub("", str(error))).split())[:most] or type(error).__name__
