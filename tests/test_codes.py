"""Codes go to a file and come back, and a file that holds none is refused."""

import csv
import io
import pickle
import zipfile

import numpy as np
import pytest

from freyvae.codes import read_codes, write_codes
from freyvae.errors import BadInput


@pytest.fixture
def codes():
    return np.random.default_rng(0).normal(size=(4, 3)).astype("float32")


@pytest.mark.parametrize("name", ["codes.csv", "codes.npy"])
def test_codes_come_back_bit_for_bit(tmp_path, codes, name):
    write_codes(tmp_path / name, codes)
    again = read_codes(tmp_path / name)
    assert again.dtype == np.float32
    np.testing.assert_array_equal(again, codes)


def test_a_csv_has_a_header_with_the_latents_names_and_the_images_files(tmp_path, codes):
    write_codes(tmp_path / "a.csv", codes, names=["humour"], files=["a, b.png", 'c".png', "d.png", "e/f.png"])
    with (tmp_path / "a.csv").open(newline="") as file:
        rows = list(csv.reader(file))
    assert rows[0] == ["image", "humour", "z2", "z3"]
    assert [row[0] for row in rows[1:]] == ["a, b.png", 'c".png', "d.png", "e/f.png"]
    np.testing.assert_array_equal(read_codes(tmp_path / "a.csv"), codes)


def test_without_files_images_are_numbered(tmp_path, codes):
    write_codes(tmp_path / "a.csv", codes)
    assert [line.split(",")[0] for line in (tmp_path / "a.csv").read_text().splitlines()] == ["image", *"0123"]


def test_a_csv_of_ones_own_needs_no_column_of_images(tmp_path):
    (tmp_path / "a.csv").write_text("pose,humour\n1,-2\n0.5,1e-3\n")
    np.testing.assert_array_equal(read_codes(tmp_path / "a.csv"), np.array([[1, -2], [0.5, 1e-3]], "float32"))


def test_whole_numbers_and_doubles_of_ones_own_will_do(tmp_path):
    for dtype in ("int64", "float64"):
        np.save(tmp_path / "a.npy", np.ones((2, 2), dtype))
        assert read_codes(tmp_path / "a.npy").dtype == np.float32


def test_another_suffix_is_refused(tmp_path, codes):
    with pytest.raises(BadInput, match=r"written as \.csv or \.npy, not as codes\.txt"):
        write_codes(tmp_path / "codes.txt", codes)
    (tmp_path / "codes.txt").touch()
    with pytest.raises(BadInput, match=r"read from \.csv or \.npy, not from codes\.txt"):
        read_codes(tmp_path / "codes.txt")


class Bomb:
    def __reduce__(self):
        return (pytest.fail, ("a pickle was run",))


def _npy(array):
    buffer = io.BytesIO()
    np.save(buffer, array, allow_pickle=True)
    return buffer.getvalue()


def _zip():
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("a.npy", _npy(np.zeros((2, 2))))
    return buffer.getvalue()


@pytest.mark.parametrize(
    ("name", "content", "line"),
    [
        ("a.csv", b"", "first line must be a header"),
        ("a.csv", b"image,z1\n", "no codes"),
        ("a.csv", b"image,z1\n0,x\n", "could not convert string to float: 'x'"),
        ("a.csv", b"image,z1,z2\n0,1,2\n1,3\n", "line 3 has 2 values where the header has 3"),
        ("a.csv", b"1,2\n3,4\n", "first line must be a header"),
        ("a.csv", b"-1,.5\n3,4\n", "first line must be a header"),
        ("a.csv", b"\xff\xfe\n", "can't decode"),
        ("a.npy", b"", "cannot read codes"),
        ("a.npy", b"nonsense", "cannot read codes"),
        ("a.npy", _npy(np.zeros((9, 9)))[:-1], "cannot read codes"),
        ("a.npy", _npy(np.zeros(3)), "an array of shape (3,)"),
        ("a.npy", _npy(np.zeros((0, 2))), "there is not one number in it"),
        ("a.npy", _npy(np.array([["a", "b"]])), "not numbers"),
        ("a.npy", _npy(np.array([[1j]])), "not numbers"),
        ("a.npy", _npy(np.array([Bomb()])), "a pickle, which can run code"),
        ("a.npy", pickle.dumps(Bomb()), "cannot read codes"),
        ("a.npy", _zip(), "cannot read codes"),
    ],
)
def test_a_file_that_holds_no_codes_is_refused_in_one_line(tmp_path, name, content, line):
    (tmp_path / name).write_bytes(content)
    with pytest.raises(BadInput) as refusal:
        read_codes(tmp_path / name)
    assert line in str(refusal.value)
    assert name in str(refusal.value)
    assert "\n" not in str(refusal.value)


@pytest.mark.parametrize("name", ["a.csv", "a.npy"])
def test_a_file_that_is_missing_is_refused(tmp_path, name):
    with pytest.raises(BadInput, match="No such file"):
        read_codes(tmp_path / name)
