"""The pictures and the report of a run."""

from pathlib import Path

import freyvae
from freyvae.cli.apps import app
from freyvae.cli.preparation import prepare_keras, prepare_matplotlib
from freyvae.cli.words import in_flags, say
from freyvae.console import print_lines


@app.command
def show(run: Path) -> None:
    """Draw a run's pictures and write its report again.

    Args:
        run: the run folder.
    """
    prepare_keras()
    prepare_matplotlib()
    from freyvae.reporting import summary
    from freyvae.run import Run

    for note in freyvae.show(run):
        say(f"note: {note}")
    print_lines(in_flags(summary.describe(Run(run))))
