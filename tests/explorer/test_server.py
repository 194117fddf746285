"""The server gives a run's own files to this machine's own browser, and nothing to anybody else."""

import http.client
import random
import re
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from freyvae.errors import BadInput
from freyvae.explorer import server as server_module
from freyvae.explorer import write_page
from freyvae.explorer.page import is_current, is_damaged
from freyvae.explorer.server import make_server, prepare_page
from freyvae.run import Run


@pytest.fixture
def served(run: Run, tmp_path: Path) -> Iterator[tuple[Run, int]]:
    """A copy of the run, served, with secrets around it."""
    (tmp_path / "secret.txt").write_text("secret")
    copy = Run(tmp_path / "faces")
    shutil.copytree(run.folder, copy.folder)
    (copy.folder / "pictures").mkdir()
    (copy.folder / "pictures" / "manifold.png").write_bytes(b"\x89PNG")
    (copy.folder / "pictures" / "link.png").symlink_to(tmp_path / "secret.txt")
    (copy.folder / "pictures" / "notes.txt").write_text("notes")
    copy.report_path.symlink_to(tmp_path / "secret.txt")
    with make_server(copy, port=0) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        yield copy, server.server_port
        server.shutdown()
        thread.join()


def _ask(port: int, path: str, *, method: str = "GET", host: str | None = None) -> tuple[Any, bytes]:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
    # put, not request: the path goes out as it is written here
    connection.putrequest(method, path, skip_host=True, skip_accept_encoding=True)
    if host != "":
        connection.putheader("Host", host or f"127.0.0.1:{port}")
    connection.endheaders()
    response = connection.getresponse()
    content = response.read()
    connection.close()
    return response, content


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
def test_the_runs_own_files(served: tuple[Run, int], path: str, kind: str) -> None:
    run, port = served
    response, content = _ask(port, path)
    assert response.status == 200
    assert response.getheader("Content-Type") == kind
    assert content == (run.folder / path.partition("?")[0][1:]).read_bytes()
    assert response.getheader("X-Content-Type-Options") == "nosniff"
    assert "unsafe-eval" not in response.getheader("Content-Security-Policy")
    head, nothing = _ask(port, path, method="HEAD")
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
def test_nothing_else(served: tuple[Run, int], path: str) -> None:
    response, content = _ask(served[1], path)
    assert response.status in (400, 404)
    assert b"secret" not in content


@pytest.mark.parametrize(
    "host", ["evil.example", "evil.example:{port}", "127.0.0.1", "127.0.0.1:1", "0.0.0.0:{port}", ""]
)
def test_only_who_calls_this_machine_by_its_name(served: tuple[Run, int], host: str) -> None:
    port = served[1]
    assert _ask(port, "/explorer/index.html", host=host.format(port=port))[0].status == 403
    assert _ask(port, "/explorer/index.html", host=f"localhost:{port}")[0].status == 200


def test_other_methods_are_refused(served: tuple[Run, int]) -> None:
    for method in ("POST", "PUT", "DELETE", "OPTIONS"):
        assert _ask(served[1], "/explorer/index.html", method=method)[0].status == 501


def test_a_linked_folder_is_refused(run: Run, tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "secret.png").write_bytes(b"secret")
    copy = Run(tmp_path / "faces")
    copy.folder.mkdir()
    copy.pictures_path.symlink_to(elsewhere)
    with make_server(copy, port=0) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        assert _ask(server.server_port, "/pictures/secret.png")[0].status == 404
        server.shutdown()
        thread.join()


def test_the_page_satisfies_the_servers_policy(served: tuple[Run, int], open_page: Any) -> None:
    page = open_page(f"http://127.0.0.1:{served[1]}/", fragment="z=1,0.5")
    assert page.url.startswith(f"http://127.0.0.1:{served[1]}/explorer/index.html")
    assert page.evaluate("freyvae.latents") == [1, 0.5]


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
    with pytest.raises(BadInput, match="no explorer page"):
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
    assert said == [f"{copy.explorer_path} was cut or damaged: it is written anew"] * 4
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
        port = int(line.partition("127.0.0.1:")[2].partition("/")[0])
        assert _ask(port, "/")[0].status == 302
        time.sleep(0.1)
        process.send_signal(signal.SIGINT)
        assert process.wait(timeout=10) == 0
        assert process.stderr.read() == "stopped\n"
    finally:
        process.kill()
        process.wait()
        process.stderr.close()
