"""Which of several runs is better."""

from pathlib import Path

import freyvae
from freyvae.cli.apps import app


@app.command
def compare(run: Path, others: list[Path], /) -> None:
    """Compare runs that were measured on the same images: differences paired by image, each with its 95 % interval.

    Args:
        run: the run folder that the others are compared with.
        others: one or more run folders.
    """
    from freyvae.reporting import tables

    comparison = freyvae.compare([run, *others])
    tables.show([tables.compared(comparison)], sentences=comparison.notes)
