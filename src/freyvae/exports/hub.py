"""A folder for the Hugging Face Hub: the model, what it was made with, its numbers, pictures, and a model card."""

from pathlib import Path
from typing import Any

from freyvae.data.channels import images_in_words
from freyvae.errors import BadInput
from freyvae.fields import help_of, hints, title_of
from freyvae.files import write_whole
from freyvae.model import VAE
from freyvae.run import Run
from freyvae.templates import filled_in

# pictures of a run that a card shows
SHOWN = ("reconstructions", "samples")
# how a card begins
HEADER = "---\nlibrary_name: keras\n"


def write_hub(run: Run, folder: Path) -> list[Path]:
    """Write README.md, a model card, with model.keras, recipe.toml, metrics.json and some pictures beside it.

    Raises:
        BadInput: the folder cannot be written, or holds a README.md that is no model card.
    """
    readme = folder / "README.md"
    if readme.is_file() and not readme.read_bytes().startswith(HEADER.encode()):
        raise BadInput(f"{readme} is no model card, and would be lost: choose another out=...")
    vae = run.load_model()
    copied = [run.model_path, run.recipe_path, run.metrics_path]
    pictures = [path for name in SHOWN if (path := run.pictures_path / f"{name}.png").is_file()]
    written = []
    for path in [*copied, *pictures]:
        write_whole(folder / path.name, path.read_bytes())
        written.append(folder / path.name)
    write_whole(readme, card(run, vae, [path.name for path in pictures]))
    return [readme, *written]


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
