"""The variational auto-encoder: its distributions, networks and objective, and the Keras model that joins them."""

from freyvae.model.likelihoods import LIKELIHOODS, Likelihood
from freyvae.model.networks import dense_decoder, dense_encoder, start_at_mean
from freyvae.model.objective import FreeEnergy
from freyvae.model.posteriors import DiagonalNormal
from freyvae.model.priors import StandardNormal
from freyvae.model.storage import load_vae
from freyvae.model.vae import VAE

__all__ = [
    "LIKELIHOODS",
    "VAE",
    "DiagonalNormal",
    "FreeEnergy",
    "Likelihood",
    "StandardNormal",
    "dense_decoder",
    "dense_encoder",
    "load_vae",
    "start_at_mean",
]
