"""Runs a command in a separate process, and measures its time and its peak memory.

On Linux the peak memory of a process includes the memory of its parent at the start. So every process is started by
this file, run as a script, which needs very little memory.
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
# for each backend of Keras, the interpreter of the environment that has it
INTERPRETERS = {"jax": HERE, "torch": TORCH, "tensorflow": TENSORFLOW}
# characters kept of the last line that a failed process printed
LONGEST_FAILURE = 160


@dataclass(frozen=True)
class Ended:
    """The result of a process: seconds, MiB, standard output. `failure` is empty if it succeeded.

    `processor_seconds` are those of all its threads, and of the processes that it waited for.
    """

    seconds: float
    peak_mib: float
    output: str
    failure: str
    processor_seconds: float = 0.0

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
    """Run a command to its end, by default on the CPU. It does not use programs that earlier processes compiled.

    `missing` is a package that the command needs. If it is not installed, the failure says so. Ctrl-C also ends the
    process.
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
    return Ended(found["seconds"], found["peak_mib"], output, failure, found["processor_seconds"])


def not_set_up(python: Path) -> str:
    """The failure of an interpreter that does not exist."""
    return f"no {python.parent.parent.name} (`make bench-peers` sets it up)"


def _failure(code: int, errors: str, missing: str) -> str:
    """State in one line why a process failed."""
    if missing and f"No module named '{missing}'" in errors:
        return f"{missing} is not installed"
    if code < 0:
        return f"ended by {signal.Signals(-code).name}"
    lines = errors.strip().splitlines()
    if not lines:
        return f"exit code {code}"
    # keep only the names of files: the line goes into a page, which must not show paths of this machine
    return re.sub(r"(?<![\w.])/(?:[^\s'\"/]+/)+", "", lines[-1]).replace("|", "/")[:LONGEST_FAILURE]


def _start(figures: str, command: Sequence[str]) -> None:
    began = time.perf_counter()
    process = subprocess.Popen(command)
    _, status, usage = os.wait4(process.pid, 0)
    seconds = time.perf_counter() - began
    process.returncode = os.waitstatus_to_exitcode(status)
    # ru_maxrss is in bytes on macOS, and in KiB elsewhere
    peak_mib = usage.ru_maxrss / (2**20 if sys.platform == "darwin" else 2**10)
    found = {"seconds": seconds, "processor_seconds": usage.ru_utime + usage.ru_stime, "peak_mib": peak_mib}
    Path(figures).write_text(json.dumps(found | {"code": process.returncode}))


if __name__ == "__main__":
    _start(sys.argv[1], sys.argv[2:])
