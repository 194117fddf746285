"""The page of a training: one file of HTML, with its script and style inside."""

from functools import cache
from importlib.resources import files

from freyvae import palette
from freyvae.explorer.page import digest
from freyvae.templates import filled_in


def live_page(title: str) -> bytes:
    """The page; `title` is what is trained, plain text."""
    return filled_in("live/templates/live.html", title=title, style=_style(), script=_script()).encode()


@cache
def policy() -> str:
    """What the page may do: run its script, use its style, and ask this server for news."""
    return (
        f"default-src 'none'; script-src 'sha256-{digest(_script())}'; style-src 'sha256-{digest(_style())}'; "
        "img-src data:; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; "
        "require-trusted-types-for 'script'; trusted-types 'none'"
    )


@cache
def _script() -> str:
    return _read("live.js")


@cache
def _style() -> str:
    return (
        f":root {{\n  color-scheme: light dark;\n{palette.custom_properties(palette.light_dark)}}}\n{_read('live.css')}"
    )


def _read(name: str) -> str:
    return (files("freyvae") / "live" / "templates" / name).read_text(encoding="utf-8")
