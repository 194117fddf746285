"""The whole of the post, in one command."""

from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from freyvae.cli.answer import AsJson
from freyvae.cli.apps import app
from freyvae.cli.commands.train import train
from freyvae.cli.words import say


@app.command
def demo(
    *,
    out: Path = Path("runs/demo"),
    fresh: bool = False,
    quiet: Annotated[bool, Parameter(alias="-q")] = False,
    json: AsJson = False,
) -> None:
    """The post in one go: train on the Frey faces, draw every picture, write the page.

    Trains on drawn faces, in a folder beside it, when the real ones can't be had.

    Args:
        out: the run folder.
        fresh: train anew even when the run is there.
        quiet: say nothing but errors, and that the faces are drawn.
        json: print JSON, for other programs, and nothing else.
    """
    from freyvae.data import DataUnavailable

    try:
        train(out=out, fresh=fresh, quiet=quiet, json=json)
    except DataUnavailable as error:
        say("")
        say(f"THE REAL FACES CAN'T BE HAD: {error}")
        say("GOING ON WITH DRAWN FACES: what follows is not the post's data.")
        say("")
        train("synthetic-faces", out=out.with_name(f"{out.name}-synthetic"), fresh=fresh, quiet=quiet, json=json)
