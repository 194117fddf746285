"""Formulas as MathML, which browsers draw themselves: no script, and no other site to ask."""

import re
from typing import Any

from docutils import nodes
from latex2mathml.converter import convert
from sphinx.application import Sphinx

# what the converter sets otherwise than TeX: an upright letter, a bar with room on both sides
_BEFORE = ((re.compile(r"\\mathrm\{(\w)\}"), r"\\text{\1}"), (re.compile(r"\\Vert\b"), r"\\;\|\;"))
# and the room behind a function's name, a brace as wide as what stands above it
_AFTER = (
    (re.compile(r"<mi>(log|exp)</mi>(?!<mo stretchy)"), r'<mi>\1</mi><mspace width="0.17em"/>'),
    (re.compile(r"<mo>(&#x23DF;)</mo>"), r'<mo stretchy="true">\1</mo>'),
)


def in_mathml(formula: str, display: str = "inline") -> str:
    """A formula of TeX."""
    for pattern, text in _BEFORE:
        formula = pattern.sub(text, formula)
    formula = convert(formula, display=display)
    for pattern, text in _AFTER:
        formula = pattern.sub(text, formula)
    return formula


def _inline(writer: Any, node: nodes.math) -> None:
    writer.body.append(in_mathml(node.astext()))
    raise nodes.SkipNode


def _displayed(writer: Any, node: nodes.math_block) -> None:
    formula = in_mathml(node.astext(), "block")
    writer.body.append(f'<div class="math-block">{formula}</div>\n')
    raise nodes.SkipNode


def setup(app: Sphinx) -> dict[str, bool]:
    """Enter the renderer."""
    app.add_html_math_renderer("mathml", (_inline, None), (_displayed, None))
    app.config.html_math_renderer = "mathml"  # type: ignore[attr-defined]
    return {"parallel_read_safe": True, "parallel_write_safe": True}
