"""Command lines of the studies: their flags, exit codes and error messages."""

import argparse
import os
import sys
from collections.abc import Callable

from freyvae.errors import FreyvaeError


def exit_code(work: Callable[[], int], *, name: str, interrupted: str) -> int:
    """Run `work` and return its exit code, that of a `FreyvaeError`, or 130 after Ctrl-C.

    An error is printed as a line that begins with `name`. After Ctrl-C that line ends with the text `interrupted`.
    """
    try:
        code = work()
        sys.stdout.flush()
        return code
    except BrokenPipeError:  # the reader of our output, `head` for one, has left
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except FreyvaeError as error:
        print(f"{name}: {error}", file=sys.stderr)
        return error.exit_code
    except KeyboardInterrupt:
        print(f"{name}: interrupted; {interrupted}", file=sys.stderr)
        return 130


def parser_of_runs(name: str, description: str | None) -> argparse.ArgumentParser:
    """The flags of a study that trains and measures runs, `python -m studies.<name>`."""
    parser = argparse.ArgumentParser(prog=f"python -m studies.{name}", description=description)
    parser.add_argument("--only", action="append", default=[], metavar="NAME", help="only this system, or this run")
    parser.add_argument("--no-training", action="store_true", help="train nothing: measure the models that are trained")
    parser.add_argument("--list", action="store_true", help="only print the commands")
    return parser
