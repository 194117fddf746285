"""The console script: Ctrl-C ends it at once and without a traceback, from its first line on."""

import signal

signal.signal(signal.SIGINT, signal.SIG_DFL)

from freyvae.__main__ import main  # noqa: E402

__all__ = ["main"]
