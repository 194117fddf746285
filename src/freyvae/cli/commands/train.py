"""Train a model of images, or one for each of many seeds."""

from pathlib import Path
from typing import Annotated, Any

from cyclopts import Parameter

import freyvae
from freyvae.cli.answer import AsJson, answer
from freyvae.cli.apps import app
from freyvae.cli.launch import keep_to_cores, launch
from freyvae.cli.preparation import prepare_keras, prepare_matplotlib
from freyvae.cli.words import in_flags, say
from freyvae.compilation_cache import keep_compiled_programs
from freyvae.console import print_lines
from freyvae.engine import processes as meeting
from freyvae.errors import BadInput
from freyvae.flags import Flags, Whole, chosen_recipe
from freyvae.recipe import Recipe
from freyvae.records import to_json


@app.command
def train(
    data: str | None = None,
    *,
    recipe: str | None = None,
    seeds: Whole | None = None,
    out: Path | None = None,
    fresh: bool = False,
    log: str | None = None,
    live: bool = False,
    port: Whole | None = None,
    no_browser: bool = False,
    processes: Whole | None = None,
    coordinator: str | None = None,
    process: Whole | None = None,
    of: Whole | None = None,
    quiet: Annotated[bool, Parameter(alias="-q")] = False,
    json: AsJson = False,
    flags: Annotated[Flags | None, Parameter(name="*")] = None,
) -> int | None:
    """Train, or reload a run that is finished, or go on with one that was interrupted.

    Writes the run folder: recipe.toml, model.keras, history.csv, metrics.json, pictures, report.html, explorer.

    Args:
        data: frey-faces, synthetic-faces, a benchmark set such as static-mnist, or the path of a folder, file or
            archive of images. [default: the recipe's]
        recipe: a shipped recipe (see `freyvae recipes list`) or a TOML file; the flags below change its choices.
            [default: that of the run in --from, else the one that suits the data: frey-faces, or images for a path]
        seeds: train so many models at once, of the recipe's seed and the next ones. Writes a run folder for each in
            --out, whose pictures `freyvae show` draws, and of all seeds.json and report.html: mean and deviation of
            every number.
            [default: one model alone]
        out: the run folder. [default: runs/NAME, with --seeds runs/NAME-seeds]
        fresh: train anew even when the run is there.
        log: tensorboard writes event files to the run's tensorboard/: curves, reconstructions, samples. [default: none]
        live: show the training in the browser, and after it until Ctrl-C: curves, reconstructions, samples, codes.
        port: with --live, to listen on, at 127.0.0.1. [default: 8765, or the next free one]
        no_browser: with --live, only serve.
        processes: train in so many processes on this machine, each with its share of the cores. [default: one]
        coordinator: HOST:PORT where process 0 listens, for processes on several machines, which all see the run folder.
            Under srun, mpirun or an indexed job of Kubernetes they find each other. [default: one process]
        process: which of these processes this is, from 0. [default: as the launcher says]
        of: how many they are. [default: as the launcher says]
        quiet: say nothing but errors.
        json: print JSON, for other programs, and nothing else.
        flags: changes of the recipe's choices.
    """
    chosen = chosen_recipe(data, recipe, flags)
    place = _place(coordinator, process, of)
    if processes is not None:
        if seeds is not None or place is not None:
            raise BadInput("processes=... starts them on this machine: leave out seeds=... and coordinator=...")
        return launch(processes)
    if place is not None:
        if seeds is not None:
            raise BadInput("seeds are trained by one process: leave out seeds=..., or coordinator=...")
        keep_to_cores()
        keep_compiled_programs(say)
        meeting.join(*place)
    if seeds is None:
        followed = {"live": live, "port": port, "no_browser": no_browser}
        _train(chosen, out=out, fresh=fresh, log=log, quiet=quiet, json=json, **followed)
    elif log is not None:
        raise BadInput("seeds are trained at once, which log=... does not follow: leave one of them out")
    elif live:
        raise BadInput("seeds are trained at once, which live=True does not follow: leave one of them out")
    else:
        _train_seeds(chosen, seeds, out=out, fresh=fresh, quiet=quiet, json=json)
    return None


def _place(
    coordinator: str | None, process: int | None, of: int | None
) -> tuple[str | None, int | None, int | None] | None:
    """Where this process meets others: as it was told, as its launcher says, or nowhere. Raises `BadInput`."""
    if (coordinator, process, of) == (None, None, None):
        return (None, None, None) if meeting.is_started_by_launcher() else None
    if process is None and of is None:
        process, of = meeting.number_by_launcher() or (None, None)
    if coordinator is None or process is None or of is None:
        raise BadInput(
            "coordinator=..., process=... and of=... go together: give all three, or none; under srun or mpirun the "
            "first alone will do"
        )
    if not 0 <= process < of or of < 2:
        raise BadInput(f"process must be from 0 to of - 1, and of at least 2, not {process} and {of}")
    return coordinator, process, of


def _train(
    recipe: Recipe, *, out: Path | None, fresh: bool, log: str | None, quiet: bool, json: bool, **followed: Any
) -> None:
    prepare_keras(quiet=quiet)
    prepare_matplotlib(quiet=quiet)
    from freyvae.reporting import summary

    run = freyvae.train(recipe, out, fresh=fresh, log=log, quiet=quiet, say=say, **followed)
    if meeting.is_first():
        answer(
            summary.described(run),
            lambda: print_lines(in_flags(summary.describe(run)), fold=True),
            as_json=json,
            quiet=quiet,
        )


def _train_seeds(recipe: Recipe, count: int, *, out: Path | None, fresh: bool, quiet: bool, json: bool) -> None:
    prepare_keras(quiet=quiet)
    prepare_matplotlib(quiet=quiet)
    from freyvae.reporting import tables
    from freyvae.training.seeds import folder_of_seeds

    summary = freyvae.train_seeds(recipe, count, out, fresh=fresh, quiet=quiet, say=say)
    folder = folder_of_seeds(recipe, out)
    page = folder / "report.html"
    answer(
        {"folder": folder, **to_json(summary), "report": page},
        lambda: tables.show([tables.over_seeds(summary)], sentences=[f"look at {page}"]),
        as_json=json,
        quiet=quiet,
    )
