"""A run's model card."""

from pathlib import Path

import freyvae
from freyvae.cli.apps import app
from freyvae.cli.preparation import prepare_keras
from freyvae.console import print_lines


@app.command
def card(run: Path, *, out: Path = Path("card.md")) -> None:
    """Write a model card: what the model was trained on, how good it is beside what, and where it ends.

    Args:
        run: the run folder.
        out: a Markdown file, with the header that the Hugging Face Hub reads, as in `export --format hub`.
    """
    prepare_keras()
    print_lines(str(freyvae.card(run, out)))
