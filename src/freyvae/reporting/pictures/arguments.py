"""Checks of the pictures' arguments: model, images, names."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from freyvae.arguments import in_words, mapping, several, text, whole
from freyvae.data.images import as_images
from freyvae.errors import BadInput
from freyvae.mosaic import Array

if TYPE_CHECKING:
    from freyvae.model import VAE


def checked_model(vae: Any) -> "VAE":
    """The model: a `VAE`, or whatever has images and latents like one. Raises `BadInput` for what has none."""
    if not (hasattr(vae, "image_shape") and hasattr(vae, "latent_dim")):
        raise BadInput(f"vae must be a VAE, not {in_words(vae)}: freyvae.load(path) reads one")
    model: VAE = vae
    return model


def checked_images(images: Any, name: str = "images") -> Array:
    """Images, of an `ImageSet` too, as uint8 (n, h, w, c). Raises `BadInput` for what is none, and for none."""
    return as_images(images, name=name)


def checked_parts(parts: Any) -> dict[str, Array]:
    """Images by the name of their part, those that are none left out. Raises `BadInput` where nothing is left."""
    named = mapping("images", parts).items()
    checked = {
        text("the name of a part", name): checked_images(images, f"{name} images")
        for name, images in named
        if not (hasattr(images, "__len__") and np.shape(images)[:1] == (0,))
    }
    if not checked:
        raise BadInput("there are no images to draw")
    return checked


def checked_latents(latents: Any, latent_dim: int) -> tuple[int, ...]:
    """One or two different latents, counted from 0; of a model with one, that one. Raises `BadInput`."""
    chosen = tuple(whole("latents", latent) for latent in several("latents", latents))
    if len(chosen) not in (1, 2) or len(set(chosen)) < len(chosen):
        raise BadInput(f"latents must be one or two different numbers, not {chosen}")
    chosen = chosen[:latent_dim]
    for latent in chosen:
        if not 0 <= latent < latent_dim:
            raise BadInput(f"there is no latent {latent}: the model has {latent_dim}, counted from 0")
    return chosen


def checked_names(latent_names: Any) -> Sequence[str] | None:
    """Names of the first latents, or None. Raises `BadInput` for what is no list of texts."""
    if latent_names is None:
        return None
    return [text("latent_names", name) for name in several("latent_names", latent_names)]


def checked_sides(widest: Any, tallest: Any) -> tuple[int, int]:
    """How many pixels a picture may have at most. Raises `BadInput` for what is no such number."""
    return whole("widest", widest, at_least=1), whole("tallest", tallest, at_least=1)


def checked_seed(seed: Any) -> int:
    """A seed. Raises `BadInput` for what is none."""
    from freyvae.recipe import LARGEST_SEED

    return whole("seed", seed, at_least=0, at_most=LARGEST_SEED)
