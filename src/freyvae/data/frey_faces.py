"""Finds or downloads the Frey faces, and verifies them.

They are verified by the SHA-256 of their pixels. The published copies of this data set differ as files, but hold the
same pixels.
"""

import hashlib
import io
import logging
import os
import pickle
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from freyvae.console import Progress, checked_progress
from freyvae.data.download import DownloadFailed, download, why_unwritten
from freyvae.data.images import pixels_sha256
from freyvae.data.matlab_tags import readable_variables
from freyvae.data.pixels import Images
from freyvae.errors import BadInput, FreyvaeError
from freyvae.files import as_path, write_whole


class Source(NamedTuple):
    """A place to download from: its name, its address, and the name of the file there."""

    name: str
    url: str
    file_name: str


SOURCES = (
    Source("Sam Roweis' page at NYU", "https://cs.nyu.edu/~roweis/data/frey_rawface.mat", "frey_rawface.mat"),
    Source(
        "the vae_vampprior mirror",
        "https://raw.githubusercontent.com/jmtomczak/vae_vampprior/master/datasets/Freyfaces/freyfaces.pkl",
        "freyfaces.pkl",
    ),
)

PIXELS_SHA256 = "2438ba4f0d2a6bd8bac43de756141eaa33c8d248dd613d464bdb1210d9b7af78"
PICKLE_SHA256 = "3b69410c6a5fd6e03f09012905168be3712373a094a776f7e58fcd0670d2138a"

_FILE_NAMES = ("frey_rawface.mat", "freyfaces.pkl")
_MOST_BYTES = 64 * 2**20
_WAY_OUT = 'give a file with `freyvae data fetch frey-faces --from FILE`, or use `data="synthetic-faces"`'

_log = logging.getLogger(__name__)


class DataUnavailable(FreyvaeError):
    """The data is not available: no source answers, or nothing can be written. Exit code 1."""


class _NotTheFaces(Exception):
    """A file does not hold the Frey faces, for the reason given."""


def load_frey_faces(*, progress: bool | Progress = False) -> Images:
    """Load the 1965 frames of Brendan Frey's face, in the order of the video.

    Looks in `$FREYVAE_DATA` (a folder, or the file itself), then in the user's cache, then downloads to that cache.

    Args:
        progress: receives the progress of a download; True draws a bar on stderr, if that is a terminal.

    Returns:
        uint8 (1965, 28, 20, 1), grey levels 8 to 238.

    Raises:
        BadInput: `$FREYVAE_DATA` is not a path.
        DataUnavailable: none of these places has the faces. The message gives the reason for each, and what to do.
    """
    return _obtain(progress=checked_progress(progress))[1]


def fetch_frey_faces(source: Path | None = None, progress: bool | Progress = False) -> Path:
    """Make sure that the Frey faces are on this machine.

    Args:
        source: a file that holds them, which is copied to the user's cache. Without it they are looked for and
            downloaded as in `load_frey_faces`.
        progress: receives the progress of a download; True draws a bar on stderr, if that is a terminal.

    Returns:
        The path of the file. Its pixels were verified.

    Raises:
        BadInput: `source` can't be read, or does not hold the Frey faces.
        DataUnavailable: no source has them, or the cache can't be written.
    """
    progress = checked_progress(progress)
    if source is None:
        return _obtain(progress=progress)[0]
    try:
        content = _read_bytes(as_path("source", source))
        suffix = _pixels(content)[1]
    except _NotTheFaces as reason:
        raise BadInput(f"{source}: not the Frey faces, {reason}; nothing was copied") from None
    except OSError as error:
        raise BadInput(f"{source}: can't be read ({error.strerror or error})") from None
    folder = _writable_cache()
    target = folder / next(name for name in _FILE_NAMES if name.endswith(suffix))
    try:
        _write(target, content)
    except OSError as error:
        raise DataUnavailable(
            f"the Frey faces in {source} are fine, but {why_unwritten(error, folder)}; free some space, "
            "or set FREYVAE_DATA to the file's folder"
        ) from None
    return target


def _obtain(*, progress: bool | Progress) -> tuple[Path, Images]:
    reasons = []
    for where, path in _candidates():
        try:
            return path, _pixels(_read_bytes(path))[0]
        except _NotTheFaces as reason:
            said = f"{where}: {path} is not the Frey faces, {reason}; {_set_aside(path)}"
        except OSError as error:
            said = f"{where}: {path} can't be read ({error.strerror or error})"
        _log.warning("%s", said)
        reasons.append(said)
    place = os.environ.get("FREYVAE_DATA")
    if place and not reasons:
        reasons.append(f"FREYVAE_DATA: no {' or '.join(_FILE_NAMES)} in {place}")
    folder = _writable_cache()
    for source in SOURCES:
        try:
            return _from_source(source, folder, progress=progress)
        except DownloadFailed as failure:
            if failure.ours:  # the next source would fail the same way
                said = f"the Frey faces from {source.name} can't be kept: {failure}"
                raise DataUnavailable(f"{said}; mend that, or {_WAY_OUT}") from None
            reasons.append(f"{source.name}: {failure}")
    raise DataUnavailable(f"the Frey faces can't be had: {'; '.join(reasons) or 'there is no source'}; {_WAY_OUT}")


def _candidates() -> Iterator[tuple[str, Path]]:
    """The files that exist, the user's own first."""
    own = os.environ.get("FREYVAE_DATA")
    if own:
        place = as_path("FREYVAE_DATA", own)
        for path in (place, *(place / name for name in _FILE_NAMES)):
            if path.is_file():
                yield "FREYVAE_DATA", path
    folder = _cache_folder()
    for name in _FILE_NAMES:
        if (folder / name).is_file():
            yield "the cache", folder / name


def _from_source(source: Source, folder: Path, *, progress: bool | Progress) -> tuple[Path, Images]:
    content = download(source.url, label=f"Frey faces, from {source.name}", progress=progress)
    target = folder / source.file_name
    bad = target.with_name(target.name + ".bad")
    try:
        try:
            images = _pixels(content)[0]
        except _NotTheFaces as reason:
            _write(bad, content)
            raise DownloadFailed(f"what it sent is not the Frey faces, {reason} (set aside as {bad})") from None
        _write(target, content)
    except OSError as error:
        raise DownloadFailed(why_unwritten(error, folder), ours=True) from None
    return target, images


def _write(path: Path, content: bytes) -> None:
    """Write a file, whole or not at all. Raises the system's own `OSError`."""
    try:
        write_whole(path, content)
    except BadInput as refusal:
        raise refusal.__cause__ if isinstance(refusal.__cause__, OSError) else refusal from None


def _pixels(content: bytes) -> tuple[Images, str]:
    """The verified frames in a file's bytes, and the suffix for such a file."""
    if hashlib.sha256(content).hexdigest() == PICKLE_SHA256:
        # A pickle can run code, so only this known file is unpickled. It holds a list of one uint8 (1965, 560).
        pixels, suffix = pickle.loads(content, encoding="latin1")[0], ".pkl"
    else:
        pixels, suffix = _from_mat(content), ".mat"
    if pixels.shape != (1965, 560) or pixels.dtype != np.uint8:
        raise _NotTheFaces(f"it holds {pixels.dtype} {pixels.shape[::-1]}")
    if pixels_sha256(pixels) != PIXELS_SHA256:
        raise _NotTheFaces("its pixels have another SHA-256")
    return np.ascontiguousarray(pixels).reshape(1965, 28, 20, 1), suffix


def _from_mat(content: bytes) -> Any:
    import scipy.io

    if not content.startswith(b"MATLAB"):  # scipy would read any other bytes as a file of MATLAB 4
        raise _NotTheFaces("it is neither the MATLAB file nor the known pickle, or it is cut short")
    try:
        readable_variables(io.BytesIO(content))
        faces = scipy.io.loadmat(io.BytesIO(content), variable_names=["ff"]).get("ff")
    except Exception:  # a damaged file makes scipy raise almost anything
        raise _NotTheFaces("a MATLAB file that is damaged or cut short") from None
    if not isinstance(faces, np.ndarray):
        raise _NotTheFaces("a MATLAB file without a variable `ff`")
    return faces.T  # one column a frame


def _read_bytes(path: Path) -> bytes:
    with path.open("rb") as file:  # no more than that: a device tells no size, and may never end
        content = file.read(_MOST_BYTES + 1)
    if len(content) > _MOST_BYTES:
        raise _NotTheFaces("it is far too large")
    return content


def _set_aside(path: Path) -> str:
    if path.name not in _FILE_NAMES:  # FREYVAE_DATA may name any file by mistake: it must not be renamed
        return "left as it is"
    bad = path.with_name(path.name + ".bad")
    try:
        os.replace(path, bad)
    except OSError as error:
        return f"it could not be renamed ({error.strerror or error}), so remove it yourself"
    return f"renamed to {bad.name}"


def _cache_folder() -> Path:
    import pooch

    return Path(pooch.os_cache("freyvae"))


def _writable_cache() -> Path:
    folder = _cache_folder()
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise DataUnavailable(f"the Frey faces can't be kept: {why_unwritten(error, folder)}; {_WAY_OUT}") from None
    return folder
