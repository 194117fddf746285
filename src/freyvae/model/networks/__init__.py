"""Networks, a file each, which is called as they are: `dense.py` holds the class of the network `dense`.

Any Keras models of the same shapes can stand in their place.
"""

from freyvae.choice import Kinds
from freyvae.model.network import Network

NETWORKS = Kinds.in_folder("network", Network, __name__, __path__)
__all__ = NETWORKS.class_names()


def __getattr__(name: str) -> type[Network]:
    """The class of a kind, by its own name."""
    return NETWORKS.class_named(name)
