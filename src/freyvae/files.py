"""Files are written whole or not at all."""

import errno
import os
import shutil
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from freyvae.errors import BadInput

# the system only tells a process's umask by setting another, which threads share
_asking_for_umask = threading.Lock()


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """Give a temporary path beside `path`, and move it there when the block is done.

    When the block fails, what was at `path` stays as it was. The temporary name keeps the suffix, which tells some
    writers the format.

    Raises:
        BadInput: the folder is read-only or full, or cannot be made.
    """
    temporary: Path | None = None
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(prefix=f".{path.stem}-", suffix=path.suffix, dir=path.parent)
        os.close(handle)
        temporary = Path(name)
        yield temporary
        with temporary.open("rb+") as written:
            os.fsync(written.fileno())
        # mkstemp makes files that only their owner can read
        temporary.chmod(0o666 & ~_umask())
        os.replace(temporary, path)
    except OSError as error:
        raise cannot_write(path, error) from error
    finally:
        if temporary is not None:
            temporary.unlink(missing_ok=True)


@contextmanager
def making_folder(path: Path) -> Iterator[Path]:
    """Give a temporary folder beside `path`, and move it there when the block is done. Raises as `replacing` does.

    What was at `path` may only be an empty folder.
    """
    temporary: Path | None = None
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        temporary = Path(tempfile.mkdtemp(prefix=f".{path.name}-", dir=path.parent))
        yield temporary
        temporary.chmod(0o777 & ~_umask())
        os.replace(temporary, path)
    except OSError as error:
        raise cannot_write(path, error) from error
    finally:
        if temporary is not None:
            shutil.rmtree(temporary, ignore_errors=True)


def write_whole(path: Path, content: str | bytes) -> None:
    """Write text (UTF-8) or bytes to `path`, whole or not at all. Raises `BadInput` as `replacing` does."""
    with replacing(path) as temporary:
        temporary.write_bytes(content.encode() if isinstance(content, str) else content)


def cannot_write(path: Path, error: OSError) -> BadInput:
    """The one line for a write that the system refused."""
    full = error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
    advice = "free some space" if full else "check the path and its permissions"
    return BadInput(f"cannot write {path}: {error.strerror or error}; {advice}, or choose another place")


def _umask() -> int:
    with _asking_for_umask:
        mask = os.umask(0o022)
        os.umask(mask)
    return mask
