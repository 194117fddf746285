"""Is an argument what it has to be? Where it is not, one line says which, and what it was."""

import math
import numbers
import operator
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any, TypeVar

from freyvae.errors import BadInput

Kind = TypeVar("Kind")

LONGEST = 80  # characters of a value that an error repeats


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
        raise BadInput(f"{name} must be {wanted}, not {in_words(value)}")
    return number


def number(name: str, value: Any, *, at_most: float | None = None) -> float:
    """A finite number, 0 or more, as a float. Raises `BadInput` for another kind, or one out of range."""
    wanted = "finite and not negative" if at_most is None else f"a number from 0 to {at_most:g}"
    converted = as_float(value)
    if converted is None or converted < 0 or (at_most is not None and converted > at_most):
        raise BadInput(f"{name} must be {wanted}, not {in_words(value)}")
    return converted


def as_float(value: Any) -> float | None:
    """A finite real number of any library as a float; None for anything else, True and False too."""
    if is_truth_value(value) or not (isinstance(value, numbers.Real) or getattr(value, "shape", None) == ()):
        return None
    try:
        converted = float(value)
    except (TypeError, ValueError, OverflowError):  # complex, a text, and whole numbers of hundreds of digits
        return None
    return converted if math.isfinite(converted) else None


def truth(name: str, value: Any) -> bool:
    """True or False. Raises `BadInput` for anything else."""
    if not is_truth_value(value):
        raise BadInput(f"{name} must be True or False, not {in_words(value)}")
    return bool(value)


def one_of(name: str, value: Any, known: Collection[str]) -> str:
    """One of some words. Raises `BadInput` for another, or for none."""
    if not isinstance(value, str) or value not in known:
        raise BadInput(f"unknown {name} {in_words(value)}: choose one of {', '.join(known)}")
    return value


def text(name: str, value: Any) -> str:
    """A text. Raises `BadInput` for anything else."""
    if not isinstance(value, str):
        raise BadInput(f"{name} must be a text, not {in_words(value)}")
    return value


def function(name: str, value: Any) -> Callable[..., Any]:
    """Something to call. Raises `BadInput` for anything else."""
    if not callable(value):
        raise BadInput(f"{name} must be a function, not {in_words(value)}")
    called: Callable[..., Any] = value
    return called


def instance(name: str, value: Any, kind: type[Kind], *, hint: str = "") -> Kind:
    """An object of a class. Raises `BadInput`, with `hint` in it, for anything else."""
    if not isinstance(value, kind):
        raise BadInput(f"{name} must be a {kind.__name__}, not {in_words(value)}{f': {hint}' if hint else ''}")
    return value


def several(name: str, value: Any) -> list[Any]:
    """The items of a list, a tuple, an array or another sequence. Raises `BadInput` for anything else, a text too."""
    is_list = isinstance(value, Sequence) and not isinstance(value, (str, bytes, bytearray, memoryview))
    if not is_list and not getattr(value, "shape", ()):
        raise BadInput(f"{name} must be a list, not {in_words(value)}")
    return list(value)


def mapping(name: str, value: Any) -> Mapping[Any, Any]:
    """A dictionary, or what is like one. Raises `BadInput` for anything else."""
    if not isinstance(value, Mapping):
        raise BadInput(f"{name} must be a dictionary, not {in_words(value)}")
    return value


def is_truth_value(value: Any) -> bool:
    """Whether it is True or False, NumPy's too: these count as 1 and 0 where nobody looks."""
    return isinstance(value, bool) or type(value).__name__ in ("bool_", "bool")


def in_words(value: Any) -> str:
    """A value as an error repeats it: on one line, and not at length; of an array, what it is of."""
    if getattr(value, "shape", ()) and hasattr(value, "dtype"):
        return f"an array of {value.dtype} {tuple(value.shape)}"
    words = " ".join(repr(value).split())
    return words if len(words) <= LONGEST else f"{type(value).__name__} {words[:60]}..."
