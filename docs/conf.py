"""How Sphinx builds the site: `make docs`."""

import logging
import sys
from pathlib import Path

DOCS = Path(__file__).parent
ROOT = DOCS.parent
sys.path[:0] = [str(DOCS), str(ROOT / "src")]

import freyvae  # noqa: E402

# they say at length which processors there are not, and which notebook is executed
for name in ("jax", "traitlets"):
    logging.getLogger(name).setLevel(logging.WARNING)

project = "freyvae"
author = "The freyvae developers"
release = version = freyvae.__version__
language = "en"

extensions = [
    "myst_nb",
    "sphinx.ext.autodoc",
    "sphinx.ext.napoleon",
    "sphinx_copybutton",
    "sphinx_design",
    "extensions.mathml",
    "extensions.docstrings",
    "extensions.sources",
    "extensions.execution",
    "extensions.explorer",
]
exclude_patterns = ["pictures", "extensions", "static"]
nitpicky = True
# what is documented elsewhere: this build asks no other site for its inventory
nitpick_ignore_regex = [
    (r"py:.*", r"(np|npt|numpy|keras|jax|matplotlib|mpl|sklearn|collections|pathlib|typing|os|PIL|msgspec)(\..*)?"),
    # types of the package that are not public
    (r"py:.*", r".*\b(Choice|Record|Kinds|Estimate|Encoded|Group|Details|Choose|KeptParts|Posteriors)"),
    (r"py:.*", r"(ArrayLike|NDArray|Path|Any|Callable|Iterable|Iterator|Mapping|Sequence|Figure|Tensor|Model|Self)"),
]

# Markdown
myst_enable_extensions = ["attrs_inline", "colon_fence", "dollarmath"]
myst_heading_anchors = 4

# of cells that are not executed, in a link check
suppress_warnings = ["myst-nb.lexer"]

# pages that are executed, in a temporary folder each
nb_execution_mode = "force"
nb_execution_timeout = 240
nb_execution_in_temp = True
nb_execution_raise_on_error = True
nb_merge_streams = True
# a widget needs a kernel, and its scripts another site: the page has what stands for it in words
nb_ipywidgets_js: dict[str, dict[str, str]] = {}
nb_mime_priority_overrides = [("html", "application/vnd.jupyter.widget-view+json", None)]

# docstrings
autodoc_member_order = "bysource"
autodoc_typehints = "signature"
autodoc_typehints_format = "short"
autodoc_preserve_defaults = True
napoleon_numpy_docstring = False
napoleon_use_rtype = False
maximum_signature_line_length = 90
python_use_unqualified_type_names = True
add_module_names = False

# HTML
html_theme = "furo"
html_title = "freyvae"
html_static_path = ["static"]
html_css_files = ["site.css"]
html_js_files = ["offline.js"]
html_extra_path: list[str] = []
html_copy_source = False
html_show_sourcelink = False
html_show_copyright = False
html_theme_options = {"navigation_with_keys": True}
copybutton_exclude = ".linenos, .gp, .go"

linkcheck_ignore = [r"http://127\.0\.0\.1.*"]
