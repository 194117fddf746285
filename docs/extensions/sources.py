"""Pages whose text lies elsewhere in the repository, or is made from the package, and links between all of them.

In a page, `<!-- text of PATH -->` stands for that file: Markdown, or a notebook, which is then executed;
`<!-- NAME of PATH -->` for what lies between `<!-- begin NAME -->` and `<!-- end NAME -->` in it; `<!-- made: NAME -->`
for what `extensions.made` makes of the package (`.. made: NAME` in reStructuredText). A link to a file of the
repository leads to the page that has its text.
"""

import json
import os
import re
from pathlib import Path
from typing import TYPE_CHECKING

from extensions import made

if TYPE_CHECKING:
    from sphinx.application import Sphinx

DOCS = Path(__file__).parents[1]
ROOT = DOCS.parent
# file outside of docs/ -> the page that has its text
PAGES = {
    "README.md": "index.md",
    "CHANGELOG.md": "project/changelog.md",
    "CONTRIBUTING.md": "project/contributing.md",
    "examples/frey_faces.ipynb": "tutorials/notebook.md",
}
NOTEBOOK = "---\nfile_format: mystnb\nkernelspec:\n  name: python3\n---\n"

_STANDS_FOR = re.compile(r"^<!-- (?:(?P<part>[\w-]+) of (?P<path>\S+)|made: (?P<made>\w+)) -->$", re.MULTILINE)
_MADE_IN_REST = re.compile(r"^\.\. made: (\w+)$", re.MULTILINE)
_LINK = re.compile(r"(?P<text>!?\[[^\]]*\])\((?P<target>[^()\s]+)\)")


def text_of(path: Path, part: str) -> str:
    """The Markdown of a file, or of a part of it. Raises `ValueError` where there is no such part."""
    if path.suffix == ".ipynb":
        cells = json.loads(path.read_text("utf-8"))["cells"]
        texts = ["".join(cell["source"]) for cell in cells]
        return NOTEBOOK + "\n".join(
            f"\n{text}\n" if cell["cell_type"] == "markdown" else f"\n```{{code-cell}}\n{text}\n```\n"
            for cell, text in zip(cells, texts, strict=True)
        )
    text = path.read_text("utf-8")
    if part == "text":
        return text
    found = re.search(rf"<!-- begin {part} -->\n(.*?)<!-- end {part} -->", text, re.DOTALL)
    if found is None:
        raise ValueError(f"{path.name} has no part {part}")
    return found[1]


def with_links(text: str, *, of: Path, page: str) -> str:
    """The text of a file, its links leading from a page to the pages of the site; others are plain text."""

    def link(found: re.Match[str]) -> str:
        path, hash, anchor = found["target"].partition("#")
        if re.match(r"\w+:", path) or not path:
            return found[0]
        target = Path(os.path.normpath(of.parent / path))
        if not target.exists() or not target.is_relative_to(ROOT):
            return found[0]  # a wrong link, which Sphinx then says
        known = target.relative_to(ROOT).as_posix()
        if known in PAGES:
            leads_to = PAGES[known]
        elif known.startswith("docs/"):
            leads_to = known.removeprefix("docs/")
        elif known.startswith("examples/"):
            leads_to, hash, anchor = "reference/examples.md", "#", made.anchor(target.name)
        else:
            return found["text"].strip("[]")
        return f"{found['text']}({os.path.relpath(leads_to, Path(page).parent)}{hash}{anchor})"

    return _LINK.sub(link, text)


def page_text(page: str, text: str) -> str:
    """A page as Sphinx reads it.

    Args:
        page: its path in docs/.
        text: what the file has.
    """

    def put_in(found: re.Match[str]) -> str:
        if found["made"]:
            return made.MADE[found["made"]]()
        path = ROOT / found["path"]
        return with_links(text_of(path, found["part"]), of=path, page=page)

    # from a notebook, whose head stands first
    return _STANDS_FOR.sub(put_in, with_links(text, of=DOCS / page, page=page))


def _read(app: "Sphinx", docname: str, source: list[str]) -> None:
    path = Path(app.env.doc2path(docname, base=False))
    if path.suffix == ".md":
        source[0] = page_text(path.as_posix(), source[0])
    elif path.suffix == ".rst":
        source[0] = _MADE_IN_REST.sub(lambda found: made.MADE[found[1]](), source[0])


def setup(app: "Sphinx") -> dict[str, bool]:
    """Enter it."""
    app.connect("source-read", _read)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
