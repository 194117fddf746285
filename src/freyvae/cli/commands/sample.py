"""New images."""

from pathlib import Path

import freyvae
from freyvae.cli.answer import AsJson, answer_written
from freyvae.cli.apps import app
from freyvae.cli.preparation import prepare_keras
from freyvae.cli.words import say
from freyvae.flags import Whole


@app.command
def sample(
    run: Path,
    *,
    count: Whole = 100,
    seed: Whole = 0,
    like: Path | None = None,
    distance: float = 0.0,
    levels: str | None = None,
    out: Path = Path("samples.png"),
    json: AsJson = False,
) -> None:
    """Draw new images: expected pixels of codes from the prior, or of codes like that of a picture.

    Of an autoregressive decoder that has no image of its own, by the objective auxiliary-guided, pixels one by one.

    Args:
        run: the run folder.
        count: how many images.
        seed: of the draw.
        like: a picture; codes are then drawn from its posterior, or about it. [default: none]
        distance: with --like, how far from its posterior, 0, to the prior, 1.
        levels: stored values that become black and white, LOW:HIGH or auto. [default: the run's]
        out: a PNG of them all, or a .npy file of uint8 (image, height, width, channel).
        json: print JSON, for other programs, and nothing else.
    """
    prepare_keras()
    written = freyvae.sample(run, count=count, seed=seed, like=like, distance=distance, levels=levels, out=out, say=say)
    answer_written(written, as_json=json)
