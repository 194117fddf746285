"""How good a run is."""

from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

import freyvae
from freyvae.cli.answer import AsJson, answer
from freyvae.cli.apps import app
from freyvae.cli.preparation import prepare_keras
from freyvae.cli.words import in_flags, say
from freyvae.flags import Whole
from freyvae.records import to_json


@app.command
def measure(
    run: Path,
    *,
    samples: Whole = 5000,
    refine: Whole = 0,
    split: str = "test",
    seed: Whole = 0,
    quiet: Annotated[bool, Parameter(alias="-q")] = False,
    json: AsJson = False,
) -> None:
    """Measure a run on images it was not trained on, beside what would be had without it.

    Free energy and importance-sampled likelihood, reconstruction error, which latents are in use, the mean image, a
    Gaussian, PNG and WebP. Writes metrics.json, measured.npz and the report.

    Args:
        run: the run folder.
        samples: importance samples for each image.
        refine: steps of gradient descent by which each image's posterior is refined for a second estimate, usually a
            tighter one; 50 are enough for most. JAX only.
        split: test, validation or training.
        seed: of the draws.
        quiet: say nothing but errors.
        json: print JSON, for other programs, and nothing else.
    """
    prepare_keras(quiet=quiet)
    from freyvae.reporting import summary, tables
    from freyvae.run import Run

    found = freyvae.measure(
        run, samples=samples, refine=refine, split=split, seed=seed, progress=not quiet, say=None if quiet else say
    )

    def show() -> None:
        data = Run(run).training.data
        tables.show(tables.measured(found, data), sentences=list(map(in_flags, summary.measured_sentences(found))))

    answer({"run": run, **to_json(found)}, show, as_json=json, quiet=quiet)
