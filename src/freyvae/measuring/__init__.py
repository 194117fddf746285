"""How good is a run, and which of several is better? Measures of run folders, beside what would be had without them."""

from freyvae.measuring.comparison import Comparison, Difference, compare
from freyvae.measuring.measurement import MEASURES, PARTS, images_of_part, load_measured_data, measure

__all__ = [
    "MEASURES",
    "PARTS",
    "Comparison",
    "Difference",
    "compare",
    "images_of_part",
    "load_measured_data",
    "measure",
]
