"""The variational auto-encoder: its distributions, networks and objective, and the Keras model that joins them."""

from freyvae.model.autoregression import Autoregression, start_at_covariance
from freyvae.model.convolutions import gated_convolution_decoder, gated_convolution_encoder
from freyvae.model.inference import without_gradients
from freyvae.model.likelihood import PROBABILITY_OF_BYTES, Likelihood
from freyvae.model.likelihoods import LIKELIHOODS
from freyvae.model.likelihoods.bernoulli import Bernoulli
from freyvae.model.likelihoods.categorical import Categorical
from freyvae.model.likelihoods.discretized_logistic import DiscretizedLogistic
from freyvae.model.likelihoods.gaussian import Gaussian
from freyvae.model.likelihoods.mixture_of_logistics import MixtureOfLogistics
from freyvae.model.many import fit_many
from freyvae.model.networks import dense_decoder, dense_encoder, standardize_by, start_at_mean
from freyvae.model.objective import FreeEnergy
from freyvae.model.posteriors import POSTERIORS, DiagonalNormal, Posterior, flow_parameters
from freyvae.model.precision import layers_computing_in, with_float32_outputs
from freyvae.model.priors import PRIORS, MixtureOfNormals, Prior, StandardNormal, VampPrior
from freyvae.model.storage import check_keras_file, load_vae
from freyvae.model.vae import VAE

__all__ = [
    "LIKELIHOODS",
    "POSTERIORS",
    "PRIORS",
    "PROBABILITY_OF_BYTES",
    "VAE",
    "Autoregression",
    "Bernoulli",
    "Categorical",
    "DiagonalNormal",
    "DiscretizedLogistic",
    "FreeEnergy",
    "Gaussian",
    "Likelihood",
    "MixtureOfLogistics",
    "MixtureOfNormals",
    "Posterior",
    "Prior",
    "StandardNormal",
    "VampPrior",
    "check_keras_file",
    "dense_decoder",
    "dense_encoder",
    "fit_many",
    "flow_parameters",
    "gated_convolution_decoder",
    "gated_convolution_encoder",
    "layers_computing_in",
    "load_vae",
    "standardize_by",
    "start_at_covariance",
    "start_at_mean",
    "with_float32_outputs",
    "without_gradients",
]
