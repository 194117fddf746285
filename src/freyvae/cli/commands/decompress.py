"""The images of a compressed file."""

from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

import freyvae
from freyvae.cli.answer import AsJson, answer
from freyvae.cli.apps import app
from freyvae.cli.preparation import prepare_keras


@app.command
def decompress(
    run: Path,
    file: Path,
    *,
    out: Path = Path("decompressed.npy"),
    quiet: Annotated[bool, Parameter(alias="-q")] = False,
    json: AsJson = False,
) -> None:
    """Decompress a file of `freyvae compress`, bit for bit, with the model that wrote it.

    Args:
        run: the run folder.
        file: the compressed images.
        out: a .npy file of uint8 (image, height, width, channel), or a new folder, for a PNG an image.
        quiet: say nothing but errors.
        json: print JSON, for other programs, and nothing else.
    """
    prepare_keras(quiet=quiet)
    images = freyvae.decompress(run, file, out, progress=not quiet)
    counted = "1 image" if len(images) == 1 else f"{len(images)} images"
    said = f"{counted}, every byte as it was compressed: their checksum is right\n{out}"
    answer({"images": len(images), "written": [out]}, said, as_json=json, quiet=quiet)
