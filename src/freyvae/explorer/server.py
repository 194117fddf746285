"""A run's page at an address of one's own machine: the run's own files by name, and nothing else.

Other users of the machine reach the address too: the one that is opened carries a token, which the first answer leaves
as a cookie, and without which there is no other answer.
"""

import errno
import hmac
import html
import os
import re
import secrets
import shutil
import socket
import sys
import threading
import time
import webbrowser
from collections.abc import Callable
from contextlib import suppress
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, BinaryIO
from urllib.parse import parse_qs, unquote

from freyvae.console import say as to_stderr
from freyvae.errors import BadInput
from freyvae.explorer.page import is_current, is_damaged, policy_of_this_version, refuse_foreign_page, write_page
from freyvae.run import Run

ADDRESS = "127.0.0.1"
PORT = 8765
PORTS_TRIED = 50
MOST_CONNECTIONS = 128  # at once
SECONDS_TO_ASK = 10.0  # from the connection to the end of the request's head
SECONDS_TO_ANSWER = 600.0  # a large page through a slow tunnel takes its time

_TYPES = {
    ".html": "text/html; charset=utf-8",
    ".png": "image/png",
    ".json": "application/json",
    ".csv": "text/csv; charset=utf-8",
    ".toml": "text/plain; charset=utf-8",
}
_PAGE = "/explorer/index.html"
_QUIET_POLICY = (
    "default-src 'none'; img-src data: 'self'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"
)
# a browser that came here from another site's page sends the cookie only when it goes on from this one
_NO_TOKEN = (
    '<!doctype html><html lang="en"><meta charset="utf-8"><title>The explorer needs its token</title>'
    "<p>Open the address that <code>freyvae explore</code> printed, with its token. "
    f'If you have just done so, <a href="{_PAGE}">go on to the explorer</a>.\n'
)
_PICTURE = re.compile(r"/pictures/[\w.-]+\.png", re.ASCII)


def serve(run: Run, *, port: int | None = None, browser: bool = True, say: Callable[[str], None] | None = None) -> None:
    """Serve a run's page on 127.0.0.1 until Ctrl-C, writing it first where it is missing or of another version.

    Args:
        run: a finished run.
        port: to listen on; by default 8765. When it is taken, the next free one, and it is said.
        browser: open the page in the browser.
        say: how to say a line; by default to standard error.

    Raises:
        BadInput: the page is of a newer format or cannot be written, or no port is free.
    """
    say = say or to_stderr
    prepare_page(run, say=say)
    with make_server(run, port=PORT if port is None else port, say=say) as server:
        say(f"exploring {run.folder} at {server.address(server.token)} (Ctrl-C ends it)")
        # other users can read the browser's command line: what stands there serves once
        if browser and not webbrowser.open(server.address(server.token_for_once())):
            say("no browser could be opened: open the address by hand")
        try:
            server.serve_forever(poll_interval=0.2)
        except KeyboardInterrupt:
            say("stopped")


def prepare_page(run: Run, *, say: Callable[[str], None] | None = None) -> Path:
    """Make sure that a run has a page, whole and of this version. Raises `BadInput` as `serve` does."""
    path = run.explorer_path
    if path.is_file():
        refuse_foreign_page(path)
        if is_current(path):
            return path
        if say and is_damaged(path):
            say(f"{path} was cut or damaged: it is written anew")
    return write_page(run, say=(lambda line: say(f"note: {line}")) if say else None)


def make_server(run: Run, *, port: int = PORT, say: Callable[[str], None] | None = None) -> "Server":
    """A server of a run's files, listening but not yet answering; port 0 is any free one."""
    if not 0 <= port <= 65535:
        raise BadInput(f"a port lies between 0 and 65535, not {port}")

    class Handler(_Handler):
        pass

    Handler.run = run
    for wanted in [0] if port == 0 else range(port, min(port + PORTS_TRIED, 65536)):
        try:
            server = Server((ADDRESS, wanted), Handler)
        except OSError as error:
            if error.errno not in (errno.EADDRINUSE, errno.EACCES):
                raise BadInput(f"cannot listen on {ADDRESS}, port {wanted}: {error.strerror}") from error
            continue
        Handler.hosts = tuple([f"{name}:{server.server_port}"] for name in (ADDRESS, "localhost"))
        if wanted != port and say:
            say(f"port {port} is taken: using {wanted}")
        return server
    raise BadInput(f"no free port from {port} on: give another with port=...")


class Server(ThreadingHTTPServer):
    """A server of one run, and who may ask it.

    Attributes:
        token: what the address carries that a person is told.
    """

    daemon_threads = True
    # so many may wait to be let in; with the five of socketserver a hundred at once time out
    request_queue_size = MOST_CONNECTIONS
    # two servers on one port would each get some of the requests
    allow_reuse_port = False
    allow_reuse_address = sys.platform != "win32"

    def __init__(self, *arguments: Any):
        super().__init__(*arguments)
        self.token = secrets.token_urlsafe(16)
        self._once: set[str] = set()
        self._deadlines: dict[Any, float] = {}
        self._lock = threading.Lock()

    def address(self, token: str) -> str:
        """What to open."""
        return f"http://{ADDRESS}:{self.server_port}/?token={token}"

    def token_for_once(self) -> str:
        """Another token, which the first request that carries it uses up."""
        token = secrets.token_urlsafe(16)
        self._once.add(token)
        return token

    def is_token(self, token: str) -> bool:
        """Whether a request with this token is answered."""
        with self._lock:
            if token in self._once:
                self._once.remove(token)
                return True
        return hmac.compare_digest(token.encode(), self.token.encode())

    @property
    def cookie(self) -> str:
        """Name and value of the cookie; all ports of a host share their cookies."""
        return f"freyvae-{self.server_port}={self.token}"

    @property
    def connections(self) -> int:
        """How many are open."""
        return len(self._deadlines)

    def give(self, connection: Any, seconds: float) -> None:
        """Let a connection be open for so long from now on."""
        with self._lock:
            self._deadlines[connection] = time.monotonic() + seconds

    def process_request(self, request: Any, client_address: Any) -> None:
        """Begin with a connection; of too many, the one gives way that has been asking for longest."""
        if self.connections >= MOST_CONNECTIONS and not self._make_room():
            return self.shutdown_request(request)
        self.give(request, SECONDS_TO_ASK)
        return super().process_request(request, client_address)

    def _make_room(self) -> bool:
        with self._lock:
            oldest = min(self._deadlines, key=lambda connection: self._deadlines[connection])
            is_asking = self._deadlines[oldest] <= time.monotonic() + SECONDS_TO_ASK
            if is_asking:
                del self._deadlines[oldest]
        if is_asking:
            with suppress(OSError):
                oldest.shutdown(socket.SHUT_RDWR)
        return is_asking

    def shutdown_request(self, request: Any) -> None:
        """End a connection."""
        with self._lock:
            self._deadlines.pop(request, None)
        super().shutdown_request(request)

    def service_actions(self) -> None:
        """End the connections whose time is over: a timeout of the socket begins anew with every byte."""
        with self._lock:
            over = [connection for connection, deadline in self._deadlines.items() if deadline < time.monotonic()]
        for connection in over:
            with suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing of a client that has left."""
        if not isinstance(sys.exception(), OSError):
            super().handle_error(request, client_address)


class _Handler(BaseHTTPRequestHandler):
    run: Run
    hosts: tuple[list[str], ...]
    server: Server
    server_version = "freyvae"
    sys_version = ""
    protocol_version = "HTTP/1.1"
    timeout = 30

    def do_GET(self) -> None:
        """Answer with a file of the allow-list."""
        self._answer()

    def do_HEAD(self) -> None:
        """The same without the file."""
        self._answer()

    def send_error(self, code: int, message: str | None = None, explain: str | None = None) -> None:
        """Refuse what the base class refuses."""
        self._refuse(HTTPStatus(code))

    def _answer(self) -> None:
        self.server.give(self.connection, SECONDS_TO_ANSWER)
        # a page elsewhere may point its own name at 127.0.0.1 (DNS rebinding): it then sends that name
        if self.headers.get_all("Host") not in self.hosts:
            return self._refuse(HTTPStatus.FORBIDDEN)
        if "Transfer-Encoding" in self.headers or self.headers.get("Content-Length", "0") != "0":
            return self._refuse(HTTPStatus.BAD_REQUEST)
        path, _, query = self.path.partition("#")[0].partition("?")
        path = unquote(path)
        has_token = path == "/" and self.server.is_token(parse_qs(query).get("token", [""])[0])
        if not has_token and not self._has_cookie():
            return self._refuse(HTTPStatus.FORBIDDEN, _NO_TOKEN)
        if path == "/":
            self.send_response(HTTPStatus.FOUND)
            self.send_header("Location", _PAGE)
            self.send_header("Set-Cookie", f"{self.server.cookie}; Path=/; HttpOnly; SameSite=Strict")
            return self._finish(b"", "text/plain; charset=utf-8", _QUIET_POLICY)
        file = self._allowed(path)
        try:
            content = None if file is None else file.open("rb")
        except OSError:
            content = None
        if content is None or file is None:
            return self._refuse(HTTPStatus.NOT_FOUND)
        with content:
            policy = policy_of_this_version() if path == _PAGE else _QUIET_POLICY
            self.send_response(HTTPStatus.OK)
            return self._finish(content, _TYPES[file.suffix], f"{policy}; frame-ancestors 'none'")

    def _has_cookie(self) -> bool:
        cookies = ";".join(self.headers.get_all("Cookie", [])).split(";")
        wanted = self.server.cookie.encode()
        return any(hmac.compare_digest(cookie.strip().encode("utf-8", "replace"), wanted) for cookie in cookies)

    def _allowed(self, path: str) -> Path | None:
        """The run's file behind a path: a name on the list, a real file, and no link on the way to it."""
        run = self.run
        listed = {
            _PAGE: run.explorer_path,
            "/report.html": run.report_path,
            "/metrics.json": run.metrics_path,
            "/history.csv": run.history_path,
            "/recipe.toml": run.recipe_path,
        }
        file = listed.get(path)
        if file is None and _PICTURE.fullmatch(path) and not path.startswith("/pictures/."):
            file = run.pictures_path / path.rpartition("/")[2]
        if file is None or file.is_symlink() or (file.parent.is_symlink() and file.parent != run.folder):
            return None
        return file if file.is_file() else None

    def _refuse(self, status: HTTPStatus, body: str | None = None) -> None:
        # what was asked may be no HTTP, or that of 1991, whose answers had no heads
        self.request_version = self.protocol_version
        self.send_response(status)
        content = body or f"{html.escape(status.phrase)}\n"
        self._finish(
            content.encode(), "text/html; charset=utf-8" if body else "text/plain; charset=utf-8", _QUIET_POLICY
        )

    def _finish(self, content: bytes | BinaryIO, kind: str, policy: str) -> None:
        size = len(content) if isinstance(content, bytes) else os.fstat(content.fileno()).st_size
        for name, value in {
            "Content-Type": kind,
            "Content-Length": str(size),
            "Content-Security-Policy": policy,
            "X-Content-Type-Options": "nosniff",
            "Referrer-Policy": "no-referrer",
            "Cross-Origin-Opener-Policy": "same-origin",
            "Cross-Origin-Resource-Policy": "same-origin",
            "Cache-Control": "no-cache",
            # what comes behind a request, its body for one, is then never taken for the next
            "Connection": "close",
        }.items():
            self.send_header(name, value)
        self.end_headers()
        if self.command == "HEAD":
            return
        if isinstance(content, bytes):
            self.wfile.write(content)
        else:
            shutil.copyfileobj(content, self.wfile)

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing of each request: the terminal is the person's."""
