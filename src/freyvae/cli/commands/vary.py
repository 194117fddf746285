"""A picture along a label."""

from pathlib import Path

import freyvae
from freyvae.cli.answer import AsJson, answer_written
from freyvae.cli.apps import app
from freyvae.cli.preparation import prepare_keras
from freyvae.cli.words import say
from freyvae.flags import Whole


@app.command
def vary(
    run: Path,
    picture: Path,
    label: str,
    *,
    steps: Whole = 11,
    strength: float = 2.0,
    levels: str | None = None,
    out: Path = Path("varied.png"),
    json: AsJson = False,
) -> None:
    """Move a picture along a label: less of it on the left, the picture as it is in the middle, more on the right.

    The direction is the mean code of the training images with the label, less that of all others (attribute vectors:
    Larsen et al. 2016).

    Args:
        run: the run folder, of images with labels.
        picture: what is varied.
        label: one of the run's labels.
        steps: images; an odd number has the picture itself in the middle.
        strength: how far, in lengths of the direction.
        levels: stored values that become black and white, LOW:HIGH or auto. [default: the run's]
        out: a .png, a .gif that goes there and back, or a .npy file of uint8 (1, step, height, width, channel).
        json: print JSON, for other programs, and nothing else.
    """
    prepare_keras()
    written = freyvae.vary(run, picture, label, steps=steps, strength=strength, levels=levels, out=out, say=say)
    answer_written(written, as_json=json)
