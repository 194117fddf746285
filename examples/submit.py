"""Train by submitit, on a cluster or here: what the scheduler stops is saved, and goes on when it starts again.

pip install submitit
python examples/submit.py photos.pack runs/photos                # to SLURM, if there is one
python examples/submit.py photos.pack runs/photos --cluster local
"""

import argparse
import signal
import subprocess
import sys
from pathlib import Path

import submitit


class Training:
    """`freyvae train` with these words; submitit calls `checkpoint` when the scheduler is about to stop the job."""

    def __init__(self, words: list[str]):
        self.words = words
        self._process: subprocess.Popen[bytes] | None = None

    def __call__(self) -> int:
        """Train, and return the exit code."""
        self._process = subprocess.Popen([sys.executable, "-m", "freyvae", "train", *self.words])
        return self._process.wait()

    def checkpoint(self) -> submitit.helpers.DelayedSubmission:
        """Have the training save its state, which it does after the present block, and submit the same words again."""
        if self._process is not None:
            self._process.send_signal(signal.SIGTERM)
            self._process.wait()
        return submitit.helpers.DelayedSubmission(Training(self.words))


def submit(words: list[str], folder: Path, cluster: str | None, minutes: int) -> submitit.Job[int]:
    """A job that trains; its logs are in the folder."""
    executor = submitit.AutoExecutor(folder=folder, cluster=cluster)
    executor.update_parameters(name="freyvae", timeout_min=minutes, slurm_signal_delay_s=120)
    return executor.submit(Training(words))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", help="as freyvae train takes it, such as a pack")
    parser.add_argument("out", help="the run folder, which the job's machine sees")
    parser.add_argument("--cluster", choices=["slurm", "local"], help="by default SLURM, where there is one")
    parser.add_argument("--minutes", type=int, default=240, help="after which the scheduler stops the job")
    parser.add_argument("--logs", type=Path, default=Path("submitted"), help="where the job's logs are written")
    chosen, others = parser.parse_known_args()
    job = submit([chosen.data, "--out", chosen.out, *others], chosen.logs, chosen.cluster, chosen.minutes)
    print(f"submitted {job.job_id}; its log is {job.paths.stderr}")
    sys.exit(job.result())


if __name__ == "__main__":
    main()
