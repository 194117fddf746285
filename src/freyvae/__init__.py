"""Fit a variational auto-encoder to a set of images, know honestly how good it is, and play with what it learned."""

import importlib
import os
from typing import TYPE_CHECKING, Any

from freyvae.registration import register_with_keras

if TYPE_CHECKING:
    from freyvae import pictures
    from freyvae.compression.compress import compress, decompress
    from freyvae.data import (
        ImageSet,
        Split,
        as_images,
        load_frey_faces,
        load_images,
        split,
        split_indices,
        synthetic_faces,
    )
    from freyvae.errors import BadInput, FreyvaeError
    from freyvae.evaluation import compare
    from freyvae.explorer.explore import explore
    from freyvae.explorer.export import export
    from freyvae.inference import decode, encode, sample
    from freyvae.model import VAE, FreeEnergy, fit_many, likelihoods, networks, objectives, posteriors, priors
    from freyvae.recipe import Recipe, load_recipe
    from freyvae.reporting.summary import measure, show
    from freyvae.reporting.train import train
    from freyvae.run import Run, load
    from freyvae.training import train_seeds

__version__ = "0.1.0"

__all__ = [
    "VAE",
    "BadInput",
    "FreeEnergy",
    "FreyvaeError",
    "ImageSet",
    "Recipe",
    "Run",
    "Split",
    "as_images",
    "compare",
    "compress",
    "decode",
    "decompress",
    "encode",
    "explore",
    "export",
    "fit_many",
    "likelihoods",
    "load",
    "load_frey_faces",
    "load_images",
    "load_recipe",
    "measure",
    "networks",
    "objectives",
    "pictures",
    "posteriors",
    "priors",
    "sample",
    "show",
    "split",
    "split_indices",
    "synthetic_faces",
    "train",
    "train_seeds",
]

# Keras asks for TensorFlow unless told otherwise; the choice stays the user's
os.environ["KERAS_BACKEND"] = os.environ.get("KERAS_BACKEND") or "jax"

register_with_keras()

_MODULES = {
    "pictures": "freyvae.pictures",
    **{name: f"freyvae.model.{name}" for name in ("likelihoods", "networks", "objectives", "posteriors", "priors")},
}
_HOMES = {
    "freyvae.compression": ("compress", "decompress"),
    "freyvae.data": (
        "ImageSet",
        "Split",
        "as_images",
        "load_frey_faces",
        "load_images",
        "split",
        "split_indices",
        "synthetic_faces",
    ),
    "freyvae.errors": ("BadInput", "FreyvaeError"),
    "freyvae.explorer": ("explore", "export"),
    "freyvae.inference": ("decode", "encode", "sample"),
    "freyvae.evaluation": ("compare",),
    "freyvae.model": ("VAE", "FreeEnergy", "fit_many"),
    "freyvae.recipe": ("Recipe", "load_recipe"),
    "freyvae.reporting.summary": ("measure", "show"),
    "freyvae.run": ("Run", "load"),
    "freyvae.reporting.train": ("train",),
    "freyvae.training": ("train_seeds",),
}


def __getattr__(name: str) -> Any:
    """Import a public name when it is first asked for: `freyvae --help` need not wait for Keras."""
    if name in _MODULES:
        return importlib.import_module(_MODULES[name])
    for home, names in _HOMES.items():
        if name in names:
            return getattr(importlib.import_module(home), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted([*globals(), *__all__])
