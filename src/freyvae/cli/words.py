"""Lines of the library in the words of the command line: arguments become flags."""

import functools
import re
import shlex
from collections import Counter
from collections.abc import Iterator
from typing import Any

from cyclopts import App

from freyvae.cli.apps import app
from freyvae.console import say as to_stderr

# an argument as a line of the library says it, `seeds=16`; one without a value is `out=...`
_ARGUMENT = re.compile(
    r"""(?<![^\s`(])(?P<name>[a-z_]+(\.[a-z_]+)?)=(?P<value>"[^"]*"|True|\.\.\.|\d+(\.\d+)?)(?!\S*\w)"""
)
# at the beginning of a line, of an argument that has a wrong value
_WRONG = re.compile(r"(?P<name>[a-z_]+)(?= (must|cannot) )")


def in_flags(line: str) -> str:
    """A line of the library in the words of the command line: `--fresh` for `fresh=True`, `--out` for `out=...`.

    A field that has no short flag has that of its section: `--network.width` for `width=...`.
    """
    flags = _flags_by_name()

    def flag(found: re.Match[str]) -> str:
        value = found.groupdict().get("value", "...")
        named = flags.get(found["name"].replace("_", "-"))
        if named is None:
            return found[0]
        text = value.strip('"')
        return named if text in ("...", "True") else f"{named} {shlex.quote(text)}"

    return _ARGUMENT.sub(flag, _WRONG.sub(flag, line, count=1) if _WRONG.match(line) else line)


@functools.cache
def _flags_by_name() -> dict[str, str]:
    """Name -> flag, of a section's field with and without the section, where no other has that name.

    Put together once, since it takes longer than many a line's work.
    """
    names = {name for argument in _arguments(app) for name in argument.names if name.startswith("--")}
    fields = Counter(name.partition(".")[2] for name in names if "." in name)
    alone = {field: name for name in names if fields[field := name.partition(".")[2]] == 1}
    return alone | {name.removeprefix("--"): name for name in names}


def _arguments(command: App) -> Iterator[Any]:
    """The arguments of all commands."""
    if command.default_command is not None:
        yield from command.assemble_argument_collection()
    for name in command:
        if not name.startswith("-"):
            yield from _arguments(command[name])


def say(line: str) -> None:
    """Say a line of the library to standard error."""
    to_stderr(in_flags(line))
