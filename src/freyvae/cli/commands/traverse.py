"""One latent at a time."""

from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

import freyvae
from freyvae.cli.answer import AsJson, answer_written
from freyvae.cli.apps import app
from freyvae.cli.preparation import prepare_keras
from freyvae.cli.words import say
from freyvae.flags import Whole


@app.command
def traverse(
    run: Path,
    picture: Path | None = None,
    *,
    latents: Annotated[list[str] | None, Parameter(consume_multiple=True)] = None,
    steps: Whole = 11,
    span: float = 3.0,
    levels: str | None = None,
    out: Path = Path("traversals.png"),
    json: AsJson = False,
) -> None:
    """Change one latent at a time: a row for each, from -SPAN to SPAN, the others as in a picture's code.

    Args:
        run: the run folder.
        picture: whose code the other latents have. [default: 0, the middle of the prior]
        latents: which, by their numbers from 1 or their names. [default: up to 8 that tell most of an image]
        steps: images in a row.
        span: how far, in deviations of the standard normal prior.
        levels: stored values that become black and white, LOW:HIGH or auto. [default: the run's]
        out: a .png, a .gif in which all rows move at once, or a .npy file of uint8 (latent, step, height, width,
            channel).
        json: print JSON, for other programs, and nothing else.
    """
    prepare_keras()
    written = freyvae.traverse(run, picture, latents=latents, steps=steps, span=span, levels=levels, out=out, say=say)
    answer_written(written, as_json=json)
