"""A data set into the cache."""

from pathlib import Path
from typing import Annotated, Literal

from cyclopts import Parameter

from freyvae.cli.answer import AsJson, answer_written
from freyvae.cli.apps import data_app


@data_app.command(name="fetch")
def data_fetch(
    name: Literal["frey-faces"],
    *,
    source: Annotated[Path | None, Parameter(name="--from")] = None,
    json: AsJson = False,
) -> None:
    """Fetch a data set into the cache and verify it.

    Args:
        name: of the data set.
        source: a file that you have already. [default: the data set's home, then a mirror]
        json: print JSON, for other programs, and nothing else.
    """
    from freyvae.data import fetch_frey_faces

    written = fetch_frey_faces(source, progress=True)
    answer_written(written, as_json=json)
