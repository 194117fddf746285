"""Posteriors q(z | x), a file each, which is called as they are: `planar.py` holds the class of `planar`."""

from freyvae.choice import Kinds
from freyvae.model.posterior import Posterior

POSTERIORS = Kinds.in_folder("posterior", Posterior, __name__, __path__)
__all__ = POSTERIORS.class_names()


def __getattr__(name: str) -> type[Posterior]:
    """The class of a kind, by its own name."""
    return POSTERIORS.class_named(name)
