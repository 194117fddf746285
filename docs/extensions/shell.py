"""Cells of a shell, which begin with `%%sh` to be executed, shown as the commands that a person types."""

from docutils import nodes
from sphinx.application import Sphinx

MAGIC = "%%sh\n"


def _show(app: Sphinx, doctree: nodes.document) -> None:
    for block in doctree.findall(nodes.literal_block):
        if block.astext().startswith(MAGIC):
            text = block.astext().removeprefix(MAGIC)
            block.rawsource, block["language"] = text, "sh"
            block.children = [nodes.Text(text)]


def setup(app: Sphinx) -> dict[str, bool]:
    """After a page is read."""
    app.connect("doctree-read", _show)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
