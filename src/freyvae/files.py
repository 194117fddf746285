"""Files are written whole or not at all, and what was written outlives a power cut.

A file is written under another name beside its place, synced, moved there, and then its folder is synced: after a power
cut there is the old file or the new one. A process that is killed leaves the file of the other name behind, which the
next one to write in that folder removes.
"""

import errno
import functools
import hashlib
import os
import re
import shutil
import socket
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, BinaryIO

from freyvae.arguments import in_words
from freyvae.console import printable
from freyvae.errors import BadInput, NotNow

# the system only tells a process's umask by setting another, which threads share
_asking_for_umask = threading.Lock()

_PART_WRITTEN = re.compile(r"\d+ requested and \d+ written")
_TEMPORARY = re.compile(r"\.freyvae-(?P<place>[0-9a-f]{8})-(?P<process>\d+)-.*", re.DOTALL)
_NO_NAME_ON_WINDOWS = re.compile(r'[<>:"|?*]|[ .]$|^(con|prn|aux|nul|com\d|lpt\d) *(\.|$)', re.IGNORECASE)
# folders in which this process has looked for what killed processes left
_tidied: set[Path] = set()


def as_path(name: str, value: Any) -> Path:
    """The path that an argument is, `~` and `~user` written out; nothing need be there.

    Raises:
        BadInput: it is no path, there is no such user, or no file can have such a name.
    """
    if not isinstance(value, (str, os.PathLike)) or isinstance(os.fspath(value), bytes) or not os.fspath(value):
        raise BadInput(f"{name} must be a path, not {in_words(value)}")
    try:
        path = Path(value).expanduser()
        os.lstat(path)
    except (FileNotFoundError, NotADirectoryError):
        pass
    except RuntimeError as error:
        raise BadInput(f"{name} {printable(value)}: there is no such user: write the path in full") from error
    except ValueError as error:  # a null character, or half a surrogate pair
        raise BadInput(f"{name} {in_words(value)} is no path: {printable(error)}") from error
    except OSError as error:
        raise BadInput(f"{name} {in_words(str(value))}: {error.strerror or error}") from error
    return path


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
        if path.exists() and not (path.is_file() or path.is_dir()):  # a device would be gone, and a pipe its reader
            raise BadInput(f"cannot write {path}: it is no plain file; choose another place")
        _prepare(path.parent)
        handle, name = tempfile.mkstemp(prefix=_prefix(), suffix=path.suffix, dir=path.parent)
        os.close(handle)
        temporary = Path(name)
        yield temporary
        # mkstemp makes files that only their owner can read
        temporary.chmod(0o666 & ~_umask())
        _sync(temporary)
        os.replace(temporary, path)
        sync_folder(path.parent)
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
        _prepare(path.parent)
        temporary = Path(tempfile.mkdtemp(prefix=_prefix(), dir=path.parent))
        yield temporary
        temporary.chmod(0o777 & ~_umask())
        for place, _, names in os.walk(temporary):
            for name in names:
                _sync(Path(place, name))
            sync_folder(Path(place))
        os.replace(temporary, path)
        sync_folder(path.parent)
    except OSError as error:
        raise cannot_write(path, error) from error
    finally:
        if temporary is not None:
            shutil.rmtree(temporary, ignore_errors=True)


def write_whole(path: Path, content: str | bytes) -> None:
    """Write text (UTF-8) or bytes to `path`, whole or not at all. Raises `BadInput` as `replacing` does."""
    with replacing(path) as temporary:
        temporary.write_bytes(content.encode() if isinstance(content, str) else content)


def read_small(path: Path, *, most_bytes: int) -> str:
    """The text (UTF-8, with or without the mark that Windows puts in front) of a file that has no reason to be large.

    Raises:
        BadInput: it cannot be read, is no plain file, is larger than `most_bytes`, or is no UTF-8.
    """
    try:
        if path.exists() and not path.is_file():  # to open a pipe would wait for whoever writes to it
            raise BadInput(f"cannot read {path}: it is no plain file")
        with path.open("rb") as file:
            content = file.read(most_bytes + 1)
        if len(content) > most_bytes:
            raise BadInput(f"cannot read {path}: it is larger than the {most_bytes // 2**20} MiB of any such file")
        return content.decode("utf-8-sig")
    except OSError as error:
        raise BadInput(f"cannot read {path}: {error.strerror or error}") from error
    except UnicodeDecodeError as error:
        raise BadInput(f"cannot read {path}: it is no UTF-8 text") from error


class Digesting:
    """Writes to a file that is open, and knows what was written.

    Args:
        file: binary.

    Attributes:
        sha256: of all bytes so far.
    """

    def __init__(self, file: BinaryIO):
        self._file, self.sha256 = file, hashlib.sha256()

    def write(self, content: bytes | memoryview) -> None:
        """Write some more."""
        self._file.write(content)
        self.sha256.update(content)


def sha256_of(path: Path) -> str:
    """SHA-256 of a file's bytes, in hexadecimal. Raises `OSError`."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def remove(path: Path) -> None:
    """Remove a file, or a link to one, if it is there, and make sure that it stays away. Raises `OSError`."""
    if path.is_symlink() or path.exists():
        path.unlink()
        sync_folder(path.parent)


def is_temporary(path: Path) -> bool:
    """Whether a name is one under which this module writes before it moves."""
    return _TEMPORARY.fullmatch(path.name) is not None


def is_name_of_folder(name: str, *, on_windows: bool = os.name == "nt") -> bool:
    """Whether a folder that is not hidden can be called so; on Windows names of devices and some signs are refused."""
    if not name.isprintable() or not name or name.startswith(".") or any(sign in name for sign in "/\\"):
        return False
    return not (on_windows and _NO_NAME_ON_WINDOWS.search(name))


def make_folder(folder: Path) -> None:
    """Make a folder, and those that it is to lie in, where there are none. Raises `OSError`."""
    missing = [path for path in (folder, *folder.parents) if not path.exists()]
    folder.mkdir(parents=True, exist_ok=True)
    for made in missing:
        sync_folder(made.parent)


def sync_folder(folder: Path) -> None:
    """Have the system write down what names a folder holds, where it can: a rename is not durable before."""
    if os.name == "nt":  # folders cannot be opened there
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    except OSError as error:
        # some file systems sync no folders
        if error.errno not in (errno.EINVAL, errno.ENOTSUP, errno.EROFS):
            raise
    finally:
        os.close(handle)


def _sync(path: Path) -> None:
    with path.open("rb+") as written:
        os.fsync(written.fileno())


def _prepare(folder: Path) -> None:
    """Make a folder where there is none, and remove from it what killed processes left."""
    make_folder(folder)
    here = folder.resolve()
    if here in _tidied:
        return
    _tidied.add(here)
    found = []
    with suppress(OSError), os.scandir(folder) as entries:
        found = [(entry, match) for entry in entries if (match := _TEMPORARY.fullmatch(entry.name))]
    for entry, match in found:
        if match["place"] == _place_of_processes() and not _is_running(int(match["process"])):
            with suppress(OSError):
                if entry.is_dir(follow_symlinks=False):
                    shutil.rmtree(entry.path)
                else:
                    os.unlink(entry.path)


def _prefix() -> str:
    return f".freyvae-{_place_of_processes()}-{os.getpid()}-"


@functools.cache
def _place_of_processes() -> str:
    """Where a process's number means something: a machine, and on it a container. Folders can be shared by several."""
    try:
        container = os.readlink("/proc/self/ns/pid")
    except OSError:  # only Linux has it
        container = ""
    return hashlib.sha256(f"{socket.gethostname()}\0{container}".encode()).hexdigest()[:8]


def _is_running(process: int) -> bool:
    if os.name == "nt":  # there a signal of 0 would end it
        return True
    try:
        os.kill(process, 0)
    except (ProcessLookupError, OverflowError):
        return False
    except PermissionError:
        return True
    return True


def cannot_write(path: Path, error: OSError) -> NotNow:
    """The one line for a write that the system refused."""
    # NumPy, of whose numbers not all were written, does not say why
    is_part = error.errno is None and _PART_WRITTEN.fullmatch(str(error)) is not None
    full = is_part or error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
    advice = "free some space" if full else "check the path and its permissions"
    why = "no space was left for a part of it" if is_part else error.strerror or error
    return NotNow(f"cannot write {path}: {why}; {advice}, or choose another place")


def _umask() -> int:
    with _asking_for_umask:
        mask = os.umask(0o022)
        os.umask(mask)
    return mask
