"""The server serves the files of a run to the user's browser, and refuses everything else."""

import http.client
import random
import re
import shutil
import signal
import socket
import struct
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from tests.explorer.conftest import serving

from freyvae.errors import BadInput
from freyvae.explorer import server as server_module
from freyvae.explorer import write_page
from freyvae.explorer.page import is_current, is_damaged
from freyvae.explorer.server import ADDRESS, Server, make_server, prepare_page
from freyvae.explorer.service import Answer, Service
from freyvae.run import Run


@pytest.fixture
def served(run: Run, tmp_path: Path) -> Iterator[tuple[Run, Server]]:
    """A served copy of the run, with secret files around it."""
    (tmp_path / "secret.txt").write_text("secret")
    copy = Run(tmp_path / "faces")
    shutil.copytree(run.folder, copy.folder)
    (copy.folder / "pictures").mkdir()
    (copy.folder / "pictures" / "manifold.png").write_bytes(b"\x89PNG")
    (copy.folder / "pictures" / "link.png").symlink_to(tmp_path / "secret.txt")
    (copy.folder / "pictures" / "notes.txt").write_text("notes")
    copy.report_path.symlink_to(tmp_path / "secret.txt")
    with serving(copy) as server:
        yield copy, server


def _ask(
    server: Server, path: str, *, method: str = "GET", host: str | None = None, cookie: str | None = None
) -> tuple[Any, bytes]:
    port = server.server_port
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
    # `putrequest` sends the path unchanged
    connection.putrequest(method, path, skip_host=True, skip_accept_encoding=True)
    if host != "":
        connection.putheader("Host", host or f"127.0.0.1:{port}")
    if cookie != "":
        connection.putheader("Cookie", cookie or server.cookie)
    connection.endheaders()
    response = connection.getresponse()
    content = response.read()
    connection.close()
    return response, content


def _talk(server: Server, said: bytes) -> bytes:
    """The whole answer to these bytes."""
    with socket.create_connection(("127.0.0.1", server.server_port), timeout=5) as connection:
        connection.sendall(said)
        connection.shutdown(socket.SHUT_WR)
        return b"".join(iter(lambda: connection.recv(65536), b""))


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("/explorer/index.html", "text/html; charset=utf-8"),
        ("/explorer/index.html?again", "text/html; charset=utf-8"),
        ("/pictures/manifold.png", "image/png"),
        ("/metrics.json", "application/json"),
        ("/history.csv", "text/csv; charset=utf-8"),
        ("/recipe.toml", "text/plain; charset=utf-8"),
    ],
)
def test_the_runs_own_files(served: tuple[Run, Server], path: str, kind: str) -> None:
    run, server = served
    response, content = _ask(server, path)
    assert response.status == 200
    assert response.getheader("Content-Type") == kind
    assert content == (run.folder / path.partition("?")[0][1:]).read_bytes()
    assert response.getheader("X-Content-Type-Options") == "nosniff"
    assert "'unsafe-eval'" not in response.getheader("Content-Security-Policy")
    head, nothing = _ask(server, path, method="HEAD")
    assert (head.status, nothing) == (200, b"")
    assert head.getheader("Content-Length") == str(len(content))


@pytest.mark.parametrize(
    "path",
    [
        "/../secret.txt",
        "/explorer/../../secret.txt",
        "/pictures/../../secret.txt",
        "/%2e%2e/secret.txt",
        "/pictures/%2e%2e/%2e%2e/secret.txt",
        "/pictures/..%2f..%2fsecret.txt",
        "/pictures/..%5c..%5csecret.txt",
        "/%252e%252e/secret.txt",
        "//etc/passwd",
        "/etc/passwd",
        "/%2fetc%2fpasswd",
        "/pictures//etc/passwd",
        "/pictures/link.png",
        "/pictures/.png",
        "/pictures/..png",
        "/pictures/manifold.png%00",
        "/pictures/manifold.png%0a",
        "/pictures/notes.txt",
        "/pictures/",
        "/report.html",
        "/model.keras",
        "/checkpoint/state.npz",
        "/.lock",
        "/explorer/",
        "/explorer/index.html/",
        "http://evil.example/explorer/index.html",
        "*",
    ],
)
def test_nothing_else(served: tuple[Run, Server], path: str) -> None:
    response, content = _ask(served[1], path)
    assert response.status in (400, 404)
    assert b"secret" not in content


@pytest.mark.parametrize(
    "host", ["evil.example", "evil.example:{port}", "127.0.0.1", "127.0.0.1:1", "0.0.0.0:{port}", ""]
)
def test_only_who_calls_this_machine_by_its_name(served: tuple[Run, Server], host: str) -> None:
    server = served[1]
    port = server.server_port
    assert _ask(server, "/explorer/index.html", host=host.format(port=port))[0].status == 403
    assert _ask(server, "/explorer/index.html", host=f"localhost:{port}")[0].status == 200


def test_other_methods_are_refused(served: tuple[Run, Server]) -> None:
    for method in ("POST", "PUT", "DELETE", "OPTIONS"):
        assert _ask(served[1], "/explorer/index.html", method=method)[0].status == 501


def test_a_linked_folder_is_refused(run: Run, tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "secret.png").write_bytes(b"secret")
    copy = Run(tmp_path / "faces")
    copy.folder.mkdir()
    copy.pictures_path.symlink_to(elsewhere)
    with serving(copy) as server:
        assert _ask(server, "/pictures/secret.png")[0].status == 404


def test_the_page_satisfies_the_servers_policy(served: tuple[Run, Server], open_page: Any) -> None:
    server = served[1]
    page = open_page(server.address(server.token), fragment="z=1,0.5")
    assert page.url == f"http://127.0.0.1:{server.server_port}/explorer/index.html#z=1,0.5"
    assert page.evaluate("freyvae.latents") == [1, 0.5]
    page.reload()
    page.wait_for_selector("[data-frames=drawn]")
    assert page.evaluate("document.cookie") == ""  # no script reads it


def test_a_page_of_another_site_needs_one_more_step(
    served: tuple[Run, Server], open_page: Any, watch: Any, tmp_path: Path
) -> None:
    server = served[1]
    (tmp_path / "elsewhere.html").write_text(f'<a href="{server.address(server.token)}">explore</a>')
    page = open_page(tmp_path / "elsewhere.html", ready=False)
    page.get_by_text("explore").click()
    page.get_by_text("go on to the explorer").click()
    page.wait_for_selector("[data-frames=drawn]")
    watch.complaints.clear()  # the browser logs the answer 403


PATHS = [
    "/explorer/index.html",
    "/metrics.json",
    "/",
    "/away",
    "/?token=",
    "/?token=wrong",
    "/recipe.toml?token={token}",
]
COOKIES = ["", "freyvae=1", "freyvae-{port}=", "freyvae-{port}={token}x", "\xe9", "freyvae-1={token}"]


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("cookie", COOKIES)
def test_who_has_no_token_is_told_nothing(served: tuple[Run, Server], path: str, cookie: str) -> None:
    server = served[1]
    known = {"port": server.server_port, "token": server.token}
    response, content = _ask(server, path.format(**known), cookie=cookie.format(**known))
    assert response.status == 403
    assert b"that <code>freyvae explore</code> printed" in content
    assert response.getheader("Set-Cookie") is None
    assert server.token.encode() not in content


def test_the_token_gives_a_cookie_that_only_this_site_sends(served: tuple[Run, Server]) -> None:
    server = served[1]
    for _ in range(2):
        response, _ = _ask(server, f"/?token={server.token}", cookie="")
        assert (response.status, response.getheader("Location")) == (302, "/explorer/index.html")
        assert response.getheader("Set-Cookie") == f"{server.cookie}; Path=/; HttpOnly; SameSite=Strict"
    assert _ask(server, "/metrics.json", cookie=f"other=1; {server.cookie}")[0].status == 200
    with serving(served[0]) as other:
        assert other.token != server.token
        assert _ask(other, "/metrics.json", cookie=server.cookie)[0].status == 403


def test_a_token_for_once_serves_once(served: tuple[Run, Server]) -> None:
    server = served[1]
    token = server.token_for_once()
    assert [_ask(server, f"/?token={token}", cookie="")[0].status for _ in range(2)] == [302, 403]


@pytest.mark.parametrize(
    ("said", "status"),
    [
        (b"nonsense\r\n\r\n", b"400"),
        (b"GET\r\n\r\n", b"400"),
        (b"GET / HTTP/x\r\n\r\n", b"400"),
        (b"GET / HTTP/2.0\r\n\r\n", b"505"),
        (b"GET /<script>\r\n\r\n", b"403"),  # HTTP/0.9
        (b"GET /" + 70_000 * b"a" + b" HTTP/1.1\r\n\r\n", b"414"),
        (b"GET / HTTP/1.1\r\n" + 200 * b"A: b\r\n" + b"\r\n", b"431"),
        (b"GET / HTTP/1.1\r\nA: " + 70_000 * b"a" + b"\r\n\r\n", b"431"),
        (b"POST / HTTP/1.1\r\n\r\n", b"403"),
        (b"PUT / HTTP/1.1\r\n\r\n", b"501"),
        (b"<SCRIPT> / HTTP/1.1\r\n\r\n", b"501"),
        (b"\x16\x03\x01\x02\x00\x01\x00\x01\n", b"400"),  # TLS
    ],
    ids=lambda value: repr(value[:16]),
)
def test_every_refusal_has_the_policy(served: tuple[Run, Server], said: bytes, status: bytes) -> None:
    head, _, body = _talk(served[1], said).partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 " + status)
    assert b"<script" not in body.lower()
    for line in ("Content-Security-Policy: default-src 'none'", "X-Content-Type-Options: nosniff", "Connection: close"):
        assert f"\r\n{line}".encode() in head


def test_what_comes_behind_a_request_is_not_taken_for_another(served: tuple[Run, Server]) -> None:
    server = served[1]
    ask = f"GET /recipe.toml HTTP/1.1\r\nHost: 127.0.0.1:{server.server_port}\r\nCookie: {server.cookie}\r\n".encode()
    asked = ask + b"\r\n"
    assert _talk(server, asked).count(b"HTTP/1.1 200") == 1
    for body, status in (
        (b"\r\n" + asked, b"200"),
        (f"Content-Length: {len(asked)}\r\n\r\n".encode() + asked, b"400"),
        (b"Transfer-Encoding: chunked\r\n\r\n" + asked, b"400"),
        (b"Content-Length: 0\r\n\r\n" + asked, b"200"),
    ):
        answer = _talk(server, ask + body)
        assert answer.count(b"HTTP/1.1 ") == 1
        assert answer.startswith(b"HTTP/1.1 " + status)


def test_a_thousand_requests_over_a_hundred_connections_are_answered(served: tuple[Run, Server]) -> None:
    run, server = served
    metrics = run.metrics_path.read_bytes()
    with ThreadPoolExecutor(100) as pool:
        answers = list(pool.map(lambda _: _ask(server, "/metrics.json"), range(1000)))
    assert [(response.status, content) for response, content in answers] == [(200, metrics)] * 1000


def _wait_for(condition: Callable[[], bool]) -> None:
    began = time.monotonic()
    while not condition():
        assert time.monotonic() - began < 5
        time.sleep(0.01)


def test_a_client_that_leaves_is_not_spoken_of(served: tuple[Run, Server], capfd: pytest.CaptureFixture[str]) -> None:
    server = served[1]
    host = f"Host: 127.0.0.1:{server.server_port}\r\nCookie: {server.cookie}"
    ask = f"GET /explorer/index.html HTTP/1.1\r\n{host}\r\n\r\n".encode()
    for said in (b"", b"GET", ask[:30], ask):
        connection = socket.create_connection(("127.0.0.1", server.server_port), timeout=5)
        connection.sendall(said)
        time.sleep(0.05)  # until an answer is being sent
        # the connection is reset, not closed
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        connection.close()
    _wait_for(lambda: not server.connections)
    assert _ask(server, "/metrics.json")[0].status == 200
    assert capfd.readouterr().err == ""


@pytest.mark.parametrize("error", [MemoryError(), RuntimeError("RESOURCE_EXHAUSTED: Out of memory allocating 7 bytes")])
def test_a_lack_of_memory_is_a_line_and_the_server_goes_on(
    run: Run, error: Exception, capfd: pytest.CaptureFixture[str]
) -> None:
    class Hungry(Service):
        name, path = "hungry", "/explorer/hungry"

        def answer(self, query: Any) -> Answer:
            raise error

    with serving(run, services=[Hungry()]) as server:
        response, content = _ask(server, Hungry.path)
        assert (response.status, content) == (503, b"out of memory: end other programs, and ask again\n")
        assert _ask(server, "/metrics.json")[0].status == 200
    assert "Traceback" not in capfd.readouterr().err


def test_who_drips_is_not_waited_for(served: tuple[Run, Server], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server_module, "SECONDS_TO_ASK", 0.3)
    began = time.monotonic()
    address = ("127.0.0.1", served[1].server_port)
    with socket.create_connection(address, timeout=5) as connection, suppress(ConnectionError):
        while time.monotonic() - began < 5:
            connection.sendall(b"G")
            time.sleep(0.05)
    assert time.monotonic() - began < 3
    _wait_for(lambda: not served[1].connections)


def test_connections_are_bounded_and_let_go_of(served: tuple[Run, Server], monkeypatch: pytest.MonkeyPatch) -> None:
    server = served[1]
    monkeypatch.setattr(server_module, "MOST_CONNECTIONS", 3)
    idle = [socket.create_connection(("127.0.0.1", server.server_port), timeout=5) for _ in range(3)]
    _wait_for(lambda: server.connections == 3)
    # connections without a request are closed in favour of new ones, the oldest first
    assert _ask(server, "/metrics.json")[0].status == 200
    assert idle[0].recv(1) == b""
    _wait_for(lambda: server.connections == 2)
    # connections that are being answered are kept
    monkeypatch.setattr(server, "_deadlines", {object(): time.monotonic() + 600.0 for _ in range(3)})
    with pytest.raises(ConnectionError):
        _ask(server, "/metrics.json")
    monkeypatch.undo()
    for connection in idle:
        connection.close()
    _wait_for(lambda: not server.connections)
    assert _ask(server, "/metrics.json")[0].status == 200


def test_it_listens_on_this_machine_alone(run: Run) -> None:
    with make_server(run, port=0) as server:
        assert server.server_address[0] == "127.0.0.1"


def test_a_taken_port_gives_the_next_and_says_so(run: Run) -> None:
    said: list[str] = []
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with make_server(run, port=port, say=said.append) as server:
            assert server.server_port > port
            assert said == [f"port {port} is taken: using {server.server_port}"]


def test_browsers_leave_out_the_port_of_http(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    with make_server(run, port=0) as server:
        assert [ADDRESS] not in server.RequestHandlerClass.hosts
        monkeypatch.setattr(server_module, "HTTP_PORT", port := server.server_port)
    with make_server(run, port=port) as server:
        assert ([ADDRESS] in server.RequestHandlerClass.hosts) == (server.server_port == port)


@pytest.mark.parametrize("port", [-1, 65536])
def test_a_port_that_is_none(run: Run, port: int) -> None:
    with pytest.raises(BadInput, match="between 0 and 65535"):
        make_server(run, port=port)


def test_no_free_port(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server_module, "PORTS_TRIED", 1)
    with socket.create_server(("127.0.0.1", 0)) as taken, pytest.raises(BadInput, match="no free port"):
        make_server(run, port=taken.getsockname()[1])


def test_a_missing_or_old_page_is_written_anew_and_a_newer_one_refused(run: Run, tmp_path: Path) -> None:
    copy = Run(tmp_path / "faces")
    shutil.copytree(run.folder, copy.folder)
    copy.explorer_path.unlink()
    prepare_page(copy)
    assert is_current(copy.explorer_path)
    page = copy.explorer_path.read_text(encoding="utf-8")
    copy.explorer_path.write_text(page.replace("script-src 'sha256-", "script-src 'sha256-x", 1), encoding="utf-8")
    assert not is_current(copy.explorer_path)
    prepare_page(copy)
    assert is_current(copy.explorer_path)
    newer = page.replace('name="freyvae-format" content="1"', 'name="freyvae-format" content="2"')
    copy.explorer_path.write_text(newer, encoding="utf-8")
    with pytest.raises(BadInput, match="has format 2; this freyvae reads up to 1"):
        prepare_page(copy)
    copy.explorer_path.write_text("something else", encoding="utf-8")
    with pytest.raises(BadInput, match="not an explorer page"):
        prepare_page(copy)


def _spoiled(page: bytes, random: random.Random) -> bytes:
    at = random.randrange(700, len(page))
    return random.choice([page[:at], page[:at] + bytes([page[at] ^ 1 << random.randrange(8)]) + page[at + 1 :]])


def test_a_page_that_is_cut_or_damaged_anywhere_is_written_anew_and_that_is_said(run: Run, tmp_path: Path) -> None:
    copy = Run(tmp_path / "faces")
    shutil.copytree(run.folder, copy.folder)
    whole = copy.explorer_path.read_bytes()
    for seed in range(100):
        copy.explorer_path.write_bytes(_spoiled(whole, random.Random(seed)))
        assert not is_current(copy.explorer_path), seed
        assert is_damaged(copy.explorer_path), seed
    said: list[str] = []
    for damaged in (
        _spoiled(whole, random.Random(0)),
        b"",
        bytes(3000),
        whole.replace(b"freyvae-sha256", b"freyvae-sha255"),
    ):
        copy.explorer_path.write_bytes(damaged)
        prepare_page(copy, say=said.append)
        assert copy.explorer_path.read_bytes() == whole
    assert said == [f"{copy.explorer_path} was cut short or damaged: it is written again"] * 4
    prepare_page(copy, say=said.append)
    assert len(said) == 4


def test_a_page_of_an_earlier_version_is_written_anew_without_a_word(run: Run, tmp_path: Path) -> None:
    copy = Run(tmp_path / "faces")
    shutil.copytree(run.folder, copy.folder)
    page = copy.explorer_path.read_text(encoding="utf-8")
    page = re.sub('<meta name="freyvae-sha256".*\n', "", page)
    copy.explorer_path.write_text(page.replace("script-src 'sha256-", "script-src 'sha256-x", 1), encoding="utf-8")
    said: list[str] = []
    prepare_page(copy, say=said.append)
    assert said == []
    assert is_current(copy.explorer_path)


def test_a_run_without_a_model(tmp_path: Path, run: Run) -> None:
    copy = Run(tmp_path / "faces")
    copy.folder.mkdir()
    shutil.copy(run.recipe_path, copy.recipe_path)
    with pytest.raises(BadInput, match="no model at"):
        write_page(copy)
    assert not copy.explorer_path.exists()


def test_control_c_ends_it_cleanly(run: Run) -> None:
    code = (
        "import sys; from freyvae.explorer import serve; from freyvae.run import Run; "
        "serve(Run(sys.argv[1]), port=0, browser=False)"
    )
    process = subprocess.Popen([sys.executable, "-c", code, str(run.folder)], stderr=subprocess.PIPE, text=True)
    try:
        assert process.stderr is not None
        line = process.stderr.readline()
        assert "exploring" in line
        address = re.search(r"http://127\.0\.0\.1:(\d+)(/\?token=\S+)", line)
        assert address
        connection = http.client.HTTPConnection("127.0.0.1", int(address[1]), timeout=5)
        connection.request("GET", address[2])
        assert connection.getresponse().status == 302
        connection.close()
        time.sleep(0.1)
        process.send_signal(signal.SIGINT)
        assert process.wait(timeout=10) == 0
        assert process.stderr.read() == "stopped\n"
    finally:
        process.kill()
        process.wait()
        process.stderr.close()
