"""Bits are the proof of what users run."""

import pytest


@pytest.fixture(autouse=True, scope="module")
def optimized(compiled_as_for_users):
    """A decoder has to compute what its encoder did, to the last bit."""
