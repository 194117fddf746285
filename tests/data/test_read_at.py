"""A part of a file is read, on systems without a call for that too, by several threads at once."""

import os
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from freyvae.data.read_at import read_at


@pytest.fixture(params=["preadv", "seek and read"])
def file(request, tmp_path, monkeypatch):
    """A file of the numbers below 10,000, open."""
    if request.param != "preadv":
        monkeypatch.delattr(os, "preadv", raising=False)
    path = tmp_path / "numbers"
    np.arange(10_000, dtype=np.uint32).tofile(path)
    handle = os.open(path, os.O_RDONLY | getattr(os, "O_BINARY", 0))
    yield handle
    os.close(handle)


def test_threads_read_their_own_parts(file):
    def part(first):
        found = np.empty(100, np.uint32)
        assert read_at(file, found.data.cast("B"), 4 * first) == 400
        return found

    firsts = np.random.default_rng(0).integers(0, 9_900, 400)
    with ThreadPoolExecutor(8) as threads:
        for first, found in zip(firsts, threads.map(part, firsts), strict=True):
            np.testing.assert_array_equal(found, first + np.arange(100))


def test_at_the_end_there_is_less_or_nothing(file):
    found = bytearray(16)
    assert read_at(file, memoryview(found), 40_000 - 4) == 4
    assert np.frombuffer(found[:4], np.uint32) == 9_999
    assert read_at(file, memoryview(found), 40_000) == 0
