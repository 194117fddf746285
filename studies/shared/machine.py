"""Describes the machine that a study ran on."""

import platform
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from freyvae.cores import cores


def machine() -> dict[str, Any]:
    """The processor's name, and the number of cores that this process may use. The host's name is left out."""
    name = platform.processor() or platform.machine()
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
        name = next(line.split(":", 1)[1].strip() for line in lines if line.startswith("model name"))
    except (OSError, StopIteration):
        pass
    return {"cpu": name, "cores": cores()}


def in_words(found: Mapping[str, Any]) -> str:
    """The machine in a few words."""
    return f"{found['cpu']}, {found['cores']} cores"
