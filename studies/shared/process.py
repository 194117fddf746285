"""Run a command in a process of its own, and measure it: its time, its peak memory, its output.

Linux counts in the peak memory of a process what its parent held when it was started. So every process is started by
this file, run as a script, which holds next to nothing.
"""

import json
import os
import re
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
HERE = Path(sys.executable)
TORCH, TENSORFLOW = (ROOT / name / "bin" / "python" for name in (".venv-torch", ".venv-tensorflow"))
# the interpreter in whose environment each of Keras's backends is installed
INTERPRETERS = {"jax": HERE, "torch": TORCH, "tensorflow": TENSORFLOW}
# of what a process that failed said last
LONGEST_FAILURE = 160


@dataclass(frozen=True)
class Ended:
    """What became of a process: seconds, MiB, standard output; `failure` is empty where it succeeded."""

    seconds: float
    peak_mib: float
    output: str
    failure: str

    def said(self) -> dict:
        """The JSON in the last line that it printed."""
        return json.loads(self.output.splitlines()[-1])


def run_child(
    command: Sequence[str | Path],
    environment: Mapping[str, str] | None = None,
    *,
    backend: str = "jax",
    gpu: bool = False,
    missing: str = "",
) -> Ended:
    """Run a command to its end, on the CPU unless told otherwise; compiled programs come from no earlier process.

    `missing` is a package that the command needs: where it lacks, the failure says so. Ctrl-C ends the process too.
    """
    surroundings = {**os.environ, "KERAS_BACKEND": backend, "PYTHONPATH": str(ROOT)}
    surroundings.pop("JAX_COMPILATION_CACHE_DIR", None)
    if not gpu:
        surroundings |= {"JAX_PLATFORMS": "cpu", "CUDA_VISIBLE_DEVICES": ""}
    if not Path(command[0]).exists():
        return Ended(0.0, 0.0, "", not_set_up(Path(command[0])))
    with tempfile.TemporaryDirectory() as folder:
        figures = Path(folder) / "figures.json"
        process = subprocess.Popen(
            [str(HERE), "-I", "-S", __file__, str(figures), *map(str, command)],
            env=surroundings | dict(environment or {}),
            cwd=ROOT,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
        try:
            output, errors = process.communicate()
        except BaseException:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
            raise
        found = json.loads(figures.read_text())
    failure = "" if found["code"] == 0 else _failure(found["code"], errors, missing)
    return Ended(found["seconds"], found["peak_mib"], output, failure)


def not_set_up(python: Path) -> str:
    """The failure of an interpreter that is not there."""
    return f"no {python.parent.parent.name} (`make bench-peers` sets it up)"


def _failure(code: int, errors: str, missing: str) -> str:
    """One line on why a process failed."""
    if missing and f"No module named '{missing}'" in errors:
        return f"{missing} is not installed"
    if code < 0:
        return f"ended by {signal.Signals(-code).name}"
    lines = errors.strip().splitlines()
    if not lines:
        return f"exit code {code}"
    # files by their name alone: the line goes into a page, which must not tell where they lie
    return re.sub(r"(?<![\w.])/(?:[^\s'\"/]+/)+", "", lines[-1]).replace("|", "/")[:LONGEST_FAILURE]


def _start(figures: str, command: Sequence[str]) -> None:
    began = time.perf_counter()
    process = subprocess.Popen(command)
    _, status, usage = os.wait4(process.pid, 0)
    seconds = time.perf_counter() - began
    process.returncode = os.waitstatus_to_exitcode(status)
    # bytes on a Mac, KiB elsewhere
    peak_mib = usage.ru_maxrss / (2**20 if sys.platform == "darwin" else 2**10)
    Path(figures).write_text(json.dumps({"seconds": seconds, "peak_mib": peak_mib, "code": process.returncode}))


if __name__ == "__main__":
    _start(sys.argv[1], sys.argv[2:])
