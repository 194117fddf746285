"""Several processes train one run together, as a person starts them; one that is gone is noticed."""

import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from types import SimpleNamespace

import keras
import numpy as np
import pytest

from freyvae.__main__ import main
from freyvae.cli.launch import _outcome, _without_count
from freyvae.data import pack
from freyvae.engine import processes

pytestmark = pytest.mark.skipif(keras.backend.backend() != "jax", reason="processes meet by JAX")
long = pytest.mark.distributed

CHOICES = ["--split", "random", "--batch-size", "12", "--hidden", "8", "--seed", "3"]
# a second call of `train` draws, which takes longer than to train
PROGRAM = """
import sys
from freyvae import reporting
from freyvae.reporting import summary
summary.show = lambda *_, **__: []
from freyvae.__main__ import main
sys.exit(main(sys.argv[1:]))
"""


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    """A folder with a pack of noise, and an environment in which freyvae is started."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("JAX_PLATFORMS", "cpu")
    np.save("noise.npy", np.random.default_rng(0).integers(0, 256, (90, 8, 6), dtype=np.uint8))
    pack("noise.npy", "noise.pack")
    return tmp_path


def started(*arguments, before=(), environment=None):
    return subprocess.Popen(
        [*before, sys.executable, "-c", PROGRAM, "train", "noise.pack", *CHOICES, *arguments],
        env=os.environ | (environment or {}),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def ended(process, *, within=240):
    out, errors = process.communicate(timeout=within)
    return process.returncode, out, errors


def of_two(port, number, *arguments, host="localhost", before=()):
    meeting = ["--coordinator", f"{host}:{port}", "--process", str(number), "--of", "2"]
    return started(*arguments, *meeting, before=before)


def metrics(run):
    return json.loads(Path(run, "metrics.json").read_text())


def assert_same_run(one, other):
    assert metrics(one)["data_sha256"] == metrics(other)["data_sha256"]
    for name in ("loss", "val_loss", "val_rmse_grey_levels", "epochs"):
        assert metrics(one)[name] == pytest.approx(metrics(other)[name], rel=1e-4), name


@long
def test_two_processes_train_the_run_of_one_and_another_number_goes_on_with_it(free_port):
    first, second = (of_two(free_port, number, "--epochs", "2", "--out", "two") for number in (0, 1))
    code, out, errors = ended(first)
    assert code == 0, errors
    assert re.search(r"held-out free energy .* nats per image", out)
    assert "Gloo" not in out
    assert ended(second) == (0, "", "")
    assert main(["train", "noise.pack", *CHOICES, "--epochs", "2", "--out", "one", "-q"]) == 0
    assert_same_run("one", "two")


def test_processes_with_different_recipes_are_refused_by_all(free_port):
    first = of_two(free_port, 0, "--epochs", "2", "--out", "run")
    second = of_two(free_port, 1, "--epochs", "3", "--out", "run")
    code, _, errors = ended(first)
    assert code == 2
    assert re.search(r"^freyvae: process 1 on \S+ has another recipe than process 0: give all the same$", errors, re.M)
    assert ended(second)[0] == 2
    assert not Path("run").exists()


@pytest.mark.parametrize(
    ("flags", "line"),
    [
        (
            ["--coordinator", "localhost:1234"],
            "--coordinator, --process and --of go together: give all three",
        ),
        (["--coordinator", "x:1", "--process", "2", "--of", "2"], "process must be from 0 to of - 1"),
        (["--coordinator", "x", "--process", "0", "--of", "2"], "must be HOST:PORT, such as node1:29400, not x"),
        (["--processes", "1"], "must be from 2 to 64, not 1"),
        (["--processes", "2", "--seeds", "3"], "leave out --seeds and --coordinator"),
    ],
)
def test_flags_that_do_not_go_together_are_refused(flags, line, capsys):
    assert main(["train", "noise.pack", *flags]) == 2
    assert line in capsys.readouterr().err


def test_the_command_of_a_process_is_that_of_all_without_their_number():
    words = ["train", "--processes", "4", "x", "--out", "y", "--processes=3"]
    assert _without_count(words) == ["train", "x", "--out", "y"]


@pytest.mark.parametrize(
    ("codes", "code"), [((0, 0), 0), ((-2, 130), 130), ((130, -15), 130), ((-9, 2), 1), ((0, 2), 2)]
)
def test_a_process_that_a_signal_ended_has_its_exit_code(codes, code, capsys):
    done = [SimpleNamespace(poll=lambda code=each: code) for each in codes]
    assert _outcome(done) == code


def test_the_first_process_says_what_all_know_and_each_what_it_knows_alone(monkeypatch, capsys):
    monkeypatch.setattr(processes, "_index", 1)
    assert main(["train", "nothing"]) == 2
    assert capsys.readouterr().err == ""
    assert main(["encode", "nowhere", "noise.pack"]) == 2
    assert "freyvae: no run at nowhere" in capsys.readouterr().err


# what a launcher puts into the environment of a process, and what is said besides
LAUNCHERS = {
    "srun": (
        lambda number, port: {
            "SLURM_JOB_ID": "7",
            "SLURM_STEP_NODELIST": "localhost",
            "SLURM_NTASKS": "2",
            "SLURM_STEP_NUM_TASKS": "2",
            "SLURM_PROCID": str(number),
            "SLURM_LOCALID": str(number),
            "JAX_COORDINATOR_PORT": str(port),
        },
        lambda port: [],
    ),
    "mpirun of Open MPI 4": (
        lambda number, port: {
            "OMPI_MCA_orte_hnp_uri": "4096.0;tcp://127.0.0.1:1",
            "OMPI_COMM_WORLD_SIZE": "2",
            "OMPI_COMM_WORLD_RANK": str(number),
            "OMPI_COMM_WORLD_LOCAL_RANK": str(number),
            "JAX_COORDINATOR_PORT": str(port),
        },
        lambda port: [],
    ),
    "mpirun of MPICH": (
        lambda number, port: {"PMI_RANK": str(number), "PMI_SIZE": "2"},
        lambda port: ["--coordinator", f"localhost:{port}"],
    ),
}


@long
@pytest.mark.parametrize(("environment", "flags"), LAUNCHERS.values(), ids=list(LAUNCHERS))
def test_processes_of_a_launcher_find_each_other_by_what_it_says(environment, flags, free_port):
    both = [
        started("--epochs", "2", "--out", "run", *flags(free_port), environment=environment(number, free_port))
        for number in (0, 1)
    ]
    for number, process in enumerate(both):
        code, out, errors = ended(process)
        assert (code, "free energy" in out) == (0, number == 0), errors
    assert metrics("run")["epochs"] == 2


def test_a_launcher_that_says_too_little_is_told_what_to_give(monkeypatch, capsys):
    monkeypatch.setenv("PMI_RANK", "0")
    monkeypatch.setenv("PMI_SIZE", "2")
    assert main(["train", "noise.pack", *CHOICES]) == 2
    assert "give --coordinator, HOST:PORT where process 0 listens" in capsys.readouterr().err


@long
def test_a_port_that_is_taken_is_said(free_port):
    with socket.socket() as taken:
        taken.bind(("", free_port))
        taken.listen()
        code, _, errors = ended(of_two(free_port, 0, "--epochs", "2", "--out", "run"))
    assert code == 2
    assert f"port {free_port} can't be listened on" in errors


@long
def test_a_process_that_does_not_come_is_named(free_port):
    program = f"from freyvae.engine import processes\nprocesses.join.__kwdefaults__['seconds'] = 5\n{PROGRAM}"
    meeting = ["--coordinator", f"localhost:{free_port}", "--process", "0", "--of", "2"]
    command = [sys.executable, "-c", program, "train", "noise.pack", *CHOICES, "--out", "run", *meeting]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 2
    assert re.search("^freyvae: process 1 did not come within 5 s: start all of them", done.stderr, re.M)


@long
@pytest.mark.parametrize("count", [2, 4])
def test_any_number_of_processes_trains_the_run_of_one(count):
    code, out, errors = ended(started("--epochs", "3", "--processes", str(count), "--out", "several"))
    assert (code, "free energy" in out) == (0, True), errors
    assert main(["train", "noise.pack", *CHOICES, "--epochs", "3", "--out", "one", "-q"]) == 0
    assert_same_run("one", "several")


def process_of(launcher, number):
    """The id of a process that a launcher has started."""
    for child in Path(f"/proc/{launcher.pid}/task/{launcher.pid}/children").read_text().split():
        if f"--process\0{number}\0" in Path(f"/proc/{child}/cmdline").read_text():
            return int(child)
    raise AssertionError(f"there is no process {number}")


def launched(*arguments):
    """Two processes, begun: a checkpoint is there."""
    launcher = started(*arguments, "--processes", "2", "--out", "run")
    for _ in range(600):
        if Path("run/checkpoint/state.npz").is_file():
            return launcher
        time.sleep(0.1)
    launcher.kill()
    raise AssertionError(launcher.communicate())


@long
@pytest.mark.parametrize("number", [0, 1])
@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGSTOP, signal.SIGTERM, signal.SIGINT])
def test_a_process_that_is_gone_is_noticed_and_the_same_command_goes_on(how, number):
    launcher = launched("--epochs", "100000")
    os.kill(process_of(launcher, number), how)
    began = time.monotonic()
    try:
        code, _, errors = ended(launcher, within=120)
    finally:
        launcher.kill()
    assert time.monotonic() - began < 60
    if how in (signal.SIGTERM, signal.SIGINT):
        assert code == 128 + how, errors
        assert re.search(r"freyvae: stopped after epoch \d+ of 100000; the same command goes on", errors)
    else:
        assert code == 1, errors
        assert f"process {number} of 2" in errors
    again = started("--epochs", "100000", "--out", "run")
    said = next((line for line in again.stderr if "going on with run after epoch" in line), "")
    again.send_signal(signal.SIGINT)
    assert ended(again)[0] == 130
    assert said


@long
def test_two_hosts_train_together_over_a_slow_link_and_notice_a_cut_one():
    if os.geteuid() != 0 or shutil.which("ip") is None or shutil.which("tc") is None:
        pytest.skip("network namespaces need root, and the programs ip and tc")
    names = [f"freyvae-{os.getpid()}-{number}" for number in (0, 1)]

    def run(*words, check=True):
        return subprocess.run(words, check=check, capture_output=True, text=True)

    made = run("ip", "netns", "add", names[0], check=False)
    if made.returncode:
        pytest.skip(f"no network namespaces here: {made.stderr.strip()}")
    try:
        run("ip", "netns", "add", names[1])
        run("ip", "link", "add", "fv0", "netns", names[0], "type", "veth", "peer", "name", "fv1", "netns", names[1])
        for number, name in enumerate(names):
            run("ip", "-n", name, "addr", "add", f"10.77.0.{number + 1}/24", "dev", f"fv{number}")
            for device in ("lo", f"fv{number}"):
                run("ip", "-n", name, "link", "set", device, "up")
            shaped = ("tc", "qdisc", "add", "dev", f"fv{number}", "root", "netem", "delay", "25ms")
            run("ip", "netns", "exec", name, *shaped, check=False)

        def both(*arguments):
            return [
                of_two(29411, number, *arguments, host="10.77.0.1", before=["ip", "netns", "exec", names[number]])
                for number in (0, 1)
            ]

        for process in both("--epochs", "2", "--out", "hosts"):
            code, _, errors = ended(process)
            assert code == 0, errors
        assert main(["train", "noise.pack", *CHOICES, "--epochs", "2", "--out", "one", "-q"]) == 0
        assert_same_run("one", "hosts")
        cut = both("--epochs", "100000", "--out", "cut")
        for _ in range(900):
            if Path("cut/checkpoint/state.npz").is_file():
                break
            time.sleep(0.1)
        run("ip", "-n", names[1], "link", "set", "fv1", "down")
        began = time.monotonic()
        outcomes = [ended(process, within=120) for process in cut]
        assert time.monotonic() - began < 60
        assert all(code not in (0, 2) for code, _, _ in outcomes)
        assert "process 1 of 2 says nothing any more" in outcomes[0][2]
    finally:
        for name in names:
            run("ip", "netns", "del", name, check=False)
