"""Which of several runs is better."""

from pathlib import Path

import freyvae
from freyvae.cli.answer import AsJson, answer
from freyvae.cli.apps import app
from freyvae.cli.preparation import prepare_keras
from freyvae.records import to_json


@app.command
def compare(run: Path, others: list[Path], /, *, json: AsJson = False) -> None:
    """Compare runs that were measured on the same images: differences paired by image, each with its 95 % interval.

    Args:
        run: the run folder that the others are compared with.
        others: one or more run folders.
        json: print JSON, for other programs, and nothing else.
    """
    prepare_keras()
    from freyvae.reporting import tables

    comparison = freyvae.compare([run, *others])
    answer(
        to_json(comparison),
        lambda: tables.show([tables.compared(comparison)], sentences=comparison.notes),
        as_json=json,
    )
