"""Objectives, a file each, which is called as they are: `free_energy.py` holds the class of `free-energy`."""

from freyvae.choice import Kinds
from freyvae.model.objective import Objective

OBJECTIVES = Kinds.in_folder("objective", Objective, __name__, __path__)
__all__ = OBJECTIVES.class_names()


def __getattr__(name: str) -> type[Objective]:
    """The class of a kind, by its own name."""
    return OBJECTIVES.class_named(name)
