"""Exit codes and error messages of the studies' command lines."""

import sys
from collections.abc import Callable

from freyvae.errors import FreyvaeError


def exit_code(work: Callable[[], int], *, name: str, interrupted: str) -> int:
    """Run `work` and return its exit code, that of a `FreyvaeError`, or 130 after Ctrl-C.

    An error is printed as a line that begins with `name`. After Ctrl-C that line ends with the text `interrupted`.
    """
    try:
        return work()
    except FreyvaeError as error:
        print(f"{name}: {error}", file=sys.stderr)
        return error.exit_code
    except KeyboardInterrupt:
        print(f"{name}: interrupted; {interrupted}", file=sys.stderr)
        return 130
