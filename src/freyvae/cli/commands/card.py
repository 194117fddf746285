"""A run's model card."""

from pathlib import Path

import freyvae
from freyvae.cli.answer import AsJson, answer_written
from freyvae.cli.apps import app
from freyvae.cli.preparation import prepare_keras


@app.command
def card(run: Path, *, out: Path = Path("card.md"), json: AsJson = False) -> None:
    """Write a model card: what the model was trained on, how good it is beside what, and where it ends.

    Args:
        run: the run folder.
        out: a Markdown file, with the header that the Hugging Face Hub reads, as in `export --format hub`.
        json: print JSON, for other programs, and nothing else.
    """
    prepare_keras()
    written = freyvae.card(run, out)
    answer_written(written, as_json=json)
