"""The commands: each parses, calls and prints."""

import functools
import re
import shlex
import typing
from pathlib import Path
from typing import Annotated

from cyclopts import App, Parameter

import freyvae
from freyvae.compilation_cache import keep_compiled_programs
from freyvae.console import print_lines
from freyvae.console import say as to_stderr
from freyvae.flags import Flags, Whole, chosen_recipe
from freyvae.keras_import import import_keras
from freyvae.recipe import Recipe, load_recipe, recipe_names
from freyvae.signals import handled_by, leave

app = App(
    name="freyvae",
    help="Fit a variational auto-encoder to a set of images, know how good it is, and play with what it learned.",
    version=freyvae.__version__,
    help_epilogue="`--debug` anywhere shows the traceback of what goes wrong.",
    default_parameter=Parameter(negative=()),
    suppress_keyboard_interrupt=False,
)
data_app = App(name="data", help="Fetch and look at images.")
recipes_app = App(name="recipes", help="The shipped recipes: every choice of a run, as TOML.")
app.command(data_app)
app.command(recipes_app)
app.register_install_completion_command(help="Install completion for your shell.")


# an argument as a line of the library says it, `seeds=16`; one without a value is `out=...`
_ARGUMENT = re.compile(r"""(?<![^\s`(])(?P<name>[a-z_]+)=(?P<value>"[^"]*"|True|\.\.\.|\d+(\.\d+)?)(?!\S*\w)""")
# at the beginning of a line, of an argument that has a wrong value
_WRONG = re.compile(r"(?P<name>[a-z_]+)(?= (must|cannot) )")


def in_flags(line: str) -> str:
    """A line of the library in the words of the command line: `--fresh` for `fresh=True`, `--out` for `out=...`."""
    flags = _flag_names()

    def flag(found: re.Match[str]) -> str:
        value = found.groupdict().get("value", "...")
        named = f"--{found['name'].replace('_', '-')}"
        if named not in flags:
            return found[0]
        text = value.strip('"')
        return named if text in ("...", "True") else f"{named} {shlex.quote(text)}"

    return _ARGUMENT.sub(flag, _WRONG.sub(flag, line, count=1) if _WRONG.match(line) else line)


@functools.cache
def _flag_names() -> frozenset[str]:
    """The names of all flags: put together once, since it takes longer than many a line's work."""
    return frozenset(name for argument in _arguments(app) for name in argument.names)


def _arguments(command: App) -> typing.Iterator[typing.Any]:
    """The arguments of all commands."""
    if command.default_command is not None:
        yield from command.assemble_argument_collection()
    for name in command:
        if not name.startswith("-"):
            yield from _arguments(command[name])


def say(line: str) -> None:
    """Say a line of the library to standard error."""
    to_stderr(in_flags(line))


def _begin() -> None:
    """What every command does that goes on to a model."""
    keep_compiled_programs(say)
    import_keras()


def _draw_plainly() -> None:
    """Have matplotlib draw as it does on a new machine, whatever the user's matplotlibrc says: LaTeX, say."""
    with handled_by(leave):
        import matplotlib

        matplotlib.rcdefaults()


@app.command
def train(
    data: str | None = None,
    *,
    recipe: str | None = None,
    seeds: Whole | None = None,
    out: Path | None = None,
    fresh: bool = False,
    quiet: Annotated[bool, Parameter(alias="-q")] = False,
    flags: Annotated[Flags | None, Parameter(name="*")] = None,
) -> None:
    """Train, or reload a run that is finished, or go on with one that was interrupted.

    Writes the run folder: recipe.toml, model.keras, history.csv, metrics.json, pictures, report.html, explorer.

    Args:
        data: frey-faces, synthetic-faces, or the path of a folder or file of images. [default: the recipe's]
        recipe: a shipped recipe (see `freyvae recipes list`) or a TOML file; the flags below change its choices.
            [default: frey-faces, or images for a path]
        seeds: train so many models at once, of the recipe's seed and the next ones. Writes a run folder for each in
            --out, whose pictures `freyvae show` draws, and seeds.json: mean and deviation of every number.
            [default: one model alone]
        out: the run folder. [default: runs/NAME, with --seeds runs/NAME-seeds]
        fresh: train anew even when the run is there.
        quiet: say nothing but errors.
        flags: changes of the recipe's choices.
    """
    chosen = chosen_recipe(data, recipe, flags)
    if seeds is None:
        _train(chosen, out=out, fresh=fresh, quiet=quiet)
    else:
        _train_seeds(chosen, seeds, out=out, fresh=fresh, quiet=quiet)


def _train_seeds(recipe: Recipe, count: int, *, out: Path | None, fresh: bool, quiet: bool) -> None:
    _begin()
    from freyvae.reporting import tables

    summary = freyvae.train_seeds(recipe, count, out, fresh=fresh, quiet=quiet, say=say)
    if not quiet:
        tables.show([tables.over_seeds(summary)])


def _train(recipe: Recipe, *, out: Path | None, fresh: bool, quiet: bool) -> None:
    _begin()
    _draw_plainly()
    from freyvae.reporting import summary

    run = freyvae.train(recipe, out, fresh=fresh, quiet=quiet, say=say)
    if not quiet:
        print_lines(summary.describe(run))


@app.command
def demo(
    *,
    out: Path = Path("runs/demo"),
    fresh: bool = False,
    quiet: Annotated[bool, Parameter(alias="-q")] = False,
) -> None:
    """The post in one go: train on the Frey faces, draw every picture, write the page.

    Trains on drawn faces, in a folder beside it, when the real ones can't be had.

    Args:
        out: the run folder.
        fresh: train anew even when the run is there.
        quiet: say nothing but errors, and that the faces are drawn.
    """
    from freyvae.data import DataUnavailable

    try:
        _train(load_recipe("frey-faces"), out=out, fresh=fresh, quiet=quiet)
    except DataUnavailable as error:
        say("")
        say(f"THE REAL FACES CAN'T BE HAD: {error}")
        say("GOING ON WITH DRAWN FACES: what follows is not the post's data.")
        say("")
        recipe = load_recipe("frey-faces").replace(name="synthetic-faces", data="synthetic-faces")
        _train(recipe, out=out.with_name(f"{out.name}-synthetic"), fresh=fresh, quiet=quiet)


@app.command
def show(run: Path) -> None:
    """Draw a run's pictures and write its report again.

    Args:
        run: the run folder.
    """
    _begin()
    _draw_plainly()
    from freyvae.reporting import summary
    from freyvae.run import Run

    for note in freyvae.show(run):
        say(f"note: {note}")
    print_lines(summary.describe(Run(run)))


@app.command
def measure(
    run: Path,
    *,
    samples: Whole = 5000,
    split: str = "test",
    seed: Whole = 0,
    quiet: Annotated[bool, Parameter(alias="-q")] = False,
) -> None:
    """Measure a run on images it was not trained on, beside what would be had without it.

    Free energy and importance-sampled likelihood, reconstruction error, which latents are in use, the mean image, a
    Gaussian, PNG and WebP. Writes metrics.json, measured.npz and the report.

    Args:
        run: the run folder.
        samples: importance samples for each image.
        split: test, validation or training.
        seed: of the draws.
        quiet: say nothing but errors.
    """
    _begin()
    from freyvae.reporting import summary, tables
    from freyvae.run import Run

    found = freyvae.measure(run, samples=samples, split=split, seed=seed, progress=not quiet)
    if not quiet:
        data = Run(run).training.data
        tables.show(tables.measured(found, data), sentences=summary.measured_sentences(found))


@app.command
def compare(run: Path, others: list[Path], /) -> None:
    """Compare runs that were measured on the same images: differences paired by image, each with its 95 % interval.

    Args:
        run: the run folder that the others are compared with.
        others: one or more run folders.
    """
    from freyvae.reporting import tables

    comparison = freyvae.compare([run, *others])
    tables.show([tables.compared(comparison)], sentences=comparison.notes)


@app.command
def sample(run: Path, *, count: Whole = 100, seed: Whole = 0, out: Path = Path("samples.png")) -> None:
    """Draw new images from the prior: expected pixels, but of an autoregressive decoder pixels drawn one by one.

    Args:
        run: the run folder.
        count: how many images.
        seed: of the draw.
        out: a PNG of them all, or a .npy file of uint8 (image, height, width, channel).
    """
    _begin()
    print_lines(str(freyvae.sample(run, count=count, seed=seed, out=out)))


@app.command
def encode(run: Path, data: str, *, levels: str | None = None, out: Path = Path("codes.csv")) -> None:
    """Encode images: one row an image, one column a latent (posterior means).

    Args:
        run: the run folder.
        data: frey-faces, synthetic-faces, or the path of a folder or file of images; resized as the run's were.
        levels: stored values that become black and white, LOW:HIGH or auto. [default: the run's]
        out: a .csv file with a header, its SHA-256 in a file beside it, or a .npy file of float32 (image, latent).
    """
    _begin()
    print_lines(str(freyvae.encode(run, data, levels=levels, out=out, progress=True, say=say)))


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
        latents: one number a latent; the standard normal prior has 0 in the middle and deviation 1.
        codes: a .csv or .npy file of codes, instead; columns of a .csv file go by their names.
        out: a PNG of them all, or a .npy file of uint8 (image, height, width, channel).
    """
    _begin()
    print_lines(str(freyvae.decode(run, latents, codes=codes, out=out)))


@app.command
def compress(
    run: Path,
    data: str | None = None,
    *,
    split: str | None = None,
    levels: str | None = None,
    out: Path = Path("images.freyvae"),
    quiet: Annotated[bool, Parameter(alias="-q")] = False,
) -> None:
    """Compress images to one file with a run's model, losslessly: the proof that its bits per dimension are real.

    Prints what the file costs beside the model's free energy, PNG, WebP and JPEG-XL.

    Args:
        run: the run folder; its likelihood must be a probability of bytes.
        data: frey-faces, synthetic-faces, or the path of a folder or file of images. [default: the run's own, --split]
        split: which of the run's own images: test, validation or training. [default: test]
        levels: of other images, stored values that become black and white, LOW:HIGH or auto. [default: the run's]
        out: the file.
        quiet: say nothing but errors.
    """
    _begin()
    from freyvae.reporting import tables

    found = freyvae.compress(run, data, out, split=split, levels=levels, progress=not quiet, say=say)
    if not quiet:
        tables.show([tables.compressed(found)], sentences=[*tables.compressed_sentences(found), str(out)])


@app.command
def decompress(
    run: Path,
    file: Path,
    *,
    out: Path = Path("decompressed.npy"),
    quiet: Annotated[bool, Parameter(alias="-q")] = False,
) -> None:
    """Decompress a file of `freyvae compress`, bit for bit, with the model that wrote it.

    Args:
        run: the run folder.
        file: the compressed images.
        out: a .npy file of uint8 (image, height, width, channel), or a new folder, for a PNG an image.
        quiet: say nothing but errors.
    """
    _begin()
    images = freyvae.decompress(run, file, out, progress=not quiet)
    if not quiet:
        counted = "1 image" if len(images) == 1 else f"{len(images)} images"
        print_lines(f"{counted}, every byte as it was compressed: their checksum is right")
        print_lines(str(out))


@app.command
def explore(run: Path, *, port: Whole | None = None, no_browser: bool = False) -> None:
    """Serve a run's page with the sliders on this machine, and open it in the browser. Ctrl-C ends it.

    The page needs no server: `explorer/index.html` in the run's folder can be opened, or sent, as a file. The address
    carries a token, without which other users of this machine get no answer.

    Args:
        run: the run folder.
        port: to listen on, at 127.0.0.1. [default: 8765, or the next free one]
        no_browser: only serve.
    """
    freyvae.explore(run, port=port, no_browser=no_browser)


@app.command
def export(run: Path, *, format: str = "onnx", out: Path | None = None) -> None:
    """Write a run's networks for use elsewhere.

    Args:
        run: the run folder.
        format: onnx (encoder and decoder, for any ONNX runtime), html (the explorer's page) or weights (an .npz file).
        out: where to. [default: export/ in the run's folder; for html, its explorer/index.html]
    """
    _begin()
    for path in freyvae.export(run, format, out):
        print_lines(str(path))


@data_app.command
def fetch(
    name: typing.Literal["frey-faces"], *, source: Annotated[Path | None, Parameter(name="--from")] = None
) -> None:
    """Fetch a data set into the cache and verify it.

    Args:
        name: of the data set.
        source: a file that you have already. [default: the data set's home, then a mirror]
    """
    from freyvae.data import fetch_frey_faces

    print_lines(str(fetch_frey_faces(source, progress=True)))


@data_app.command(name="show")
def data_show(
    data: str = "frey-faces",
    *,
    count: Whole = 200,
    columns: Whole = 25,
    image_size: str | None = None,
    grey: bool = False,
    levels: str | None = None,
    strict: bool = False,
    out: Path = Path("examples.png"),
) -> None:
    """Look at a set of images: how many, of what size, and a picture of some.

    Args:
        data: frey-faces, synthetic-faces, or the path of a folder or file of images.
        count: how many images to show.
        columns: images in a row.
        image_size: resize to HEIGHTxWIDTH pixels. [default: as they are]
        grey: turn to grey.
        levels: stored values that become black and white, LOW:HIGH, such as 0:4095 for 12 bits, or auto. [default: 8
            and 16 bits, and floats from 0 to 1]
        strict: an unreadable file is an error; otherwise it is listed and left out.
        out: the picture, a PNG.
    """
    _draw_plainly()
    from freyvae import pictures
    from freyvae.data import load_images
    from freyvae.data.channels import OF_PICTURES, channels_in_words
    from freyvae.run import check_output

    check_output(out, data)
    images = load_images(data, image_size=image_size, grey=grey, strict=strict, levels=levels, progress=True)
    for line in images.remarks:
        say(line)
    number, height, width, channels = images.images.shape
    pictures.save_figure(pictures.examples(images.images, count=count, columns=columns), out)
    kind = f"{channels_in_words(channels)}{' of' * (channels not in OF_PICTURES)}"
    levels = f"{kind} levels {images.images.min()} to {images.images.max()}"
    counted = "1 image" if number == 1 else f"{number} images"
    print_lines(f"{images.name}: {counted}, {height} x {width} pixels, {levels}")
    print_lines(str(out))


@recipes_app.command(name="list")
def recipes_list() -> None:
    """Names of the shipped recipes."""
    print_lines("\n".join(recipe_names()))


@recipes_app.command(name="print")
def recipes_print(recipe: str) -> None:
    """Print a recipe with every field and its meaning; save it, change it, and give it to `freyvae train --recipe`.

    Args:
        recipe: a shipped recipe's name, or a TOML file.
    """
    print_lines(load_recipe(recipe).to_toml().rstrip("\n"))
