"""Several processes that train one model: how they find each other, agree, and notice that one is gone.

JAX's coordination service, which process 0 holds, is their meeting place. A process that hangs is not noticed by JAX's
heartbeats, which a thread of its own sends; so each says here how far it is, and looks whether the others do.
"""

import functools
import os
import socket
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import Any

from freyvae.console import say
from freyvae.engine.meeting import meet
from freyvae.errors import BadInput, few_words

SECONDS_TO_JOIN = 300
# after which a process that says nothing is taken for gone, and how often each says something
SECONDS_OF_SILENCE = 20.0
SECONDS_BETWEEN_BEATS = 1.0
# of one answer of the meeting place; whoever is slow is waited for as long as the watch hears of it
_SECONDS_OF_EXCHANGE = 24 * 3600

# variables by which a launcher says which process this is: SLURM, Open MPI, MPICH and Intel MPI; and of how many
_NUMBERED = {
    "SLURM_PROCID": "SLURM_STEP_NUM_TASKS",
    "OMPI_COMM_WORLD_RANK": "OMPI_COMM_WORLD_SIZE",
    "PMI_RANK": "PMI_SIZE",
}
# of indexed jobs, and of TPU pods
_SCHEDULED, _HOSTS = "JOB_COMPLETION_INDEX", "TPU_WORKER_HOSTNAMES"


@dataclass
class _Joined:
    """What this process knows of the others.

    Attributes:
        client: of JAX's coordination service.
        index: which one this is.
        count: how many there are.
        exchanges: how many there were.
        is_over: whether they part.
        heard: what each said last of how far it is, and when this process heard it.
        last_beat: when the meeting place last answered.
    """

    client: Any
    index: int
    count: int
    exchanges: int = 0
    is_over: threading.Event = field(default_factory=threading.Event)
    heard: dict[int, tuple[str, float]] = field(default_factory=dict)
    last_beat: float = field(default_factory=time.monotonic)


_joined: _Joined | None = None
_index = 0


def is_one_of_several() -> bool:
    """Whether this process trains together with others now."""
    return _joined is not None


def is_first() -> bool:
    """Whether this is the process that writes, says and draws: number 0, or one alone."""
    return _index == 0


def is_started_by_launcher() -> bool:
    """Whether `srun`, `mpirun`, or an indexed job of Kubernetes started this process as one of several."""
    return number_by_launcher() is not None or _SCHEDULED in os.environ or "," in os.environ.get(_HOSTS, "")


def number_by_launcher() -> tuple[int, int] | None:
    """Which process this is, and of how many, as `srun` or `mpirun` says it; None without them, or of one."""
    for number, count in _NUMBERED.items():
        said = os.environ.get(number, ""), os.environ.get(count, "")
        if all(text.isdigit() for text in said) and int(said[1]) > 1:
            return int(said[0]), int(said[1])
    return None


def join(
    coordinator: str | None = None,
    process: int | None = None,
    of: int | None = None,
    *,
    seconds: int = SECONDS_TO_JOIN,
) -> None:
    """Become one of several processes, before JAX is used. Without arguments it is as the launcher says.

    Args:
        coordinator: HOST:PORT, where process 0 listens and all others find it.
        process: which one this is, from 0.
        of: how many there are.
        seconds: to wait for all of them.

    Raises:
        BadInput: as `meet` raises it, or what the launcher says is not enough.
    """
    global _joined, _index
    import jax
    from jax._src import distributed

    if coordinator is None or process is None or of is None:
        coordinator, process, of = _by_launcher(seconds)
    if of > 1:
        _reach_by(meet(coordinator, process, of, seconds=seconds))
    _hush()
    jax.config.update("jax_cpu_collectives_implementation", "gloo")
    for name in [name for name in os.environ if "_proxy" in name.lower()]:
        del os.environ[name]  # which would hang the first call
    try:
        jax.distributed.initialize(coordinator, of, process, initialization_timeout=seconds)
    except Exception as error:
        raise _do_not_meet(few_words(error, most=120)) from error
    state = distributed.global_state
    _joined = _Joined(state.client, int(state.process_id or 0), int(state.num_processes or 1))
    _index = _joined.index
    _put("host", socket.gethostname())
    for watch in (_beat, _judge):
        threading.Thread(target=watch, args=(_joined,), name=f"freyvae{watch.__name__}", daemon=True).start()


def leave() -> None:
    """Part from the others, when all are at this place. Each may then end when it likes."""
    global _joined
    if _joined is None:
        return
    import jax

    exchange("leaving")
    _joined.is_over.set()
    _joined = None
    with suppress(Exception):  # who has gone already is missed by no one
        jax.distributed.shutdown()


def desert(code: int) -> None:
    """End this process with an exit code, and wait for no other; those that were told why end by themselves.

    Returns where it was one alone.
    """
    if _joined is None:
        return
    _joined.is_over.set()
    sys.stdout.flush()
    sys.stderr.flush()
    if is_first():
        time.sleep(1.0)  # it holds the meeting place, without which the others could not end in peace
    os._exit(code)


def exchange(text: str) -> list[str]:
    """Say something to all processes, and hear what each says, by its number; waits until all are at this place."""
    if _joined is None:
        return [text]
    number, _joined.exchanges = _joined.exchanges, _joined.exchanges + 1
    _put(f"said/{number}", text)
    heard = [_get(f"said/{number}", peer) for peer in range(_joined.count)]
    if number >= 2:  # all have read what was said two exchanges ago
        with suppress(Exception):
            _joined.client.key_value_delete(f"freyvae/said/{number - 2}/{_joined.index}")
    return heard


def of_first(text: str) -> str:
    """What process 0 says."""
    return exchange(text if is_first() else "")[0]


def any_of(flag: bool) -> bool:
    """Whether any process says so."""
    return any(exchange("1" if flag else ""))


def first_said(text: str) -> str:
    """What the first process says that says anything; "" where none does."""
    return next(filter(None, exchange(text)), "")


@contextmanager
def all_or_none() -> Iterator[None]:
    """A block that all processes finish, or none: `BadInput` in one of them is raised in all, with its number."""
    own: BadInput | None = None
    try:
        yield
    except BadInput as error:
        own = error
    heard = exchange("" if own is None else str(own))
    if own is not None:
        raise _said_by_first(own)
    for process, line in enumerate(heard):
        if line:
            where = "" if process == 0 else f"process {process} on {_get('host', process)}: "
            raise _said_by_first(BadInput(where + line))


def check_same(what: str, text: str) -> None:
    """Raise `BadInput` where processes differ in something, which `text` is of this one."""
    heard = exchange(text)
    for process, other in enumerate(heard):
        if other != heard[0]:
            where = f"process {process} on {_get('host', process)}"
            raise _said_by_first(BadInput(f"{where} has another {what} than process 0: give all the same"))


def _said_by_first(error: BadInput) -> BadInput:
    error.is_said_by_first = True
    return error


@contextmanager
def blaming() -> Iterator[None]:
    """A block of common work. Where it fails because another process is gone, the watch says which, and ends this one.

    What JAX says of it would be of sockets.
    """
    try:
        yield
    except Exception as error:
        if _joined is not None and type(error).__module__.startswith("jax"):
            _joined.is_over.wait(SECONDS_OF_SILENCE + 5.0)
        raise


def _by_launcher(seconds: int) -> tuple[str, int, int]:
    """Where process 0 listens, which process this is and of how many, as JAX reads it from what the launcher says."""
    from jax._src.clusters import ClusterEnv

    try:
        where, of, process, _ = ClusterEnv.auto_detect_unset_distributed_params(None, None, None, None, None, seconds)
    except Exception as error:  # of a scheduler that is asked over the network, among others
        raise _do_not_meet(few_words(error, most=120)) from error
    if where is None or of is None or process is None:
        raise _do_not_meet("JAX does not know this launcher")
    return where, process, of


def _do_not_meet(why: str) -> BadInput:
    return BadInput(
        f"the processes of this job don't find each other ({why}): give coordinator=..., HOST:PORT where process 0 "
        "listens"
    )


def _reach_by(address: str) -> None:
    """Have Gloo tell the others this address. By default it is that of the machine's name, on Debian 127.0.1.1."""
    from jax._src.lib import _jax

    _jax.make_gloo_tcp_collectives = functools.partial(_jax.make_gloo_tcp_collectives, hostname=address)


def _hush() -> None:
    """Keep what Gloo prints of its connections out of what a program reads of this process's standard output."""
    sys.stdout.flush()
    own = os.fdopen(os.dup(1), "w", encoding=sys.stdout.encoding, errors=sys.stdout.errors, buffering=1)
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 1)
    os.close(nowhere)
    sys.stdout = own


def _put(key: str, text: str) -> None:
    assert _joined is not None
    _joined.client.key_value_set(f"freyvae/{key}/{_joined.index}", text or " ", allow_overwrite=True)


def _get(key: str, process: int) -> str:
    assert _joined is not None
    text: str = _joined.client.blocking_key_value_get(f"freyvae/{key}/{process}", 1000 * _SECONDS_OF_EXCHANGE)
    return text.strip()


def _beat(joined: _Joined) -> None:
    """Say how far this process is, and hear how far the others are."""
    number = 0
    while not joined.is_over.wait(SECONDS_BETWEEN_BEATS):
        number += 1
        try:
            joined.client.key_value_set(f"freyvae/alive/{joined.index}", str(number), allow_overwrite=True)
            found = joined.client.key_value_dir_get("freyvae/alive/")
        except Exception:  # the meeting place does not answer, which `_judge` notices
            continue
        joined.last_beat = time.monotonic()
        for key, value in found:
            process = int(key.rsplit("/", 1)[1])
            if joined.heard.get(process, ("", 0.0))[0] != value:
                joined.heard[process] = value, joined.last_beat


def _judge(joined: _Joined) -> None:
    """End this process where another one says nothing any more."""
    began, others = time.monotonic(), [process for process in range(joined.count) if process != joined.index]
    while not joined.is_over.wait(SECONDS_BETWEEN_BEATS):
        earliest = time.monotonic() - SECONDS_OF_SILENCE
        silent = [process for process in others if joined.heard.get(process, ("", began))[1] < earliest]
        if joined.last_beat < earliest:
            silent = [0]
        if silent and not joined.is_over.is_set():
            which = ", ".join(map(str, silent))
            _end(f"process {which} of {joined.count} says nothing any more: it was killed, or hangs")


def _end(line: str) -> None:
    say(f"freyvae: {line}; the same command goes on from the last state that was saved")
    os._exit(1)
