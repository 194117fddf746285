"""`make fuzz`: cases from one seed until the time is over, and of each failure the line that repeats it."""

import argparse
import contextlib
import itertools
import os
import resource
import secrets
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from freyvae.data import frey_faces
from fuzz import arguments, files, flags, runs
from fuzz.case import Case, Fault, TooLong
from fuzz.oracle import time_limit
from fuzz.world import World

Part = Callable[[World, int, int], Case | None]

PARTS: dict[str, Part] = {"arguments": arguments.case, "flags": flags.case, "files": files.case, "runs": runs.case}
# a training with all its pictures is done in ten
SECONDS_OF_A_CASE = 60.0
LONGEST_TEXT = 400
# beside what is held when the cases begin
MOST_BYTES = 16 * 2**30


def main(words: Sequence[str] | None = None) -> int:
    """Run the command line; returns the exit code: 1 where a case failed."""
    chosen = _parser().parse_args(words)
    parts = chosen.only or list(PARTS)
    seed = secrets.randbits(32) if chosen.seed is None else chosen.seed
    print(f"seed {seed}", flush=True)
    with tempfile.TemporaryDirectory(prefix="freyvae-fuzz-") as name, limited_memory():
        keep_to(Path(name))
        world = World(Path(name))
        if chosen.case is not None:
            return int(not passes(world, parts[0], seed, chosen.case))
        failures, end = 0, time.monotonic() + chosen.seconds
        for place, part in enumerate(parts):
            share = (end - time.monotonic()) / (len(parts) - place)
            failures += fuzz(world, part, seed, seconds=share)
        os.chdir("/")
    return int(failures > 0)


def fuzz(world: World, part: str, seed: int, *, seconds: float) -> int:
    """Run cases of a part for so long, or until there are no more; returns how many failed."""
    end, failures, done = time.monotonic() + seconds, 0, 0
    for number in itertools.count():
        if time.monotonic() > end:
            break
        passed = passes(world, part, seed, number)
        if passed is None:
            break
        done += 1
        failures += not passed
    print(f"{part}: {done} cases, {failures} failed", flush=True)
    return failures


def passes(world: World, part: str, seed: int, number: int) -> bool | None:
    """Whether a case ends as it may, and what it was if not; None where there is no such case."""
    case = PARTS[part](world, seed, number)
    if case is None:
        return None
    try:
        world.clear()
        with time_limit(SECONDS_OF_A_CASE):
            case.run()
    except (Fault, TooLong) as fault:
        print(f"FAILED {case.text[:LONGEST_TEXT]!r}: {fault}", flush=True)
        print(f"  again: python -m fuzz --only {part} --seed {seed} --case {number}", flush=True)
        return False
    return True


def keep_to(folder: Path) -> None:
    """Let nothing of this process reach the network, or a file of the user's."""
    frey_faces.SOURCES = ()
    os.environ |= {
        "HOME": str(folder),
        "XDG_CACHE_HOME": str(folder / "cache"),
        "FREYVAE_DATA": str(folder / "none"),
        "JAX_COMPILATION_CACHE_DIR": str(folder / "compiled"),
        "JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS": "0",
    }


@contextlib.contextmanager
def limited_memory() -> Iterator[None]:
    """What asks for more memory than that is refused it in this block, and the machine goes on."""
    before = resource.getrlimit(resource.RLIMIT_AS)
    held = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
    resource.setrlimit(resource.RLIMIT_AS, (held + MOST_BYTES, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_AS, before)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m fuzz", description=__doc__)
    parser.add_argument("--only", action="append", choices=list(PARTS), help="only this part; may repeat")
    parser.add_argument("--seed", type=int, help="of every case (default: another each time)")
    parser.add_argument("--seconds", type=float, default=600.0, help="for all parts together (default: 600)")
    parser.add_argument("--case", type=int, help="run this one case, of --only one part")
    return parser


if __name__ == "__main__":
    sys.exit(main())
