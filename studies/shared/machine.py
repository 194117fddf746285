"""Describes the machine that a study ran on."""

import platform
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from freyvae.cores import cores

ASK_GPUS = ("nvidia-smi", "--query-gpu=name", "--format=csv,noheader")


def machine() -> dict[str, Any]:
    """The processor's name, the number of cores that this process may use, and NVIDIA's GPUs, if it has any.

    The host's name is left out.
    """
    name = platform.processor() or platform.machine()
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
        name = next(line.split(":", 1)[1].strip() for line in lines if line.startswith("model name"))
    except (OSError, StopIteration):
        pass
    found = gpus()
    return {"cpu": name, "cores": cores()} | ({"gpus": found} if found else {})


def gpus() -> list[str]:
    """The names of NVIDIA's GPUs, as its driver's own program tells them."""
    try:
        said = subprocess.run(ASK_GPUS, capture_output=True, text=True, check=True, timeout=60).stdout
    except (OSError, subprocess.SubprocessError):
        return []
    return [line.strip() for line in said.splitlines() if line.strip()]


def in_words(found: Mapping[str, Any]) -> str:
    """The machine in a few words."""
    return ", ".join([*found.get("gpus", ()), found["cpu"], f"{found['cores']} cores"])
