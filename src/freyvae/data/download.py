"""Downloads one file, and states in a few words why a download failed."""

import errno
import http
import io
import time
from pathlib import Path

from freyvae.console import Progress, shown

ATTEMPTS = 3
WAIT_SECONDS = 1.0  # before the second attempt, and twice that before the third
SILENCE_SECONDS = 10.0  # limit for connecting, and between two pieces
TOTAL_SECONDS = 120.0  # limit for a server that sends very slowly
MOST_BYTES = 32 * 2**20  # limit for a server that never stops sending


class DownloadFailed(Exception):
    """A download failed. `again`: another attempt may help. `ours`: the cause is this machine, not the source."""

    def __init__(self, reason: str, *, again: bool = False, ours: bool = False) -> None:
        super().__init__(reason)
        self.again = again
        self.ours = ours


def download(url: str, *, label: str, progress: bool | Progress) -> bytes:
    """Download the content of `url`, at most `MOST_BYTES`.

    Args:
        url: http or https.
        label: the name of the download in the progress.
        progress: receives the progress; True draws a bar on stderr, if that is a terminal.

    Raises:
        DownloadFailed: after `ATTEMPTS` attempts, or at once if another attempt can't help.
    """
    for attempt in range(ATTEMPTS):
        try:
            return _once(url, label=label, progress=progress)
        except DownloadFailed as failure:
            if not failure.again or attempt == ATTEMPTS - 1:
                raise
        time.sleep(WAIT_SECONDS * 2**attempt)
    raise AssertionError("unreachable")


def _once(url: str, *, label: str, progress: bool | Progress) -> bytes:
    import pooch
    import requests

    answers: list[requests.Response] = []  # pooch leaves the connection open when a download breaks off

    def keep(answer: requests.Response, **_: object) -> None:
        answers.append(answer)

    content = io.BytesIO()
    try:
        with shown(progress) as told:
            watch = _Watch(label, told)
            fetch = pooch.HTTPDownloader(progressbar=watch, timeout=SILENCE_SECONDS, hooks={"response": keep})
            fetch(url, content, None)
    except requests.HTTPError as error:
        raise _from_status(error.response.status_code if error.response is not None else 0) from None
    except requests.Timeout:
        raise DownloadFailed(f"no answer within {SILENCE_SECONDS:g} s", again=True) from None
    except requests.exceptions.ChunkedEncodingError:
        raise DownloadFailed("broke off before the end", again=True) from None
    except requests.exceptions.SSLError:
        raise DownloadFailed("its certificate was refused") from None
    except requests.ConnectionError as error:
        # A timeout in the middle of the body is also a ConnectionError in requests.
        if "timed out" in str(error).lower():
            raise DownloadFailed(f"silent for {SILENCE_SECONDS:g} s in the middle", again=True) from None
        raise DownloadFailed("can't be reached", again=True) from None
    except requests.RequestException as error:
        raise DownloadFailed(type(error).__name__, again=False) from None
    except ValueError:  # from pooch, if Content-Length is not a number
        raise DownloadFailed("answered with malformed headers") from None
    finally:
        for answer in answers:
            answer.close()
    return content.getvalue()


def why_unwritten(error: OSError, folder: Path) -> str:
    """State in a few words why nothing could be written in `folder`."""
    if error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
        return f"the disk is full under {folder}"
    return f"can't write in {folder} ({error.strerror or type(error).__name__})"


def _from_status(status: int) -> DownloadFailed:
    try:
        phrase = f" {http.HTTPStatus(status).phrase}"
    except ValueError:
        phrase = ""
    return DownloadFailed(f"HTTP {status}{phrase}", again=status >= 500 or status in (408, 429))


class _Watch:
    """The progress bar that pooch expects. It also ends a download that is too slow or too large."""

    def __init__(self, label: str, progress: Progress) -> None:
        self.total = 0
        self._label = label
        self._progress = progress
        self._bytes = 0
        self._deadline = time.monotonic() + TOTAL_SECONDS

    def update(self, size: int) -> None:
        self._bytes += size
        # a server can announce fewer bytes than it sends
        self._progress.advance(min(self._bytes, self.total or self._bytes), self.total, self._label)
        if self._bytes > MOST_BYTES:
            raise DownloadFailed(f"sends more than {MOST_BYTES // 2**20} MiB")
        if time.monotonic() > self._deadline:
            raise DownloadFailed(f"not done within {TOTAL_SECONDS:g} s")

    def reset(self) -> None:
        self._bytes = 0

    def close(self) -> None:
        """Do nothing: the bar ends with the `with` block that shows it."""
