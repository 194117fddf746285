"""Is an argument what it has to be? Where it is not, one line says which, and what it was."""

import math
import numbers
import operator
from collections.abc import Collection
from typing import Any

from freyvae.errors import BadInput


def whole(name: str, value: Any, *, at_least: int | None = None, at_most: int | None = None) -> int:
    """A whole number as an int, NumPy's too. Raises `BadInput` for another kind, or one out of range."""
    wanted = "a whole number"
    if at_least is not None:
        wanted += f" from {at_least} to {at_most}" if at_most is not None else f" and at least {at_least}"
    number = None
    if not is_truth_value(value):
        try:
            number = operator.index(value)
        except TypeError:
            number = None
    below = number is not None and at_least is not None and number < at_least
    above = number is not None and at_most is not None and number > at_most
    if number is None or below or above:
        raise BadInput(f"{name} must be {wanted}, not {_text(value)}")
    return number


def number(name: str, value: Any, *, at_most: float | None = None) -> float:
    """A finite number, 0 or more, as a float. Raises `BadInput` for another kind, or one out of range."""
    wanted = "finite and not negative" if at_most is None else f"a number from 0 to {at_most:g}"
    converted = math.nan
    if not is_truth_value(value) and (isinstance(value, numbers.Real) or getattr(value, "shape", None) == ()):
        converted = float(value)
    if not 0 <= converted < math.inf or (at_most is not None and converted > at_most):
        raise BadInput(f"{name} must be {wanted}, not {_text(value)}")
    return converted


def truth(name: str, value: Any) -> bool:
    """True or False. Raises `BadInput` for anything else."""
    if not is_truth_value(value):
        raise BadInput(f"{name} must be True or False, not {_text(value)}")
    return bool(value)


def one_of(name: str, value: Any, known: Collection[str]) -> str:
    """One of some words. Raises `BadInput` for another, or for none."""
    if not isinstance(value, str) or value not in known:
        raise BadInput(f"unknown {name} {_text(value)}: choose one of {', '.join(known)}")
    return value


def is_truth_value(value: Any) -> bool:
    """Whether it is True or False, NumPy's too: these count as 1 and 0 where nobody looks."""
    return isinstance(value, bool) or type(value).__name__ in ("bool_", "bool")


def _text(value: Any) -> str:
    """The value in a few words, on one line."""
    text = " ".join(repr(value).split())
    return text if len(text) <= 80 else f"{type(value).__name__} {text[:60]}..."
