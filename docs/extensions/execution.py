"""How pages are executed: by this environment, in plain text, by no profile of a person's own.

Cells of a shell begin with `%%sh`, and are shown as the commands that a person types. IPython's own magic of this name
gives the output in pieces, what is said before what is found only by chance.
"""

import os
import re
import sys
from pathlib import Path

from docutils import nodes
from sphinx.application import Sphinx

MAGIC = "%%sh\n"
IPYTHON = Path(__file__).parents[2] / "build" / "site" / "ipython"
# kernels are of this machine alone: that they are not encrypted is no warning here
CONFIGURATION = "c = get_config()\nc.IPKernelApp.log_level = 40\n"
SHELL = '''\
import os
import subprocess

from IPython import get_ipython


def sh(line, cell):
    """Run lines of a shell; what they write is shown with paths as seen from the folder, which is a temporary one."""
    done = subprocess.run(["sh", "-e", "-c", cell], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    print(done.stdout.replace(os.getcwd() + "/", ""), end="")
    done.check_returncode()


get_ipython().register_magic_function(sh, "cell")
'''
# what stands in a page for a widget, which needs a kernel
WIDGET = re.compile(r"interactive\(children=|<freyvae\.explorer\.\S+ object at ")


def _prepare() -> None:
    os.environ["PATH"] = os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", "")])
    # kernels ask for colours
    os.environ["TTY_COMPATIBLE"] = "0"
    os.environ["IPYTHONDIR"] = str(IPYTHON)
    profile = IPYTHON / "profile_default"
    profile.mkdir(parents=True, exist_ok=True)
    (profile / "ipython_kernel_config.py").write_text(CONFIGURATION)
    startup = profile / "startup"
    startup.mkdir(exist_ok=True)
    (startup / "shell.py").write_text(SHELL)


def _show(app: Sphinx, doctree: nodes.document) -> None:
    for block in list(doctree.findall(nodes.literal_block)):
        if WIDGET.match(block.astext()):
            said = nodes.emphasis("", "A widget, which needs a running notebook, is here.")
            block.replace_self(nodes.paragraph("", "", said))
        if block.astext().startswith(MAGIC):
            text = block.astext().removeprefix(MAGIC)
            block.rawsource, block["language"] = text, "sh"
            block.children = [nodes.Text(text)]


def setup(app: Sphinx) -> dict[str, bool]:
    """Before the first page is executed, and after each is read."""
    _prepare()
    app.connect("doctree-read", _show)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
