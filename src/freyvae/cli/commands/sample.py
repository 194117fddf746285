"""New images."""

from pathlib import Path

import freyvae
from freyvae.cli.apps import app
from freyvae.cli.preparation import prepare_keras
from freyvae.console import print_lines
from freyvae.flags import Whole


@app.command
def sample(run: Path, *, count: Whole = 100, seed: Whole = 0, out: Path = Path("samples.png")) -> None:
    """Draw new images from the prior: expected pixels.

    Of an autoregressive decoder that has no image of its own, by the objective auxiliary-guided, pixels one by one.

    Args:
        run: the run folder.
        count: how many images.
        seed: of the draw.
        out: a PNG of them all, or a .npy file of uint8 (image, height, width, channel).
    """
    prepare_keras()
    print_lines(str(freyvae.sample(run, count=count, seed=seed, out=out)))
