"""Paths through the codes and the images along them: between two pictures, along latents, along a label."""

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

from freyvae.arguments import function, in_words, number, several, text, whole
from freyvae.codes import names_of_latents
from freyvae.console import printable, silence
from freyvae.data.pixels import evenly_chosen
from freyvae.errors import BadInput
from freyvae.evaluation import load_measured_data
from freyvae.files import as_path
from freyvae.inference.images import image_for
from freyvae.model import VAE
from freyvae.reporting.pictures import save_rows
from freyvae.reporting.pictures.saving import OF_ROWS, require_suffix
from freyvae.run import Run, check_output, opened

# latents that are shown where none are chosen
MOST_LATENTS = 8
# images from which it is told what latents tell
MOST_IMAGES = 1000


def walk(
    run: Run | str | Path,
    first: str | Path,
    last: str | Path,
    *,
    steps: int = 11,
    levels: str | None = None,
    out: str | Path = "walk.png",
    say: Callable[[str], None] | None = None,
) -> Path:
    """Walk from one picture to another: images of codes on the straight line between theirs.

    Args:
        run: a finished run, or its folder.
        first: a picture.
        last: another.
        steps: images, with both ends.
        levels: stored values that become black and white, `LOW:HIGH` or `auto`; by default the run's.
        out: a .png, a .gif that goes there and back, or a .npy of uint8 (1, step, height, width, channel).
        say: told what there is to say of the pictures, each a line.

    Returns:
        the file.

    Raises:
        BadInput: there is no such run, a file cannot be read or written, or `steps` is below 2.
    """
    steps = whole("steps", steps, at_least=2)
    out, say = as_path("out", out), silence if say is None else function("say", say)
    require_suffix(out, OF_ROWS)
    check_output(out, first, last)
    run = opened(run, out)
    vae = run.load_model()
    ends = [
        vae.encode(image_for(run, vae, path, name=name, levels=levels, say=say))[0]
        for name, path in (("first", first), ("last", last))
    ]
    save_rows(vae.decode(np.linspace(ends[0], ends[1], steps))[None], out)
    return out


def traverse(
    run: Run | str | Path,
    picture: str | Path | None = None,
    *,
    latents: Sequence[int | str] | None = None,
    steps: int = 11,
    span: float = 3.0,
    levels: str | None = None,
    out: str | Path = "traversals.png",
    say: Callable[[str], None] | None = None,
) -> Path:
    """Change one latent at a time: a row for each, from -`span` to `span`, the others as in a picture's code.

    Args:
        run: a finished run, or its folder.
        picture: whose code the other latents have; by default they are 0, the middle of the prior.
        latents: which, by their numbers from 1 or their names; by default up to 8 that tell most of an image.
        steps: images in a row.
        span: how far, in deviations of the standard normal prior.
        levels: stored values that become black and white, `LOW:HIGH` or `auto`; by default the run's.
        out: a .png, a .gif in which all rows move at once, or a .npy of uint8 (latent, step, height, width, channel).
        say: told which latents they are, and what there is to say of the picture, each a line.

    Returns:
        the file.

    Raises:
        BadInput: there is no such run or latent, a file cannot be read or written, or a number is out of range.
    """
    steps, span = whole("steps", steps, at_least=2), number("span", span)
    out, say = as_path("out", out), silence if say is None else function("say", say)
    wanted = None if latents is None else several("latents", latents)
    if wanted == []:
        raise BadInput("latents must name one at least: leave it out for the most informative ones")
    require_suffix(out, OF_ROWS)
    check_output(out, picture)
    run = opened(run, out)
    vae = run.load_model()
    names = names_of_latents(vae.latent_dim, run.recipe.latent_names)
    chosen = _most_informative(run, vae) if wanted is None else [_latent(latent, names) for latent in wanted]
    start = np.zeros(vae.latent_dim, "float32")
    if picture is not None:
        start = vae.encode(image_for(run, vae, picture, name="picture", levels=levels, say=say))[0]
    say(f"from the top: {', '.join(names[latent] for latent in chosen)}")
    save_rows(np.stack([vae.decode(line) for line in lines(start, chosen, steps, span)]), out)
    return out


def lines(start: np.ndarray, latents: Sequence[int], steps: int, span: float) -> np.ndarray:
    """For each of some latents (line, step, latent): the code `start` with that latent from -span to span."""
    found = np.tile(start, (len(latents), steps, 1))
    for line, latent in zip(found, latents, strict=True):
        line[:, latent] = np.linspace(-span, span, steps)
    return found


def vary(
    run: Run | str | Path,
    picture: str | Path,
    label: str,
    *,
    steps: int = 11,
    strength: float = 2.0,
    levels: str | None = None,
    out: str | Path = "varied.png",
    say: Callable[[str], None] | None = None,
) -> Path:
    """Move a picture along a label: less of it on the left, the picture as it is in the middle, more on the right.

    The direction is the mean code of the training images with the label, less that of all others (attribute vectors:
    Larsen et al. 2016; White 2016).

    Args:
        run: a finished run of images with labels, or its folder.
        picture: what is varied.
        label: one of the run's labels.
        steps: images; an odd number has the picture itself in the middle.
        strength: how far, in lengths of the direction.
        levels: stored values that become black and white, `LOW:HIGH` or `auto`; by default the run's.
        out: a .png, a .gif that goes there and back, or a .npy of uint8 (1, step, height, width, channel).
        say: told what there is to say of the picture, a line.

    Returns:
        the file.

    Raises:
        BadInput: there is no such run or label, a file cannot be read or written, or a number is out of range.
    """
    steps, strength = whole("steps", steps, at_least=2), number("strength", strength)
    label, out = text("label", label), as_path("out", out)
    say = silence if say is None else function("say", say)
    require_suffix(out, OF_ROWS)
    check_output(out, picture)
    run = opened(run, out)
    vae = run.load_model()
    image = image_for(run, vae, picture, name="picture", levels=levels, say=say)
    data = load_measured_data(run)
    if data.images.labels is None:
        raise BadInput(f"{run.folder} is of images without labels: train on sub-folders, or with labels=...")
    labels = np.array(data.images.labels)[data.split.train]
    direction = attribute(vae.encode(data.train), labels == _known(label, labels))
    codes = vae.encode(image) + np.linspace(-strength, strength, steps)[:, None] * direction
    save_rows(vae.decode(codes)[None], out)
    return out


def attribute(codes: np.ndarray, has_it: np.ndarray) -> np.ndarray:
    """The mean of the codes (image, latent) that have an attribute, bool (image,), less that of the others: (latent,).

    Raises:
        BadInput: all have it, or none.
    """
    if has_it.all() or not has_it.any():
        raise BadInput("an attribute needs images that have it, and others: there is one label only")
    direction: np.ndarray = codes[has_it].mean(axis=0) - codes[~has_it].mean(axis=0)
    return direction


def _most_informative(run: Run, vae: VAE) -> list[int]:
    """The latents whose codes vary most over training images, in deviations of their posteriors: the largest first."""
    images = evenly_chosen(load_measured_data(run).train, MOST_IMAGES)
    codes, deviations = vae.encode(images), vae.posterior_deviations(images)
    ratio = codes.var(axis=0) / (deviations**2).mean(axis=0)
    return [int(latent) for latent in np.argsort(-ratio)[:MOST_LATENTS]]


def _latent(wanted: int | str, names: Sequence[str]) -> int:
    """The place of a latent given by its name, or by its number from 1."""
    if wanted in names:
        return names.index(str(wanted))
    if str(wanted).isdecimal() and 1 <= int(wanted) <= len(names):
        return int(wanted) - 1
    known = f"1 to {len(names)}, or {names[0]} to {names[-1]}"
    raise BadInput(f"latents must be of these, {known}, not {in_words(wanted)}")


def _known(label: str, labels: np.ndarray) -> str:
    names = sorted(set(labels.tolist()))
    if label not in names:
        shown = ", ".join(map(printable, names[:MOST_LATENTS])) + (", ..." if len(names) > MOST_LATENTS else "")
        raise BadInput(f"label must be one of the run's, {shown}, not {in_words(label)}")
    return label
