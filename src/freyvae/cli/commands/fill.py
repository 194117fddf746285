"""Hidden pixels."""

from pathlib import Path

import freyvae
from freyvae.cli.answer import AsJson, answer_written
from freyvae.cli.apps import app
from freyvae.cli.preparation import prepare_keras
from freyvae.cli.words import say
from freyvae.flags import Whole


@app.command
def fill(
    run: Path,
    data: str,
    *,
    mask: Path,
    draws: Whole = 8,
    seed: Whole = 0,
    levels: str | None = None,
    out: Path = Path("filled.png"),
    json: AsJson = False,
) -> None:
    """Fill the hidden pixels of pictures, given those that are seen.

    Codes are drawn by the gradient of what the seen pixels and the prior say of them (Metropolis-adjusted Langevin).

    Args:
        run: the run folder.
        data: a picture, or a folder or file of images.
        mask: a picture of their size, white where pixels are hidden.
        draws: how many ways to fill each.
        seed: of the draws.
        levels: stored values that become black and white, LOW:HIGH or auto. [default: the run's]
        out: a .png with a row for each picture: what is seen, the expected picture, the draws. Or a .npy file of uint8
            (image, 1 + draw, height, width, channel), the expected picture first.
        json: print JSON, for other programs, and nothing else.
    """
    prepare_keras()
    written = freyvae.fill(run, data, mask, draws=draws, seed=seed, levels=levels, out=out, say=say)
    answer_written(written, as_json=json)
