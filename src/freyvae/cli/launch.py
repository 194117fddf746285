"""Starts a command as several processes on this machine, which train one model together."""

import contextlib
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from contextvars import ContextVar
from typing import IO

from freyvae.console import say
from freyvae.cores import cores_of_process, keep_to
from freyvae.errors import BadInput
from freyvae.signals import STOPPING, handled_by

# for the others to notice that one has ended
SECONDS_TO_FOLLOW = 30.0
MOST_PROCESSES = 64
# of the command that this process runs
words: ContextVar[list[str]] = ContextVar("words")
CORES = "FREYVAE_CORES"
_KILLED = getattr(signal, "SIGKILL", signal.SIGTERM)  # Windows has one of them


def launch(count: int) -> int:
    """Run this command as so many processes; each has its share of the cores. Returns the exit code.

    Each gets the command's own words, but for the number of processes, and where to meet the others.

    Raises:
        BadInput: the number is out of range.
    """
    if not 2 <= count <= MOST_PROCESSES:
        raise BadInput(f"processes must be from 2 to {MOST_PROCESSES}, not {count}")
    arguments = _without_count(words.get())
    where = f"localhost:{_free_port()}"
    started = [
        subprocess.Popen(
            [sys.executable, "-P", "-m", "freyvae", *arguments, "--coordinator", where]
            + ["--process", str(number), "--of", str(count)],
            env=os.environ | _cores(number, count),
            start_new_session=True,  # so that Ctrl-C comes once, from here
            stderr=None if number == 0 else subprocess.PIPE,
        )
        for number in range(count)
    ]
    readers = [threading.Thread(target=_pass_lines, args=(process.stderr,), daemon=True) for process in started[1:]]
    for reading in readers:
        reading.start()

    def pass_on(number: int, frame: object) -> None:
        for process in started:
            # Windows passes on none but SIGTERM: there Ctrl-C reaches all processes of a console
            with contextlib.suppress(ProcessLookupError, ValueError):
                process.send_signal(number)

    try:
        with handled_by(pass_on):
            return _outcome(started)
    finally:
        for process in started:
            process.kill()
            process.wait()
        for reading in readers:
            reading.join()


def _outcome(started: list[subprocess.Popen[bytes]]) -> int:
    """Wait for all; where one fails, at most so long as the others take to notice it. Returns the first bad code."""
    deadline = float("inf")
    while any(process.poll() is None for process in started) and time.monotonic() < deadline:
        if deadline == float("inf") and any(process.poll() for process in started):
            deadline = time.monotonic() + SECONDS_TO_FOLLOW
        time.sleep(0.05)
    codes = [process.poll() for process in started]
    for number, code in enumerate(codes):
        if code is not None and code == -_KILLED:
            say(f"freyvae: process {number} of {len(codes)} was killed; the same command goes on")
    # a second Ctrl-C ends processes by the signal itself
    failed = [code if code > 0 else 128 - code if -code in STOPPING else 1 for code in codes if code]
    return failed[0] if failed else int(any(code is None for code in codes))


def _pass_lines(stderr: IO[bytes]) -> None:
    """Pass on what freyvae says; where process 0 is gone, JAX ends the others with a trace of C++."""
    with stderr:
        for line in stderr:
            if line.startswith(b"freyvae: "):
                say(line.decode("utf-8", "replace").rstrip())


def _without_count(arguments: list[str]) -> list[str]:
    kept, flag = [], "--processes"
    given = iter(arguments)
    for word in given:
        if word == flag:
            next(given, None)
        elif not word.startswith(f"{flag}="):
            kept.append(word)
    return kept


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("", 0))
        port: int = probe.getsockname()[1]
        return port


def _cores(number: int, count: int) -> dict[str, str]:
    """The variable by which a process that is started here knows its share of the cores."""
    cores = cores_of_process()
    own = cores[number * len(cores) // count : (number + 1) * len(cores) // count] or [cores[number % len(cores)]]
    return {CORES: ",".join(map(str, own))}


def keep_to_cores() -> None:
    """Have this process compute on the cores that `launch` gave it."""
    cores = os.environ.pop(CORES, "")
    if cores:
        keep_to(map(int, cores.split(",")))
