"""The variational auto-encoder: its distributions, networks and objectives, and the Keras model that joins them."""

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from freyvae.model.free_energy import FreeEnergy
    from freyvae.model.likelihood import PROBABILITY_OF_BYTES, Likelihood
    from freyvae.model.likelihoods import LIKELIHOODS
    from freyvae.model.many import fit_many
    from freyvae.model.network import Network
    from freyvae.model.networks import NETWORKS
    from freyvae.model.objective import Objective
    from freyvae.model.objectives import OBJECTIVES
    from freyvae.model.posterior import Posterior
    from freyvae.model.posteriors import POSTERIORS
    from freyvae.model.prior import Prior
    from freyvae.model.priors import PRIORS
    from freyvae.model.storage import check_keras_file, load_vae
    from freyvae.model.vae import VAE

__all__ = [
    "LIKELIHOODS",
    "NETWORKS",
    "OBJECTIVES",
    "POSTERIORS",
    "PRIORS",
    "PROBABILITY_OF_BYTES",
    "VAE",
    "FreeEnergy",
    "Likelihood",
    "Network",
    "Objective",
    "Posterior",
    "Prior",
    "check_keras_file",
    "fit_many",
    "load_vae",
]

_HOMES = {
    "free_energy": ("FreeEnergy",),
    "likelihood": ("PROBABILITY_OF_BYTES", "Likelihood"),
    "likelihoods": ("LIKELIHOODS",),
    "many": ("fit_many",),
    "network": ("Network",),
    "networks": ("NETWORKS",),
    "objective": ("Objective",),
    "objectives": ("OBJECTIVES",),
    "posterior": ("Posterior",),
    "posteriors": ("POSTERIORS",),
    "prior": ("Prior",),
    "priors": ("PRIORS",),
    "storage": ("check_keras_file", "load_vae"),
    "vae": ("VAE",),
}


def __getattr__(name: str) -> Any:
    """Import a public name when it is first asked for: choices are listed in help, which must not wait for Keras."""
    if name in _HOMES:
        return importlib.import_module(f"{__name__}.{name}")
    for home, names in _HOMES.items():
        if name in names:
            return getattr(importlib.import_module(f"{__name__}.{home}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
