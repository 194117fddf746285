"""Cases of one part, in a process of its own: one that ends it, in a library written in C, does not end the others."""

import contextlib
import itertools
import os
import resource
import sys
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
# of a case that a failure repeats
LONGEST_TEXT = 400
# beside what is held when the cases begin
MOST_BYTES = 16 * 2**30
# in the worker's folder: the number of the case that it is at, and how many failed before
PROGRESS = "progress"


def main(words: Sequence[str]) -> int:
    """Run cases, the words being folder, part, seed, first case, seconds and how many failed before."""
    folder, part, seed, first, seconds, failed = words
    keep_to(Path(folder))
    with limited_memory():
        fuzz(World(Path(folder)), part, int(seed), seconds=float(seconds), first=int(first), failed=int(failed))
    return 0


def fuzz(world: World, part: str, seed: int, *, seconds: float, first: int = 0, failed: int = 0) -> None:
    """Run cases of a part for so long, or until there are no more, each time writing down how far it is."""
    end = time.monotonic() + seconds
    for number in itertools.count(first):
        (world.folder / PROGRESS).write_text(f"{number} {failed}")
        passed = passes(world, part, seed, number) if time.monotonic() < end else None
        if passed is None:
            break
        failed += not passed


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
        say_failure(part, seed, number, f"{case.text[:LONGEST_TEXT]!r}: {fault}")
        return False
    return True


def say_failure(part: str, seed: int, number: int, what: str) -> None:
    """Print a failure, and the line that repeats it."""
    print(f"FAILED {what}\n  again: python -m fuzz --only {part} --seed {seed} --case {number}", flush=True)


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


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
