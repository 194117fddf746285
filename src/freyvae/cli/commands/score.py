"""How odd pictures are."""

from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

import freyvae
from freyvae.cli.answer import AsJson, answer
from freyvae.cli.apps import app
from freyvae.cli.preparation import prepare_keras, prepare_matplotlib
from freyvae.cli.words import say
from freyvae.flags import Whole
from freyvae.records import to_json


@app.command
def score(
    run: Path,
    data: str,
    *,
    by: str = "oddness",
    threshold: float | None = None,
    labels: str | None = None,
    normal: Annotated[tuple[str, ...], Parameter(consume_multiple=True)] = (),
    maps: Path | None = None,
    codec: str = "png",
    levels: str | None = None,
    samples: Whole = 4,
    seed: Whole = 0,
    out: Path = Path("scores.csv"),
    quiet: Annotated[bool, Parameter(alias="-q")] = False,
    json: AsJson = False,
) -> None:
    """Score how odd pictures are, compared with pictures that the run was not trained on.

    Writes a table, a row a picture and larger is odder, and beside it a .json file of what the scores are worth. The
    page of the run colours its points by the scores of the run's own pictures, which are kept in its folder.

    Args:
        run: the run folder.
        data: frey-faces, synthetic-faces, or the path of a folder or file of images; brought to the model's size.
        by: the score that percentile and threshold are of: oddness, novelty, local, corrected, error, free-energy,
            distortion or rate.
        threshold: the share of ordinary pictures that should not be out, such as 0.99; says which pictures are.
            [default: none]
        labels: a .csv file with a label for each image, its column after a colon. [default: the sub-folders]
        normal: the labels of ordinary pictures; says how well the scores tell all others. [default: 0, of labels 0 and
            1]
        maps: a new folder for a PNG a picture, of where it is odd. [default: none]
        codec: of the file that the corrected score compares with: png, webp or jpeg-xl.
        levels: stored values that become black and white, LOW:HIGH or auto. [default: the run's]
        samples: draws of each picture's latents.
        seed: of the draws.
        out: a .csv file, its SHA-256 in a file beside it.
        quiet: say nothing but errors.
        json: print JSON, for other programs, and nothing else.
    """
    prepare_keras(quiet=quiet)
    prepare_matplotlib(quiet=quiet)
    from freyvae.inference.score_tables import scored, scored_sentences
    from freyvae.reporting import tables

    found = freyvae.score(
        run,
        data,
        by=by,
        threshold=threshold,
        labels=labels,
        normal=normal,
        maps=maps,
        codec=codec,
        levels=levels,
        samples=samples,
        seed=seed,
        out=out,
        progress=not quiet,
        say=say,
    )
    answer(
        {**to_json(found.record), "written": [found.path]},
        lambda: tables.show(scored(found), sentences=[*scored_sentences(found), str(found.path)]),
        as_json=json,
        quiet=quiet,
    )
