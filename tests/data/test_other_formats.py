"""Files that are not supported are recognised by their content, and the error names a conversion that works."""

import bz2
import gzip
import lzma
import pickle
import shlex
import struct
import subprocess
import sys
import tarfile
import zipfile

import numpy as np
import pytest
from PIL import Image

from freyvae.data import load_file, load_folder
from freyvae.errors import BadInput

IMAGES = np.random.default_rng(0).integers(0, 256, (5, 6, 4), dtype=np.uint8)
CODES = {"u1": 8, "i1": 9, ">i2": 11, ">i4": 12, ">f4": 13, ">f8": 14}


def _idx(values, dtype="u1"):
    header = struct.pack(f">HBB{values.ndim}I", 0, CODES[dtype], values.ndim, *values.shape)
    return header + values.astype(dtype).tobytes()


def _refusal(path):
    with pytest.raises(BadInput) as refusal:
        load_file(path)
    line = str(refusal.value)
    assert line.startswith(f"{path}: ")
    assert line.isprintable()
    return line


def _do_what_it_says(line, folder):
    """Run the command in backquotes as a shell would."""
    words = shlex.split(line.split("`")[1])
    assert words[0] == "python"
    subprocess.run([sys.executable, *words[1:]], cwd=folder, check=True, capture_output=True)


@pytest.mark.parametrize("name", ["train-images-idx3-ubyte", "train-images.idx3-ubyte", "a.npy", "a b'c\"d$(x).bin"])
def test_the_way_of_an_idx_file_works(tmp_path, name):
    (tmp_path / name).write_bytes(_idx(IMAGES))
    line = _refusal(tmp_path / name)
    assert "an IDX file, MNIST's own format" in line
    _do_what_it_says(line, tmp_path)
    np.testing.assert_array_equal(load_file(tmp_path / "images.npy").images[..., 0], IMAGES)


@pytest.mark.parametrize("opener", [gzip.open, bz2.open, lzma.open], ids=["gzip", "bzip2", "xz"])
def test_the_way_of_a_compressed_idx_file_works(tmp_path, opener):
    with opener(tmp_path / "t10k-images-idx3-ubyte.gz", "wb") as file:
        file.write(_idx(IMAGES))
    _do_what_it_says(_refusal(tmp_path / "t10k-images-idx3-ubyte.gz"), tmp_path)
    np.testing.assert_array_equal(load_file(tmp_path / "images.npy").images[..., 0], IMAGES)


@pytest.mark.parametrize("dtype", CODES)
def test_every_type_of_idx_is_known(tmp_path, dtype):
    values = IMAGES.astype(int) // 2
    (tmp_path / "idx").write_bytes(_idx(values, dtype))
    _do_what_it_says(_refusal(tmp_path / "idx"), tmp_path)
    np.testing.assert_array_equal(np.load(tmp_path / "images.npy"), values)


def test_labels_and_stubs_of_idx_are_no_images(tmp_path):
    (tmp_path / "train-labels-idx1-ubyte").write_bytes(_idx(np.arange(10)))
    assert "of shape (10,): labels, not images" in _refusal(tmp_path / "train-labels-idx1-ubyte")
    (tmp_path / "idx3-ubyte").write_bytes(_idx(IMAGES)[:10])
    assert "cut short" in _refusal(tmp_path / "idx3-ubyte")


def test_the_way_of_an_archive_works(tmp_path):
    Image.fromarray(IMAGES[0]).save(tmp_path / "a.png")
    with zipfile.ZipFile(tmp_path / "set.zip", "w") as archive:
        archive.write(tmp_path / "a.png", "a.png")
    line = _refusal(tmp_path / "set.zip")
    assert "a zip archive: unpack it" in line
    _do_what_it_says(line, tmp_path)
    np.testing.assert_array_equal(load_folder(tmp_path / "images").images[0, ..., 0], IMAGES[0])
    for mode, name in [("w", "set.tar"), ("w:gz", "set.tgz"), ("w:bz2", "set.tar.bz2"), ("w:xz", "set.tar.xz")]:
        with tarfile.open(tmp_path / name, mode) as archive:
            archive.add(tmp_path / "a.png", "a.png")
        line = _refusal(tmp_path / name)
        assert f"a tar archive: unpack it, `mkdir images && tar -xf {tmp_path / name} -C images`" in line


def _hdf5(_):
    return b"\x89HDF\r\n\x1a\n" + b"\0" * 600


def _matlab_7_3(_):
    return b"MATLAB 7.3 MAT-file, Platform: GLNXA64".ljust(124) + b"\x00\x02IM" + b"\0" * 384 + _hdf5(None)


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("a.h5", _hdf5, "an HDF5 file: make a .npy of the array called NAME in it, `python -c 'import h5py"),
        ("a.mat", _hdf5, "an HDF5 file"),
        ("a.mat", _matlab_7_3, "a MATLAB 7.3 file: save it with -v7, or make a .npy of the array called NAME in it"),
        ("a", _matlab_7_3, "a MATLAB 7.3 file"),
        ("a.npy.gz", lambda _: gzip.compress(b"\x93NUMPY"), "a file compressed with gzip: unpack it, `gzip -dk"),
        ("a.csv.xz", lambda _: lzma.compress(b"1,2"), "a file compressed with xz: unpack it, `xz -dk"),
        ("broken.gz", lambda _: b"\x1f\x8b broken", "a file compressed with gzip"),
        ("a.bin", lambda _: b"\x93NUMPY\1\0", "a NumPy array: give the file a name that ends in .npy"),
        ("cifar", lambda _: pickle.dumps({}), "holds a pickle, which can run code and is never loaded"),
        ("a.7z", lambda _: b"7z\xbc\xaf\x27\x1c\0\4", "an archive: unpack it"),
        ("a.mp4", lambda _: b"\0\0\0\x20ftypisom", "a video: make pictures of it, `mkdir frames && ffmpeg -i"),
        ("a.avi", lambda _: b"RIFF\0\0\0\0AVI LIST", "a video"),
        ("a.csv", lambda _: b"1,2,3", "can't read images from this kind of file; give .npy, .npz, .mat or a folder"),
        ("empty", lambda _: b"", "can't read images from this kind of file"),
    ],
)
def test_every_kind_has_its_line(tmp_path, name, content, said):
    (tmp_path / name).write_bytes(content(None))
    assert said in _refusal(tmp_path / name)


def test_any_bytes_under_any_suffix_are_refused_in_one_line(tmp_path):
    arrays = [
        b"",
        b"\0\0\x08\3",
        b"\x1f\x8b\x08",
        b"PK\3\4",
        b"BZh9",
        b"\xfd7zXZ\0",
        b"\x93NUMPY\1\0v\0",
        b"MATLAB 5.0 ",
    ]
    heads = [*arrays, b"\x89PNG\r\n\x1a\n", b"II*\0", b"GIF89a", b"P5 3 ", b"\x80\4\x95"]
    for seed in range(300):
        rng = np.random.default_rng(seed)
        content = heads[seed % len(heads)] + rng.bytes(rng.integers(0, 400))
        suffix = rng.choice(["", ".npy", ".npz", ".mat", ".gz", ".png", ".tif", ".gif", ".webp", ".bin"])
        path = tmp_path / f"{seed}{suffix}"
        path.write_bytes(content)
        _refusal(path)
