"""Images as one small file."""

from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

import freyvae
from freyvae.cli.answer import AsJson, answer
from freyvae.cli.apps import app
from freyvae.cli.preparation import prepare_keras
from freyvae.cli.words import say
from freyvae.records import to_json


@app.command
def compress(
    run: Path,
    data: str | None = None,
    *,
    split: str | None = None,
    levels: str | None = None,
    out: Path = Path("images.freyvae"),
    quiet: Annotated[bool, Parameter(alias="-q")] = False,
    json: AsJson = False,
) -> None:
    """Compress images to one file with a run's model, losslessly: the proof that its bits per dimension are real.

    Prints what the file costs beside the model's free energy, PNG, WebP and JPEG-XL.

    Args:
        run: the run folder; its likelihood must be a probability of bytes.
        data: frey-faces, synthetic-faces, or the path of a folder or file of images. [default: the run's own, --split]
        split: which of the run's own images: test, validation or training. [default: test]
        levels: of other images, stored values that become black and white, LOW:HIGH or auto. [default: the run's]
        out: the file.
        quiet: say nothing but errors.
        json: print JSON, for other programs, and nothing else.
    """
    prepare_keras(quiet=quiet)
    from freyvae.reporting import tables

    found = freyvae.compress(run, data, out, split=split, levels=levels, progress=not quiet, say=say)

    def show() -> None:
        tables.show([tables.compressed(found)], sentences=[*tables.compressed_sentences(found), str(out)])

    in_bits = {"bits_per_dim": found.bits_per_dim}
    answer({**to_json(found), **in_bits, "written": [out]}, show, as_json=json, quiet=quiet)
