"""`freyvae` and `python -m freyvae`: run a command and turn what goes wrong into one line and an exit code."""

import os
import sys


def main(arguments: list[str] | None = None) -> int:
    """Run the command line; returns the exit code: 0 done, 1 failed, 2 wrong usage or bad input, 130 interrupted.

    `--debug` anywhere shows the traceback of what goes wrong.
    """
    from cyclopts import CycloptsError

    from freyvae.cli import app
    from freyvae.errors import FreyvaeError

    arguments = list(sys.argv[1:] if arguments is None else arguments)
    debug = "--debug" in arguments
    tokens = [argument for argument in arguments if argument != "--debug"]
    try:
        app(tokens, exit_on_error=False, print_error=False, result_action="return_value")
    except SystemExit as exit:
        return exit.code if isinstance(exit.code, int) else 0
    except KeyboardInterrupt as interrupt:
        return _fail(str(interrupt) or "interrupted", 130)
    except BrokenPipeError:
        # the reader of our output, `head` for one, has left; keep the interpreter from complaining as it closes
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except Exception as error:
        if debug:
            raise
        if isinstance(error, FreyvaeError):
            return _fail(str(error), error.exit_code)
        if isinstance(error, CycloptsError):
            return _fail(f"{_one_line(error)} See `freyvae --help`.", 2)
        if isinstance(error, MemoryError):
            return _fail("out of memory: try fewer or smaller images, or a smaller --batch-size", 1)
        if isinstance(error, OSError):
            return _fail(f"{error.strerror or error}{f': {error.filename}' if error.filename else ''}", 2)
        return _fail(f"{type(error).__name__}: {_one_line(error)} (this is a bug; --debug shows where)", 1)
    return 0


def _one_line(error: Exception) -> str:
    return " ".join(str(error).split())


def _fail(line: str, code: int) -> int:
    print(f"freyvae: {line}", file=sys.stderr)
    return code


if __name__ == "__main__":
    sys.exit(main())
