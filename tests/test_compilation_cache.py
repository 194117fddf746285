"""Compiled programs are kept, and a cache that is damaged or cannot be written does no harm."""

import os
import subprocess
import sys

import pytest

from freyvae.compilation_cache import keep_compiled_programs

TRAIN = """
from freyvae.compilation_cache import keep_compiled_programs
keep_compiled_programs(print)
import numpy as np
from freyvae.model import VAE
vae = VAE((4, 4, 1), seed=0)
vae.compile("adam")
vae.fit(np.zeros((20, 4, 4), "uint8"), batch_size=5, verbose=0)
print("trained")
"""


@pytest.fixture
def train(monkeypatch):
    """Train in a separate process with the test's own cache folder, and return its output."""
    monkeypatch.delenv("JAX_COMPILATION_CACHE_DIR", raising=False)

    def run(cache):
        monkeypatch.setenv("XDG_CACHE_HOME", str(cache))
        done = subprocess.run([sys.executable, "-c", TRAIN], capture_output=True, text=True, check=False)
        assert "trained" in done.stdout, done.stderr
        return done.stdout + done.stderr

    return run


def test_programs_are_kept_and_damaged_ones_are_made_anew(train, tmp_path):
    train(tmp_path)
    kept = list((tmp_path / "freyvae" / "compiled").glob("jit_epoch*-cache"))
    assert kept
    for path in kept:
        path.write_bytes(path.read_bytes()[:50])
    assert train(tmp_path) == "trained\n"


def test_a_cache_that_cannot_be_written_is_said_in_one_line_and_the_work_goes_on(train, tmp_path):
    (tmp_path / "file").write_text("")
    said = train(tmp_path / "file")
    assert said.count("compiled programs are not kept, cannot write") == 1


def test_a_full_cache_stops_nothing(monkeypatch, train, tmp_path):
    # files are limited to 1000 bytes, which has the effect of a full disk
    full = "import resource; resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))"
    monkeypatch.setattr(sys.modules[__name__], "TRAIN", f"{full}\n{TRAIN}")
    said = train(tmp_path)
    # matplotlib, which Keras imports, has its own cache and reports it
    assert [line for line in said.splitlines() if "font_manager" not in line] == ["trained"]


def test_a_folder_of_the_users_own_choice_is_left_to_jax(monkeypatch, tmp_path):
    monkeypatch.delenv("JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS", raising=False)
    monkeypatch.setenv("JAX_COMPILATION_CACHE_DIR", str(tmp_path / "mine"))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    keep_compiled_programs(pytest.fail)
    assert list(tmp_path.iterdir()) == []
    assert os.environ["JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS"] == "0"  # all programs, as in our own folder


def test_how_long_a_compilation_must_take_to_be_kept_is_the_users_choice_too(monkeypatch, tmp_path):
    monkeypatch.setenv("JAX_COMPILATION_CACHE_DIR", str(tmp_path))
    monkeypatch.setenv("JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS", "7")
    keep_compiled_programs(pytest.fail)
    assert os.environ["JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS"] == "7"
