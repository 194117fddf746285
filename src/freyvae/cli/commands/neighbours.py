"""The pictures that are most like others."""

from pathlib import Path

import freyvae
from freyvae.cli.answer import AsJson, answer
from freyvae.cli.apps import app
from freyvae.cli.preparation import prepare_keras, prepare_matplotlib
from freyvae.cli.words import say
from freyvae.flags import Whole


@app.command
def neighbours(
    run: Path,
    query: str,
    *,
    among: str | None = None,
    count: Whole = 12,
    by: str = "angle",
    levels: str | None = None,
    labels: str | None = None,
    out: Path = Path("neighbours.csv"),
    picture: Path | None = None,
    json: AsJson = False,
) -> None:
    """Find the pictures that are most like others, by their codes.

    Args:
        run: the run folder.
        query: a picture, or a folder or file of pictures; resized as the run's were.
        among: the folder or file of pictures to search. [default: the run's own, training and held-out]
        count: how many neighbours of each query.
        by: the distance of two posteriors: angle, scaled, means, wasserstein, kullback-leibler or bhattacharyya.
        levels: stored values that become black and white, LOW:HIGH or auto. [default: the run's]
        labels: a .csv file with a label for each query, its column after a colon. [default: the sub-folders]
        out: a .csv file, a row a neighbour, its SHA-256 in a file beside it.
        picture: a .png file: a row a query, with its neighbours after it. [default: none]
        json: print JSON, for other programs, and nothing else.
    """
    prepare_keras()
    prepare_matplotlib()
    found = freyvae.neighbours(
        run,
        query,
        among=among,
        count=count,
        by=by,
        levels=levels,
        labels=labels,
        out=out,
        picture=picture,
        progress=True,
        say=say,
    )
    written = [found.path, *([] if picture is None else [picture])]
    lines = list(map(str, written))
    if found.precision is not None and found.chance is not None:
        lines.insert(
            0,
            f"{100 * found.precision:.1f} % of {count} neighbours have the label of the query, "
            f"where {100 * found.chance:.1f} % would by chance",
        )
    shares = {"by": found.by, "precision": found.precision, "chance": found.chance}
    answer({**shares, "written": written}, "\n".join(lines), as_json=json)
