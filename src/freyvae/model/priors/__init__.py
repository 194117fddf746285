"""Priors p(z), a file each, which is called as they are: `vamp.py` holds the class of the prior `vamp`."""

from freyvae.choice import Kinds
from freyvae.model.prior import Prior

PRIORS = Kinds.in_folder("prior", Prior, __name__, __path__)
__all__ = PRIORS.class_names()


def __getattr__(name: str) -> type[Prior]:
    """The class of a kind, by its own name."""
    return PRIORS.class_named(name)
