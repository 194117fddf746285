"""What a command answers on standard output: words for a person, or JSON for other programs."""

import dataclasses
import json
import math
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Annotated, Any

from cyclopts import Parameter

from freyvae.console import end_waiting, print_lines
from freyvae.records import to_json

AsJson = Annotated[bool, Parameter(name="--json")]


def answer(found: Mapping[str, Any], shown: str | Callable[[], None], *, as_json: bool, quiet: bool = False) -> None:
    """Print what a command found.

    Args:
        found: for JSON: names in words with underscores, units at their end; paths, records, arrays and numbers.
        shown: for a person: lines, or what prints them.
        as_json: whether it is JSON.
        quiet: print nothing else.
    """
    if as_json:
        end_waiting()
        print(json.dumps(_plain(found), indent=2, ensure_ascii=False, allow_nan=False))
    elif not quiet and callable(shown):
        shown()
    elif not quiet:
        print_lines(str(shown))


def answer_written(*paths: Path, as_json: bool) -> None:
    """Print where a command wrote what it made."""
    answer({"written": paths}, "\n".join(map(str, paths)), as_json=as_json)


def _plain(found: Any) -> Any:
    """What JSON has: no paths, no arrays, and null for a number that is none."""
    if dataclasses.is_dataclass(found):
        return _plain(to_json(found))
    if isinstance(found, Mapping):
        return {str(name): _plain(value) for name, value in found.items()}
    if isinstance(found, list | tuple):
        return [_plain(value) for value in found]
    if isinstance(found, Path):
        return str(found)
    if hasattr(found, "tolist"):
        return _plain(found.tolist())
    if isinstance(found, float) and not math.isfinite(found):
        return None
    return found
