"""How pages are executed: by this environment, in plain text, by no profile of a person's own.

Cells of a shell, which begin with `%%sh` to be executed, are shown as the commands that a person types.
"""

import os
import sys
from pathlib import Path

from docutils import nodes
from sphinx.application import Sphinx

MAGIC = "%%sh\n"
IPYTHON = Path(__file__).parents[2] / "build" / "site" / "ipython"
# kernels are of this machine alone: that they are not encrypted is no warning here
CONFIGURATION = "c = get_config()\nc.IPKernelApp.log_level = 40\n"


def _prepare() -> None:
    os.environ["PATH"] = os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", "")])
    # kernels ask for colours
    os.environ["TTY_COMPATIBLE"] = "0"
    os.environ["IPYTHONDIR"] = str(IPYTHON)
    profile = IPYTHON / "profile_default"
    profile.mkdir(parents=True, exist_ok=True)
    (profile / "ipython_kernel_config.py").write_text(CONFIGURATION)


def _show(app: Sphinx, doctree: nodes.document) -> None:
    for block in doctree.findall(nodes.literal_block):
        if block.astext().startswith(MAGIC):
            text = block.astext().removeprefix(MAGIC)
            block.rawsource, block["language"] = text, "sh"
            block.children = [nodes.Text(text)]


def setup(app: Sphinx) -> dict[str, bool]:
    """Before the first page is executed, and after each is read."""
    _prepare()
    app.connect("doctree-read", _show)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
