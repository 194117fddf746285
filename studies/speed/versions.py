"""Describes the machine and the versions that were measured."""

import json
import platform
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from studies.shared.machine import in_words as machine_in_words
from studies.shared.machine import machine
from studies.shared.process import TENSORFLOW, TORCH, run_child

HERE_TOO = ("freyvae", "keras", "jax", "numpy", "optax", "torch")
ELSEWHERE: dict[Path, tuple[str, ...]] = {TORCH: ("torch", "pythae"), TENSORFLOW: ("tensorflow",)}
# prints the versions of the given packages that are installed
ASK = """
import json, sys
from importlib.metadata import PackageNotFoundError, version
found = {}
for name in sys.argv[1:]:
    try:
        found[name] = version(name)
    except PackageNotFoundError:
        pass
print(json.dumps(found))
"""


def describe() -> dict[str, Any]:
    """The processor, its cores, and the versions of the measured packages that are installed."""
    versions = {"python": platform.python_version()}
    for name in HERE_TOO:
        try:
            versions[name] = version(name)
        except PackageNotFoundError:
            continue
    for python, names in ELSEWHERE.items():
        asked = run_child([python, "-c", ASK, *names])
        if not asked.failure:
            versions |= json.loads(asked.output)
    return {**machine(), "versions": versions}


def in_words(found: dict[str, Any]) -> str:
    """Machine and versions in one line."""
    versions = ", ".join(f"{name} {number}" for name, number in found["versions"].items())
    return f"{machine_in_words(found)}; {versions}"
