"""Processes wait for each other before JAX is asked to join them, which ends them with a trace where one does not come.

Process 0 listens where JAX will, hears the number of each other one, and answers all when all are there, or when the
time is over.
"""

import contextlib
import json
import socket
import time

from freyvae.errors import BadInput

GO = "go"
_MOST_BYTES = 2**16


def meet(coordinator: str, process: int, of: int, *, seconds: float) -> str:
    """Return when all processes are there: the address by which others reach this one.

    Args:
        coordinator: HOST:PORT, where process 0 listens.
        process: which one this is, from 0.
        of: how many there are.
        seconds: to wait for them.

    Raises:
        BadInput: that is no address, the port is taken, the host is not found, or not all came in time.
    """
    host, colon, port = coordinator.rpartition(":")
    if not colon or not host or not port.isdigit() or not 0 < int(port) < 2**16:
        raise BadInput(f"coordinator must be HOST:PORT, such as node1:29400, not {coordinator}")
    deadline = time.monotonic() + seconds
    if process == 0:
        return _receive(int(port), of, deadline, seconds)
    return _go_to(host.strip("[]"), int(port), [process, of], deadline, seconds)


def _receive(port: int, of: int, deadline: float, seconds: float) -> str:
    family = socket.AF_INET6 if socket.has_dualstack_ipv6() else socket.AF_INET
    try:
        listening = socket.create_server(("", port), family=family, dualstack_ipv6=family == socket.AF_INET6)
    except OSError as error:
        raise BadInput(f"port {port} can't be listened on ({error.strerror or error}): choose another") from error
    with contextlib.ExitStack() as stack:
        stack.enter_context(listening)
        there: dict[int, socket.socket] = {}
        while len(there) < of - 1 and (left := deadline - time.monotonic()) > 0:
            listening.settimeout(left)
            with contextlib.suppress(OSError, ValueError):  # a time that is over, or a stranger
                guest, _ = listening.accept()
                stack.enter_context(guest)
                guest.settimeout(5.0)
                number, wanted = json.loads(guest.recv(_MOST_BYTES))
                if wanted == of and number not in there:
                    there[int(number)] = guest
                else:
                    twice = f"there is a process {number} already" if wanted == of else f"there are {of}, not {wanted}"
                    guest.sendall(f"process {number}: {twice}".encode())
        missing = [number for number in range(1, of) if number not in there]
        line = _missing(missing, seconds) if missing else GO
        for guest in there.values():
            with contextlib.suppress(OSError):
                guest.sendall(line.encode())
        own = {_own_address(guest) for guest in there.values()}
    if missing:
        raise BadInput(line)
    # of several, one of the network rather than of this machine alone
    return max(own, key=lambda address: not address.startswith(("127.", "::1")))


def _own_address(connected: socket.socket) -> str:
    address: str = connected.getsockname()[0]
    return address.removeprefix("::ffff:")


def _go_to(host: str, port: int, who: list[int], deadline: float, seconds: float) -> str:
    while True:
        left = deadline - time.monotonic()
        if left <= 0:
            raise BadInput(_missing([0], seconds) + f", and let port {port} of {host} through")
        try:
            with socket.create_connection((host, port), timeout=left) as host_of_all:
                host_of_all.sendall(json.dumps(who).encode())
                # the one that listens says so itself when its time is over
                host_of_all.settimeout(left + 10.0)
                answer = host_of_all.recv(_MOST_BYTES).decode("utf-8", "replace")
                own = _own_address(host_of_all)
        except socket.gaierror as error:
            raise BadInput(f"the host {host} of coordinator=... is not found ({error.strerror or error})") from error
        except OSError:  # nobody listens there yet
            time.sleep(0.2)
            continue
        if answer == GO:
            return own
        if answer:
            raise BadInput(answer)
        time.sleep(0.2)


def _missing(numbers: list[int], seconds: float) -> str:
    which = f"process{'es' * (len(numbers) > 1)} {', '.join(map(str, numbers))}"
    return f"{which} did not come within {seconds:g} s: start all of them, with the same coordinator=... and of=..."
