"""Files that are not supported are recognised by their content, and the error names a conversion."""

import gzip
import lzma
import pickle

import numpy as np
import pytest

from freyvae.data import load_file, load_images
from freyvae.errors import BadInput


def _refusal(path, load=load_file):
    with pytest.raises(BadInput) as refusal:
        load(path)
    line = str(refusal.value)
    assert line.startswith(f"{path}: ")
    assert line.isprintable()
    return line


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("a.npy.gz", lambda: gzip.compress(b"\x93NUMPY"), "a file compressed with gzip: unpack it, `gzip -dk"),
        ("a.csv.xz", lambda: lzma.compress(b"1,2"), "a file compressed with xz: unpack it, `xz -dk"),
        ("broken.gz", lambda: b"\x1f\x8b broken", "a file compressed with gzip"),
        ("a.bin", lambda: b"\x93NUMPY\1\0", "a NumPy array: give the file a name that ends in .npy"),
        ("cifar", lambda: pickle.dumps({}), "holds a pickle, which can run code and is never loaded"),
        ("a.7z", lambda: b"7z\xbc\xaf\x27\x1c\0\4", "an archive: unpack it"),
        ("a.mp4", lambda: b"\0\0\0\x20ftypisom", "a video: make pictures of it, `mkdir frames && ffmpeg -i"),
        ("a.avi", lambda: b"RIFF\0\0\0\0AVI LIST", "a video"),
        (
            "a.csv",
            lambda: b"1,2,3",
            "can't read images from this kind of file; give .npy, .npz, .mat, .h5, .parquet, or",
        ),
        ("empty", lambda: b"", "can't read images from this kind of file"),
    ],
)
def test_every_kind_has_its_line(tmp_path, name, content, said):
    (tmp_path / name).write_bytes(content())
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
        b"\x89HDF\r\n\x1a\n",
        b"PAR1",
    ]
    heads = [*arrays, b"\x89PNG\r\n\x1a\n", b"II*\0", b"GIF89a", b"P5 3 ", b"\x80\4\x95"]
    for seed in range(300):
        rng = np.random.default_rng(seed)
        content = heads[seed % len(heads)] + rng.bytes(rng.integers(0, 400))
        suffix = rng.choice(
            ["", ".npy", ".npz", ".mat", ".gz", ".zip", ".tar", ".h5", ".parquet", ".png", ".tif", ".gif", ".bin"]
        )
        path = tmp_path / f"{seed}{suffix}"
        path.write_bytes(content)
        _refusal(path, load_images)
