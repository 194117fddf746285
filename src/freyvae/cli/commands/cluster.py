"""Groups of pictures."""

from pathlib import Path

import freyvae
from freyvae.cli.answer import AsJson, answer
from freyvae.cli.apps import app
from freyvae.cli.preparation import prepare_keras, prepare_matplotlib
from freyvae.cli.words import say
from freyvae.console import print_lines
from freyvae.flags import Whole


@app.command
def cluster(
    run: Path,
    data: str | None = None,
    *,
    count: Whole | None = None,
    seed: Whole = 0,
    levels: str | None = None,
    labels: str | None = None,
    out: Path = Path("clusters.csv"),
    pictures: Path | None = None,
    json: AsJson = False,
) -> None:
    """Divide pictures into groups, by their codes.

    The page of the run colours its points by the groups of the run's own pictures, which are kept in its folder.

    Args:
        run: the run folder.
        data: a folder or file of pictures; resized as the run's were. [default: the run's own, training and held-out]
        count: how many groups. [default: as many as have the lowest Bayesian information criterion]
        seed: of the mixture's start.
        levels: stored values that become black and white, LOW:HIGH or auto. [default: the run's]
        labels: of DATA, a .csv file with a label for each picture, its column after a colon. [default: the sub-folders]
        out: a .csv file, a row a picture, its SHA-256 in a file beside it.
        pictures: a folder for a picture of each group. [default: none]
        json: print JSON, for other programs, and nothing else.
    """
    prepare_keras()
    prepare_matplotlib()
    found = freyvae.cluster(
        run,
        data,
        count=count,
        seed=seed,
        levels=levels,
        labels=labels,
        out=out,
        pictures=pictures,
        progress=True,
        say=say,
    )
    from freyvae.reporting import tables

    def show() -> None:
        tables.show(tables.grouped(found.mixture, found.agreement))
        print_lines("\n".join(map(str, written)))

    written = [found.path, *found.pictures]
    mixture, agreement = found.mixture, found.agreement
    groups = {"groups": mixture.sizes, "criterion_nats": mixture.criterion, "agreement": agreement}
    answer({**groups, "written": written}, show, as_json=json)
