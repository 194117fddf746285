"""Pages from jinja2 templates: in HTML every value is escaped, but for those that the template calls safe."""

import functools
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from jinja2 import Environment


def filled_in(template: str, **values: Any) -> str:
    """A page from a template, which is named by its path in the package: `reporting/templates/report.html`."""
    return _environment().get_template(template).render(values)


@functools.cache
def _environment() -> "Environment":
    """A name that lacks is an error, and a tag's line leaves no empty one."""
    from jinja2 import Environment, PackageLoader, StrictUndefined

    return Environment(
        loader=PackageLoader("freyvae", "."),
        autoescape=lambda name: name is None or not name.endswith(".md"),  # Markdown is text
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
