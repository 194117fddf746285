"""`make results`: train and measure the missing models; write docs/results.md, docs/results.json and the picture."""

import argparse
import json
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from freyvae.errors import BadInput
from freyvae.files import write_whole
from studies.density.benchmarks import benchmark_plan, is_here
from studies.density.page import page
from studies.density.picture import write_picture
from studies.density.plan import plan, small_plan
from studies.density.rows import NO_BENCHMARKS, gather
from studies.images.page import part
from studies.shared.command import exit_code, parser_of_runs
from studies.shared.jobs import Start, measure_missing, record_machine, start_process, train_missing
from studies.shared.plan import RUNS, Plan
from studies.shared.process import ROOT


def main(arguments: Sequence[str] | None = None, *, start: Start = start_process) -> int:
    """Run the command line; returns the exit code."""
    chosen = _parser().parse_args(arguments)
    work = _small if chosen.small else _full
    return exit_code(lambda: work(chosen, start), name="density", interrupted="the same command continues")


def _parser() -> argparse.ArgumentParser:
    parser = parser_of_runs("density", __doc__)
    parser.add_argument("--page", action="store_true", help="only write page and picture again, from the JSON")
    parser.add_argument("--small", action="store_true", help="everything in miniature, as a test")
    parser.add_argument("--trained-here", action="store_true", help="existing runs were trained on this machine")
    parser.add_argument("--runs", type=Path, default=RUNS, help=f"folder of the runs (default: {RUNS})")
    parser.add_argument("--out", type=Path, help="folder to write to (default: docs; with --small a temporary one)")
    return parser


def _full(chosen: argparse.Namespace, start: Start) -> int:
    out = chosen.out or ROOT / "docs"
    if chosen.page:
        write(json.loads((out / "results.json").read_text(encoding="utf-8")), out)
        return 0
    everything, benchmarks = plan(), benchmark_plan()
    every_job = [*everything.jobs(), *benchmarks.jobs()]
    unknown = set(chosen.only).difference(*({job.name, job.system.name} for job in every_job))
    if unknown:
        raise BadInput(f"no system and no run {', '.join(sorted(unknown))}: see `python -m studies.density --list`")
    if chosen.list:
        for job in (*everything.jobs(chosen.only), *benchmarks.jobs(chosen.only)):
            print("\n".join(job.in_words()))
        return 0
    return make(everything, chosen.runs, out, chosen=chosen, start=start, benchmarks=benchmarks)


def _small(chosen: argparse.Namespace, start: Start) -> int:
    import numpy as np

    from freyvae.data import synthetic_faces

    with tempfile.TemporaryDirectory() as temporary:
        out = chosen.out or Path(temporary)
        out.mkdir(parents=True, exist_ok=True)
        images = out / "images.npy"
        np.save(images, synthetic_faces(80).images[:, ::4, ::4])
        code = make(small_plan(images), out / "runs", out, chosen=chosen, start=start)
        print(page(json.loads((out / "results.json").read_text(encoding="utf-8"))))
        return code


def make(
    everything: Plan,
    runs: Path,
    out: Path,
    *,
    chosen: argparse.Namespace,
    start: Start,
    benchmarks: Plan = NO_BENCHMARKS,
) -> int:
    """Train, measure and write. Returns 1 if something failed; the page then says what is missing.

    Of the benchmark sets, those whose files are here.
    """
    jobs = list(everything.jobs(chosen.only))
    jobs += [job for job in benchmarks.jobs(chosen.only) if is_here(job.system.name)]
    if chosen.trained_here:
        record_machine(jobs, runs)
    failed = [] if chosen.no_training else train_missing(jobs, runs, start)
    failed += measure_missing(jobs, runs, start)
    write(gather(everything, runs, benchmarks, _read(out / "results.json")), out)
    for name in failed:
        print(f"density: {name} failed", file=sys.stderr)
    return int(bool(failed))


def write(results: dict[str, Any], out: Path) -> None:
    """Write `results.json`, `results.md` and `pictures/results.png`; with `images.json` and `floor.json`."""
    write_whole(out / "results.json", json.dumps(results, indent=2) + "\n")
    images, floor = (_read(out / name) for name in ("images.json", "floor.json"))
    write_whole(out / "results.md", page(results, part(images) if images else "", floor))
    write_picture(results, out / "pictures" / "results.png")


def _read(path: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}
    return found


if __name__ == "__main__":
    sys.exit(main())
