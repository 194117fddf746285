"""Variables that scipy can read are listed. A damaged file that would crash scipy is refused."""

import io
import subprocess
import sys

import numpy as np
import pytest
import scipy.io

from freyvae.data import load_file
from freyvae.data.matlab_tags import readable_variables
from freyvae.errors import BadInput

IMAGES = np.random.default_rng(0).integers(0, 256, (5, 4, 6), dtype=np.uint8)


@pytest.mark.parametrize("compressed", [False, True])
def test_variables_of_real_numbers_are_listed(tmp_path, compressed):
    variables = {
        "bytes": IMAGES,
        "floats": IMAGES / 255,
        "few": np.array([[1, 2], [3, 4]]),
        "one": np.array([[1]], np.uint8),  # so small that type and size share four bytes
        "masks": IMAGES > 99,
        "complex": IMAGES * 1j,
        "words": "hello",
        "cells": np.array([1, "a"], object),
        "large": np.zeros((300, 300, 2)),
    }
    scipy.io.savemat(tmp_path / "a.mat", variables, do_compression=compressed)
    with (tmp_path / "a.mat").open("rb") as file:
        assert readable_variables(file) == {"bytes", "floats", "few", "one", "masks", "large"}


def test_other_versions_are_left_to_scipy(tmp_path):
    scipy.io.savemat(tmp_path / "a.mat", {"a": IMAGES[0]}, format="4")
    for content in ((tmp_path / "a.mat").read_bytes(), b"x", b""):
        assert readable_variables(io.BytesIO(content)) is None


def test_a_damaged_file_is_refused_and_ends_no_process(tmp_path):
    """A separate process must survive it if any byte of a variable's head is set to 0, 255 or another value."""
    path = tmp_path / "a.mat"
    scipy.io.savemat(path, {"images": IMAGES})
    program = f"""
from pathlib import Path
from freyvae.data import load_file
from freyvae.errors import BadInput
path = Path({str(path)!r})
whole = path.read_bytes()
for place in range(116, 208):
    for byte in (0, 255, whole[place] ^ 16):
        path.write_bytes(whole[:place] + bytes([byte]) + whole[place + 1:])
        try:
            load_file(path)
        except BadInput:
            pass
path.write_bytes(whole[:192] + bytes(8) + whole[200:])
try:
    load_file(path)
except BadInput as refusal:
    print(refusal)
"""
    ended = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert ended.returncode == 0, ended.stderr[-500:]
    assert "a.mat: damaged, cut short or not a MATLAB file" in ended.stdout


def test_a_variable_that_is_cut_short_is_refused(tmp_path):
    for compressed in (False, True):
        scipy.io.savemat(tmp_path / "a.mat", {"images": IMAGES}, do_compression=compressed)
        content = (tmp_path / "a.mat").read_bytes()
        for length in (129, 136, 150, 180, len(content) - 9):
            (tmp_path / "a.mat").write_bytes(content[:length])
            with pytest.raises(BadInput, match=r"a\.mat"):
                load_file(tmp_path / "a.mat")
