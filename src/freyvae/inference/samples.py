"""New images: from the prior, or like a given one."""

from collections.abc import Callable
from pathlib import Path

import keras
import numpy as np

from freyvae.arguments import function, number, whole
from freyvae.console import silence
from freyvae.engine.memory import check_memory
from freyvae.errors import BadInput
from freyvae.files import as_path
from freyvae.inference.images import image_for
from freyvae.model import VAE
from freyvae.recipe import LARGEST_SEED
from freyvae.reporting.pictures import sample_images, save_images
from freyvae.reporting.pictures.saving import OF_IMAGES, require_suffix
from freyvae.run import Run, check_output, opened


def sample(
    run: Run | str | Path,
    *,
    count: int = 100,
    seed: int = 0,
    like: str | Path | None = None,
    distance: float = 0.0,
    levels: str | None = None,
    out: str | Path = "samples.png",
    say: Callable[[str], None] | None = None,
) -> Path:
    """Draw new images: expected pixels of codes from the prior, or of codes like that of a picture.

    Of an autoregressive decoder that has no image of its own, by the objective auxiliary-guided, pixels one by one.

    Args:
        run: a finished run, or its folder.
        count: how many images.
        seed: of the draw.
        like: a picture; codes are then drawn from its posterior, or about it.
        distance: with `like`, how far from its posterior, 0, to the prior, 1, as `codes_like` draws.
        levels: stored values that become black and white, `LOW:HIGH` or `auto`; by default the run's.
        out: a PNG of them all, or a .npy file of uint8 (image, height, width, channel).
        say: told what there is to say of the picture, a line.

    Returns:
        the file.

    Raises:
        BadInput: there is no such run, an argument is out of range, or a file cannot be read or written.
    """
    seed = whole("seed", seed, at_least=0, at_most=LARGEST_SEED)
    count = whole("count", count, at_least=1)
    out, say = as_path("out", out), silence if say is None else function("say", say)
    distance = number("distance", distance, at_most=1.0)
    if like is None and distance:
        raise BadInput("distance is that from a picture: give one with like=...")
    require_suffix(out, OF_IMAGES)
    check_output(out, like)
    run = opened(run, out)
    vae = run.load_model()
    if like is None:
        images = sample_images(vae, count, seed=seed)
    else:
        codes = codes_like(
            vae, image_for(run, vae, like, name="like", levels=levels, say=say), count, distance=distance, seed=seed
        )
        images = vae.sample(codes, seed=seed) if vae.has_to_draw else vae.decode(codes)
    save_images(images, out)
    return out


def codes_like(vae: VAE, image: np.ndarray, count: int, *, distance: float = 0.0, seed: int = 0) -> np.ndarray:
    """Codes from the posterior of an image, or between it and the prior: float32 (count, latent).

    z = sqrt(1 - distance^2) z_q + distance z_p, z_q ~ q(z | x), z_p ~ p(z): with a standard normal prior this is a
    preconditioned Crank-Nicolson step (Cotter et al. 2013): codes as far from 0 as those of the prior.

    Args:
        vae: the model.
        image: uint8 (1, height, width, channel).
        count: how many.
        distance: 0 to 1.
        seed: of the draws.
    """
    check_memory("images", (count, *vae.image_shape), "float32")
    # not those of `VAE.sample`, which draws with the same seed what the code leaves open
    noise = keras.random.SeedGenerator(int(np.random.default_rng(seed).integers(2**31)))
    drawn = vae.posterior(image).repeated(count).sample(noise)
    mixed = np.sqrt(1.0 - distance**2) * drawn + distance * vae.prior.sample(count, noise)
    return np.asarray(keras.ops.convert_to_numpy(mixed))
