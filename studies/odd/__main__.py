"""`python -m studies.odd`: train the missing models, score odd pictures, and write their part of the page."""

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path

import freyvae
from freyvae.errors import BadInput
from freyvae.files import write_whole
from studies.odd.page import part
from studies.odd.pictures import prepare
from studies.odd.plan import PICTURES, RUNS, jobs
from studies.odd.rows import gather
from studies.shared.command import exit_code, parser_of_runs
from studies.shared.jobs import is_trained, record_machine
from studies.shared.plan import Job
from studies.shared.process import ROOT

HEADING = "## Results\n"


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; returns the exit code."""
    chosen = parser_of_runs("odd", __doc__).parse_args(arguments)
    return exit_code(lambda: _full(chosen), name="odd", interrupted="the same command continues")


def _full(chosen: argparse.Namespace) -> int:
    found = jobs(chosen.only)
    if not found:
        raise BadInput(f"no system and no run {', '.join(chosen.only)}: see `python -m studies.odd --list`")
    if chosen.list:
        print("\n".join(job.in_words()[0] for job in found))
        return 0
    prepare(PICTURES)
    return make(found, RUNS, ROOT / "docs", train=not chosen.no_training)


def make(found: list[Job], runs: Path, out: Path, *, train: bool) -> int:
    """Train, score and write."""
    for job in found if train else []:
        if not is_trained(job, runs):
            print(f"training {job.name}", file=sys.stderr)
            freyvae.train(job.recipe, runs / job.name, quiet=True, pictures=False)
            record_machine([job], runs)
    gathered = gather(found, runs)
    write_whole(out / "odd.json", json.dumps(gathered, indent=2) + "\n")
    page = out / "odd-pictures.md"
    before = page.read_text(encoding="utf-8").partition(HEADING)[0] if page.is_file() else ""
    write_whole(page, before + part(gathered))
    return 0


if __name__ == "__main__":
    sys.exit(main())
