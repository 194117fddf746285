"""Fields of a record and their annotations: what a value must be, checked by msgspec and said in a line."""

import dataclasses
import difflib
import functools
import math
import operator
import types
import typing
from collections.abc import Callable, Iterator
from typing import Annotated, Any

import msgspec
from msgspec import Meta

from freyvae.arguments import in_words, is_truth_value
from freyvae.errors import BadInput


def hints(record: Any) -> dict[str, Any]:
    """The fields of a record's class and their annotations, in their order."""
    return _hints(record)


@functools.cache
def _hints(record: Any) -> dict[str, Any]:
    all_hints = typing.get_type_hints(record, include_extras=True)
    return {field.name: all_hints[field.name] for field in dataclasses.fields(record)}


def help_of(hint: Any) -> str:
    """What the description of an annotation says; nothing where there is none."""
    return next((meta.description for meta in _metas(hint) if meta.description), "")


def title_of(hint: Any) -> str:
    """The title that an annotation gives; nothing where there is none."""
    return next((meta.title for meta in _metas(hint) if meta.title), "")


def type_in_words(hint: Any) -> str:
    """What a value of this annotation must be: its type and its limits, or the words that there are."""
    words = _words(hint)
    return f"one of {', '.join(words)}" if words else ", ".join([_kind_text(hint), *_limits(hint)])


def checked(name: str, value: Any, hint: Any) -> Any:
    """The value as its annotation has it. Raises `BadInput`, in a line that says what is wrong with it."""
    plain = _plain(value)
    try:
        converted = msgspec.convert(plain, hint)
    except msgspec.ValidationError:
        raise BadInput(f"{name} {_what_is_wrong(value, plain, hint)}") from None
    except TypeError:  # a type of a person's own choice that msgspec does not know: theirs to check
        return value
    if not _is_finite(converted):
        raise BadInput(f"{name} must be {_kind_text(hint)}, not {in_words(value)}")
    return converted


def nearest(word: str, known: list[str]) -> str:
    """The word among those known that was probably meant, as the middle of a line; else all that there are."""
    near = difflib.get_close_matches(word, known, n=1, cutoff=0.5)
    return f"did you mean {near[0]!r}? " if near else f"there are {', '.join(known)}; "


def _plain(value: Any) -> Any:
    """Numbers, truth values and texts of NumPy as Python's, and so the items of lists."""
    if isinstance(value, (list, tuple)):
        return [_plain(item) for item in value]
    if is_truth_value(value):
        return bool(value)
    if isinstance(value, str):
        # bytes of a file name that are no UTF-8, which no file of text can hold, are no text
        return None if any("\ud800" <= character <= "\udfff" for character in value) else str(value)
    if getattr(value, "shape", None) == () and hasattr(value, "item"):
        return value.item()
    return value


def _what_is_wrong(value: Any, plain: Any, hint: Any) -> str:
    try:
        converted = msgspec.convert(plain, bare(hint))
    except msgspec.ValidationError:
        words = _words(hint)
        if words and isinstance(plain, str):
            return f"cannot be {in_words(value)}: {nearest(plain, words).rstrip('; ')}"
        return f"must be {_kind_text(hint)}, not {in_words(value)}"
    if not _is_finite(converted):
        return f"must be {_kind_text(hint)}, not {in_words(value)}"
    if isinstance(converted, tuple):
        limits = next(_limits(item) for item in typing.get_args(_alternatives(hint)[0]) if item is not ...)
        return f"must be {_kind_text(hint)}, each {limits[-1]}, not {in_words(value)}"
    out_of = next(limit for limit in _limits(hint) if not _keeps(limit, converted))
    return f"must be {out_of}, not {converted}"


_LIMITS: dict[str, tuple[str, Callable[[Any, Any], bool]]] = {
    "ge": ("at least", operator.ge),
    "le": ("at most", operator.le),
    "gt": ("more than", operator.gt),
    "lt": ("less than", operator.lt),
}


def _limits(hint: Any) -> list[str]:
    """The limits of an annotation in words, each once."""
    found = {
        f"{words} {limit:g}" if abs(limit) < 1e6 else f"{words} {limit}"
        for meta in _metas(hint)
        for key, (words, _) in _LIMITS.items()
        if (limit := getattr(meta, key)) is not None
    }
    return sorted(found)


def _keeps(limit: str, value: Any) -> bool:
    words, _, number = limit.rpartition(" ")
    return next(test(value, float(number)) for known, test in _LIMITS.values() if known == words)


def _alternatives(hint: Any) -> tuple[Any, ...]:
    """The types of an annotation, without None and what is said of them."""
    if typing.get_origin(hint) is Annotated:
        return _alternatives(typing.get_args(hint)[0])
    if typing.get_origin(hint) in (types.UnionType, typing.Union):
        return tuple(kind for part in typing.get_args(hint) for kind in _alternatives(part))
    return () if hint is types.NoneType else (hint,)


def _metas(hint: Any) -> Iterator[Meta]:
    """All that is said of a type and of its alternatives."""
    if typing.get_origin(hint) is Annotated:
        kind, *said = typing.get_args(hint)
        yield from (meta for meta in said if isinstance(meta, Meta))
        yield from _metas(kind)
    elif typing.get_origin(hint) in (types.UnionType, typing.Union):
        for part in typing.get_args(hint):
            yield from _metas(part)


def bare(hint: Any) -> Any:
    """The annotation without limits."""
    origin, parts = typing.get_origin(hint), typing.get_args(hint)
    if origin is Annotated:
        return bare(parts[0])
    if origin in (types.UnionType, typing.Union):
        return functools.reduce(lambda one, other: one | other, map(bare, parts))
    if origin is tuple:
        return origin[tuple(part if part is ... else bare(part) for part in parts)]
    return hint


def _words(hint: Any) -> list[str]:
    return [word for kind in _alternatives(hint) if typing.get_origin(kind) is typing.Literal for word in kind.__args__]


def _kind_text(hint: Any) -> str:
    texts: dict[Any, str] = {int: "a whole number", float: "a number", str: "a text", bool: "true or false"}
    lists: dict[Any, str] = {int: "a list of whole numbers", str: "a list of texts", float: "a list of numbers"}
    said = []
    for kind in _alternatives(hint):
        if typing.get_origin(kind) is tuple:
            said.append(lists[bare(typing.get_args(kind)[0])])
        else:
            said.append(texts.get(kind) or "a text")
    return " or ".join(said)


def _is_finite(value: Any) -> bool:
    if isinstance(value, tuple):
        return all(map(_is_finite, value))
    return not isinstance(value, float) or math.isfinite(value)
