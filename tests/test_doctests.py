"""The examples in docstrings are true."""

import doctest
import importlib
from pathlib import Path

import pytest

import freyvae

PACKAGE = Path(freyvae.__file__).parent
MODULES = [
    ".".join(("freyvae", *path.relative_to(PACKAGE).with_suffix("").parts))
    for path in sorted(PACKAGE.rglob("*.py"))
    if ">>> " in path.read_text("utf-8")
]


@pytest.mark.parametrize("name", MODULES)
def test_the_examples_of_a_module_are_true(name):
    found = doctest.testmod(importlib.import_module(name))
    assert found.attempted
    assert found.failed == 0
