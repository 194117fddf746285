"""From codes to images."""

from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

import freyvae
from freyvae.cli.answer import AsJson, answer_written
from freyvae.cli.apps import app
from freyvae.cli.preparation import prepare_keras


@app.command
def decode(
    run: Path,
    latents: Annotated[list[float] | None, Parameter(allow_leading_hyphen=True)] = None,
    /,
    *,
    codes: Path | None = None,
    out: Path = Path("decoded.png"),
    json: AsJson = False,
) -> None:
    """Decode codes: the numbers of one code, or a file of codes as `freyvae encode` writes it.

    Args:
        run: the run folder.
        latents: one number a latent; the standard normal prior has 0 in the middle and deviation 1.
        codes: a .csv or .npy file of codes, instead; columns of a .csv file go by their names.
        out: a PNG of them all, or a .npy file of uint8 (image, height, width, channel).
        json: print JSON, for other programs, and nothing else.
    """
    prepare_keras()
    written = freyvae.decode(run, latents, codes=codes, out=out)
    answer_written(written, as_json=json)
