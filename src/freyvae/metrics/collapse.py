"""Does the model use its latents, and does it do better than a constant?"""

import math
from collections.abc import Sequence

import numpy as np
from keras import ops

from freyvae.model import VAE
from freyvae.model.arrays import VALUES_OF_FEW, rows_at_once
from freyvae.model.groups import kl_per_latent

# Burda et al. 2016, section 5: a latent is active if Cov_x(E[z | x]) > 0.01
ACTIVE_VARIANCE = 0.01
# a reconstruction error within this share of the mean image's is the mean image's
NO_BETTER = 0.98


def kl_per_latent_nats(vae: VAE, images: np.ndarray) -> np.ndarray | None:
    """KL(q(z_i | x) || p(z_i)) of each latent in nats per image, averaged over the images: float64 (latent,).

    None where latents are not independent, with a flow or a learned prior: there is then no rate of each.
    """
    total = np.zeros(vae.latent_dim)
    prior = vae.prior
    at_once = rows_at_once(math.prod(vae.image_shape), VALUES_OF_FEW)
    for start in range(0, len(images), at_once):
        posterior = vae.posterior(ops.convert_to_tensor(images[start : start + at_once]))
        kl = kl_per_latent(posterior, prior)
        if kl is None:
            return None
        total += ops.convert_to_numpy(kl).sum(axis=0, dtype=np.float64)
    return np.asarray(total / len(images))


def is_active(codes: np.ndarray) -> np.ndarray:
    """Which latents are active: whose posterior means (image, latent) vary over the images by more than 0.01.

    Of one image nothing can vary: all count as active.
    """
    if len(codes) < 2:
        return np.ones(codes.shape[1], bool)
    return np.asarray(codes.var(axis=0, dtype=np.float64) > ACTIVE_VARIANCE)


def verdict(
    *,
    active: Sequence[bool] | np.ndarray,
    names: Sequence[str],
    rmse_grey_levels: float,
    mean_image_rmse_grey_levels: float,
    nll_nats: float,
    mean_image_nll_nats: float,
    is_top_group: bool = False,
    is_one_image: bool = False,
) -> tuple[bool, str]:
    """Whether all is well, and a plain sentence or two on whether the latents live and a constant is beaten.

    Args:
        active: for each latent, as `is_active` has it.
        names: of the latents.
        rmse_grey_levels: the model's error.
        mean_image_rmse_grey_levels: that of the mean training image.
        nll_nats: the model's.
        mean_image_nll_nats: that of a constant distribution around the mean training image, of the same kind.
        is_top_group: whether there are groups of latents below these.
        is_one_image: whether that is all that was measured, which does not tell what is active.
    """
    dead = [name for name, alive in zip(names, active, strict=True) if not alive]
    beats_mean = rmse_grey_levels <= NO_BETTER * mean_image_rmse_grey_levels
    sentences = []
    if len(dead) == len(names):
        which = {1: "the latent is dead: its", 2: "both latents are dead: their"}
        sentences.append(
            f"The posterior has collapsed and {which.get(len(dead), f'all {len(dead)} latents are dead: their')} "
            "codes hardly vary from image to image."
        )
        if beats_mean and is_top_group:
            sentences.append("The groups of latents below them draw the images alone.")
        elif beats_mean:
            sentences.append(
                "What the codes still tell lies below the posterior's own noise: only without it do reconstructions "
                f"differ, with an error of {rmse_grey_levels:.1f} grey levels where the mean training image has "
                f"{mean_image_rmse_grey_levels:.1f}."
            )
    elif dead:
        listed = ", ".join(dead) if len(dead) <= 8 else f"{', '.join(dead[:8])} and {len(dead) - 8} more"
        one = len(dead) == 1
        sentences.append(
            f"{len(dead)} of {len(names)} latents {'is' if one else 'are'} dead ({listed}): "
            f"{'its' if one else 'their'} codes hardly vary from image to image."
        )
    if not beats_mean:
        sentences.append(
            f"The reconstructions are no better than a constant: {rmse_grey_levels:.1f} grey levels of error, "
            f"where the mean training image alone has {mean_image_rmse_grey_levels:.1f}."
        )
    if nll_nats >= mean_image_nll_nats:
        sentences.append(
            f"The images cost no less under the model ({nll_nats:.1f} nats) than under a constant around the mean "
            f"training image ({mean_image_nll_nats:.1f} nats)."
        )
    if sentences:
        return False, " ".join(sentences)
    if is_one_image:
        return True, "The model does better than a constant; one image does not tell which latents are active."
    alive = "The latent is" if len(names) == 1 else "Both latents are" if len(names) == 2 else "All latents are"
    return True, f"{alive} active, and the model does better than a constant."
