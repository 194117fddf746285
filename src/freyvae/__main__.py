"""`freyvae` and `python -m freyvae`: run a command and turn what goes wrong into one line and an exit code."""

import os
import sys
import traceback
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from cyclopts import CycloptsError


def main(arguments: list[str] | None = None) -> int:
    """Run the command line; returns the exit code: 0 done, 1 failed, 2 wrong usage or bad input, 130 interrupted.

    `--debug` anywhere shows the traceback of what goes wrong, before its line.
    """
    from cyclopts import CycloptsError

    from freyvae.cli import app
    from freyvae.errors import FreyvaeError

    arguments = list(sys.argv[1:] if arguments is None else arguments)
    debug = "--debug" in arguments
    tokens = [argument for argument in arguments if argument != "--debug"]
    try:
        app(tokens, exit_on_error=False, print_error=False, result_action="return_value")
        sys.stdout.flush()
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
            traceback.print_exc()
        if isinstance(error, FreyvaeError):
            return _fail(str(error), error.exit_code)
        if isinstance(error, CycloptsError):
            return _fail(_wrong_usage(error), 2)
        if isinstance(error, MemoryError) or "RESOURCE_EXHAUSTED" in str(error):  # the latter is JAX's
            return _fail("out of memory: try fewer or smaller images, or a smaller --batch-size", 1)
        if isinstance(error, OSError):
            return _fail(f"{error.strerror or error}{f': {error.filename}' if error.filename else ''}", 2)
        return _fail(f"{type(error).__name__}: {_one_line(error)} (this is a bug; --debug shows where)", 1)
    return 0


def _wrong_usage(error: "CycloptsError") -> str:
    """What is wrong with the command line, and where to read on."""
    from cyclopts import CoercionError, MissingArgumentError, UnusedCliTokensError

    read_on = f"see `{' '.join(['freyvae', *(error.command_chain or [])])} --help`"
    argument = error.argument.name if error.argument else ""
    if isinstance(error, UnusedCliTokensError):
        return f"no more arguments were expected: {' '.join(error.unused_tokens or [])}; {read_on}"
    if isinstance(error, MissingArgumentError):
        is_flag = error.keyword or (error.argument and error.argument.tokens)
        what = f"{error.keyword or argument} needs a value" if is_flag else f"{argument.strip('-').upper()} is missing"
        return f"{what}; {read_on}"
    kinds: dict[type | None, str] = {int: "a whole number", float: "a number"}
    if isinstance(error, CoercionError) and (error.msg or (error.token and error.target_type in kinds)):
        # the token is missing where a flag has several values
        name = (error.token.keyword or argument.strip("-").upper()) if error.token else argument
        value = error.token.value if error.token else ""
        return f"{name} {error.msg or f'must be {kinds[error.target_type]}, not {value!r}'}; {read_on}"
    return f"{_one_line(error)} {read_on.capitalize()}."


def _one_line(error: Exception) -> str:
    return " ".join(str(error).split())


def _fail(line: str, code: int) -> int:
    print(f"freyvae: {line}", file=sys.stderr)
    return code


if __name__ == "__main__":
    sys.exit(main())
