"""What asks a program to stop: Ctrl-C, and what a cluster or a closing terminal sends before it kills."""

import _thread
import gc
import os
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any

# SIGHUP is not everywhere
STOPPING = tuple(getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name))

Handler = Callable[[int, FrameType | None], None]


class Stopped(KeyboardInterrupt):
    """A signal asked the program to stop; the command line exits with 128 and its number, as shells do.

    Attributes:
        number: of the signal.
    """

    def __init__(self, line: str = "", *, number: int = signal.SIGINT):
        super().__init__(line)
        self.number = int(number)


def stop(number: int, frame: FrameType | None) -> None:
    """Raise `Stopped`, so that what is half done is cleared up; a moment later where Python would lose it."""
    if _is_lost_in(frame):
        threading.Timer(0.02, _thread.interrupt_main, (number,)).start()
    else:
        raise Stopped(number=number)


def _is_lost_in(frame: FrameType | None) -> bool:
    """Whether Python drops what is raised here: in what runs when garbage is collected or an object dies."""
    collecting = [getattr(callback, "__code__", None) for callback in gc.callbacks]
    while frame is not None:
        if frame.f_code in collecting or frame.f_code.co_name == "__del__":
            return True
        frame = frame.f_back
    return False


def leave(number: int, frame: FrameType | None) -> None:
    """End the process at once: while modules are imported an exception can be lost, or be taken for another."""
    # over what a terminal is told to wait for
    begin = b"\r\x1b[2K" if os.isatty(2) and os.environ.get("TERM") != "dumb" else b""
    os.write(2, begin + b"freyvae: interrupted\n")
    os._exit(128 + number)


@contextmanager
def handled_by(handler: Handler) -> Iterator[Callable[[], None]]:
    """Have a handler called on every signal that asks to stop; gives what puts the old ones back, as the end does.

    Signals that are ignored stay ignored (`nohup`). A handler that is not Python's, as of a program around it, stays
    too: it could not be put back. Outside of the main thread nothing is done: somebody else minds the signals.
    """
    before: dict[int, Any] = {}

    def give_back() -> None:
        while before:
            number, old = before.popitem()
            signal.signal(number, old)

    try:
        try:
            for number in STOPPING:
                if signal.getsignal(number) not in (signal.SIG_IGN, None):
                    before[number] = signal.signal(number, handler)
        except ValueError:
            before.clear()
        yield give_back
    finally:
        give_back()


@contextmanager
def held_back() -> Iterator[None]:
    """Let signals that ask to stop come after the block, in which what they raise would lose what is half done.

    A block may only take a moment.
    """
    came: list[int] = []
    try:
        with handled_by(lambda number, frame: came.append(number)):
            yield
    finally:
        for number in came:
            signal.raise_signal(number)


class StopRequest(threading.Event):
    """Set once, by a signal that asks to stop; the next one does what it did before.

    Attributes:
        signal: the number of the signal.
    """

    signal: int = signal.SIGINT

    @contextmanager
    def watched(self) -> Iterator["StopRequest"]:
        """Set it for a signal that comes in the block."""

        def note(number: int, frame: FrameType | None) -> None:
            self.signal = number
            self.set()
            give_back()

        with handled_by(note) as give_back:
            yield self
