"""How good is a run, and which of several is better? Measures of run folders, and comparisons of them.

The single measures are in `freyvae.metrics`; some go by names of this package, too, as they did before.
"""

from freyvae.evaluation.comparison import Comparison, Difference, compare
from freyvae.evaluation.measurement import (
    MEASURES,
    PARTS,
    constant_baselines,
    images_of_part,
    load_measured_data,
    measure,
)
from freyvae.metrics import importance_sampled, mean_image_rmse_grey_levels, rmse_grey_levels, standard_error

__all__ = [
    "MEASURES",
    "PARTS",
    "Comparison",
    "Difference",
    "compare",
    "constant_baselines",
    "images_of_part",
    "importance_sampled",
    "load_measured_data",
    "mean_image_rmse_grey_levels",
    "measure",
    "rmse_grey_levels",
    "standard_error",
]
