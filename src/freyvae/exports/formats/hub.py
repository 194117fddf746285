"""A folder for the Hugging Face Hub: the model, what it was made with, its numbers, pictures, and a model card."""

import ntpath
from dataclasses import dataclass, replace
from pathlib import Path, PurePath
from typing import Any

from freyvae.data.channels import images_in_words
from freyvae.errors import BadInput
from freyvae.exports.format import ExportFormat
from freyvae.fields import help_of, hints, title_of
from freyvae.files import write_whole
from freyvae.model import VAE
from freyvae.recipe import Recipe
from freyvae.run import Run
from freyvae.templates import filled_in

# pictures of a run that a card shows
SHOWN = ("reconstructions", "samples")
# how a card begins
HEADER = "---\nlibrary_name: keras\n"


@dataclass(frozen=True)
class Hub(ExportFormat):
    """A folder for the Hugging Face Hub: the model, its recipe and numbers, and a model card."""

    name = "hub"

    def write(self, run: Run, out: Path | None) -> list[Path]:
        """As `ExportFormat.write`. Raises `BadInput` for a folder that holds a README.md of another kind, or a run."""
        return _write(run, self.folder(run, out, default="export/hub"))


def _write(run: Run, folder: Path) -> list[Path]:
    """Write README.md, with model.keras, recipe.toml, metrics.json and some pictures beside it.

    Of paths, the folders are left out: they say nothing elsewhere, and may tell of a person.
    """
    written, readme = Run(folder), folder / "README.md"
    is_card = readme.is_file() and readme.read_bytes().startswith(HEADER.encode())
    if readme.is_file() and not is_card:
        raise BadInput(f"{readme} is no model card, and would be lost: choose another out=...")
    if written.recipe_path.is_file() and not is_card:
        raise BadInput(f"{folder} holds a run, and would be changed: choose another out=...")
    vae = run.load_model()
    pictures = [path for name in SHOWN if (path := run.pictures_path / f"{name}.png").is_file()]
    for path in [run.model_path, *pictures]:
        write_whole(folder / path.name, path.read_bytes())
    write_whole(written.recipe_path, _without_folders(run.recipe).to_toml())
    metrics = run.read_metrics()
    written.write_metrics({**metrics, "data": _last(metrics["data"])})
    write_whole(readme, card(run, vae, [path.name for path in pictures]))
    beside = [written.model_path, written.recipe_path, written.metrics_path]
    return [readme, *beside, *(folder / path.name for path in pictures)]


def _without_folders(recipe: Recipe) -> Recipe:
    """A recipe whose paths are the names of files and folders alone."""
    data, training = recipe.data, recipe.training
    labels, start_from = (None if path is None else _last(path) for path in (data.labels, training.start_from))
    return replace(
        recipe,
        data=replace(data, source=_last(data.source), labels=labels),
        training=replace(training, start_from=start_from),
    )


def _last(path: str) -> str:
    """The last part of a path, of any system: of `/my/cells.csv:a/b`, which names a column, `cells.csv:a/b`."""
    file, colon, name = path.rpartition(":")
    if not (colon and PurePath(file).suffix):
        file, colon, name = path, "", ""
    return f"{ntpath.basename(file.rstrip('/' + ntpath.sep))}{colon}{name}"


def card(run: Run, vae: VAE, pictures: list[str]) -> str:
    """The model card of a run, Markdown, from its records."""
    recipe, training, measurement = run.recipe, run.training, run.measurement
    return filled_in(
        "exports/templates/card.md",
        name=recipe.name,
        recipe=recipe,
        training=training,
        measurement=measurement,
        images=images_in_words(vae.image_shape),
        data=_last(training.data),
        weights=vae.count_params(),
        kind=vae.pixel_likelihood.kind,
        numbers=_rows(training) + (_rows(measurement) if measurement else []),
        baselines=[] if measurement is None else list(measurement.baselines.items()),
        finding=training.finding,
        pictures=pictures,
        network=recipe.network.in_words(vae.image_shape, vae.latent_dim),
    )


def _rows(record: Any) -> list[tuple[str, str, str]]:
    """(what, value, unit) of the numbers of a record that have a title and a unit."""
    return [
        (title_of(hint), f"{value:.4g}", help_of(hint))
        for name, hint in hints(type(record)).items()
        if isinstance(value := getattr(record, name), float) and title_of(hint) and help_of(hint)
    ]
