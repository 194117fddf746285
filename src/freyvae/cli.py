"""The commands: each parses, calls and prints."""

import dataclasses
import sys
import typing
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from cyclopts import App, Parameter, Token

from freyvae import __version__
from freyvae.errors import BadInput
from freyvae.recipe import Recipe, load_recipe, recipe_names

app = App(
    name="freyvae",
    help="Fit a variational auto-encoder to a set of images, know how good it is, and play with what it learned.",
    version=__version__,
    help_epilogue="`--debug` anywhere shows the traceback of what goes wrong.",
    default_parameter=Parameter(negative=()),
)
data_app = App(name="data", help="Fetch and look at images.")
recipes_app = App(name="recipes", help="The shipped recipes: every choice of a run, as TOML.")
app.command(data_app)
app.command(recipes_app)
app.register_install_completion_command(help="Install completion for your shell.")


def _default_text(name: str) -> str:
    """A field's default, and where the shipped recipes differ, each one's."""
    values = {recipe: getattr(load_recipe(recipe), name) for recipe in recipe_names()}

    def text(value: Any) -> str:
        if isinstance(value, tuple):
            return " ".join(map(str, value)) or "none"
        return "none" if value is None else str(value)

    if len(set(values.values())) == 1:
        return text(values["frey-faces"])
    return ", ".join(f"{text(value)} in {recipe}" for recipe, value in values.items())


def _count_or_fraction(kind: Any, tokens: Sequence[Token]) -> int | float:
    """`200` is a count and `0.2` a fraction; cyclopts would make both whole."""
    text = tokens[0].value
    try:
        return int(text) if text.isdecimal() else float(text)
    except ValueError:
        raise BadInput(f"{tokens[0].keyword} must be a count or a fraction, not {text!r}") from None


def _flags() -> type:
    """A flag for every field of a recipe, absent unless given."""
    hints = typing.get_type_hints(Recipe)
    fields = []
    for field in dataclasses.fields(Recipe):
        if field.name in ("name", "data"):
            continue
        negative = f"--no-{field.name.replace('_', '-')}" if hints[field.name] is bool else ()
        parameter = Parameter(
            help=f"{field.metadata['help']} (default: {_default_text(field.name)})",
            show_default=False,
            consume_multiple=True,
            negative=negative,
            converter=_count_or_fraction if hints[field.name] == int | float else None,
        )
        fields.append((field.name, Annotated[hints[field.name] | None, parameter], dataclasses.field(default=None)))
    flags = dataclasses.make_dataclass("Flags", fields, kw_only=True)
    flags.__module__ = __name__  # a class of the standard library would not be taken apart into flags
    return flags


if TYPE_CHECKING:

    class Flags:
        """For the type checker; the fields are the recipe's."""
else:
    Flags = _flags()


def _note(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


def _chosen_recipe(data: str | None, recipe: str | None, flags: Any) -> Recipe:
    """The recipe asked for, or the one that suits the data, with the flags over it."""
    known = data in (None, "frey-faces", "synthetic-faces")
    chosen = load_recipe(recipe or ("frey-faces" if known else "images"))
    changes = {name: value for name, value in dataclasses.asdict(flags).items() if value is not None} if flags else {}
    if data is not None and data != chosen.data:
        changes["data"] = data
        if recipe is None:
            changes["name"] = data if known else Path(data).resolve().stem
    return chosen.replace(**changes)


@app.command
def train(
    data: str | None = None,
    *,
    recipe: str | None = None,
    out: Path | None = None,
    fresh: bool = False,
    quiet: Annotated[bool, Parameter(alias="-q")] = False,
    flags: Annotated[Flags | None, Parameter(name="*")] = None,
) -> None:
    """Train, or reload a run that is finished, or go on with one that was interrupted.

    Writes the run folder: recipe.toml, model.keras, history.csv, metrics.json, pictures, report.html, explorer.

    Args:
        data: frey-faces, synthetic-faces, or the path of a folder or file of images (default: the recipe's).
        recipe: a shipped recipe (see `freyvae recipes list`) or a TOML file (default: frey-faces, or images for a
            path); every flag below changes one of its choices.
        out: the run folder (default: runs/ and the recipe's name, or the data's).
        fresh: train anew even when the run is there.
        quiet: say nothing but errors.
        flags: changes of the recipe's choices.
    """
    _train(_chosen_recipe(data, recipe, flags), out=out, fresh=fresh, quiet=quiet)


def _train(recipe: Recipe, *, out: Path | None, fresh: bool, quiet: bool) -> None:
    from freyvae import presentation, training

    run = training.train(recipe, out, fresh=fresh, quiet=quiet)
    if fresh or not run.report_path.is_file():
        for note in presentation.present(run):
            if not quiet:
                _note(f"note: {note}")
    if not quiet:
        print(presentation.summary(run))


@app.command
def demo(*, out: Path = Path("runs/demo")) -> None:
    """The post in one go: train on the Frey faces, draw every picture, write the page.

    Trains on drawn faces when the real ones can't be had.

    Args:
        out: the run folder.
    """
    from freyvae.data import DataUnavailable

    try:
        _train(load_recipe("frey-faces"), out=out, fresh=False, quiet=False)
    except DataUnavailable as error:
        _note(f"\nTHE REAL FACES CAN'T BE HAD: {error}")
        _note("GOING ON WITH DRAWN FACES: what follows is not the post's data.\n")
        recipe = load_recipe("frey-faces").replace(name="synthetic-faces", data="synthetic-faces")
        _train(recipe, out=out.with_name(f"{out.name}-synthetic"), fresh=False, quiet=False)


@app.command
def show(run: Path) -> None:
    """Draw a run's pictures and write its report again.

    Args:
        run: the run folder.
    """
    from freyvae import presentation
    from freyvae.run import Run

    opened = Run.open(run)
    for note in presentation.present(opened):
        _note(f"note: {note}")
    print(presentation.summary(opened))


@app.command
def sample(run: Path, *, count: int = 100, seed: int = 0, out: Path = Path("samples.png")) -> None:
    """Draw new images from the prior.

    Args:
        run: the run folder.
        count: how many images.
        seed: of the draw.
        out: a PNG of them all, or a .npy file of uint8 (image, height, width, channel).
    """
    from freyvae import pictures
    from freyvae.run import Run

    pictures.save_images(Run.open(run).load_model().sample(count, seed=seed), out)
    print(out)


@app.command
def encode(run: Path, data: str, *, out: Path = Path("codes.csv")) -> None:
    """Encode images: one row an image, one column a latent (posterior means).

    Args:
        run: the run folder.
        data: frey-faces, synthetic-faces, or the path of a folder or file of images; resized as the run's were.
        out: a .csv file with a header, or a .npy file of float32 (image, latent).
    """
    from freyvae.codes import write_codes
    from freyvae.data import load_images
    from freyvae.run import Run

    opened = Run.open(run)
    images = load_images(data, image_size=opened.recipe.image_size, grey=opened.recipe.grey)
    codes = opened.load_model().encode(images.images)
    write_codes(out, codes, names=opened.recipe.latent_names, files=images.files)
    print(out)


@app.command
def decode(
    run: Path,
    latents: Annotated[list[float] | None, Parameter(allow_leading_hyphen=True)] = None,
    /,
    *,
    codes: Path | None = None,
    out: Path = Path("decoded.png"),
) -> None:
    """Decode codes: the numbers of one code, or a file of codes as `freyvae encode` writes it.

    Args:
        run: the run folder.
        latents: one number a latent, in standard deviations of the prior.
        codes: a .csv or .npy file of codes, instead.
        out: a PNG of them all, or a .npy file of uint8 (image, height, width, channel).
    """
    from freyvae import pictures
    from freyvae.codes import read_codes
    from freyvae.run import Run

    if (codes is None) == (not latents):
        raise BadInput("give the numbers of one code, or a file of codes with --codes")
    pictures.save_images(Run.open(run).load_model().decode([latents] if codes is None else read_codes(codes)), out)
    print(out)


@data_app.command
def fetch(
    name: typing.Literal["frey-faces"], *, source: Annotated[Path | None, Parameter(name="--from")] = None
) -> None:
    """Fetch a data set into the cache and verify it.

    Args:
        name: of the data set.
        source: a file that you have already (default: the data set's home, then a mirror).
    """
    from freyvae.data import fetch_frey_faces

    print(fetch_frey_faces(source))


@data_app.command(name="show")
def data_show(
    data: str = "frey-faces",
    *,
    count: int = 200,
    columns: int = 25,
    image_size: str | None = None,
    grey: bool = False,
    strict: bool = False,
    out: Path = Path("examples.png"),
) -> None:
    """Look at a set of images: how many, of what size, and a picture of some.

    Args:
        data: frey-faces, synthetic-faces, or the path of a folder or file of images.
        count: how many images to show.
        columns: images in a row.
        image_size: resize to HEIGHTxWIDTH pixels (default: as they are).
        grey: turn to grey.
        strict: an unreadable file is an error; otherwise it is listed and left out.
        out: the picture, a PNG.
    """
    from freyvae import pictures
    from freyvae.data import load_images

    images = load_images(data, image_size=image_size, grey=grey, strict=strict)
    for file in images.unreadable:
        _note(f"left out, unreadable: {file}")
    number, height, width, channels = images.images.shape
    pictures.save_figure(pictures.examples(images.images, count=count, columns=columns), out)
    kind = "grey" if channels == 1 else "colour"
    levels = f"{kind} levels {images.images.min()} to {images.images.max()}"
    print(f"{images.name}: {number} images, {height} x {width} pixels, {levels}")
    print(out)


@recipes_app.command(name="list")
def recipes_list() -> None:
    """Names of the shipped recipes."""
    print("\n".join(recipe_names()))


@recipes_app.command(name="print")
def recipes_print(recipe: str) -> None:
    """Print a recipe with every field and its meaning; save it, change it, and give it to `freyvae train --recipe`.

    Args:
        recipe: a shipped recipe's name, or a TOML file.
    """
    print(load_recipe(recipe).to_toml(), end="")
