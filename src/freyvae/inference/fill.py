"""Hidden pixels of pictures, drawn given those that are seen."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from keras import ops

from freyvae.arguments import function, whole
from freyvae.console import printable, silence
from freyvae.data import fit_images, load_images
from freyvae.engine.descent import Descent
from freyvae.engine.langevin import Langevin
from freyvae.engine.memory import check_memory
from freyvae.errors import BadInput
from freyvae.files import as_path
from freyvae.inference.images import images_for
from freyvae.model import VAE
from freyvae.recipe import LARGEST_SEED
from freyvae.reporting.pictures import save_rows
from freyvae.reporting.pictures.saving import OF_ROWS, require_suffix
from freyvae.run import Run, check_output, opened

Tensor = Any
# rounds of encoding what was decoded at the hidden pixels, from which the descent begins
ROUNDS = 5
# of the descent to the most probable code, then of each chain
DESCENT_STEPS, CHAIN_STEPS = 100, 200
# chains that are run at once: what bounds the memory
CHAINS_AT_ONCE = 256
# a mask's levels are white from here on; so many as may lie between black and white are of soft edges
WHITE, BETWEEN = 128, (32, 223)
MOST_BETWEEN = 0.1
# how hidden pixels are shown, in turns
CHECKERS = (96, 160)


@dataclass(frozen=True, eq=False)
class Filled:
    """Pictures whose hidden pixels were filled; the others are as they were.

    Attributes:
        expected: the mean over the draws, the guess of the least squared error: float32 in [0, 1], (image, height,
            width, channel).
        draws: float32 in [0, 1], (draw, image, height, width, channel): expected pixels of each code that was drawn.
        accepted: the share of proposals that the chains accepted; about 0.57 where they move well.
    """

    expected: np.ndarray
    draws: np.ndarray
    accepted: float


def fill(
    run: Run | str | Path,
    data: str | Path,
    mask: str | Path,
    *,
    draws: int = 8,
    seed: int = 0,
    levels: str | None = None,
    out: str | Path = "filled.png",
    say: Callable[[str], None] | None = None,
) -> Path:
    """Fill the hidden pixels of pictures, given those that are seen, as `Filling` does.

    Args:
        run: a finished run, or its folder.
        data: a picture, or a folder or file of images.
        mask: a picture of their size, white where pixels are hidden.
        draws: how many ways to fill each.
        seed: of the draws.
        levels: stored values that become black and white, `LOW:HIGH` or `auto`; by default the run's.
        out: a .png with a row for each picture: what is seen, the expected picture, the draws. Or a .npy of uint8
            (image, 1 + draw, height, width, channel), the expected picture first.
        say: told what there is to say of the pictures, each a line.

    Returns:
        the file.

    Raises:
        BadInput: there is no such run, a file cannot be read or written, the mask has another size or hides nothing or
            all, or the model's decoder has no image of its own.
    """
    draws, seed = whole("draws", draws, at_least=1), whole("seed", seed, at_least=0, at_most=LARGEST_SEED)
    out, say = as_path("out", out), silence if say is None else function("say", say)
    require_suffix(out, OF_ROWS)
    check_output(out, data, mask)
    run = opened(run, out)
    vae = run.load_model()
    images = images_for(run, vae, data, levels=levels, say=say)[:]
    hidden = read_mask(mask, data, vae.image_shape[:2], levels=run.recipe.data.levels if levels is None else levels)
    found = Filling(vae)(images, hidden, draws=draws, seed=seed)
    rows = np.concatenate([found.expected[:, None], found.draws.swapaxes(0, 1)], axis=1)
    if out.suffix == ".png":
        checkers = np.where(np.indices(hidden.shape).sum(axis=0) % 2, *CHECKERS)[..., None]
        seen = np.where(hidden[..., None], checkers, images) / 255.0
        rows = np.concatenate([seen[:, None], rows], axis=1)
    save_rows(rows, out)
    return out


def read_mask(mask: str | Path, data: str | Path, size: tuple[int, int], *, levels: str | None = None) -> np.ndarray:
    """Which pixels a picture hides, bool (height, width), brought to a model's size as the pictures are.

    `levels` are those that the pictures are read by.

    Raises:
        BadInput: it cannot be read, is neither of the pictures' size nor of the model's, is not black and white, or
            hides nothing or all.
    """
    masks = load_images(mask, grey=True)[:]
    if len(masks) != 1:
        raise BadInput(f"mask must be one picture, but there are {len(masks)} in {mask}")
    own = masks.shape[1:3]
    # the pictures are read again only to learn what size they were
    if own != size and own != (of_pictures := _size_of(data, levels) or size):
        raise BadInput(
            f"{printable(mask)} is {own[0]}x{own[1]} (height x width), but the pictures are "
            f"{of_pictures[0]}x{of_pictures[1]} and the model's images {size[0]}x{size[1]}: give one of these sizes"
        )
    if np.mean((masks > BETWEEN[0]) & (masks < BETWEEN[1])) > MOST_BETWEEN:
        raise BadInput(f"{printable(mask)} is no mask, but a picture of many greys: white is hidden, black is seen")
    hidden: np.ndarray = fit_images(masks, size, grey=True)[0, :, :, 0] >= WHITE
    if hidden.all() or not hidden.any():
        what = "every pixel" if hidden.all() else "no pixel"
        raise BadInput(f"{printable(mask)} hides {what}: white pixels are hidden, black ones seen")
    return hidden


def _size_of(data: str | Path, levels: str | None) -> tuple[int, ...] | None:
    """(height, width) of images as they are stored; None where they differ."""
    try:
        return load_images(data, levels=levels).images.shape[1:3]
    except BadInput:
        return None


class Filling:
    """Draws codes from p(z | seen pixels), and what they decode to at the hidden ones.

    From the encoder's code of the picture with its hidden pixels as decoded, a descent finds the most probable code;
    from there a chain for each draw runs the Metropolis-adjusted Langevin algorithm (`engine.langevin`). Groups of
    latents below the top one stay at the mean of their prior, and pixels are taken as independent given the code.

    Args:
        vae: the model. What is compiled for it serves all calls of the same shapes.

    Raises:
        BadInput: the decoder is autoregressive and has no image of its own, or Keras's backend is not JAX.
    """

    def __init__(self, vae: VAE):
        if vae.has_to_draw:
            raise BadInput(
                "this model's pixels depend on those before them, and its decoder has no image of its own: train with "
                "the objective auxiliary-guided"
            )

        def energy(codes: Tensor, images: Tensor, seen: Tensor) -> Tensor:
            of_seen = ops.sum(seen * vae.likelihood(codes).of_code.log_prob_of_pixels(images), axis=(1, 2))
            return -of_seen - vae.prior.log_prob(codes)

        self._vae, self._descent, self._chains = vae, Descent(vae, energy), Langevin(vae, energy)

    def __call__(
        self, images: np.ndarray, hidden: np.ndarray, *, draws: int = 8, steps: int = CHAIN_STEPS, seed: int = 0
    ) -> Filled:
        """Fill images.

        Args:
            images: uint8 (image, height, width, channel); what they hold at hidden pixels is not looked at.
            hidden: bool (height, width), of all images.
            draws: how many of each image.
            steps: of each chain.
            seed: of the draws.
        """
        at_once = min(len(images), max(1, CHAINS_AT_ONCE // draws))
        # the draws, and what the chains of one step hold of theirs
        check_memory("draws", (len(images) * draws + 4 * at_once * draws, *images.shape[1:]), "float32")
        found, accepted = [], []
        for start in range(0, len(images), at_once):
            chunk = images[start : start + at_once]
            # one shape, compiled once: the last images are filled up
            full = np.concatenate([chunk, np.repeat(chunk[-1:], at_once - len(chunk), axis=0)])
            codes, share = self._codes(full, hidden, draws=draws, steps=steps, seed=seed + start)
            accepted.append(share)
            found.append(self._vae.decode(codes).reshape(at_once, draws, *images.shape[1:])[: len(chunk)])
        drawn = np.concatenate(found).swapaxes(0, 1)
        pictures = np.where(hidden[..., None], drawn, images / np.float32(255.0))
        return Filled(pictures.mean(axis=0), pictures, float(np.mean(accepted)))

    def _codes(
        self, images: np.ndarray, hidden: np.ndarray, *, draws: int, steps: int, seed: int
    ) -> tuple[np.ndarray, float]:
        """Codes (image * draw, latent), and the share of proposals that was accepted."""
        guess, codes = _first_guess(self._vae, images, hidden)
        if not hidden.all():
            # a seen pixel instead: which levels occur in an image, its likelihood may ask of all pixels
            row, column = np.argwhere(~hidden)[0]
            images = np.where(hidden[..., None], images[:, row : row + 1, column : column + 1], images)
        seen = np.broadcast_to((~hidden).astype("float32"), images.shape[:3])
        codes = self._descent(codes, images, seen, steps=DESCENT_STEPS)
        scales = self._vae.posterior_deviations(guess)
        repeated = [np.repeat(array, draws, axis=0) for array in (codes, scales, images, seen)]
        return self._chains(*repeated, steps=steps, seed=seed)


def _first_guess(vae: VAE, images: np.ndarray, hidden: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Images with what is decoded at their hidden pixels, uint8, and the codes of these."""
    decoded = np.repeat(vae.decode(np.zeros((1, vae.latent_dim))), len(images), axis=0)
    for _ in range(ROUNDS):
        guess = np.where(hidden[..., None], np.rint(255.0 * decoded).astype("uint8"), images)
        codes = vae.encode(guess)
        decoded = vae.decode(codes)
    return guess, codes
