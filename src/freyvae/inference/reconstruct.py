"""Images as the model draws them from their own codes: what it has not learned, such as noise, is left out."""

from collections.abc import Callable
from pathlib import Path

import numpy as np

from freyvae.arguments import function, number, whole
from freyvae.console import Progress, silence
from freyvae.data.pixels import evenly_chosen
from freyvae.errors import BadInput
from freyvae.evaluation import load_measured_data
from freyvae.files import as_path
from freyvae.inference.images import images_for
from freyvae.reporting.pictures import save_images, save_rows
from freyvae.reporting.pictures.saving import OF_ROWS, require_suffix
from freyvae.run import Run, check_output, opened

# held-out images that say how large the model's error is
MOST_KNOWN = 4096


def reconstruct(
    run: Run | str | Path,
    data: str | Path,
    *,
    levels: str | None = None,
    refine: int = 0,
    noise: float = 0.0,
    out: str | Path = "reconstructions.png",
    progress: bool | Progress = False,
    say: Callable[[str], None] | None = None,
) -> Path:
    """Encode images and decode them again: cleaned of what the model has not learned, such as noise.

    Args:
        run: a finished run, or its folder.
        data: a picture, or a folder or file of images.
        levels: stored values that become black and white, `LOW:HIGH` or `auto`; by default the run's.
        refine: steps by which each code is bettered, as `VAE.encode` does.
        noise: standard deviation of the noise in the images, in grey levels. Each pixel is then weighed between what it
            is and what the model draws, as `denoised` does.
        out: a .png, the images in its first row and their reconstructions below, or a .npy of the reconstructions
            alone, uint8 (image, height, width, channel).
        progress: told how far reading the images is; True draws a bar on stderr, if that is a terminal.
        say: told what there is to say of the images, each a line.

    Returns:
        the file.

    Raises:
        BadInput: there is no such run, a file cannot be read or written, or
            codes are to be refined where the model has groups of latents below them.
    """
    refine, noise = whole("refine", refine, at_least=0), number("noise", noise)
    out, say = as_path("out", out), silence if say is None else function("say", say)
    require_suffix(out, OF_ROWS)
    check_output(out, data)
    run = opened(run, out)
    vae = run.load_model()
    images = images_for(run, vae, data, levels=levels, progress=progress, say=say)[:]
    if refine and vae.groups_below:
        raise BadInput("refine moves the top code alone, and this model has groups of latents below it: leave it out")
    pixels = vae.decode(vae.encode(images, refine=refine)) if refine else vae.reconstruct(images)
    if noise:
        known = evenly_chosen(load_measured_data(run).validation, MOST_KNOWN)
        pixels = denoised(images / 255.0, pixels, error=vae.reconstruct(known) - known / 255.0, noise=noise / 255.0)
    levels_found = np.rint(255.0 * np.clip(pixels, 0.0, 1.0)).astype("uint8")
    if out.suffix == ".npy":
        save_images(levels_found, out)
    else:
        save_rows(np.stack([images, levels_found]), out)
    return out


def denoised(images: np.ndarray, drawn: np.ndarray, *, error: np.ndarray, noise: float) -> np.ndarray:
    """Each pixel's mean given that it is the drawn one plus the model's error, and the seen one less the noise.

    With both normal, (v y + s^2 m) / (v + s^2): y the image with noise of deviation s, m the drawn image, v the mean
    square of the model's error at that pixel.

    Args:
        images: with noise, (image, height, width, channel), in [0, 1].
        drawn: what the model makes of them, as large.
        error: of what the model draws of images without noise, (image, height, width, channel).
        noise: its standard deviation, in units of the white level.
    """
    variance = np.square(error).mean(axis=0)
    weighed: np.ndarray = (variance * images + noise**2 * drawn) / (variance + noise**2)
    return weighed
