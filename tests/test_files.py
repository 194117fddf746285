"""A file is written whole or not at all, and an earlier file stays until then."""

import errno
import os
import stat
import subprocess
import sys

import numpy as np
import pytest

from freyvae.errors import BadInput
from freyvae.files import as_path, cannot_write, is_name_of_folder, making_folder, remove, replacing, write_whole


def contents(folder):
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def test_text_and_bytes_are_written_and_folders_made(tmp_path):
    write_whole(tmp_path / "a" / "b.txt", "grün\n")
    write_whole(tmp_path / "a" / "c.bin", b"\x00\r\n")
    assert contents(tmp_path / "a") == {"b.txt": "grün\n".encode(), "c.bin": b"\x00\r\n"}


@pytest.mark.parametrize("name", ["", ".hidden", "..", "a/b", "a\\b", "two\nlines"])
def test_no_system_has_a_folder_of_such_a_name(name):
    assert not is_name_of_folder(name, on_windows=False)
    assert not is_name_of_folder(name, on_windows=True)


@pytest.mark.parametrize("name", ["CON", "aux.2", "com1 .x", "a:b", "what?", "ends.", "ends "])
def test_windows_refuses_names_that_others_take(name):
    assert is_name_of_folder(name, on_windows=False)
    assert not is_name_of_folder(name, on_windows=True)


@pytest.mark.parametrize("name", ["frey-faces", "Zellen 2", "è", "console", "v1.2"])
def test_every_system_takes_plain_names(name):
    assert is_name_of_folder(name, on_windows=True)


class Broken(Exception):
    pass


def test_when_the_block_fails_the_old_file_stays_and_nothing_else(tmp_path):
    path = tmp_path / "old.txt"
    path.write_text("old")

    def write_half():
        with replacing(path) as temporary:
            temporary.write_text("half")
            raise Broken

    with pytest.raises(Broken):
        write_half()
    assert contents(tmp_path) == {"old.txt": b"old"}


def test_until_the_block_is_done_the_old_file_is_there(tmp_path):
    path = tmp_path / "old.txt"
    path.write_text("old")
    with replacing(path) as temporary:
        temporary.write_text("new")
        assert path.read_text() == "old"
        # the suffix tells some writers the format, and the folder makes the move one step
        assert (temporary.suffix, temporary.parent) == (".txt", path.parent)
    assert contents(tmp_path) == {"old.txt": b"new"}


def test_a_folder_is_there_when_it_is_full_and_not_before(tmp_path):
    (tmp_path / "empty").mkdir()
    for name in ("new", "empty"):
        with making_folder(tmp_path / "a" / ".." / name) as folder:
            (folder / "b").write_text("b")
            assert not (tmp_path / name / "b").exists()
        assert contents(tmp_path / name) == {"b": b"b"}
        assert stat.S_IMODE((tmp_path / name).stat().st_mode) == stat.S_IMODE((tmp_path / "a").stat().st_mode)

    def make_half():
        with making_folder(tmp_path / "half") as folder:
            (folder / "b").write_text("half")
            raise Broken

    with pytest.raises(Broken):
        make_half()
    with pytest.raises(BadInput, match=r"cannot write .*new: Directory not empty"), making_folder(tmp_path / "new"):
        pass
    assert {path.name for path in tmp_path.iterdir()} == {"a", "new", "empty"}
    assert contents(tmp_path / "new") == {"b": b"b"}


def test_the_file_has_the_rights_that_any_new_file_has(tmp_path):
    (tmp_path / "plain").touch()
    before = os.umask(0o027)
    try:
        write_whole(tmp_path / "ours", "")
        assert os.umask(0o027) == 0o027
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / "ours").stat().st_mode) == 0o640


@pytest.mark.skipif(os.name == "nt", reason="folders cannot be synced there")
def test_file_and_folder_are_synced_before_and_after_the_move(tmp_path, monkeypatch):
    """Otherwise a power cut could leave an empty file under the new name, or no file at all."""
    done = []
    fsync, replace = os.fsync, os.replace

    def note_sync(handle):
        done.append("folder" if stat.S_ISDIR(os.fstat(handle).st_mode) else "file")
        fsync(handle)

    def note_move(source, target):
        done.append("move")
        replace(source, target)

    monkeypatch.setattr(os, "fsync", note_sync)
    monkeypatch.setattr(os, "replace", note_move)
    write_whole(tmp_path / "x.txt", "text")
    assert done == ["file", "move", "folder"]
    done.clear()
    write_whole(tmp_path / "a" / "b" / "x.txt", "text")
    assert done == ["folder", "folder", "file", "move", "folder"]
    done.clear()
    with making_folder(tmp_path / "new") as folder:
        for name in ("a", "b"):
            (folder / name).write_text(name)
    assert done == ["file", "file", "folder", "move", "folder"]
    done.clear()
    remove(tmp_path / "x.txt")
    remove(tmp_path / "x.txt")
    assert done == ["folder"]


KILLED = """
import os, signal, sys
from pathlib import Path
from freyvae.files import making_folder, replacing
with replacing(Path("x.txt")) as one, making_folder(Path("new")) as other:
    one.write_text("half")
    (other / "half").write_text("half")
    print(flush=True)
    sys.stdin.read()
"""


def test_what_a_killed_process_left_is_removed_by_the_next_one_and_nothing_else(tmp_path):
    def writer():
        started = subprocess.Popen(
            [sys.executable, "-c", KILLED], cwd=tmp_path, stdin=subprocess.PIPE, stdout=subprocess.PIPE
        )
        started.stdout.readline()
        return started

    killed, alive = writer(), writer()
    killed.kill()
    killed.communicate()
    foreign = tmp_path / f".freyvae-00000000-{killed.pid}-of-another-machine.txt"
    foreign.write_text("half")
    (tmp_path / ".x-notes.txt").write_text("precious")
    subprocess.run([sys.executable, "-c", "from freyvae.files import *; write_whole(Path('y.txt'), '')"], cwd=tmp_path)
    left = {path.name for path in tmp_path.iterdir()}
    assert not [name for name in left if f"-{killed.pid}-" in name and name != foreign.name]
    assert len([name for name in left if f"-{alive.pid}-" in name]) == 2
    assert {foreign.name, ".x-notes.txt", "y.txt"} <= left
    alive.communicate(timeout=30)
    assert {path.name for path in tmp_path.iterdir()} == {foreign.name, ".x-notes.txt", "y.txt", "x.txt", "new"}


def test_a_place_that_cannot_be_written_is_one_line(tmp_path):
    (tmp_path / "file").touch()
    for path in ("/proc/freyvae/x.txt", tmp_path / "file" / "x.txt"):
        with pytest.raises(BadInput, match=r"cannot write .*x\.txt: .*; check the path and its permissions"):
            write_whole(type(tmp_path)(path), "text")


def test_a_folder_in_the_files_place_is_refused_and_stays(tmp_path):
    (tmp_path / "x.txt").mkdir()
    with pytest.raises(BadInput, match="cannot write"):
        write_whole(tmp_path / "x.txt", "text")
    assert [path.name for path in tmp_path.iterdir()] == ["x.txt"]


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT, errno.EFBIG])
def test_a_full_disk_says_so(tmp_path, number):
    assert "free some space" in str(cannot_write(tmp_path, OSError(number, os.strerror(number))))


def test_a_disk_that_numpy_fills_is_full_though_it_does_not_say_so(tmp_path):
    refused = str(cannot_write(tmp_path, OSError("125760 requested and 3968 written")))
    assert (
        refused
        == f"cannot write {tmp_path}: no space was left for a part of it; free some space, or choose another place"
    )


def test_an_empty_path_is_none():
    with pytest.raises(BadInput, match="out must be a path, not ''"):
        as_path("out", "")


def test_a_write_that_the_system_breaks_off_leaves_the_old_file(tmp_path):
    """A file-size limit stands in for a full disk."""
    (tmp_path / "old.txt").write_text("old")
    script = (
        "import resource; from pathlib import Path; from freyvae.files import write_whole\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (100, 100))\n"
        "write_whole(Path('old.txt'), 'x' * 1000)"
    )
    result = subprocess.run(
        [sys.executable, "-c", script], cwd=tmp_path, capture_output=True, text=True, check=False, timeout=60
    )
    assert result.stderr.splitlines()[-1].endswith("File too large; free some space, or choose another place")
    assert contents(tmp_path) == {"old.txt": b"old"}


@pytest.mark.parametrize("value", [None, 1, b"x", ["x"], object, np.zeros(2)])
def test_what_is_no_path_is_named(value):
    with pytest.raises(BadInput, match=r"^folder must be a path, not "):
        as_path("folder", value)


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ("~nosuchuser/x", "folder ~nosuchuser/x: there is no such user: write the path in full"),
        ("a\0b", "is no path"),
        ("\ud800", "is no path"),
        ("x" * 300, "File name too long"),
    ],
)
def test_what_no_file_can_be_called_is_refused(value, message):
    with pytest.raises(BadInput, match=message) as refusal:
        as_path("folder", value)
    assert len(str(refusal.value)) < 200


def test_a_home_is_written_out(monkeypatch, tmp_path):
    monkeypatch.setenv("HOME", str(tmp_path))
    assert as_path("folder", "~/a") == tmp_path / "a"
    assert as_path("folder", tmp_path / "b") == tmp_path / "b"


def test_a_pipe_is_not_written_over(tmp_path):
    path = tmp_path / "pipe"
    os.mkfifo(path)
    with pytest.raises(BadInput, match=r"cannot write .*pipe: it is no plain file"):
        write_whole(path, "text")
    assert path.is_fifo()
