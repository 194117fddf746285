"""One thing that a person could do, and what is wrong with how it ended."""

from collections.abc import Callable
from dataclasses import dataclass


class Fault(Exception):
    """What was promised was not kept."""


class TooLong(BaseException):
    """A case took longer than it may. Nothing that is fuzzed may take it for an error of its own."""


@dataclass(frozen=True)
class Case:
    """Something to do.

    Attributes:
        text: what is done, in a line.
        run: does it. Raises `Fault`.
    """

    text: str
    run: Callable[[], None]
