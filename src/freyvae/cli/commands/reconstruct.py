"""Images as the model draws them."""

from pathlib import Path

import freyvae
from freyvae.cli.answer import AsJson, answer_written
from freyvae.cli.apps import app
from freyvae.cli.preparation import prepare_keras
from freyvae.cli.words import say
from freyvae.flags import Whole


@app.command
def reconstruct(
    run: Path,
    data: str,
    *,
    levels: str | None = None,
    refine: Whole = 0,
    noise: float = 0.0,
    out: Path = Path("reconstructions.png"),
    json: AsJson = False,
) -> None:
    """Encode images and decode them again: cleaned of what the model has not learned, such as noise.

    Args:
        run: the run folder.
        data: a picture, or a folder or file of images; brought to the model's size.
        levels: stored values that become black and white, LOW:HIGH or auto. [default: the run's]
        refine: steps of gradient descent by which each code is bettered; 50 to 100 are enough for most.
        noise: standard deviation of the noise in the images, in grey levels: each pixel is then weighed between what it
            is and what the model draws.
        out: a .png, the images in its first row and their reconstructions below, or a .npy file of the reconstructions
            alone, uint8 (image, height, width, channel).
        json: print JSON, for other programs, and nothing else.
    """
    prepare_keras()
    made = freyvae.reconstruct(run, data, levels=levels, refine=refine, noise=noise, out=out, progress=True, say=say)
    answer_written(made, as_json=json)
