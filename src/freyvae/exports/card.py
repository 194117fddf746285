"""A model card: what a model was made of, how good it is, and where it ends, from the records of its run."""

import ntpath
from collections.abc import Sequence
from pathlib import Path, PurePath
from typing import Any

from freyvae.data.channels import images_in_words
from freyvae.errors import BadInput
from freyvae.fields import help_of, hints, title_of
from freyvae.files import as_path, write_whole
from freyvae.reporting.summary import measured_sentences
from freyvae.run import Run, check_output, opened
from freyvae.templates import filled_in

# how a card begins
_HEADER = "---\nlibrary_name: keras\n"


def card(run: Run | str | Path, out: str | Path = "card.md") -> Path:
    """Write a model card: data and split, model, measures with their baselines, verdict, limits.

    Args:
        run: a finished run, or its folder.
        out: a Markdown file, with the header that the Hugging Face Hub reads.

    Returns:
        the file.

    Raises:
        BadInput: there is no such run, a file at `out` is no card, or it cannot be written.
    """
    out = as_path("out", out)
    check_output(out)
    is_card(out)
    write_whole(out, text_of_card(opened(run, out)))
    return out


def is_card(path: Path) -> bool:
    """Whether there is a card at a place, which may be replaced. Raises `BadInput` where there is another file."""
    if not path.is_file():
        return False
    if not path.read_bytes().startswith(_HEADER.encode()):
        raise BadInput(f"{path} is no model card, and would be lost: choose another out=...")
    return True


def last_part(path: str) -> str:
    """The last part of a path, of any system: of `/my/cells.csv:a/b`, which names a column, `cells.csv:a/b`."""
    file, colon, name = path.rpartition(":")
    if not (colon and PurePath(file).suffix):
        file, colon, name = path, "", ""
    return f"{ntpath.basename(file.rstrip('/' + ntpath.sep))}{colon}{name}"


def text_of_card(run: Run, pictures: Sequence[str] = ()) -> str:
    """The model card of a run, Markdown, from its records; `pictures` lie beside it."""
    vae = run.load_model()
    recipe, training, measurement = run.recipe, run.training, run.measurement
    return filled_in(
        "exports/templates/card.md",
        name=recipe.name,
        recipe=recipe,
        training=training,
        measurement=measurement,
        images=images_in_words(vae.image_shape),
        data=last_part(training.data),
        weights=vae.count_params(),
        kind=vae.pixel_likelihood.kind,
        numbers=_rows(training) + (_rows(measurement) if measurement else []),
        baselines=[] if measurement is None else list(measurement.baselines.items()),
        finding=training.finding,
        sentences=measured_sentences(measurement),
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
