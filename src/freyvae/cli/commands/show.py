"""The pictures and the report of a run."""

from pathlib import Path

import freyvae
from freyvae.cli.answer import AsJson, answer
from freyvae.cli.apps import app
from freyvae.cli.preparation import prepare_keras, prepare_matplotlib
from freyvae.cli.words import in_flags, say
from freyvae.console import print_lines


@app.command
def show(run: Path, *, json: AsJson = False) -> None:
    """Draw a run's pictures and write its report again.

    Args:
        run: the run folder.
        json: print JSON, for other programs, and nothing else.
    """
    prepare_keras()
    prepare_matplotlib()
    from freyvae.reporting import summary
    from freyvae.run import Run

    notes = freyvae.show(run)
    for note in notes:
        say(f"note: {note}")
    answer(
        summary.described(Run(run)) | {"notes": notes},
        lambda: print_lines(in_flags(summary.describe(Run(run))), fold=True),
        as_json=json,
    )
