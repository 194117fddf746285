"""Codes are written to files and read back, and files without codes are refused."""

import csv
import io
import os
import pickle
import random
import shutil
import subprocess
import zipfile
from contextlib import suppress

import numpy as np
import pytest

from freyvae.codes import names_of_latents, read_codes, require_kind, write_blocks_of_codes, write_codes
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


@pytest.mark.parametrize("name", ["codes.csv", "codes.npy"])
def test_codes_that_come_in_blocks_are_those_that_come_at_once(tmp_path, codes, name):
    write_codes(tmp_path / name, codes, files=list("abcd"))
    at_once = (tmp_path / name).read_bytes()
    write_blocks_of_codes(tmp_path / name, iter([codes[:3], codes[3:]]), shape=codes.shape, files=list("abcd"))
    assert (tmp_path / name).read_bytes() == at_once
    if name == "codes.npy":
        np.save(tmp_path / "plain.npy", codes)
        assert at_once.startswith((tmp_path / "plain.npy").read_bytes())


def test_parquet_has_names_and_labels_and_a_column_a_latent(tmp_path, codes, monkeypatch):
    from pyarrow import parquet

    monkeypatch.setattr("freyvae.codes.ROWS_AT_ONCE", 2)
    files, path = ["a.png", "=b.png", "odd \udcff.png", "d/é.png"], tmp_path / "codes.parquet"
    blocks = iter([codes[:1], codes[1:3], codes[3:]])
    write_blocks_of_codes(
        path, blocks, shape=codes.shape, names=["label", "pose"], files=files, labels=["x", "y", "x", "z"]
    )
    table = parquet.read_table(path, page_checksum_verification=True)
    assert table.column_names == ["file", "label", "latent label", "pose", "z3"]
    assert table["file"].to_pylist() == ["a.png", "=b.png", r"odd \xff.png", "d/é.png"]
    assert table["label"].to_pylist() == ["x", "y", "x", "z"]
    np.testing.assert_array_equal(np.column_stack([table[name] for name in table.column_names[2:]]), codes)
    assert parquet.ParquetFile(path).num_row_groups == 2
    write_codes(path, codes)
    assert parquet.read_table(path)["file"].to_pylist() == ["0", "1", "2", "3"]


def test_parquet_without_pyarrow_is_refused_before_the_work(tmp_path, monkeypatch):
    monkeypatch.setattr("freyvae.codes.find_spec", lambda name: None)
    with pytest.raises(BadInput, match=r'codes.parquet needs pyarrow: pip install "freyvae\[parquet\]" installs it'):
        require_kind(tmp_path / "codes.parquet")


def test_codes_that_cannot_all_be_had_leave_the_file_of_before(tmp_path, codes):
    write_codes(tmp_path / "codes.npy", codes)

    def half():
        yield codes[:2] + 1
        raise BadInput("the disk is gone")

    with pytest.raises(BadInput, match="the disk is gone"):
        write_blocks_of_codes(tmp_path / "codes.npy", half(), shape=codes.shape)
    np.testing.assert_array_equal(read_codes(tmp_path / "codes.npy"), codes)
    assert [path.name for path in tmp_path.iterdir()] == ["codes.npy"]


def test_another_suffix_is_refused(tmp_path, codes):
    with pytest.raises(BadInput, match=r"written as \.csv, \.npy or \.parquet, not as codes\.txt"):
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


def _claim(shape):
    """A .npy file of 16 bytes with a header that claims more."""
    file = io.BytesIO()
    np.lib.format.write_array_header_1_0(file, {"descr": "<f4", "fortran_order": False, "shape": shape})
    return file.getvalue() + bytes(16)


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
        ("a.npy", _npy(np.zeros((2, 2))) + b"more", "the checksum behind its array is wrong"),
        ("a.npy", _claim((10**12, 2)), "says float32 of shape (1000000000000, 2), 8,000,000,000,000 bytes, but 16 "),
        ("a.npy", _claim((-1, 2)), "damaged or cut short"),
        ("a.npy", _claim((2**62, 2**62)), "damaged or cut short"),
        ("a.npy", _npy(np.array([[1.0, np.nan]])), "holds nan as latent 2 of code 1"),
        ("a.npy", _npy(np.array([[1e300]])), "holds inf as latent 1 of code 1"),
        ("a.csv", b"image,z1\n0,1\n1,2", "its last line has no end"),
        ("a.csv", b"image,z1\n0,1\n1,1e999\n", "holds inf as latent 1 of code 2"),
        ("a.csv", b'image,z1\n"0,1\n1,2\n', "unexpected end of data"),
    ],
)
def test_a_file_that_holds_no_codes_is_refused_in_one_line(tmp_path, name, content, line):
    (tmp_path / name).write_bytes(content)
    with pytest.raises(BadInput) as refusal:
        read_codes(tmp_path / name)
    assert line in str(refusal.value)
    assert name in str(refusal.value)
    assert "\n" not in str(refusal.value)


@pytest.mark.parametrize("name", ["codes.csv", "codes.npy"])
def test_no_flipped_bit_and_no_cut_gives_other_numbers(tmp_path, codes, name):
    path = tmp_path / name
    write_codes(path, codes, names=["humour"])
    content = path.read_bytes()
    random.seed(13)
    damages = [content[:length] for length in range(len(content))]
    damages += [
        content[:at] + bytes([content[at] ^ 1 << random.randrange(8)]) + content[at + 1 :] for at in range(len(content))
    ]
    read_well = 0
    for damaged in damages:
        path.write_bytes(damaged)
        with suppress(BadInput):
            np.testing.assert_array_equal(read_codes(path), codes)
            read_well += 1
    # cut off after its array, a .npy file is like that of any other program
    assert read_well == (1 if name == "codes.npy" else 0)


@pytest.mark.parametrize("name", ["codes.csv", "with \\ and \n.csv"])
def test_the_checksum_is_one_of_sha256sum(tmp_path, codes, name):
    write_codes(tmp_path / name, codes)
    program = shutil.which("sha256sum")
    if program is None:
        pytest.skip("there is no sha256sum here")
    checked = subprocess.run([program, "-c", f"{name}.sha256"], cwd=tmp_path, capture_output=True, text=True)
    assert (checked.returncode, checked.stderr) == (0, "")


def test_a_table_without_its_checksum_is_read_and_one_with_an_old_checksum_refused(tmp_path, codes):
    path = tmp_path / "codes.csv"
    write_codes(path, codes)
    path.write_text("image,z1\n0,1.5\n")
    with pytest.raises(BadInput, match=r"remove codes\.csv\.sha256 if it was edited on purpose"):
        read_codes(path)
    (tmp_path / "codes.csv.sha256").unlink()
    np.testing.assert_array_equal(read_codes(path), [[1.5]])
    write_codes(path, codes)
    np.testing.assert_array_equal(read_codes(path), codes)


def test_a_table_that_cannot_be_replaced_keeps_its_checksum(tmp_path, codes, monkeypatch):
    path = tmp_path / "codes.csv"
    write_codes(path, codes)
    (tmp_path / "codes.csv.sha256").chmod(0o444)
    before = (tmp_path / "codes.csv.sha256").read_bytes()

    def full(self, content):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("freyvae.files.Digesting.write", full)
    with pytest.raises(BadInput, match="No space left"):
        write_codes(path, codes + 1)
    monkeypatch.undo()
    assert (tmp_path / "codes.csv.sha256").read_bytes() == before
    np.testing.assert_array_equal(read_codes(path), codes)


def test_numpy_and_a_plain_csv_reader_open_what_is_written(tmp_path, codes):
    write_codes(tmp_path / "a.npy", codes)
    np.testing.assert_array_equal(np.load(tmp_path / "a.npy"), codes)
    np.testing.assert_array_equal(np.load(tmp_path / "a.npy", mmap_mode="r"), codes)
    write_codes(tmp_path / "a.csv", codes)
    np.testing.assert_array_equal(
        np.loadtxt(tmp_path / "a.csv", delimiter=",", skiprows=1, dtype="float32")[:, 1:], codes
    )


@pytest.mark.parametrize(
    ("header", "order"),
    [
        ("image,humour,pose,z3", [0, 1, 2]),
        ("z3,pose,humour", [2, 1, 0]),
        ("image,z2,z1,z3", [1, 0, 2]),
        (" pose , z3,humour", [1, 2, 0]),
    ],
)
def test_columns_go_by_their_names(tmp_path, codes, header, order):
    has_images = header.startswith("image")
    rows = [[*(["0"] if has_images else []), *(repr(float(code[latent])) for latent in order)] for code in codes]
    text = "\ufeff" + "\r\n".join([header, *map(",".join, rows)]) + "\r\n"
    (tmp_path / "a.csv").write_bytes(text.encode())
    np.testing.assert_array_equal(read_codes(tmp_path / "a.csv", names=["humour", "pose", "z3"]), codes)


@pytest.mark.parametrize("header", ["humour,mood", "image,z1,z1", "z1,z3", "humour,z1", "z1;z2,x"])
def test_unknown_columns_are_refused_with_the_names_that_there_are(tmp_path, header):
    (tmp_path / "a.csv").write_text(f"{header}\n{','.join('1' for _ in header.split(','))}\n")
    with pytest.raises(BadInput, match=r"its columns are .*, but the latents are humour, pose, or z1, z2"):
        read_codes(tmp_path / "a.csv", names=["humour", "pose"])


def test_any_names_come_back_and_none_is_a_formula(tmp_path):
    random.seed(21)
    letters = "=+-@\t\r\n'\"|, aé\x1b\x9b\udcff\\"
    for _ in range(200):
        name, other = ("".join(random.choices(letters, k=random.randint(1, 5))) for _ in range(2))
        if name.strip() == other.strip():
            continue
        names, codes = ["image", name, other], np.float32([[1, 2, 3]])
        write_codes(tmp_path / "a.csv", codes, names=names, files=[name])
        np.testing.assert_array_equal(read_codes(tmp_path / "a.csv", names=names), codes, repr(names))
        with (tmp_path / "a.csv").open(newline="", encoding="utf-8") as file:
            cells = [cell for row in csv.reader(file) for cell in row]
        assert len(cells) == 8
        assert not [cell for cell in cells if cell.startswith(("=", "+", "-", "@", "\t", "\r"))]
        assert "\x1b" not in "".join(cells)


def test_latents_have_names_of_their_own():
    assert names_of_latents(3) == ["z1", "z2", "z3"]
    assert names_of_latents(3, ["pose"]) == ["pose", "z2", "z3"]
    assert names_of_latents(3, ["", "z1"]) == ["z1_", "z1", "z3"]
    with pytest.raises(BadInput, match="there are 1, and 2 names"):
        names_of_latents(1, ["humour", "pose"])


@pytest.mark.parametrize("name", ["a.csv", "a.npy"])
def test_a_file_that_is_none_is_refused(tmp_path, name):
    os.mkfifo(tmp_path / name)
    with pytest.raises(BadInput, match="it is no file"):
        read_codes(tmp_path / name)


@pytest.mark.parametrize("name", ["a.csv", "a.npy"])
def test_a_file_that_is_missing_is_refused(tmp_path, name):
    with pytest.raises(BadInput, match="No such file"):
        read_codes(tmp_path / name)
