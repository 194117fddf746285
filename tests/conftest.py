"""Fixtures for all tests."""

import gc
import importlib.metadata
import os
import socket
import tempfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest

from freyvae.data import DataUnavailable, load_frey_faces
from freyvae.data import frey_faces as frey_faces_module

# Tests compile the same few programs again and again, so compiled programs are kept until the tests end. This must be
# set before JAX is imported. The processes of pytest-xdist share the folder of their parent.
if "PYTEST_XDIST_WORKER" not in os.environ:
    _compiled = tempfile.TemporaryDirectory(prefix="freyvae-compiled-", ignore_cleanup_errors=True)
    os.environ["JAX_COMPILATION_CACHE_DIR"] = _compiled.name
    os.environ["JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS"] = "0"
    # processes of pytest-xdist and the threads of BLAS compete for cores: a Cholesky factor took seconds
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    # most of the time of tests is compilation: it is done roughly, but for tests that ask for `compiled_as_for_users`
    os.environ["JAX_DISABLE_MOST_OPTIMIZATIONS"] = "1"
    # XLA's newer way to make loops of fused operations takes twice as long to compile small programs; later versions
    # have no other, and end the process where they don't know a flag
    if importlib.metadata.version("jaxlib").startswith("0.10."):
        os.environ["XLA_FLAGS"] = f"{os.environ.get('XLA_FLAGS', '')} --xla_cpu_use_fusion_emitters=false".strip()

# programs pile up as millions of objects that live until the end, and looking through them all the time for garbage
# took a seventh of it
gc.set_threshold(100_000, 20, 100)


@pytest.fixture(scope="module")
def compiled_as_for_users() -> Iterator[None]:
    """Compile with all of JAX's optimizations, where a test is about the programs that a user runs."""
    yield from _compiled_roughly(False)


@pytest.fixture(scope="module")
def compiled_roughly() -> Iterator[None]:
    """Compile as most tests do, among others that are compiled as for users."""
    yield from _compiled_roughly(True)


def _compiled_roughly(is_rough: bool) -> Iterator[None]:
    import keras

    if keras.backend.backend() != "jax":
        yield
        return
    import jax

    before = jax.config.values["jax_disable_most_optimizations"]
    jax.config.update("jax_disable_most_optimizations", is_rough)
    yield
    jax.config.update("jax_disable_most_optimizations", before)


@pytest.fixture(scope="session")
def frey_faces(tmp_path_factory: pytest.TempPathFactory) -> npt.NDArray[np.uint8]:
    """The real faces from `$FREYVAE_DATA`, uint8 (1965, 28, 20, 1). The network and the user's cache are not used.

    If they are missing, the test is skipped, or fails if `FREYVAE_REQUIRE_DATA=1`.
    """
    with pytest.MonkeyPatch.context() as patch:
        empty: Path = tmp_path_factory.mktemp("no-cache")
        patch.setattr(frey_faces_module, "SOURCES", ())
        patch.setattr(frey_faces_module, "_cache_folder", lambda: empty)
        try:
            return load_frey_faces()
        except DataUnavailable as reason:
            if os.environ.get("FREYVAE_REQUIRE_DATA") == "1":
                pytest.fail(f"FREYVAE_REQUIRE_DATA=1, but {reason}")
            pytest.skip(str(reason))


@pytest.fixture
def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("", 0))
        port: int = probe.getsockname()[1]
        return port
