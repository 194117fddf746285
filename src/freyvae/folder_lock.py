"""Holds a folder for one process that writes there."""

import errno
import threading
from pathlib import Path

from filelock import FileLock, Timeout

from freyvae.console import printable
from freyvae.errors import BadInput
from freyvae.files import cannot_write, make_folder

NAME = ".lock"
# a file system that does not answer by then will not
SECONDS_TO_LOCK = 20.0
_NO_LOCKS = (errno.ENOLCK, errno.ENOTSUP, errno.ENOSYS, errno.EINVAL, errno.EIO, errno.ESTALE)


def locked(folder: Path) -> FileLock:
    """A lock of a folder, held until it is released, or the process ends, however. The folder is made first.

    Raises:
        BadInput: another process holds it, its file system has no locks or does not answer, or it cannot be written.
    """
    # a file that is there until it is removed is no lock: a process that is killed would hold it for ever
    lock = FileLock(folder / NAME, timeout=0, thread_local=False, fallback_to_soft=False)
    outcome: list[BaseException] = []

    def acquire() -> None:
        try:
            lock.acquire()
        except BaseException as error:
            outcome.append(error)

    try:
        make_folder(folder)
    except OSError as error:
        raise cannot_write(folder, error) from error
    # a network's file system whose server is away answers never, and Python asks it again and again
    acquiring = threading.Thread(target=acquire, daemon=True)
    acquiring.start()
    acquiring.join(SECONDS_TO_LOCK)
    place = printable(folder)
    elsewhere = "choose a folder on a disk of this machine with out=..., and copy it afterwards"
    if acquiring.is_alive():
        raise BadInput(f"the file system of {place} does not answer to a lock: {elsewhere}")
    if outcome:
        reason = outcome[0]
        if isinstance(reason, Timeout):
            raise BadInput(f"another process is working on {place}: wait, or choose another out=...") from reason
        if isinstance(reason, NotImplementedError) or getattr(reason, "errno", None) in _NO_LOCKS:
            raise BadInput(f"the file system of {place} has no locks ({reason}): {elsewhere}") from reason
        if isinstance(reason, OSError):
            raise cannot_write(folder, reason) from reason
        raise reason
    return lock
