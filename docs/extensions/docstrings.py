"""Docstrings as they are written here, in reStructuredText: single backticks for code, types by their last name."""

import inspect
import re
from typing import Any

from sphinx.application import Sphinx
from sphinx.util.inspect import stringify_signature

import freyvae

_CODE = re.compile(r"(?<![`:\w])`([^`]+)`(?![`_])")
_PUBLIC = re.compile(r"(?:freyvae\.)?(\w+)")
# a word that ends in an underscore would be a link
_OPEN_END = re.compile(r"(?<=\w)_(?=[\s,.;:)]|$)")

_WITHOUT_ARGUMENTS = ("attribute", "property")
_as_written: dict[str, list[str]] = {}


def in_restructured_text(line: str) -> str:
    """Code in double backticks; a public name as a link to its entry."""

    def code(found: re.Match[str]) -> str:
        name = _PUBLIC.fullmatch(found[1])
        is_public = found[1].startswith("freyvae.") or found[1][:1].isupper()
        if name and is_public and name[1] in freyvae.__all__:
            return f":py:obj:`{found[1]} <freyvae.{name[1]}>`\\ "
        return f"``{found[1]}``\\ "

    return _CODE.sub(code, _OPEN_END.sub(r"\\_", line)).replace("\\ \n", "\n")


def _process(app: Sphinx, what: str, name: str, of: Any, options: Any, lines: list[str]) -> None:
    # joined, since code may go on in the next line
    lines[:] = in_restructured_text("\n".join(lines)).split("\n")
    if what in _WITHOUT_ARGUMENTS:
        _as_written[name] = list(lines)


def _restore(app: Sphinx, what: str, name: str, of: Any, options: Any, lines: list[str]) -> None:
    """Undo what napoleon made of an attribute: it takes what stands before a colon in the first line for a type."""
    if what in _WITHOUT_ARGUMENTS:
        lines[:] = _as_written.pop(name)


def _sign(app: Sphinx, what: str, name: str, of: Any, options: Any, signature: str, returned: str) -> Any:
    """A record's fields stand below it, with what they mean, and Keras hides the arguments of its subclasses."""
    if what == "class" and "Annotated[" in (signature or ""):
        return "", ""
    if what == "class" and (signature or "").startswith("(*args"):
        _, *others = inspect.signature(of.__init__).parameters.values()
        return stringify_signature(inspect.Signature(others), unqualified_typehints=True), ""
    return None


def _find(app: Sphinx, env: Any, node: Any, content: Any) -> Any:
    """A type by its last name, where one entry alone has that name."""
    domain, name = env.domains.python_domain, node.get("reftarget", "").rpartition(".")[2]
    found = [entry for entry in domain.objects if entry.rpartition(".")[2] == name and name[:1].isupper()]
    if node.get("refdomain") != "py" or len(found) != 1:
        return None
    return domain.resolve_xref(env, node["refdoc"], app.builder, "obj", found[0], node, content)


def setup(app: Sphinx) -> dict[str, bool]:
    """Before napoleon, which splits off the arguments."""
    app.connect("autodoc-process-docstring", _process, priority=100)
    app.connect("autodoc-process-docstring", _restore, priority=900)
    app.connect("autodoc-process-signature", _sign)
    app.connect("missing-reference", _find)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
