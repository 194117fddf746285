"""A data set into the cache."""

from pathlib import Path
from typing import Annotated, Literal

from cyclopts import Parameter

from freyvae.cli.apps import data_app
from freyvae.console import print_lines


@data_app.command(name="fetch")
def data_fetch(name: Literal["frey-faces"], *, source: Annotated[Path | None, Parameter(name="--from")] = None) -> None:
    """Fetch a data set into the cache and verify it.

    Args:
        name: of the data set.
        source: a file that you have already. [default: the data set's home, then a mirror]
    """
    from freyvae.data import fetch_frey_faces

    print_lines(str(fetch_frey_faces(source, progress=True)))
