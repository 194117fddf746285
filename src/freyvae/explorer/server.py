"""A run's page at an address of one's own machine: the run's own files by name, and nothing else to nobody else."""

import errno
import html
import re
import sys
import webbrowser
from collections.abc import Callable
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import unquote

from freyvae.errors import BadInput
from freyvae.explorer.page import is_current, is_damaged, policy_of_this_version, refuse_foreign_page, write_page
from freyvae.run import Run

ADDRESS = "127.0.0.1"
PORT = 8765
PORTS_TRIED = 50

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
    say = say or (lambda line: print(line, file=sys.stderr, flush=True))
    prepare_page(run, say=say)
    with make_server(run, port=PORT if port is None else port, say=say) as server:
        address = f"http://{ADDRESS}:{server.server_port}/"
        say(f"exploring {run.folder} at {address} (Ctrl-C ends it)")
        if browser and not webbrowser.open(address):
            say("no browser could be opened: open the address by hand")
        try:
            server.serve_forever(poll_interval=0.2)
        except KeyboardInterrupt:
            say("stopped")


def prepare_page(run: Run, *, say: Callable[[str], None] | None = None) -> Path:
    """See to it that a run has a page, whole and of this version. Raises `BadInput` as `serve` does."""
    path = run.explorer_path
    if path.is_file():
        refuse_foreign_page(path)
        if is_current(path):
            return path
        if say and is_damaged(path):
            say(f"{path} was cut or damaged: it is written anew")
    return write_page(run, say=say)


def make_server(run: Run, *, port: int = PORT, say: Callable[[str], None] | None = None) -> ThreadingHTTPServer:
    """A server of a run's files, listening but not yet answering; port 0 is any free one."""
    if not 0 <= port <= 65535:
        raise BadInput(f"a port lies between 0 and 65535, not {port}")

    class Handler(_Handler):
        pass

    Handler.run = run
    for wanted in [0] if port == 0 else range(port, min(port + PORTS_TRIED, 65536)):
        try:
            server = _Server((ADDRESS, wanted), Handler)
        except OSError as error:
            if error.errno not in (errno.EADDRINUSE, errno.EACCES):
                raise BadInput(f"cannot listen on {ADDRESS}, port {wanted}: {error.strerror}") from error
            continue
        Handler.hosts = tuple([f"{name}:{server.server_port}"] for name in (ADDRESS, "localhost"))
        if wanted != port and say:
            say(f"port {port} is taken: using {wanted}")
        return server
    raise BadInput(f"no free port from {port} on: give another with --port")


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    # two servers on one port would each get some of the requests
    allow_reuse_port = False
    allow_reuse_address = sys.platform != "win32"


class _Handler(BaseHTTPRequestHandler):
    run: Run
    hosts: tuple[list[str], ...]
    server_version = "freyvae"
    sys_version = ""
    protocol_version = "HTTP/1.1"
    timeout = 30

    def do_GET(self) -> None:
        """Answer with a file of the allow-list."""
        self._answer(body=True)

    def do_HEAD(self) -> None:
        """The same without the file."""
        self._answer(body=False)

    def _answer(self, *, body: bool) -> None:
        # a page elsewhere may point its own name at 127.0.0.1 (DNS rebinding): it then sends that name
        if self.headers.get_all("Host") not in self.hosts:
            return self._refuse(HTTPStatus.FORBIDDEN, body=body)
        path = unquote(self.path.partition("?")[0].partition("#")[0])
        if path == "/":
            self.send_response(HTTPStatus.FOUND)
            self.send_header("Location", _PAGE)
            return self._finish(b"", "text/plain; charset=utf-8", _QUIET_POLICY, body=body)
        file = self._allowed(path)
        try:
            content = None if file is None else file.read_bytes()
        except OSError:
            content = None
        if content is None or file is None:
            return self._refuse(HTTPStatus.NOT_FOUND, body=body)
        policy = policy_of_this_version() if path == _PAGE else _QUIET_POLICY
        self.send_response(HTTPStatus.OK)
        return self._finish(content, _TYPES[file.suffix], f"{policy}; frame-ancestors 'none'", body=body)

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

    def _refuse(self, status: HTTPStatus, *, body: bool) -> None:
        self.send_response(status)
        self._finish(f"{html.escape(status.phrase)}\n".encode(), "text/plain; charset=utf-8", _QUIET_POLICY, body=body)

    def _finish(self, content: bytes, kind: str, policy: str, *, body: bool) -> None:
        for name, value in {
            "Content-Type": kind,
            "Content-Length": str(len(content)),
            "Content-Security-Policy": policy,
            "X-Content-Type-Options": "nosniff",
            "Referrer-Policy": "no-referrer",
            "Cross-Origin-Opener-Policy": "same-origin",
            "Cross-Origin-Resource-Policy": "same-origin",
            "Cache-Control": "no-cache",
        }.items():
            self.send_header(name, value)
        self.end_headers()
        if body:
            self.wfile.write(content)

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing of each request: the terminal is the person's."""
