"""The images of a compressed file."""

from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

import freyvae
from freyvae.cli.apps import app
from freyvae.cli.preparation import prepare_keras
from freyvae.console import print_lines


@app.command
def decompress(
    run: Path,
    file: Path,
    *,
    out: Path = Path("decompressed.npy"),
    quiet: Annotated[bool, Parameter(alias="-q")] = False,
) -> None:
    """Decompress a file of `freyvae compress`, bit for bit, with the model that wrote it.

    Args:
        run: the run folder.
        file: the compressed images.
        out: a .npy file of uint8 (image, height, width, channel), or a new folder, for a PNG an image.
        quiet: say nothing but errors.
    """
    prepare_keras()
    images = freyvae.decompress(run, file, out, progress=not quiet)
    if not quiet:
        counted = "1 image" if len(images) == 1 else f"{len(images)} images"
        print_lines(f"{counted}, every byte as it was compressed: their checksum is right")
        print_lines(str(out))
