"""Serves the page of a run on this machine. Only listed files of the run are served.

Other users of the machine can also connect to the address. So the address that is opened carries a token, which the
first answer stores as a cookie. Requests without it are refused.
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
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext, suppress
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, BinaryIO
from urllib.parse import parse_qs, unquote

from freyvae.console import say as to_stderr
from freyvae.errors import BadInput, is_lack_of_memory
from freyvae.explorer.all_points import AllPoints, Pictures, is_sample
from freyvae.explorer.column import keep_column
from freyvae.explorer.draw import Draw
from freyvae.explorer.encode import Encode
from freyvae.explorer.onnx_web import folder_of_runtime, services_of_onnx
from freyvae.explorer.page import (
    is_current,
    is_damaged,
    policy_of_this_version,
    policy_with_requests,
    read_bundle,
    refuse_foreign_page,
    with_requests,
    write_page,
)
from freyvae.explorer.pair import check_same_images, write_pair
from freyvae.explorer.service import QUIET_POLICY, Answer, Opened, Service, ServiceOfBytes, refusal
from freyvae.run import Run

ADDRESS = "127.0.0.1"
PORT = 8765
PORTS_TRIED = 50
HTTP_PORT = 80
MOST_CONNECTIONS = 128  # open at the same time
RUNTIMES = ("page", "onnx")
SECONDS_TO_ASK = 10.0  # from the connection to the end of the request's head
SECONDS_TO_ANSWER = 600.0  # a large page may have to pass through a slow tunnel

_TYPES = {
    ".html": "text/html; charset=utf-8",
    ".png": "image/png",
    ".json": "application/json",
    ".csv": "text/csv; charset=utf-8",
    ".toml": "text/plain; charset=utf-8",
}
_PAGE, _BESIDE = "/explorer/index.html", "/explorer/beside.html"
# A browser that follows a link from another site does not send the cookie. It does when it follows the link below.
_NO_TOKEN = (
    '<!doctype html><html lang="en"><meta charset="utf-8"><title>The {name} needs its token</title>'
    "<p>Open the address that <code>{printed_by}</code> printed, with its token. "
    'If you have just done so, <a href="{home}">go on to the {name}</a>.\n'
)
_PICTURE = re.compile(r"/pictures/[\w.-]+\.png", re.ASCII)


def serve(
    run: Run,
    *,
    beside: Run | None = None,
    colour_by: str | Path | None = None,
    port: int | None = None,
    browser: bool = True,
    runtime: str = "page",
    onnx_runtime_web: Path | None = None,
    say: Callable[[str], None] | None = None,
) -> None:
    """Serve a run's page on 127.0.0.1 until Ctrl-C. It is written first if it is missing or of another version.

    Args:
        run: a finished run.
        beside: another on the same images: the page shows both, side by side.
        colour_by: a column of a table, which is kept in the run first: `keep_column`.
        port: the port to listen on; by default 8765. If it is taken, the next free one is used, with a message.
        browser: open the page in the browser.
        runtime: what the page runs the networks by: "page" for its own interpreter, "onnx" for ONNX Runtime Web.
        onnx_runtime_web: the folder with the files of that, as `folder_of_runtime` takes it.
        say: called with each message; by default they go to standard error.

    Raises:
        BadInput: the page is of a newer format or cannot be written, the runs have other images, no port is free, or
            there is no ONNX Runtime Web; or as `keep_column`.
    """
    say = say or to_stderr
    folder = _folder_of(runtime, onnx_runtime_web, beside)
    port = PORT if port is None else port
    if beside is not None:
        check_same_images(run, beside)
    if colour_by is not None:
        keep_column(run, colour_by)
    for each in (run,) if beside is None else (run, beside):
        prepare_page(each, say=say)
    if beside is None:
        handler, services = Handler, services_of(run, onnx=folder)
    else:
        handler, services = Beside, services_of_pair(run, beside)
        say(f"both are in {write_pair(run, beside)}, which can be opened, or sent, as a file too")
    with closing(services), make_server(run, port=port, say=say, handler=handler, services=services) as server:
        folders = " beside ".join(str(each.folder) for each in (run, beside) if each is not None)
        say(f"exploring {folders} at {server.address(server.token)} (Ctrl-C ends it)")
        # other users can read the command line of the browser, so its token is valid only once
        if browser and not webbrowser.open(server.address(server.token_for_once())):
            say("no browser could be opened: open the address by hand")
        try:
            server.serve_forever(poll_interval=0.2)
        except KeyboardInterrupt:
            say("stopped")


def prepare_page(run: Run, *, say: Callable[[str], None] | None = None) -> Path:
    """Make sure that a run has an undamaged page of this version. Raises `BadInput` as `serve` does."""
    path = run.explorer_path
    if path.is_file():
        refuse_foreign_page(path)
        if is_current(path):
            return path
        if say and is_damaged(path):
            say(f"{path} was cut short or damaged: it is written again")
    return write_page(run, say=(lambda line: say(f"note: {line}")) if say else None)


def _folder_of(runtime: str, folder: Path | None, beside: Run | None) -> Path | None:
    """Where ONNX Runtime Web is, if the page runs by it."""
    if runtime not in RUNTIMES:
        raise BadInput(f"runtime must be one of {', '.join(RUNTIMES)}, not {runtime}")
    if runtime == "page":
        if folder is not None:
            raise BadInput('onnx_runtime_web=... is where the files for runtime="onnx" are: give both')
        return None
    if beside is not None:
        raise BadInput('two runs side by side have the page\'s own interpreter: leave out runtime="onnx"')
    return folder_of_runtime(folder)


def services_of(run: Run, *, onnx: Path | None = None) -> tuple[Service, ...]:
    """What the server of a run's page computes for it. `closing` ends them.

    Args:
        run: a run with a page.
        onnx: the folder of ONNX Runtime Web, if the page runs by it.
    """
    bundle, opened = read_bundle(run.explorer_path), Opened(run)
    services: list[Service] = [AllPoints(opened, bundle), Pictures(opened)] if is_sample(bundle) else []
    if bundle.header["leftOut"]:
        services.append(Draw(opened))
    if bundle.header["encoder"] is None:
        services.append(Encode(opened, bundle))
    return tuple(services) if onnx is None else (*services, *services_of_onnx(opened, onnx))


def services_of_pair(run: Run, beside: Run) -> tuple[Service, ...]:
    """What the server computes for the page of two runs: codes, where the page does not hold the encoder."""
    bundles = {folder: (each, read_bundle(each.explorer_path)) for folder, each in (("", run), ("beside/", beside))}
    return tuple(
        Encode(Opened(each), bundle, folder=folder)
        for folder, (each, bundle) in bundles.items()
        if bundle.header["encoder"] is None
    )


@contextmanager
def closing(services: Sequence[Service]) -> Iterator[None]:
    """End services after the block."""
    try:
        yield
    finally:
        for service in services:
            service.close()


def make_server(
    run: Run,
    *,
    port: int = PORT,
    say: Callable[[str], None] | None = None,
    handler: "type[Handler] | None" = None,
    services: Sequence[Service] = (),
) -> "Server":
    """Make a server of a run's files. It listens but does not answer yet. Port 0 means any free port.

    A subclass of `Handler` serves more than these.
    """
    if not 0 <= port <= 65535:
        raise BadInput(f"a port lies between 0 and 65535, not {port}")

    class OfRun(handler or Handler):  # type: ignore[misc]
        pass

    OfRun.run = run
    OfRun.services = {service.path: service for service in services}
    for wanted in [0] if port == 0 else range(port, min(port + PORTS_TRIED, 65536)):
        try:
            server = Server((ADDRESS, wanted), OfRun)
        except OSError as error:
            if error.errno not in (errno.EADDRINUSE, errno.EACCES):
                raise BadInput(f"cannot listen on {ADDRESS}, port {wanted}: {error.strerror}") from error
            continue
        OfRun.hosts = tuple([f"{name}:{server.server_port}"] for name in (ADDRESS, "localhost"))
        if server.server_port == HTTP_PORT:  # which browsers leave out
            OfRun.hosts += ([ADDRESS], ["localhost"])
        if wanted != port and say:
            say(f"port {port} is taken: using {wanted}")
        return server
    raise BadInput(f"no free port from {port} on: give another with port=...")


class Server(ThreadingHTTPServer):
    """A server of one run, with its tokens and the deadlines of its connections.

    Attributes:
        token: the token in the address that is printed.
    """

    daemon_threads = True
    # number of connections that may wait; with socketserver's 5, some of a hundred at once would time out
    request_queue_size = MOST_CONNECTIONS
    # otherwise two servers could listen on the same port, and each would get some of the requests
    allow_reuse_port = False
    allow_reuse_address = sys.platform != "win32"

    def __init__(self, *arguments: Any):
        super().__init__(*arguments)
        self.token = secrets.token_urlsafe(16)
        self._once: set[str] = set()
        self._deadlines: dict[Any, float] = {}
        self._lock = threading.Lock()

    def address(self, token: str) -> str:
        """The address to open, with a token."""
        return f"http://{ADDRESS}:{self.server_port}/?token={token}"

    def token_for_once(self) -> str:
        """A new token, valid for one request."""
        token = secrets.token_urlsafe(16)
        self._once.add(token)
        return token

    def is_token(self, token: str) -> bool:
        """Whether this token is valid. A token for one request is invalid afterwards."""
        with self._lock:
            if token in self._once:
                self._once.remove(token)
                return True
        return hmac.compare_digest(token.encode(), self.token.encode())

    @property
    def cookie(self) -> str:
        """Name and value of the cookie. The name has the port, since all ports of a host share their cookies."""
        return f"freyvae-{self.server_port}={self.token}"

    @property
    def connections(self) -> int:
        """Number of open connections."""
        return len(self._deadlines)

    def give(self, connection: Any, seconds: float) -> None:
        """Set the deadline of a connection, in seconds from now."""
        with self._lock:
            self._deadlines[connection] = time.monotonic() + seconds

    def process_request(self, request: Any, client_address: Any) -> None:
        """Accept a connection. If there are too many, close the one that has sent no request for the longest time."""
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
        """Close a connection."""
        with self._lock:
            self._deadlines.pop(request, None)
        super().shutdown_request(request)

    def service_actions(self) -> None:
        """Close connections after their deadlines. A socket's timeout would not do: every byte restarts it."""
        with self._lock:
            over = [connection for connection, deadline in self._deadlines.items() if deadline < time.monotonic()]
        for connection in over:
            with suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Ignore errors of clients that have disconnected."""
        if not isinstance(sys.exception(), OSError):
            super().handle_error(request, client_address)


def _answered(answer: Callable[..., Answer], *asked: Any) -> Answer:
    """What a service answers; 503 where no memory is left for it, and the server goes on."""
    try:
        return answer(*asked)
    except Exception as error:
        if not is_lack_of_memory(error):
            raise
        return refusal("out of memory: end other programs, and ask again", HTTPStatus.SERVICE_UNAVAILABLE)


class Handler(BaseHTTPRequestHandler):
    """Answers with listed files of a run, to who has the token.

    Attributes:
        run: whose files.
        hosts: names of this machine that requests may be to.
        services: what is computed for the page, by path.
        home: the path that the address with the token leads to.
        page_name: what is there, in a word.
        printed_by: the command that prints that address. (The base class keeps the method in `command`.)
    """

    run: Run
    hosts: tuple[list[str], ...]
    services: Mapping[str, Service]
    home, page_name, printed_by = _PAGE, "explorer", "freyvae explore"
    server: Server
    server_version = "freyvae"
    sys_version = ""
    protocol_version = "HTTP/1.1"
    timeout = 30

    def do_GET(self) -> None:
        """Answer with a listed file."""
        self._answer()

    def do_HEAD(self) -> None:
        """Answer as to GET, but without the file's content."""
        self._answer()

    def do_POST(self) -> None:
        """Answer to bytes, where a service takes them."""
        self._answer()

    def send_error(self, code: int, message: str | None = None, explain: str | None = None) -> None:
        """Answer in the form of this server where the base class refuses a request."""
        self._refuse(HTTPStatus(code))

    def _answer(self) -> None:
        self.server.give(self.connection, SECONDS_TO_ANSWER)
        # a page of another site could let its own name point at 127.0.0.1 (DNS rebinding); Host is then that name
        if self.headers.get_all("Host") not in self.hosts:
            return self._refuse(HTTPStatus.FORBIDDEN)
        path, _, query = self.path.partition("#")[0].partition("?")
        path = unquote(path)
        service = self.services.get(path)
        taker = service if self.command == "POST" and isinstance(service, ServiceOfBytes) else None
        if self.command == "POST" and taker is None:
            return self._refuse(HTTPStatus.NOT_IMPLEMENTED)
        size = "0" if taker is None else str(taker.size)
        if "Transfer-Encoding" in self.headers or self.headers.get("Content-Length", "0") != size:
            return self._refuse(HTTPStatus.BAD_REQUEST)
        has_token = path == "/" and self.server.is_token(parse_qs(query).get("token", [""])[0])
        if not has_token and not self._has_cookie():
            why = _NO_TOKEN.format(home=self.home, name=self.page_name, printed_by=self.printed_by)
            return self._refuse(HTTPStatus.FORBIDDEN, why)
        if path == "/":
            self.send_response(HTTPStatus.FOUND)
            self.send_header("Location", self.home)
            self.send_header("Set-Cookie", f"{self.server.cookie}; Path=/; HttpOnly; SameSite=Strict")
            return self._finish(b"", "text/plain; charset=utf-8", QUIET_POLICY)
        if taker is not None:
            content = self.rfile.read(taker.size)
            return self._serve(_answered(taker.answer_to, content)) if len(content) == taker.size else None
        if service is not None:
            return self._serve(_answered(service.answer, parse_qs(query)))
        return self.serve_path(path)

    def _serve(self, answer: Answer) -> None:
        try:
            content = answer.content if isinstance(answer.content, bytes) else answer.content.open("rb")
        except OSError:
            return self._refuse(HTTPStatus.NOT_FOUND)
        with nullcontext() if isinstance(content, bytes) else content:
            self.send_response(answer.status)
            return self._finish(content, answer.kind, answer.policy)

    def serve_path(self, path: str) -> None:
        """Answer to who has the token with the file for a path, if there is one."""
        file = self._allowed(path)
        try:
            content = None if file is None else file.open("rb")
        except OSError:
            content = None
        if content is None or file is None:
            return self._refuse(HTTPStatus.NOT_FOUND)
        with content:
            policy = policy_of_this_version() if path in (_PAGE, _BESIDE) else QUIET_POLICY
            served: bytes | BinaryIO = content
            if path == self.home and self.services:
                names = list(dict.fromkeys(service.name for service in self.services.values()))
                policy, served = policy_with_requests(policy, names), with_requests(content.read(), names)
            self.send_response(HTTPStatus.OK)
            return self._finish(served, _TYPES[file.suffix], f"{policy}; frame-ancestors 'none'")

    def answer_with(self, content: bytes, kind: str, policy: str) -> None:
        """Answer with what is no file."""
        self.send_response(HTTPStatus.OK)
        self._finish(content, kind, policy)

    def begin_stream(self, kind: str) -> None:
        """Begin an answer that ends with the connection."""
        self.send_response(HTTPStatus.OK)
        self._send_headers(kind, QUIET_POLICY)

    def _has_cookie(self) -> bool:
        cookies = ";".join(self.headers.get_all("Cookie", [])).split(";")
        wanted = self.server.cookie.encode()
        return any(hmac.compare_digest(cookie.strip().encode("utf-8", "replace"), wanted) for cookie in cookies)

    def _allowed(self, path: str) -> Path | None:
        """The run's file for a path, or None. It must be listed, a regular file, and not reached through a link."""
        run = self.run
        listed = {
            _PAGE: run.explorer_path,
            _BESIDE: run.beside_path,
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
        # the request may not be HTTP, or HTTP/0.9, for which the base class would send no head
        self.request_version = self.protocol_version
        self.send_response(status)
        content = body or f"{html.escape(status.phrase)}\n"
        self._finish(
            content.encode(), "text/html; charset=utf-8" if body else "text/plain; charset=utf-8", QUIET_POLICY
        )

    def _finish(self, content: bytes | BinaryIO, kind: str, policy: str) -> None:
        size = len(content) if isinstance(content, bytes) else os.fstat(content.fileno()).st_size
        self._send_headers(kind, policy, **{"Content-Length": str(size)})
        if self.command == "HEAD":
            return
        if isinstance(content, bytes):
            self.wfile.write(content)
        else:
            shutil.copyfileobj(content, self.wfile)

    def _send_headers(self, kind: str, policy: str, **others: str) -> None:
        for name, value in {
            "Content-Type": kind,
            **others,
            "Content-Security-Policy": policy,
            "X-Content-Type-Options": "nosniff",
            "Referrer-Policy": "no-referrer",
            "Cross-Origin-Opener-Policy": "same-origin",
            # with the line above, ONNX Runtime Web may use threads
            "Cross-Origin-Embedder-Policy": "require-corp",
            "Cross-Origin-Resource-Policy": "same-origin",
            "Cache-Control": "no-cache",
            # so that bytes after a request, such as its body, are never read as another request
            "Connection": "close",
        }.items():
            self.send_header(name, value)
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:
        """Log no requests, so that the terminal stays clear."""


class Beside(Handler):
    """Answers with the page of two runs."""

    home = _BESIDE
