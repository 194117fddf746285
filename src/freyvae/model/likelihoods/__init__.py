"""Likelihoods p(x | z): probability distributions of images, a file each, which is called as they are.

They are of the bytes themselves: `log_prob` takes uint8 images, returns nats per image. `discretized_logistic.py` holds
the class of the likelihood `discretized-logistic`; there is no other list of them.
"""

from freyvae.choice import Kinds
from freyvae.model.likelihood import Likelihood

LIKELIHOODS = Kinds.in_folder("likelihood", Likelihood, __name__, __path__)
__all__ = LIKELIHOODS.class_names()


def __getattr__(name: str) -> type[Likelihood]:
    """The class of a kind, by its own name."""
    return LIKELIHOODS.class_named(name)
