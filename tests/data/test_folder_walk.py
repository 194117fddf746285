"""Every folder is looked through once, with any links, and files that are passed over are listed."""

import os

import numpy as np
import pytest
from PIL import Image

from freyvae.console import printable
from freyvae.data import load_folder
from freyvae.data.folder_walk import find_pictures
from freyvae.errors import BadInput


def _picture(path, grey=100):
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(np.full((6, 4), grey, np.uint8)).save(path)


def test_linked_folders_are_followed_and_said(tmp_path):
    _picture(tmp_path / "elsewhere" / "b.png")
    _picture(tmp_path / "elsewhere" / "deep" / "c.png", 110)
    _picture(tmp_path / "set" / "a.png", 120)
    (tmp_path / "set" / "link").symlink_to(tmp_path / "elsewhere")
    images = load_folder(tmp_path / "set")
    assert images.files == ("a.png", "link/b.png", "link/deep/c.png")
    assert images.notes == ("linked folders were looked through too: link",)


def test_loops_end_and_no_file_counts_twice(tmp_path):
    root = tmp_path / "set"
    _picture(root / "sub" / "a.png")
    _picture(tmp_path / "sibling" / "x.png", 110)
    (root / "again").symlink_to(root / "sub")
    (root / "sub" / "self").symlink_to(".")
    (root / "sub" / "root").symlink_to(root)
    (root / "up").symlink_to(tmp_path)
    (root / "other.png").symlink_to(root / "sub" / "a.png")
    (root / "knot").symlink_to("knot")
    (root / "knot.png").symlink_to("knot.png")
    (tmp_path / "sibling" / "back").symlink_to(root)
    (root / "sibling").symlink_to(tmp_path / "sibling")
    (root / "sibling-2").symlink_to(tmp_path / "sibling")
    images = load_folder(root)
    assert images.files == ("sibling/x.png", "sub/a.png")
    assert [line.split(":")[0] for line in images.unreadable] == ["knot.png"]
    assert images.notes == (
        "passed over: 6 link to a folder that is looked through already, 1 link to a picture that is there already, 1 "
        "without a suffix",
        "linked folders were looked through too: sibling",
    )


def test_any_tangle_of_links_is_walked_once(tmp_path):
    for seed in range(30):
        rng = np.random.default_rng(seed)
        root = tmp_path / f"{seed}"
        folders = [root]
        for number in range(6):
            folders.append(folders[rng.integers(len(folders))] / f"d{number}")
            folders[-1].mkdir(parents=True)
        for number in range(8):
            (folders[rng.integers(len(folders))] / f"p{number}.png").touch()
        for number in range(8):
            (folders[rng.integers(len(folders))] / f"l{number}").symlink_to(folders[rng.integers(len(folders))])
        found = find_pictures(root, (".png",))
        assert sorted(path.rsplit("/", 1)[-1] for path in found.pictures) == [f"p{n}.png" for n in range(8)], seed
        # and by their own names, not by the names of a link
        assert all(
            os.path.realpath(root / path) == os.path.join(os.path.realpath(root), path) for path in found.pictures
        )


def test_what_is_passed_over_is_said_by_kind_with_a_count(tmp_path):
    _picture(tmp_path / "a.png")
    for name in ("1.txt", "2.TXT", "sub/3.txt", "a.heic", ".hidden", ".DS_Store", "sub/.x.png", "README", "b.tar.gz"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    said = "passed over: 3 .txt, 3 hidden, 1 .gz, 1 .heic, 1 without a suffix"
    assert load_folder(tmp_path).notes == (said,)
    (tmp_path / "a.png").unlink()
    with pytest.raises(BadInput, match=rf"no pictures in this folder \({said}\); it needs files ending in .png"):
        load_folder(tmp_path)
    for number in range(20):
        (tmp_path / f"x.k{number:02}").touch()
    assert find_pictures(tmp_path, (".png",)).notes[0].endswith("1 .k02, 1 .k03, 17 of other kinds")


@pytest.mark.parametrize("name", ["esc\x1b[31m", "new\nline", "osc\x1b]0;x\x07", "rtl\u202e", "nul\x9b", "\udcff"])
def test_names_go_into_lines_without_what_a_terminal_obeys(tmp_path, name):
    _picture(tmp_path / "a.png")
    try:
        (tmp_path / f"{name}.png").write_text("no picture")
    except (OSError, UnicodeEncodeError):
        pytest.skip("this file system does not take the name")
    (tmp_path / f"x.{name}").touch()
    images = load_folder(tmp_path)
    lines = [*images.unreadable, *images.notes]
    with pytest.raises(BadInput) as refusal:
        load_folder(tmp_path, strict=True)
    with pytest.raises(BadInput) as nowhere:
        load_folder(tmp_path / name)
    for line in (*lines, str(refusal.value), str(nowhere.value)):
        assert line.isprintable(), ascii(line)
    assert any(printable(name) in line for line in lines)
    assert printable("plain 名前 é") == "plain 名前 é"


@pytest.mark.skipif(os.geteuid() == 0, reason="root may list any folder")
def test_a_folder_that_cannot_be_listed_is_said(tmp_path):
    _picture(tmp_path / "a.png")
    (tmp_path / "closed").mkdir(mode=0)
    assert load_folder(tmp_path).unreadable == ("closed: Permission denied",)
