"""How good is a model, and beside what? Measures of images and of a model on images."""

from freyvae.metrics.baselines import (
    file_bits_per_dim,
    lossless_bits_per_dim,
    mean_image_nll_nats,
    mosaic_bits_per_dim,
)
from freyvae.metrics.collapse import is_active, kl_per_latent_nats, verdict
from freyvae.metrics.factors import FactorScores, factor_scores
from freyvae.metrics.full_gaussian import FullGaussian
from freyvae.metrics.image_costs import cost_maps
from freyvae.metrics.importance import SampledLikelihood, importance_sampled, standard_error
from freyvae.metrics.label_scores import label_scores
from freyvae.metrics.near_duplicates import near_duplicates
from freyvae.metrics.reconstruction import mean_image_rmse_grey_levels, rmse_grey_levels

__all__ = [
    "FactorScores",
    "FullGaussian",
    "SampledLikelihood",
    "cost_maps",
    "factor_scores",
    "file_bits_per_dim",
    "importance_sampled",
    "is_active",
    "kl_per_latent_nats",
    "label_scores",
    "lossless_bits_per_dim",
    "mean_image_nll_nats",
    "mean_image_rmse_grey_levels",
    "mosaic_bits_per_dim",
    "near_duplicates",
    "rmse_grey_levels",
    "standard_error",
    "verdict",
]
