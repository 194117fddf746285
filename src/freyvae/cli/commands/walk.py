"""From one picture to another."""

from pathlib import Path

import freyvae
from freyvae.cli.answer import AsJson, answer_written
from freyvae.cli.apps import app
from freyvae.cli.preparation import prepare_keras
from freyvae.cli.words import say
from freyvae.flags import Whole


@app.command
def walk(
    run: Path,
    first: Path,
    last: Path,
    *,
    steps: Whole = 11,
    levels: str | None = None,
    out: Path = Path("walk.png"),
    json: AsJson = False,
) -> None:
    """Walk from one picture to another: images of codes on the straight line between theirs.

    Args:
        run: the run folder.
        first: a picture.
        last: another.
        steps: images, with both ends.
        levels: stored values that become black and white, LOW:HIGH or auto. [default: the run's]
        out: a .png, a .gif that goes there and back, or a .npy file of uint8 (1, step, height, width, channel).
        json: print JSON, for other programs, and nothing else.
    """
    prepare_keras()
    written = freyvae.walk(run, first, last, steps=steps, levels=levels, out=out, say=say)
    answer_written(written, as_json=json)
