"""A small part of `make fuzz`, with fixed cases: every one ends with a result or with one line."""

import os
import subprocess
import time
from pathlib import Path

import pytest
from fuzz import __main__ as program
from fuzz import arguments, files, flags, runs, worker
from fuzz.case import Case, Fault, TooLong
from fuzz.oracle import call, time_limit
from fuzz.world import World

from freyvae.data import frey_faces
from freyvae.errors import BadInput

SEED = 0
SECONDS = 60
# the words for an argument in errors, if they are not its name
CALLED = {
    "x": "images",
    "values": "images",
    "validation_data": "validation images",
    "count_or_latents": "count",
    "source": "path",
    "scheme": "split",
    "name_or_path": "recipe",
    "models": "model",
    "runs": "run",
}
# a picture that cannot be drawn is left out with a message
LEFT_OUT = ("pictures.draw_all(history)", "pictures.draw_all(frames)")


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    """Inputs that cases damage. The state of the process is restored afterwards."""
    folder, before, sources = os.getcwd(), dict(os.environ), frey_faces.SOURCES
    place = tmp_path_factory.mktemp("fuzz")
    worker.keep_to(place)
    yield World(place)
    os.chdir(folder)
    os.environ.clear()
    os.environ.update(before)
    frey_faces.SOURCES = sources


def run_cases(world, part, numbers):
    """Run all given cases of a part, and fail with a list of those that failed."""
    failed = []
    for number in numbers:
        case = part.case(world, SEED, number)
        world.clear()
        try:
            with time_limit(SECONDS):
                case.run()
        except (Fault, TooLong) as fault:
            failed.append(f"case {number}, {case.text:.300}: {fault}")
    assert not failed, "\n".join(failed)


def test_odd_arguments_are_refused_in_a_line(world):
    run_cases(world, arguments, range(60))


def test_odd_words_on_the_command_line_are_refused_in_a_line(world):
    run_cases(world, flags, range(60))


def test_odd_and_damaged_files_are_read_or_refused_in_a_line(world):
    run_cases(world, files, range(200))


@pytest.mark.long
def test_a_damaged_run_gives_the_same_numbers_or_none(world):
    run_cases(world, runs, range(60))


def test_an_argument_of_another_kind_is_named(world):
    nameless = []
    for door in arguments.doors(world):
        for argument in door.arguments:
            world.clear()
            try:
                door.make()(**{**door.arguments, argument: object()})
            except BadInput as refusal:
                if CALLED.get(argument, argument).replace("_", " ") not in str(refusal).replace("_", " "):
                    nameless.append(f"{door.name}({argument}): {refusal}")
            else:
                nameless.append(f"{door.name}({argument})")
    assert not set(nameless).difference(LEFT_OUT), "\n".join(nameless)


def test_what_ends_deep_inside_or_never_is_a_fault():
    def refuse(text):
        raise BadInput(text)

    assert call(lambda: refuse("one line")) is None
    for wrong in (lambda: int("x"), lambda: refuse("two\nlines"), lambda: refuse(""), lambda: refuse("x" * 5000)):
        with pytest.raises(Fault):
            call(wrong)
    with pytest.raises(TooLong), time_limit(0.05):
        time.sleep(60)


def test_a_failure_is_said_with_the_line_that_repeats_it(world, monkeypatch, capsys):
    def case(world, seed, number):
        return Case("int('x')", lambda: call(lambda: int("x"))) if number == 2 else Case("1", lambda: None)

    monkeypatch.setitem(worker.PARTS, "files", case)
    worker.fuzz(world, "files", 7, seconds=0.2)
    said = capsys.readouterr().out
    assert "FAILED \"int('x')\": ValueError" in said
    assert "again: python -m fuzz --only files --seed 7 --case 2" in said
    number, failed = map(int, (world.folder / worker.PROGRESS).read_text().split())
    assert number > 2
    assert failed == 1


def test_a_case_that_ends_its_process_failed_and_the_next_go_on(monkeypatch, capsys):
    def run(words, *, timeout, **others):
        folder, first, failed = words[-6], words[-3], words[-1]
        Path(folder, worker.PROGRESS).write_text(f"{int(first) + 2} {failed}")
        return subprocess.CompletedProcess(words, 0 if int(first) > 5 else -11)

    monkeypatch.setattr(subprocess, "run", run)
    assert program.main(["--only", "files", "--seed", "3", "--seconds", "9"]) == 1
    said = capsys.readouterr().out.splitlines()
    assert said[0] == "seed 3"
    assert [line.split()[-1] for line in said if "again" in line] == ["2", "5"]
    assert said[-1] == "files: 8 cases, 2 failed"


def test_a_case_is_the_same_again(world):
    for part in (arguments, flags, files, runs):
        texts = [[part.case(world, seed, number).text for number in range(5)] for seed in (1, 1, 2)]
        assert texts[0] == texts[1] != texts[2]
