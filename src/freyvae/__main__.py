"""`freyvae` and `python -m freyvae`: run a command and turn what goes wrong into one line and an exit code."""

import signal

if __name__ == "__main__":  # as in `freyvae.entry`
    signal.signal(signal.SIGINT, signal.SIG_DFL)

import os
import re
import sys
import traceback
from contextlib import suppress
from typing import TYPE_CHECKING

from freyvae.console import end_waiting, prepare_streams, say
from freyvae.signals import Stopped, handled_by, leave, stop

if TYPE_CHECKING:
    from cyclopts import CycloptsError


_ENDLESS = re.compile(r"(\S{200})\S{200,}(\S{100})")


def main(arguments: list[str] | None = None) -> int:
    """Run the command line; returns the exit code.

    0 is done, 1 failed, 2 wrong usage or bad input, and 128 + n stopped by the signal n: 130 for Ctrl-C.

    `--debug` anywhere shows the traceback of what goes wrong, before its line.
    """
    arguments = list(sys.argv[1:] if arguments is None else arguments)
    debug = "--debug" in arguments
    tokens = [argument for argument in arguments if argument != "--debug"]
    try:
        prepare_streams()
        # a figure is only ever drawn into a file
        os.environ["MPLBACKEND"] = "agg"
        with handled_by(leave):
            from freyvae.cli import app
            from freyvae.cli.launch import words
            from freyvae.flags import with_short_flags

        with handled_by(stop):
            words.set(arguments)
            code = app(with_short_flags(tokens), exit_on_error=False, print_error=False, result_action="return_value")
            sys.stdout.flush()
            if isinstance(code, int):  # of the processes that the command was run in
                return code
    except SystemExit as exit:
        if exit.code == 1:  # so rich ends where the reader of help has left
            _give_up_output()
            return 0
        return exit.code if isinstance(exit.code, int) else 0
    except KeyboardInterrupt as interrupt:
        number = interrupt.number if isinstance(interrupt, Stopped) else signal.SIGINT
        return _fail(str(interrupt) or "interrupted", 128 + number, is_said_by_first=True)
    except BrokenPipeError:
        _give_up_output()  # the reader of our output, `head` for one, has left
        return 0
    except Exception as error:
        return _failed(error, debug=debug)
    finally:
        end_waiting()
    return 0


def _failed(error: Exception, *, debug: bool) -> int:
    from cyclopts import CycloptsError

    from freyvae.errors import FreyvaeError, few_words, is_lack_of_memory

    end_waiting()
    if debug:
        with suppress(OSError):
            traceback.print_exc()
    if isinstance(error, FreyvaeError):
        from freyvae.cli import in_flags

        return _fail(in_flags(str(error)), error.exit_code, is_said_by_first=error.is_said_by_first)
    if isinstance(error, CycloptsError):
        return _fail(_wrong_usage(error), 2)
    if is_lack_of_memory(error):
        return _fail("out of memory: try fewer or smaller images, or a smaller --batch-size", 1)
    if isinstance(error, OSError) and error.filename:
        return _fail(f"{error.strerror or error}: {error.filename}", 2)
    if isinstance(error, OSError):  # whatever writes a file says which
        _give_up_output()
        return _fail(f"cannot write to standard output: {error.strerror or error}", 1)
    return _fail(f"{type(error).__name__}: {few_words(error)} (this is a bug; --debug shows where)", 1)


def _give_up_output() -> None:
    """Let what could not be written go, lest the interpreter complains of it as it closes."""
    with suppress(OSError, ValueError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


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
    return f"{' '.join(str(error).split())} {read_on.capitalize()}."


def _fail(line: str, code: int, *, is_said_by_first: bool = False) -> int:
    # what was given can be of any length, and what to do about it stands at the end
    shortened = _ENDLESS.sub(r"\1...\2", line)
    processes = sys.modules.get("freyvae.engine.processes")  # where they train together
    if processes is None or processes.is_first() or not is_said_by_first:
        say(f"freyvae: {shortened}")
    if processes is not None:
        processes.desert(code)
    return code


if __name__ == "__main__":
    sys.exit(main())
