"""A finished run, summed up: its pictures, explorer and report drawn and written, and a few lines for the terminal."""

import math
import shlex
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any

from freyvae.arguments import instance
from freyvae.console import Progress, printable
from freyvae.data.channels import channels_in_words
from freyvae.data.pixels import part_of
from freyvae.errors import BadInput
from freyvae.evaluation import constant_baselines, load_measured_data
from freyvae.evaluation import measure as measure_only
from freyvae.explorer import write_page
from freyvae.model import VAE
from freyvae.recipe import Recipe
from freyvae.recipe.sections import RandomSplit
from freyvae.records import Finding, Measurement, TrainingRecord
from freyvae.reporting import pictures, tables
from freyvae.reporting.page import Shown, write_report
from freyvae.reporting.pictures.album import PICTURES
from freyvae.reporting.standing import measured_standing, measured_verdict, trained_standing, trained_verdict
from freyvae.run import Run, opened
from freyvae.training import TrainingData
from freyvae.training.stopping import is_within_warm_up


def measure(
    run: Run | str | Path,
    *,
    samples: int = 5000,
    refine: int = 0,
    split: str = "test",
    seed: int = 0,
    progress: bool | Progress = False,
    say: Callable[[str], None] | None = None,
) -> Measurement:
    """Measure a run on images it was not trained on, compared with what the images cost without a model.

    Writes metrics.json, measured.npz and the report.

    Args:
        run: a finished run, or its folder.
        samples: importance samples for each image.
        refine: steps of gradient descent by which each image's posterior is refined for a second estimate, usually a
            tighter one; 50 are enough for most. JAX only.
        split: `test`, `validation` or `training`.
        seed: of the draws.
        progress: told how far it is; True draws a bar on stderr, if that is a terminal.
        say: told where an interrupted measurement is gone on with, a line.

    Returns:
        what was found.

    Raises:
        BadInput: there is no such run, its images are gone or others, the split is unknown or holds no images, an
            argument is out of range, or the run's files are damaged or of a newer version. Posteriors are to be refined
            on another backend than JAX.
    """
    run = opened(run)
    found = measure_only(run, samples=samples, refine=refine, split=split, seed=seed, progress=progress, say=say)
    report(run)
    return found


def show(run: Run | str | Path, *, vae: VAE | None = None) -> list[str]:
    """Draw a run's pictures, write its explorer and its report. Returns a line for each of these that is left out.

    Args:
        run: a run that is finished, or its folder.
        vae: its model, where it is loaded already.

    Raises:
        BadInput: the run is not finished, its images are gone or others, another process is at work on it, or its
            folder cannot be written.
    """
    run, vae = opened(run), None if vae is None else instance("vae", vae, VAE)
    with run.lock(), ThreadPoolExecutor() as pool:
        recipe, vae = run.recipe, vae or run.load_model()
        everything = load_measured_data(run)
        data = everything.to_show()
        split = data.split
        parts = {"training": split.train, "validation": split.validation, "test": split.test}
        labels = data.images.labels
        left_out: list[str] = []
        # Pillow writes WebP outside of Python's lock: meanwhile the next picture is drawn
        ready: dict[str, Future[Shown]] = {}
        if len(data.images) < len(everything.images):
            left_out.append(f"pictures are of {len(data.images):,} of the {len(everything.images):,} images")
        drawn = pictures.draw_all(
            vae,
            {name: data.images.images[indices] for name, indices in parts.items()},
            history=run.read_history(),
            folder=run.pictures_path,
            latent_names=recipe.latent_names or None,
            is_video=data.images.is_video,
            frames=parts,
            labels=None if labels is None else {name: [labels[i] for i in own] for name, own in parts.items()},
            note=left_out.append,
            then=lambda path: ready.update({path.stem: _for_page(pool, path)}),
        )
        run.write_drawn([picture.name for picture in drawn])
        try:
            write_page(run, vae=vae, data=everything, say=left_out.append)
        except BadInput as reason:
            left_out.append(f"the explorer is left out: {reason}")
        _write_report(run, everything, pool, ready)
    return left_out


def report(run: Run) -> None:
    """Write a run's report again, with the pictures that are there and all that was measured by now.

    Raises `BadInput` as `show` does.
    """
    with ThreadPoolExecutor() as pool:
        _write_report(run, load_measured_data(run), pool, {})


def _for_page(pool: ThreadPoolExecutor, path: Path) -> Future[Shown]:
    return pool.submit(Shown.read, path, pictures.CAPTIONS[path.stem])


def _write_report(run: Run, data: TrainingData, pool: ThreadPoolExecutor, ready: Mapping[str, Future[Shown]]) -> None:
    recipe, training, measured = run.recipe, run.training, run.measurement
    drawn = [path for name in pictures.CAPTIONS if (path := run.pictures_path / f"{name}.png").is_file()]
    awaited = {path.stem: ready.get(path.stem) or _for_page(pool, path) for path in drawn}
    first, details = (
        [future.result() for name, future in awaited.items() if PICTURES[name].is_first == is_first]
        for is_first in (True, False)
    )
    part = "validation" if measured is None else measured.measured_split
    notes = [*_notes(recipe, data, part), *(within_warm_up(recipe, training.epochs) or _chosen_epoch(training))]
    if measured is None:
        baselines = constant_baselines(recipe.likelihood, data.train, data.validation)
        standing = trained_standing(training, baselines, len(data.validation))
        verdict = trained_verdict(training, baselines["mean_image"], len(data.validation))
        notes += [in_words(training.finding)] if training.finding is not None else []
    else:
        standing = measured_standing(measured)
        verdict = " ".join([*([] if measured.is_healthy else [measured.verdict]), measured_verdict(measured)])
        notes += [*_of_constants(measured), *_amiss(measured)]
    write_report(
        run.folder,
        title=recipe.name,
        verdict=verdict,
        to_measure=f"freyvae measure {shlex.quote(str(run.folder))}",
        facts=_facts(recipe, data, training),
        training=training,
        measured=measured,
        standing=standing,
        pictures=first,
        details=details,
        command="\n".join(_commands(run, training, measured)),
        notes=notes,
        tables=[] if measured is None else tables.measured(measured, training.data),
        remarks=[said for said in measured_sentences(measured) if said not in notes and said not in verdict],
    )


def measured_sentences(measured: Measurement | None) -> list[str]:
    """The verdict on a measured run, why it may be so and what to try, and what a reader must know of its measures.

    None where it is not measured.
    """
    if measured is None:
        return []
    return [measured.verdict, *_amiss(measured), *measured.measured_notes]


def _amiss(measured: Measurement) -> list[str]:
    return [in_words(finding) for finding in measured.findings or () if finding.is_amiss]


def in_words(finding: Finding) -> str:
    """A finding that is amiss, and what to try."""
    return f"{finding.sentence} Try: {finding.advice}."


def describe(run: Run) -> str:
    """A few lines on a finished run, for the terminal."""
    training, recipe = run.training, run.recipe
    lines = [
        f"{recipe.name}: {printable(recipe.data.source)}, {_counted(recipe.latent_dim, 'latent')}, "
        f"{_counted(training.epochs, 'epoch')} in {training.seconds:.1f} s "
        f"after {training.compile_seconds:.1f} s of compilation"
        + (f", the best of which was epoch {training.best_epoch}" if training.best_epoch is not None else ""),
        f"  held-out free energy {training.val_free_energy_nats:10.1f} nats per image"
        + (f", {training.val_bits_per_dim:.3f} bits per dimension" if training.val_bits_per_dim is not None else ""),
        f"              distortion {training.val_distortion_nats:8.1f}",
        f"                    rate {training.val_rate_nats:8.1f}",
        f"  reconstruction error {training.val_rmse_grey_levels:10.1f} grey levels of 255 (RMSE)",
        *([f"  {in_words(training.finding)}"] if training.finding is not None else []),
        f"  look at {printable(run.report_path)}",
    ]
    if run.explorer_path.is_file():
        lines.append(f"  play with {printable(run.explorer_path)}")
    return "\n".join(lines)


def described(run: Run) -> dict[str, Any]:
    """The same for other programs: the run's folder and pages, and all that `metrics.json` holds."""
    pages = {"report": run.report_path, "explorer": run.explorer_path}
    return {"run": run.folder, **run.read_metrics(), **{name: path for name, path in pages.items() if path.is_file()}}


def _counted(number: int, what: str) -> str:
    return f"{number} {what}{'' if number == 1 else 's'}"


def _facts(recipe: Recipe, data: TrainingData, training: TrainingRecord) -> dict[str, str]:
    count, height, width, channels = data.images.images.shape
    split = data.split
    network = recipe.network.in_words((height, width, channels), recipe.latent_dim)
    what = [f"a VAE with {_counted(recipe.latent_dim, 'latent')}", network, f"likelihood {recipe.likelihood.name}"]
    what += ["autoregressive decoder"] * recipe.likelihood.is_autoregressive
    what += [f"posterior {recipe.posterior.name}"] * (not recipe.posterior.is_diagonal_normal)
    what += [f"prior {recipe.prior.name}"] * (not recipe.prior.is_standard_normal)
    of_split = f" with split seed {recipe.split.seed}" if isinstance(recipe.split, RandomSplit) else ""
    return {
        "what": ", ".join(what),
        "data": recipe.data.source,
        "images": f"{count} images of {height} by {width} pixels, {channels_in_words(channels)}",
        "levels": "; ".join(
            filter(None, [recipe.data.levels and f"{recipe.data.levels} became 0:255", data.images.lost])
        ),
        "split": f"{recipe.split.name}{of_split}: {len(split.train)} training, {len(split.validation)} validation, "
        f"{len(split.test)} test",
        "seed": str(recipe.training.seed),
        "ended": _end_by_the_clock(recipe, training),
        "data_sha256": training.data_sha256,
        "backend": training.backend,
        "versions": ", ".join(f"{name} {version}" for name, version in (training.versions or {}).items()),
    }


def _end_by_the_clock(recipe: Recipe, training: TrainingRecord) -> str:
    """What the same command need not find again; "" where no clock says how long to train."""
    if not recipe.training.minutes:
        return ""
    return (
        f"by the clock, {recipe.training.minutes:g} minutes, after {_counted(training.epochs, 'epoch')}: trained "
        "again, it may have more or fewer, and other numbers"
    )


def _commands(run: Run, training: TrainingRecord, measured: Measurement | None) -> Iterator[str]:
    """The commands that reproduce the run's numbers."""
    backend = "" if training.backend == "jax" else f"KERAS_BACKEND={training.backend} "
    yield f"{backend}freyvae train --recipe {shlex.quote(str(run.recipe_path))}"
    if measured is not None:
        choices = f"--samples {measured.nll_samples} --split {measured.measured_split}"
        choices += f" --refine {measured.refined.steps}" if measured.refined is not None else ""
        seed = measured.measured_with.seed
        yield f"{backend}freyvae measure {shlex.quote(str(run.folder))} {choices}" + f" --seed {seed}" * (seed != 0)


def _notes(recipe: Recipe, data: TrainingData, part: str = "validation") -> list[str]:
    """What a reader must know before believing a number; `part` is what the report's headline was measured on."""
    chosen = {"training": data.split.train, "test": data.split.test}.get(part, data.split.validation)
    images = part_of(data.images.images, chosen)
    notes = [data.split.note] if data.split.note else []
    if recipe.data.source == "synthetic-faces":
        notes.append("These are drawn faces, not photographs: their numbers cannot be compared with the Frey faces'.")
    notes += data.said_of_binarization(recipe.training.binarize)
    if data.images.unreadable:
        notes.append(f"{_counted(len(data.images.unreadable), 'unreadable file')} left out.")
    notes += recipe.likelihood.said_of(images, part)
    if recipe.likelihood.is_autoregressive:
        notes.append(
            "Reconstructions, manifold and explorer show the decoder's image, given the code alone. The likelihood "
            "also conditions each pixel on those before it."
        )
    notes += recipe.network.notes()
    notes += recipe.objective.notes(math.prod(data.images.image_shape))
    return notes


def _of_constants(measured: Measurement) -> list[str]:
    """What a reconstruction error is to be compared with. A run that is not measured has it in its verdict."""
    found = measured.baselines.get("mean_image")
    if found is None or found.rmse_grey_levels is None:
        return []
    return [
        "A model that always answers with the mean training image has a reconstruction error of "
        f"{found.rmse_grey_levels:.1f} grey levels on the {measured.measured_split} images."
    ]


def within_warm_up(recipe: Recipe, epochs: int) -> list[str]:
    """That a training ended before its rate had its whole weight, if it did."""
    if not is_within_warm_up(epochs, recipe):
        return []
    of = f"{_counted(epochs, 'epoch')} of {recipe.training.warm_up_epochs}"
    return [
        f"Training ended within its warm-up, after {of}: the rate never had its whole weight. Try: more minutes=..., "
        "or fewer warm_up_epochs=..."
    ]


def _chosen_epoch(training: TrainingRecord) -> list[str]:
    """With patience, which epoch's model this is, and by what it was chosen."""
    if training.best_epoch is None:
        return []
    return [
        f"The model is that of epoch {training.best_epoch} of {training.epochs}, the one with the lowest free "
        "energy on the validation images: its validation numbers are slightly optimistic, its test numbers are not."
    ]
