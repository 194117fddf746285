"""`make fuzz`: cases from one seed until the time is over, and of each failure the line that repeats it."""

import argparse
import secrets
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from fuzz.worker import PARTS, PROGRESS, SECONDS_OF_A_CASE, keep_to, limited_memory, passes, say_failure
from fuzz.world import World


def main(words: Sequence[str] | None = None) -> int:
    """Run the command line; returns the exit code: 1 where a case failed."""
    parser = _parser()
    chosen = parser.parse_args(words)
    parts = chosen.only or list(PARTS)
    seed = secrets.randbits(32) if chosen.seed is None else chosen.seed
    print(f"seed {seed}", flush=True)
    if chosen.case is not None:
        if len(parts) > 1:
            parser.error("--case is a case of one part: name it with --only")
        return int(not _passes_alone(parts[0], seed, chosen.case))
    failed, end = 0, time.monotonic() + chosen.seconds
    for place, part in enumerate(parts):
        share = (end - time.monotonic()) / (len(parts) - place)
        failed += fuzz(part, seed, seconds=share)
    return int(failed > 0)


def fuzz(part: str, seed: int, *, seconds: float) -> int:
    """Run cases of a part for so long, or until there are no more; returns how many failed.

    A case that ends its process failed, and another process goes on after it.
    """
    end, number, failed = time.monotonic() + seconds, 0, 0
    while (left := end - time.monotonic()) > 0:
        with tempfile.TemporaryDirectory(prefix="freyvae-fuzz-") as folder:
            worker = [sys.executable, "-m", "fuzz.worker", folder, part, *map(str, (seed, number, left, failed))]
            try:
                code = subprocess.run(worker, check=False, timeout=left + 2 * SECONDS_OF_A_CASE).returncode
            except subprocess.TimeoutExpired:
                code = "not to be stopped"
            number, failed = map(int, (Path(folder) / PROGRESS).read_text().split())
        if code == 0:
            break
        say_failure(part, seed, number, f"the process ended: {code}")
        number, failed = number + 1, failed + 1
    print(f"{part}: {number} cases, {failed} failed", flush=True)
    return failed


def _passes_alone(part: str, seed: int, number: int) -> bool | None:
    with tempfile.TemporaryDirectory(prefix="freyvae-fuzz-") as folder, limited_memory():
        keep_to(Path(folder))
        return passes(World(Path(folder)), part, seed, number)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m fuzz", description=__doc__)
    parser.add_argument("--only", action="append", choices=list(PARTS), help="only this part; may repeat")
    parser.add_argument("--seed", type=int, help="of every case (default: another each time)")
    parser.add_argument("--seconds", type=float, default=600.0, help="for all parts together (default: 600)")
    parser.add_argument("--case", type=int, help="run this one case, of --only one part")
    return parser


if __name__ == "__main__":
    sys.exit(main())
