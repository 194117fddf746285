"""Sources are HTTP servers on 127.0.0.1 that misbehave. The tests use neither the network nor the user's cache."""

import errno
import io
import os
import pickle
import re
import socket
import threading
import time
import warnings
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import numpy as np
import pytest
import scipy.io

from freyvae.data import (
    DataUnavailable,
    fetch_frey_faces,
    load_frey_faces,
    pixels_sha256,
)
from freyvae.data import (
    download as download_module,
)
from freyvae.data import (
    frey_faces as module,
)
from freyvae.errors import BadInput

WAY_OUT = '`freyvae data fetch frey-faces --from FILE`, or use `data="synthetic-faces"`'


class _Bomb:
    def __reduce__(self):
        return (warnings.warn, ("a pickle was run",))


@pytest.fixture(scope="module")
def mat(frey_faces):
    """A MATLAB file with the real pixels, as bytes."""
    buffer = io.BytesIO()
    scipy.io.savemat(buffer, {"ff": frey_faces.reshape(1965, 560).T}, do_compression=True)
    return buffer.getvalue()


@pytest.fixture(scope="module")
def mirror_pickle(frey_faces):
    """The exact bytes of the public mirror: a list of one uint8 array, as Python 2 writes it with protocol 0."""
    array = repr(frey_faces.tobytes())[1:].encode()
    return (
        b"(lp0\ncnumpy.core.multiarray\n_reconstruct\np1\n(cnumpy\nndarray\np2\n(I0\ntp3\nS'b'\np4\ntp5\nRp6\n(I1\n"
        b"(I1965\nI560\ntp7\ncnumpy\ndtype\np8\n(S'u1'\np9\nI0\nI1\ntp10\nRp11\n(I3\nS'|'\np12\nNNNI-1\nI-1\nI0\ntp13\n"
        b"bI00\nS" + array + b"\np14\ntp15\nba."
    )


@pytest.fixture(scope="module")
def wrong_mat(frey_faces):
    """A valid MATLAB file in which one pixel differs."""
    pixels = frey_faces.reshape(1965, 560).copy()
    pixels[0, 0] ^= 1
    buffer = io.BytesIO()
    scipy.io.savemat(buffer, {"ff": pixels.T}, do_compression=True)
    return buffer.getvalue()


@pytest.fixture
def cache(tmp_path, monkeypatch):
    folder = tmp_path / "cache"
    monkeypatch.setattr(module, "_cache_folder", lambda: folder)
    monkeypatch.setattr(module, "SOURCES", ())
    monkeypatch.setattr(download_module, "WAIT_SECONDS", 0.01)
    monkeypatch.setattr(download_module, "SILENCE_SECONDS", 0.3)
    monkeypatch.delenv("FREYVAE_DATA", raising=False)
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    return folder


class _Servers:
    """Each call of `add` makes one source. `behave` gets the handler and the number of the request, from 1."""

    def __init__(self, monkeypatch):
        self._monkeypatch = monkeypatch
        self._running = []
        self.requests = []

    def add(self, behave, file_name="frey_rawface.mat"):
        index = len(module.SOURCES)
        self.requests.append(0)
        servers = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self):
                servers.requests[index] += 1
                try:
                    behave(self, servers.requests[index])
                except OSError:  # the client has correctly closed the connection
                    self.close_connection = True

            def log_message(self, *_):
                pass

        server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        server.daemon_threads = True
        server.block_on_close = False
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
        self._running.append(server)
        self._name(f"http://127.0.0.1:{server.server_port}/{file_name}", file_name)

    def add_unreachable(self):
        with socket.socket() as closed:
            closed.bind(("127.0.0.1", 0))
            port = closed.getsockname()[1]
        self.requests.append(0)
        self._name(f"http://127.0.0.1:{port}/frey_rawface.mat", "frey_rawface.mat")

    def _name(self, url, file_name):
        source = module.Source(f"source {len(module.SOURCES) + 1}", url, file_name)
        self._monkeypatch.setattr(module, "SOURCES", (*module.SOURCES, source))

    def stop(self):
        for server in self._running:
            server.shutdown()
            server.server_close()


@pytest.fixture
def servers(cache, monkeypatch):
    servers = _Servers(monkeypatch)
    yield servers
    servers.stop()


def _serve(content, *, claim=None):
    def behave(handler, _):
        handler.send_response(200)
        if claim is not False:
            handler.send_header("Content-Length", str(claim or len(content)))
        handler.end_headers()
        handler.wfile.write(content)

    return behave


def _status(code):
    def behave(handler, _):
        handler.send_response(code)
        handler.send_header("Content-Length", "0")
        handler.end_headers()

    return behave


def _silent(handler, _):
    time.sleep(1.0)


def _silent_in_the_middle(handler, _):
    handler.send_response(200)
    handler.send_header("Content-Length", "1000000")
    handler.end_headers()
    handler.wfile.write(b"MATLAB" * 1000)
    handler.wfile.flush()
    time.sleep(1.0)


def _drip(handler, _):
    handler.send_response(200)
    handler.end_headers()
    while True:
        handler.wfile.write(b"x" * 1024)
        time.sleep(0.02)


def _endless(handler, _):
    handler.send_response(200)
    handler.end_headers()
    while True:
        handler.wfile.write(b"x" * 65536)


def _left_in(folder):
    return sorted(path.name for path in folder.iterdir()) if folder.is_dir() else []


def _refused(message):
    """The line of the error of a failed fetch."""
    with pytest.raises(DataUnavailable, match=message) as caught:
        load_frey_faces()
    assert caught.value.exit_code == 1
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_the_real_faces(frey_faces):
    assert frey_faces.shape == (1965, 28, 20, 1)
    assert frey_faces.dtype == np.uint8
    assert (frey_faces.min(), frey_faces.max()) == (8, 238)
    assert pixels_sha256(frey_faces) == module.PIXELS_SHA256


def test_shipped_sources_are_the_two_documented():
    assert [source.url.startswith("https://") for source in module.SOURCES] == [True, True]
    assert tuple(source.file_name for source in module.SOURCES) == ("frey_rawface.mat", "freyfaces.pkl")


@pytest.mark.parametrize("as_file", [True, False], ids=["file", "folder"])
def test_found_through_the_environment(cache, tmp_path, monkeypatch, mat, frey_faces, as_file):
    file = tmp_path / "frey_rawface.mat"
    file.write_bytes(mat)
    monkeypatch.setenv("FREYVAE_DATA", str(file if as_file else tmp_path))
    np.testing.assert_array_equal(load_frey_faces(), frey_faces)
    assert fetch_frey_faces() == file
    assert not cache.exists()


def test_downloaded_once_then_from_the_cache(servers, cache, mat, frey_faces, capfd):
    servers.add(_serve(mat))
    np.testing.assert_array_equal(load_frey_faces(), frey_faces)
    np.testing.assert_array_equal(load_frey_faces(), frey_faces)
    assert servers.requests == [1]
    assert _left_in(cache) == ["frey_rawface.mat"]
    assert capfd.readouterr() == ("", "")  # no bar where there is no terminal


def test_the_mirrors_pickle_is_known_by_its_hash(servers, cache, mirror_pickle, frey_faces):
    servers.add(_status(404))
    servers.add(_serve(mirror_pickle), "freyfaces.pkl")
    np.testing.assert_array_equal(load_frey_faces(), frey_faces)
    assert _left_in(cache) == ["freyfaces.pkl"]
    assert fetch_frey_faces() == cache / "freyfaces.pkl"


def test_any_other_pickle_is_never_run(servers, cache, tmp_path):
    servers.add(_serve(pickle.dumps([_Bomb()], protocol=0)), "freyfaces.pkl")
    _refused("source 1: what it sent is not the Frey faces, it is neither the MATLAB file nor the known pickle")
    file = tmp_path / "freyfaces.pkl"
    file.write_bytes(pickle.dumps([_Bomb()]))
    with pytest.raises(BadInput, match="neither the MATLAB file nor the known pickle"):
        fetch_frey_faces(file)


@pytest.mark.parametrize(
    ("behave", "reason", "requests"),
    [
        (_status(404), "HTTP 404 Not Found", 1),
        (_status(403), "HTTP 403 Forbidden", 1),
        (_status(503), "HTTP 503 Service Unavailable", 3),
        (_status(599), "HTTP 599", 3),
        (_silent, "no answer within 0.3 s", 3),
        (_silent_in_the_middle, "silent for 0.3 s in the middle", 3),
        (_serve(b"MATLAB" * 100, claim=5000), "broke off before the end", 3),
        (_serve(b"", claim="many"), "answered with malformed headers", 1),
    ],
    ids=["404", "403", "503", "599", "time-out", "stalled", "truncated", "malformed"],
)
def test_a_source_that_fails_is_named_with_its_reason(servers, cache, behave, reason, requests):
    servers.add(behave)
    line = _refused(re.escape(f"the Frey faces can't be had: source 1: {reason}; give a file with"))
    assert line.endswith(WAY_OUT)
    assert servers.requests == [requests]
    assert _left_in(cache) == []


def test_unreachable_host_then_the_next_source(servers, cache, mat, frey_faces):
    servers.add_unreachable()
    _refused("source 1: can't be reached; give a file")
    servers.add(_serve(mat))
    np.testing.assert_array_equal(load_frey_faces(), frey_faces)


def test_every_source_is_named(servers):
    servers.add(_status(410))
    servers.add_unreachable()
    _refused("can't be had: source 1: HTTP 410 Gone; source 2: can't be reached; give a file")


def test_a_source_that_recovers_is_tried_again(servers, mat, frey_faces):
    good = _serve(mat)
    servers.add(lambda handler, number: good(handler, number) if number == 3 else _status(503)(handler, number))
    np.testing.assert_array_equal(load_frey_faces(), frey_faces)
    assert servers.requests == [3]


def test_a_server_that_drips_or_never_ends_is_left(servers, cache, monkeypatch):
    monkeypatch.setattr(download_module, "TOTAL_SECONDS", 0.3)
    monkeypatch.setattr(download_module, "MOST_BYTES", 2**20)
    servers.add(_drip)
    servers.add(_endless)
    _refused("source 1: not done within 0.3 s; source 2: sends more than 1 MiB")
    assert _left_in(cache) == []


@pytest.mark.parametrize("cut", [10_000, 300], ids=["cut", "stub"])
def test_a_truncated_file_is_set_aside_and_never_used(servers, cache, mat, frey_faces, cut):
    servers.add(_serve(mat[:cut], claim=False))  # without a length, only the content shows it
    _refused("source 1: what it sent is not the Frey faces, a MATLAB file.*set aside as .*frey_rawface.mat.bad")
    assert _left_in(cache) == ["frey_rawface.mat.bad"]
    servers.add(_serve(mat))
    np.testing.assert_array_equal(load_frey_faces(), frey_faces)
    assert _left_in(cache) == ["frey_rawface.mat", "frey_rawface.mat.bad"]


def test_an_error_page_and_other_pixels_are_not_the_faces(servers, cache, wrong_mat):
    servers.add(_serve(b"<html>Sign in to the network</html>"))
    servers.add(_serve(wrong_mat))
    line = _refused("source 1: .*neither the MATLAB file")
    assert "source 2: what it sent is not the Frey faces, its pixels have another SHA-256" in line
    assert _left_in(cache) == ["frey_rawface.mat.bad"]


def test_other_matlab_files(cache, tmp_path):
    for variables, reason in [
        ({"other": np.zeros((560, 1965), np.uint8)}, "without a variable `ff`"),
        ({"ff": np.zeros((560, 100), np.uint8)}, r"it holds uint8 \(560, 100\)"),
        ({"ff": np.zeros((560, 1965))}, r"it holds float64 \(560, 1965\)"),
    ]:
        scipy.io.savemat(tmp_path / "a.mat", variables)
        with pytest.raises(BadInput, match=f"a.mat: not the Frey faces, .*{reason}; nothing was copied"):
            fetch_frey_faces(tmp_path / "a.mat")


def test_a_full_disk_is_said_at_once(servers, cache, mat, tmp_path):
    resource = pytest.importorskip("resource", reason="a limit of the file size stands for a full disk")
    servers.add(_serve(mat))
    servers.add(_serve(mat))
    source = tmp_path / "mine.mat"
    source.write_bytes(mat)
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (10_000, limits[1]))
    try:
        line = _refused("the Frey faces from source 1 can't be kept: the disk is full under .*cache; mend that, or")
        with pytest.raises(DataUnavailable, match=r"mine.mat are fine, but the disk is full under .*set FREYVAE_DATA"):
            fetch_frey_faces(source)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert line.endswith(WAY_OUT)
    assert servers.requests == [1, 0]  # the second source would not help
    assert _left_in(cache) == []


def test_a_cache_that_cannot_be_made(servers, cache, mat):
    servers.add(_serve(mat))
    cache.write_text("a file where the folder should be")
    _refused("the Frey faces can't be kept: can't write in .*cache")


def test_a_bad_file_in_the_cache_is_set_aside_and_replaced(servers, cache, mat, wrong_mat, frey_faces, caplog):
    servers.add(_serve(mat))
    cache.mkdir()
    (cache / "frey_rawface.mat").write_bytes(wrong_mat)
    np.testing.assert_array_equal(load_frey_faces(), frey_faces)
    assert (cache / "frey_rawface.mat.bad").read_bytes() == wrong_mat
    assert "another SHA-256; renamed to frey_rawface.mat.bad" in caplog.text


def test_a_bad_file_of_the_users_own_is_set_aside_and_said(cache, tmp_path, monkeypatch, wrong_mat):
    file = tmp_path / "frey_rawface.mat"
    file.write_bytes(wrong_mat)
    monkeypatch.setenv("FREYVAE_DATA", str(tmp_path))
    _refused("FREYVAE_DATA: .*frey_rawface.mat is not the Frey faces, .*; renamed to frey_rawface.mat.bad")
    assert not file.exists()
    _refused("FREYVAE_DATA: no frey_rawface.mat or freyfaces.pkl in ")


def test_a_file_of_another_name_is_not_ours_to_rename(cache, tmp_path, monkeypatch):
    file = tmp_path / "thesis.txt"
    file.write_text("not the faces")
    monkeypatch.setenv("FREYVAE_DATA", str(file))
    _refused("thesis.txt is not the Frey faces, .*; left as it is; give a file")
    assert file.exists()


def test_a_bad_file_that_cannot_be_renamed_is_left_and_said(cache, tmp_path, monkeypatch, wrong_mat):
    file = tmp_path / "frey_rawface.mat"
    file.write_bytes(wrong_mat)
    monkeypatch.setenv("FREYVAE_DATA", str(file))

    def read_only(*_):  # root may rename anything, so the kernel can't be asked for this one
        raise OSError(errno.EROFS, os.strerror(errno.EROFS))

    monkeypatch.setattr(module.os, "replace", read_only)
    _refused(r"it could not be renamed \(Read-only file system\), so remove it yourself")
    assert file.exists()


@pytest.mark.parametrize("kind", ["mat", "pkl"])
def test_fetch_from_a_file_copies_it_to_the_cache(cache, tmp_path, mat, mirror_pickle, frey_faces, kind):
    source = tmp_path / "downloaded by hand"
    source.write_bytes(mat if kind == "mat" else mirror_pickle)
    target = fetch_frey_faces(source)
    assert target == cache / ("frey_rawface.mat" if kind == "mat" else "freyfaces.pkl")
    assert target.read_bytes() == source.read_bytes()
    np.testing.assert_array_equal(load_frey_faces(), frey_faces)
    assert _left_in(cache) == [target.name]


def test_fetch_from_a_bad_file_leaves_it_alone(cache, tmp_path, wrong_mat):
    source = tmp_path / "mine.mat"
    source.write_bytes(wrong_mat)
    with pytest.raises(
        BadInput, match=r"mine.mat: not the Frey faces, its pixels have another SHA-256; nothing was copied"
    ):
        fetch_frey_faces(source)
    assert source.exists()
    assert not cache.exists()
    with pytest.raises(BadInput, match=r"missing.mat: can't be read \(No such file or directory\)"):
        fetch_frey_faces(tmp_path / "missing.mat")
    with pytest.raises(BadInput, match=r"can't be read \(Is a directory\)"):
        fetch_frey_faces(tmp_path)


@pytest.mark.skipif(not Path("/dev/zero").exists(), reason="needs files that never end")
@pytest.mark.parametrize("device", ["/dev/zero", "/dev/full"])
def test_a_file_that_never_ends_is_left_after_the_most_that_faces_take(cache, monkeypatch, device):
    monkeypatch.setattr(module, "_MOST_BYTES", 2**20)
    with pytest.raises(BadInput, match=f"{device}: not the Frey faces, it is far too large"):
        fetch_frey_faces(Path(device))


def test_a_pipe_is_read_to_its_end(cache, tmp_path, mat):
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    writer = threading.Thread(target=pipe.write_bytes, args=(mat,))
    writer.start()
    assert fetch_frey_faces(pipe).read_bytes() == mat
    writer.join()


def test_what_is_kept_is_written_whole_and_synced(servers, cache, mat, monkeypatch, tmp_path):
    synced = []
    real = os.fsync
    monkeypatch.setattr(os, "fsync", lambda handle: (synced.append(os.fstat(handle).st_size), real(handle)))
    servers.add(_serve(mat))
    load_frey_faces()
    assert len(mat) in synced
    synced.clear()
    (tmp_path / "mine.mat").write_bytes(mat)
    fetch_frey_faces(tmp_path / "mine.mat")
    assert len(mat) in synced
    assert _left_in(cache) == ["frey_rawface.mat"]
